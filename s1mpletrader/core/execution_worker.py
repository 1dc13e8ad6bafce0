"""The ExecutionWorker: carries out approved directives, and books what the exchange replies.

It keeps nothing between calls, decides nothing and publishes nothing. What it makes (changes of the ledger and commands to the
connector) leaves as a value; it alone makes ledger changes about trades.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from s1mpletrader.core.book import Book, LiveGroup, LiveTrade
from s1mpletrader.core.commands import CancelOrder, Command, SubmitOrders, order_ref
from s1mpletrader.core.order_events import OrderReply, adds_nothing, event_of
from s1mpletrader.domain.directives import Approved, ExecutionDirective, Scope
from s1mpletrader.domain.errors import Defect, IllegalTransition, UnknownId
from s1mpletrader.domain.ids import FillId, FlowIds, GroupId, IdKind, IdSpace, OrderId, TradeId, fill_id
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.order import Order, needs_reopening
from s1mpletrader.domain.orders import ListKind, OrderEventKind, OrderState
from s1mpletrader.domain.reality import (
    ExternalFill,
    Fill,
    GroupAdvanced,
    GroupOpened,
    LedgerChange,
    OrderChanged,
    OrderIntended,
    TradeOpened,
)
from s1mpletrader.domain.replies import Accepted, CancelRejected, ExchangeReply, Filled
from s1mpletrader.ports.algorithms import (
    Advance,
    Cancel,
    ExecutionAlgorithm,
    GroupContext,
    OrderUpdate,
    Place,
)
from s1mpletrader.ports.execution import OrderRequest


class Intent(NamedTuple):
    """An order that is meant, and what it is for in its group."""

    intent: OrderIntended
    role: str


@dataclass(slots=True)
class Effects:
    """What a call of the worker comes to: changes to record, orders meant by them, and commands to send once recorded."""

    reality: list[LedgerChange] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    order: Order | None = None
    """The order that a reply was about, as it stands after it; None where the reply changed nothing."""
    fill: Fill | None = None
    external: ExternalFill | None = None
    reopened_by: str | None = None
    """The evidence, where the reply contradicted an order's end."""
    alarm: str | None = None
    """What a person should look at: a reply that the declared graph of states has no place for."""


