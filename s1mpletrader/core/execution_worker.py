"""The ExecutionWorker: carries out approved directives, and books what the exchange replies.

It keeps nothing between calls, decides nothing and publishes nothing. What it makes (changes of the ledger and commands to the
connector) leaves as a value; it alone makes ledger changes about trades.
"""

from collections.abc import Callable
from typing import Final

from s1mpletrader.core.account_events import AccountEvents, Imposed
from s1mpletrader.core.batches import Batches, FindDeferred
from s1mpletrader.core.book import Book
from s1mpletrader.core.effects import Effects
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.late_evidence import late_warning
from s1mpletrader.core.live_trades import LiveTrade
from s1mpletrader.core.order_events import OrderReply, adds_nothing, event_of
from s1mpletrader.domain.batches import BATCH_ALGORITHM, Batch
from s1mpletrader.domain.directives import Action, Approved, ExecutionDirective, ExecutionPlan, Scope
from s1mpletrader.domain.errors import Defect, IllegalTransition, UnknownId
from s1mpletrader.domain.ids import FillId, FlowIds, GroupId, IdKind, MakesIds, OrderId, TradeId, fill_id
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import Order, needs_reopening
from s1mpletrader.domain.orders import OrderEventKind, OrderState
from s1mpletrader.domain.reality import ExternalFill, Fill, OrderChanged, TradeOpened
from s1mpletrader.domain.replies import Accepted, CancelRejected, ExchangeReply, Filled, FundsChanged, Liquidated
from s1mpletrader.ports.algorithms import CommandRefused, GroupEvent, OrderUpdate, PlansChanged, Stop, Timer

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every order.
_TRADE: Final = IdKind.TRADE
_NEW_TRADE: Final = Scope.NEW_TRADE
_ONLY_CANCELS: Final = (Action.CANCEL_GROUP, Action.CANCEL_ALL_IN_TRADE)

_NEVER_THERE: Final = frozenset({OrderState.REJECTED, OrderState.NOT_PLACED})
"""Ends that say the order never was at the venue."""


