"""Execution groups: their algorithms are asked here, and what they wish becomes intents and commands."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, Protocol

from msgspec.structs import replace

from s1mpletrader.core.book import Book
from s1mpletrader.core.commands import AmendOrder, CancelOrder, ReplaceOrder, SubmitOrders, order_ref
from s1mpletrader.core.effects import Effects, GivenUp, Intent, Wake
from s1mpletrader.core.live_trades import LiveGroup, LiveTrade
from s1mpletrader.core.quarantine import IQuarantine
from s1mpletrader.core.returned import check_advance
from s1mpletrader.domain.directives import ExecutionDirective, ExecutionPlan, RefusalDraft
from s1mpletrader.domain.errors import PluginFailed, Unavailable, UnknownId
from s1mpletrader.domain.ids import FlowIds, GroupId, IdKind, OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import ListKind
from s1mpletrader.domain.reality import GroupAdvanced, GroupOpened, LedgerChange, OrderIntended, TradeOpened
from s1mpletrader.ports.algorithms import (
    Advance,
    Amend,
    Cancel,
    ExecutionAlgorithm,
    GroupContext,
    GroupEvent,
    OrderUpdate,
    Place,
    PlannedOrder,
    Replace,
    Timer,
)
from s1mpletrader.ports.execution import Capabilities, OrderRequest

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every order.
_GROUP: Final = IdKind.GROUP
_ORDER: Final = IdKind.ORDER
_NO_LIST: Final = ListKind.NONE


class MarketNow(Protocol):
    """What a strategy's market tells an algorithm."""

    def price(self, symbol: str) -> Decimal | None:
        """The last known price."""
        ...

    def volume_since(self, symbol: str, at: Instant) -> Decimal:
        """The volume of the candles that closed after an instant."""
        ...


class Venue(Protocol):
    """What is constant about the venue that orders go to."""

    @property
    def venue(self) -> str:
        """Its name."""
        ...

    @property
    def account(self) -> str:
        """The account's name there."""
        ...

    def venue_id(self, order_id: OrderId) -> str:
        """The order id in the venue's form."""
        ...

    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...