class ExecutionWorker:
    """The one that acts. It alone makes trades, groups, orders and fills; what it makes is in the book when a call returns."""

    def __init__(
        self,
        *,
        book: Book,
        ids: IdSpace,
        algorithms: Mapping[str, ExecutionAlgorithm],
        instruments: Mapping[str, Instrument],
        venue: str,
        account: str,
        client_order_id: Callable[[OrderId], str],
        now: Callable[[], Instant],
        last_price: Callable[[str], Decimal | None],
        find_order: Callable[[str | None, str | None], Order | None],
    ) -> None:
        self._book = book
        self._ids = ids
        self._algorithms = algorithms
        self._instruments = instruments
        self._venue = venue
        self._account = account
        self._client_order_id = client_order_id
        self._now = now
        self._last_price = last_price
        self._find_order = find_order

    def execute(self, approved: Approved) -> Effects:
        """Carry out an approved directive: open the trade where it is new, open a group, and let its algorithm begin."""
        directive = approved.directive
        at = self._now()
        ids = self._ids.flow(directive.strategy, directive.id, at)
        effects = Effects()
        trade = self._trade(directive, ids, at, effects)
        group_id = GroupId(ids.make(IdKind.GROUP))
        plan = directive.plans.execution
        if plan is None:
            raise Defect(f"{directive.id} has no execution plan")
        context = self._context(trade, group_id, at, None)
        advance = self._algorithm(plan.algorithm).begin(directive, context)
        opened = GroupOpened(
            group_id=group_id,
            trade_id=trade.opened.trade_id,
            action=plan.action,
            algorithm=plan.algorithm,
            at=at,
            state=advance.state,
            wake_at=advance.wake_at,
            done=advance.done,
        )
        self._write(opened, effects)
        self._carry_out(advance, context, ids, effects)
        return effects

    def on_exchange_reply(self, reply: ExchangeReply) -> Effects:
        """Book what the venue said. A reply that is known already, or adds nothing, has no effects."""
        effects = Effects()
        try:
            if isinstance(reply, Filled):
                self._fill(reply, effects)
            elif not isinstance(reply, CancelRejected):
                self._change(reply, effects)
        except IllegalTransition as illegal:
            effects.alarm = str(illegal)
            return effects
        if effects.order is not None:
            self._advance_groups(effects.order, effects)
        return effects

    def _write(self, change: LedgerChange, effects: Effects) -> Order | None:
        order = self._book.apply(change)
        effects.reality.append(change)
        return order

    def _trade(self, directive: ExecutionDirective, ids: FlowIds, at: Instant, effects: Effects) -> LiveTrade:
        asked = directive.directive
        trade_id = asked.trade_id
        if asked.scope is Scope.NEW_TRADE:
            trade_id = TradeId(ids.make(IdKind.TRADE))
            opened = TradeOpened(
                trade_id=trade_id, strategy=directive.strategy, symbol=asked.symbol, direction=asked.direction, at=at
            )
            self._write(opened, effects)
        trade = self._book.trade(trade_id) if trade_id is not None else None
        if trade is None:
            raise UnknownId(f"{asked.id} names the trade {asked.trade_id}, which is not open")
        return trade

    def _algorithm(self, name: str) -> ExecutionAlgorithm:
        algorithm = self._algorithms.get(name)
        if algorithm is None:
            raise UnknownId(f"no execution algorithm is named {name!r}; there are {', '.join(sorted(self._algorithms))}")
        return algorithm

    def _context(self, trade: LiveTrade, group_id: GroupId, at: Instant, changed: Order | None) -> GroupContext:
        live = tuple(trade.orders.values())
        about = live if changed is None or changed.order_id in trade.orders else (changed, *live)
        return GroupContext(
            trade=trade.opened,
            group_id=group_id,
            instrument=self._instruments[trade.opened.symbol],
            at=at,
            orders=tuple(order for order in about if order.group_id == group_id),
            trade_orders=live,
            view=self._book.view(trade.opened.strategy),
            held_quantity=trade.quantity,
        )

    def _carry_out(self, advance: Advance, context: GroupContext, ids: FlowIds, effects: Effects) -> None:
        """Turn an algorithm's wishes into intents and commands, in their order."""
        if advance.wake_at is not None:
            raise Defect(f"{context.group_id} wants to be woken; this version has no timers")
        for wish in advance.commands:
            match wish:
                case Place():
                    self._place(wish, context, ids, effects)
                case Cancel():
                    order = self._book.order(wish.order_id)
                    if order is not None and order.live:
                        effects.commands.append(CancelOrder(order_ref(order)))

    def _place(self, wish: Place, context: GroupContext, ids: FlowIds, effects: Effects) -> None:
        order_ids = [OrderId(ids.make(IdKind.ORDER)) for _ in wish.orders]
        list_id = None if wish.list_kind is ListKind.NONE else order_ids[0]
        requests = []
        for order_id, planned in zip(order_ids, wish.orders, strict=True):
            client_order_id = self._client_order_id(order_id)
            intent = OrderIntended(
                order_id=order_id,
                group_id=context.group_id,
                trade_id=context.trade.trade_id,
                strategy=context.trade.strategy,
                venue=self._venue,
                account=self._account,
                client_order_id=client_order_id,
                details=planned.details,
                decided_at=context.at,
                list_kind=wish.list_kind,
                list_id=list_id,
                reference_price=self._last_price(planned.details.symbol),
            )
            self._write(intent, effects)
            effects.intents.append(Intent(intent, planned.role))
            requests.append(OrderRequest(order_id=order_id, client_order_id=client_order_id, details=planned.details))
        effects.commands.append(SubmitOrders(tuple(requests), wish.list_kind))

    def _fill(self, reply: Filled, effects: Effects) -> None:
        order = self._order_of(reply)
        identity = fill_id(self._venue, self._account, reply.symbol, reply.venue_trade_id, reply.venue_at)
        if order is None:
            effects.external = self._external(reply, identity)
            self._write(effects.external, effects)
            return
        if identity in order.fill_ids:
            return
        if needs_reopening(order, reply.quantity):
            self._reopen(order, identity, reply.at, effects)
        effects.fill = Fill(
            fill_id=identity,
            order_id=order.order_id,
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
        effects.order = self._write(effects.fill, effects)

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
        reopened = self._write(change, effects)
        if reopened is None:
            raise Defect(f"{order.order_id} was reopened and is gone")
        return reopened

    def _change(self, reply: OrderReply, effects: Effects) -> None:
        order = self._book.order(reply.order_id)
        if order is None:
            raise UnknownId(f"a reply names the order {reply.order_id}, which the ledger does not know")
        if adds_nothing(order, reply):
            return
        if isinstance(reply, Accepted) and order.state in (OrderState.REJECTED, OrderState.NOT_PLACED):
            order = self._reopen(order, reply.exchange_order_id, reply.at, effects)
        effects.order = self._write(event_of(order, reply), effects)

    def _advance_groups(self, order: Order, effects: Effects) -> None:
        """Tell every listening algorithm of the trade."""
        trade = self._book.trade(order.trade_id)
        if trade is None or not trade.groups:
            return
        anchor = effects.fill.fill_id if effects.fill is not None else f"{order.order_id}:{order.event_count}"
        ids = self._ids.flow(order.intent.strategy, anchor, self._now())
        event = OrderUpdate(order=order, fill=effects.fill)
        for group in list(trade.groups.values()):
            self._advance(group, trade, event, ids, effects)

    def _advance(self, group: LiveGroup, trade: LiveTrade, event: OrderUpdate, ids: FlowIds, effects: Effects) -> None:
        at = self._now()
        context = self._context(trade, group.opened.group_id, at, event.order)
        advance = self._algorithm(group.opened.algorithm).advance(group.state, event, context)
        if advance.done or advance.state != group.state or advance.wake_at != group.wake_at:
            change = GroupAdvanced(
                group_id=group.opened.group_id,
                ordinal=group.advance_count + 1,
                at=at,
                state=advance.state,
                wake_at=advance.wake_at,
                done=advance.done,
            )
            self._write(change, effects)
        self._carry_out(advance, context, ids, effects)