class ExecutionWorker:
    """The one that acts. It alone makes trades, groups, orders and fills; what it makes is in the book when a call returns."""

    def __init__(
        self,
        *,
        book: Book,
        ids: MakesIds,
        groups: ExecutionGroups,
        venue: str,
        account: str,
        now: Callable[[], Instant],
        find_order: Callable[[str | None, str | None], Order | None],
        find_deferred: FindDeferred,
    ) -> None:
        self._book = book
        self._ids = ids
        self._groups = groups
        self._venue = venue
        self._account = account
        self._now = now
        self._find_order = find_order
        self._account_events = AccountEvents(book=book, groups=groups, ids=ids, venue=venue, account=account, now=now)
        self._batches = Batches(book=book, groups=groups, ids=ids, execute=self._execute, find_deferred=find_deferred, now=now)

    def execute(self, approved: Approved) -> Effects:
        """Carry out an approved directive: open the trade where it is new, and a group whose algorithm begins."""
        effects = Effects()
        effects.group_id, effects.trade_id = self._execute(approved, effects)
        return effects

    def open_batch(self, batch: Batch, strategy: str) -> Effects:
        """Hold the groups of several directives together from here on."""
        effects = Effects()
        effects.group_id = self._batches.open(batch, strategy, effects)
        return effects

    def cancel_all(self, reason: str) -> Effects:
        """Let every algorithm stop, and cancel every live order: positions stay as they are."""
        effects = Effects()
        for trade in self._book.live_trades():
            strategy = trade.opened.strategy
            ids = self._ids.flow(strategy, f"{trade.opened.trade_id}:{reason}", self._now())
            orders = list(trade.orders.values())
            for group in list(trade.groups.values()):
                self._groups.tell_one(group, trade, Stop(reason=reason), ids, effects)
            for order in orders:
                self._groups.cancel(order, effects)
        return effects

    def _execute(self, approved: Approved, effects: Effects) -> tuple[GroupId, TradeId]:
        directive = approved.directive
        plan = directive.plans.execution
        if plan is None:
            raise Defect(f"{directive.id} has no execution plan")
        at = self._now()
        ids = self._ids.flow(directive.strategy, directive.id, at)
        trade = self._trade(directive, ids, at, effects)
        if plan.action in _ONLY_CANCELS:
            self._cancel(plan, trade, ids, effects)
            return self._groups.open_done(plan, trade, at, ids, effects), trade.opened.trade_id
        if trade.groups:
            self._prepare(directive, plan, trade, ids, effects)
        return self._groups.open(directive, plan, trade, at, ids, effects), trade.opened.trade_id

    def on_timer(self, group_id: GroupId, wake_at: Instant) -> Effects:
        """Wake a group's algorithm, if it still wants to be woken at this instant."""
        effects = Effects()
        trade = self._book.trade_of_group(group_id)
        group = trade.groups.get(group_id) if trade is not None else None
        if trade is None or group is None or group.wake_at != wake_at:
            return effects
        effects.group_id = group_id
        if group.opened.algorithm == BATCH_ALGORITHM:
            self._batches.expired(group, effects)
            return effects
        ids = self._ids.flow(trade.opened.strategy, f"{group_id}:{group.advance_count}", self._now())
        self._groups.tell_one(group, trade, Timer(at=self._now()), ids, effects)
        self._batches.heard(None, None, effects)
        return effects

    def on_exchange_reply(self, reply: ExchangeReply) -> Effects:
        """Book what the venue said. A reply that is known already, or adds nothing, has no effects."""
        effects = Effects()
        had_ended = False
        try:
            if isinstance(reply, Filled):
                before = self._order_of(reply)
                had_ended = before is not None and not before.live
                self._fill(reply, before, effects)
            elif isinstance(reply, CancelRejected):
                self._tell_refused(reply, effects)
            else:
                self._change(reply, effects)
        except IllegalTransition as illegal:
            effects.alarm = str(illegal)
            return effects
        if effects.order is not None:
            self._advance_groups(effects.order, effects)
            self._batches.heard(effects.order, effects.fill, effects)
            if had_ended or effects.reopened_by is not None:
                warning = late_warning(self._book, effects.order, effects.fill)
                effects.warnings += [warning] if warning is not None else []
        return effects

    def on_funds_changed(self, reply: FundsChanged) -> Effects:
        """Book funds that came or went without a trade."""
        effects = Effects()
        self._account_events.move_funds(reply, effects)
        return effects

    def on_liquidation(self, reply: Liquidated) -> tuple[Effects, list[Imposed]]:
        """Book the end of positions that the venue closed, as orders that it made."""
        effects = Effects()
        imposed = self._account_events.liquidate(reply, effects)
        for order, fill in imposed:
            self._batches.heard(order, fill, effects)
        return effects, imposed

    def group_of(self, order_id: OrderId) -> GroupId | None:
        """The group that an order belongs to."""
        order = self._book.order(order_id)
        return order.group_id if order is not None else None

    def listens(self, group_id: GroupId) -> bool:
        """Whether a group's algorithm has more to hear."""
        return self._book.trade_of_group(group_id) is not None

    def _trade(self, directive: ExecutionDirective, ids: FlowIds, at: Instant, effects: Effects) -> LiveTrade:
        asked = directive.directive
        trade_id = asked.trade_id
        if asked.scope is _NEW_TRADE:
            trade_id = TradeId(ids.make(_TRADE))
            opened = TradeOpened(
                trade_id=trade_id, strategy=directive.strategy, symbol=asked.symbol, direction=asked.direction, at=at
            )
            self._groups.write(opened, effects)
        trade = self._book.trade(trade_id) if trade_id is not None else None
        if trade is None:
            raise UnknownId(f"{asked.id} names the trade {asked.trade_id}, which is not open")
        return trade

    def _prepare(
        self, directive: ExecutionDirective, plan: ExecutionPlan, trade: LiveTrade, ids: FlowIds, effects: Effects
    ) -> None:
        """Tell the trade's other groups what is about to happen to them."""
        event: GroupEvent | None = None
        if plan.action is Action.MODIFY_ORDERS:
            event = PlansChanged(plans=directive.plans)
        elif directive.directive.scope is Scope.CLOSE_EXISTING and _is_whole(directive, trade):
            event = Stop(reason=directive.directive.reason or "the trade is to end")
        if event is not None:
            self._groups.tell(trade, event, ids, effects)

    def _cancel(self, plan: ExecutionPlan, trade: LiveTrade, ids: FlowIds, effects: Effects) -> None:
        """Stop groups, and cancel what they have live, also where their algorithm has long been done."""
        named = dict(plan.parameters).get("group") if plan.action is Action.CANCEL_GROUP else None
        orders = [order for order in trade.orders.values() if named in (None, order.group_id)]
        for group in [group for group_id, group in trade.groups.items() if named in (None, group_id)]:
            self._groups.tell_one(group, trade, Stop(reason=plan.action.value), ids, effects)
        for order in orders:
            self._groups.cancel(order, effects)

    def _tell_refused(self, reply: CancelRejected, effects: Effects) -> None:
        order = self._book.order(reply.order_id)
        trade = self._book.trade(order.trade_id) if order is not None else None
        if order is None or trade is None or not trade.groups:
            return
        # Refusals leave no event; what tells two of one instant apart is how often the algorithms have advanced.
        turn = sum(group.advance_count for group in trade.groups.values())
        ids = self._ids.flow(
            order.intent.strategy, f"{order.order_id}:{order.event_count}:refused:{reply.at}:{turn}", self._now()
        )
        self._groups.tell(trade, CommandRefused(order=order, reason=reply.reason), ids, effects)

    def _fill(self, reply: Filled, order: Order | None, effects: Effects) -> None:
        identity = fill_id(self._venue, self._account, reply.symbol, reply.venue_trade_id, reply.venue_at)
        if order is None:
            effects.external = self._external(reply, identity)
            self._groups.write(effects.external, effects)
            return
        if identity in order.fill_ids:
            return
        if needs_reopening(order, reply.quantity):
            self._reopen(order, identity, reply.at, effects)
        effects.fill = Fill(
            fill_id=identity,
            order_id=order.intent.order_id,
            venue=self._venue,
            account=self._account,
            symbol=reply.symbol,
            venue_trade_id=reply.venue_trade_id,
            side=reply.side,
            price=reply.price,
            quantity=reply.quantity,
            fee=reply.fee,
            fee_currency=reply.fee_currency,
            liquidity=reply.liquidity,
            venue_at=reply.venue_at,
            at=reply.at,
            source=reply.source,
        )
        effects.order = self._groups.write(effects.fill, effects)

    def _order_of(self, reply: Filled) -> Order | None:
        if reply.order_id is not None:
            return self._book.order(reply.order_id)
        return self._find_order(reply.client_order_id, reply.exchange_order_id)

    def _external(self, reply: Filled, identity: FillId) -> ExternalFill:
        return ExternalFill(
            fill_id=identity,
            client_order_id=reply.client_order_id or reply.order_id,
            exchange_order_id=reply.exchange_order_id,
            venue=self._venue,
            account=self._account,
            symbol=reply.symbol,
            venue_trade_id=reply.venue_trade_id,
            side=reply.side,
            price=reply.price,
            quantity=reply.quantity,
            fee=reply.fee,
            fee_currency=reply.fee_currency,
            liquidity=reply.liquidity,
            venue_at=reply.venue_at,
            at=reply.at,
            source=reply.source,
        )

    def _reopen(self, order: Order, evidence: str, at: Instant, effects: Effects) -> Order:
        change = OrderChanged(
            order_id=order.order_id,
            ordinal=order.event_count + 1,
            kind=OrderEventKind.REOPENED,
            at=at,
            evidence=evidence,
        )
        effects.reopened_by = evidence
        reopened = self._groups.write(change, effects)
        if reopened is None:
            raise Defect(f"{order.order_id} was reopened and is gone")
        return reopened

    def _change(self, reply: OrderReply, effects: Effects) -> None:
        order = self._book.order(reply.order_id)
        if order is None:
            raise UnknownId(f"a reply names the order {reply.order_id}, which the ledger does not know")
        if adds_nothing(order, reply):
            return
        if isinstance(reply, Accepted) and order.state in _NEVER_THERE:
            order = self._reopen(order, reply.exchange_order_id, reply.at, effects)
        effects.order = self._groups.write(event_of(order, reply), effects)

    def _advance_groups(self, order: Order, effects: Effects) -> None:
        """Tell every listening algorithm of the trade."""
        trade = self._book.trade(order.intent.trade_id)
        if trade is None or not trade.groups:
            return
        anchor = effects.fill.fill_id if effects.fill is not None else f"{order.order_id}:{order.event_count}"
        ids = self._ids.flow(order.intent.strategy, anchor, self._now())
        self._groups.tell(trade, OrderUpdate(order=order, fill=effects.fill), ids, effects)


def _is_whole(directive: ExecutionDirective, trade: LiveTrade) -> bool:
    """Whether the directive ends all of the trade: it plans no size, or one that leaves nothing."""
    size = directive.plans.size
    return size is None or size.quantity >= abs(trade.quantity)