class ExecutionGroups:
    """Begins groups and tells them what has happened; keeps nothing, since a group's state is in the book."""

    def __init__(
        self,
        *,
        book: Book,
        algorithms: Mapping[str, ExecutionAlgorithm],
        instruments: Mapping[str, Instrument],
        venue: Venue,
        markets: Mapping[str, MarketNow],
        now: Callable[[], Instant],
        quarantine: IQuarantine,
        is_shared: bool = False,
    ) -> None:
        self._book = book
        self._algorithms = algorithms
        self._instruments = instruments
        self._venue = venue
        self._venue_name = venue.venue
        self._account = venue.account
        self._markets = markets
        self._now = now
        self._quarantine = quarantine
        self._is_shared = is_shared

    def write(self, change: LedgerChange, effects: Effects) -> Order | None:
        """Book a change: it is in the book at once, and recorded with the rest of the step."""
        order = self._book.apply(change)
        effects.reality.append(change)
        return order

    def open(
        self, directive: ExecutionDirective, plan: ExecutionPlan, trade: LiveTrade, at: Instant, ids: FlowIds, effects: Effects
    ) -> GroupId:
        """Open a directive's group, and let its algorithm begin."""
        group_id = GroupId(ids.make(_GROUP))
        context = self._context(trade, group_id, at, tuple(trade.orders.values()), (), self._book.order)
        advance = self._begin(plan.algorithm, directive, context)
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
        self.write(opened, effects)
        self._carry_out(advance, None, plan.algorithm, context, ids, effects)
        return group_id

    def open_done(self, plan: ExecutionPlan, trade: LiveTrade, at: Instant, ids: FlowIds, effects: Effects) -> GroupId:
        """Open the group of a directive that only cancels: no algorithm begins, and it is done at once."""
        group_id = GroupId(ids.make(_GROUP))
        trade_id = trade.opened.trade_id
        self.write(GroupOpened(group_id=group_id, trade_id=trade_id, action=plan.action, algorithm="", at=at, done=True), effects)
        return group_id

    def tell(self, trade: LiveTrade, event: GroupEvent, ids: FlowIds, effects: Effects) -> None:
        """Tell every listening algorithm of the trade."""
        for group in list(trade.groups.values()):
            self.tell_one(group, trade, event, ids, effects)

    def tell_one(self, group: LiveGroup, trade: LiveTrade, event: GroupEvent, ids: FlowIds, effects: Effects) -> None:
        """Tell one group's algorithm, and carry out what it wishes."""
        opened, wake_before = group.opened, group.wake_at
        group_id, algorithm = opened.group_id, opened.algorithm
        context = self._context_of(group_id, trade, event)
        advance = self._advance(algorithm, group.state, event, context)
        if advance.done or advance.state != group.state or advance.wake_at != wake_before:
            change = GroupAdvanced(
                group_id=group_id,
                ordinal=group.advance_count + 1,
                at=context.at,
                state=advance.state,
                wake_at=advance.wake_at,
                done=advance.done,
            )
            self.write(change, effects)
        self._carry_out(advance, wake_before, algorithm, context, ids, effects)

    def cancel(self, order: Order, effects: Effects) -> None:
        """Cancel an order, unless it has ended, or a command of this step is about it already."""
        if order.live and not effects.commands_order(order.order_id):
            effects.commands.append(CancelOrder(order_ref(order)))

    def _begin(self, name: str, directive: ExecutionDirective, context: GroupContext) -> Advance:
        algorithm = self._algorithm(name)
        try:
            advance = algorithm.begin(directive, context)
            check_advance("begin", advance, None)
        except Exception as fault:  # noqa: BLE001  Whatever it raises, nothing of it is carried out.
            return self._give_up(name, fault, context.trade)
        return advance

    def _advance(self, name: str, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        algorithm = self._algorithm(name)
        try:
            advance = algorithm.advance(state, event, context)
            check_advance("advance", advance, self._now() if type(event) is Timer else None)
        except Exception as fault:  # noqa: BLE001  Whatever it raises, what it has placed is attended to no more.
            return self._give_up(name, fault, context.trade)
        return advance

    def _give_up(self, name: str, fault: Exception, trade: TradeOpened) -> Advance:
        """What an algorithm that fails comes to: what is left of its group is given up, and its orders stay as they are.

        That the ledger cannot be read now is no failure of the algorithm: it is raised, for a restart asks once more.
        """
        if isinstance(fault, Unavailable):
            raise fault
        failure = PluginFailed(name, fault)
        failure.__cause__ = fault
        self._quarantine.put(trade.strategy, failure)
        alarm = f"{failure}; it attends no more to its orders of {trade.trade_id}"
        return Advance(done=True, given_up=RefusalDraft(code="PLUGIN_FAILED", detail=str(failure)), alarm=alarm)

    def _algorithm(self, name: str) -> ExecutionAlgorithm:
        algorithm = self._algorithms.get(name)
        if algorithm is None:
            raise UnknownId(f"no execution algorithm is named {name!r}; there are {', '.join(sorted(self._algorithms))}")
        return algorithm

    def _context_of(self, group_id: GroupId, trade: LiveTrade, event: GroupEvent) -> GroupContext:
        """What a group that is there looks at: its orders are the live ones, and the one that the event is about."""
        live = tuple(trade.orders.values())
        own = [order for order in live if order.intent.group_id == group_id]
        find_order: Callable[[OrderId], Order | None] = self._book.order
        if isinstance(event, OrderUpdate):
            changed = event.order
            find_order = partial(self._find, changed)
            if changed.intent.group_id == group_id and changed.intent.order_id not in trade.orders:
                own.insert(0, changed)
        return self._context(trade, group_id, self._now(), live, tuple(own), find_order)

    def _context(
        self,
        trade: LiveTrade,
        group_id: GroupId,
        at: Instant,
        live: tuple[Order, ...],
        own: tuple[Order, ...],
        find_order: Callable[[OrderId], Order | None],
    ) -> GroupContext:
        opened = trade.opened
        symbol, market = opened.symbol, self._markets[opened.strategy]
        return GroupContext(
            trade=opened,
            group_id=group_id,
            instrument=self._instruments[symbol],
            at=at,
            orders=own,
            trade_orders=live,
            view=self._book.view(opened.strategy),
            held_quantity=trade.quantity,
            capabilities=self._venue.capabilities(),
            last_price=market.price(symbol),
            volume_since=partial(market.volume_since, symbol),
            find_order=find_order,
        )

    def _find(self, changed: Order, order_id: OrderId) -> Order | None:
        """An order as it stands. One that has just ended is known here alone: its step is not recorded yet."""
        return changed if order_id == changed.order_id else self._book.order(order_id)

    def _carry_out(
        self,
        advance: Advance,
        wake_before: Instant | None,
        algorithm: str,
        context: GroupContext,
        ids: FlowIds,
        effects: Effects,
    ) -> None:
        """Turn an algorithm's wishes into intents and commands, in their order."""
        if advance.wake_at is not None and advance.wake_at != wake_before:
            effects.wakes.append(Wake(advance.wake_at, context.group_id))
        if advance.given_up is not None:
            effects.given_up.append(GivenUp(context.group_id, algorithm, advance.given_up))
        if advance.alarm is not None:
            effects.warnings.append(advance.alarm)
        for wish in advance.commands:
            if isinstance(wish, Place):
                requests = self._intend(wish.orders, wish.list_kind, None, context, ids, effects)
                effects.commands.append(SubmitOrders(requests, wish.list_kind))
            else:
                self._change(wish, context, ids, effects)

    def _change(self, wish: Cancel | Amend | Replace, context: GroupContext, ids: FlowIds, effects: Effects) -> None:
        """Carry out a wish about an order that is there, unless it has ended."""
        order = self._order(wish.order_id)
        match wish:
            case Cancel():
                self.cancel(order, effects)
            case Amend() if order.live:
                effects.commands.append(AmendOrder(order_ref(order), wish.quantity, wish.price))
            case Replace() if order.live:
                planned = PlannedOrder(details=wish.order.details, role=wish.order.role, replaces=order.order_id)
                (request,) = self._intend((planned,), order.intent.list_kind, order.intent.list_id, context, ids, effects)
                effects.commands.append(ReplaceOrder(order_ref(order), request))

    def _order(self, order_id: OrderId) -> Order:
        order = self._book.order(order_id)
        if order is None:
            raise UnknownId(f"an algorithm names the order {order_id}, which the ledger does not know")
        return order

    def _intend(
        self,
        orders: Sequence[PlannedOrder],
        list_kind: ListKind,
        list_id: str | None,
        context: GroupContext,
        ids: FlowIds,
        effects: Effects,
    ) -> tuple[OrderRequest, ...]:
        """Intend orders as one: a list of their own, or what takes a place in the list that is there."""
        requests = []
        for planned in orders:
            order_id = OrderId(ids.make(_ORDER))
            if list_id is None and list_kind is not _NO_LIST:
                list_id = order_id
            intent = self._intent(order_id, planned, list_kind, list_id, context)
            self.write(intent, effects)
            effects.intents.append(Intent(intent, planned.role))
            requests.append(OrderRequest(order_id=order_id, client_order_id=intent.client_order_id, details=intent.details))
        return tuple(requests)

    def _intent(
        self, order_id: OrderId, planned: PlannedOrder, list_kind: ListKind, list_id: str | None, context: GroupContext
    ) -> OrderIntended:
        """An order as it is meant.

        Strategies that share an account may hold against each other: the venue would refuse to reduce for one what another has
        the other way round.
        """
        details, trade = planned.details, context.trade
        if self._is_shared and details.reduce_only:
            details = replace(details, reduce_only=False)
        return OrderIntended(
            order_id=order_id,
            group_id=context.group_id,
            trade_id=trade.trade_id,
            strategy=trade.strategy,
            venue=self._venue_name,
            account=self._account,
            client_order_id=self._venue.venue_id(order_id),
            details=details,
            decided_at=context.at,
            list_kind=list_kind,
            list_id=list_id,
            replaces=planned.replaces,
            reference_price=self._markets[trade.strategy].price(details.symbol),
        )
