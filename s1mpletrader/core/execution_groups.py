"""Execution groups: their algorithms are asked here, and what they wish becomes intents and commands."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from s1mpletrader.core.book import Book, LiveGroup, LiveTrade
from s1mpletrader.core.commands import AmendOrder, CancelOrder, ReplaceOrder, SubmitOrders, order_ref
from s1mpletrader.core.effects import Effects, GivenUp, Intent, Wake
from s1mpletrader.core.quarantine import IQuarantine
from s1mpletrader.core.returned import check_advance
from s1mpletrader.domain.directives import Action, ExecutionDirective, RefusalDraft
from s1mpletrader.domain.errors import PluginFailed, Unavailable, UnknownId
from s1mpletrader.domain.ids import FlowIds, GroupId, IdKind, OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import ListKind, OrderDetails
from s1mpletrader.domain.reality import GroupAdvanced, GroupOpened, LedgerChange, OrderIntended
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
        self, directive: ExecutionDirective, trade: LiveTrade, ids: FlowIds, effects: Effects, *, algorithm: str | None
    ) -> GroupId:
        """Open a directive's group; without an algorithm it is done at once."""
        group_id = GroupId(ids.make(IdKind.GROUP))
        at = self._now()
        context = self._context(trade, group_id, at, None)
        advance = Advance(done=True)
        if algorithm is not None:
            asked = self._algorithm(algorithm)
            advance = self._asked(algorithm, "begin", lambda: asked.begin(directive, context), trade)
        plan = directive.plans.execution
        opened = GroupOpened(
            group_id=group_id,
            trade_id=trade.opened.trade_id,
            action=plan.action if plan is not None else Action.EXECUTE_TRADE,
            algorithm=algorithm or "",
            at=at,
            state=advance.state,
            wake_at=advance.wake_at,
            done=advance.done,
        )
        self.write(opened, effects)
        self._carry_out(advance, None, opened, context, ids, effects)
        return group_id

    def tell(self, trade: LiveTrade, event: GroupEvent, ids: FlowIds, effects: Effects) -> None:
        """Tell every listening algorithm of the trade."""
        for group in list(trade.groups.values()):
            self.tell_one(group, trade, event, ids, effects)

    def tell_one(self, group: LiveGroup, trade: LiveTrade, event: GroupEvent, ids: FlowIds, effects: Effects) -> None:
        """Tell one group's algorithm, and carry out what it wishes."""
        at, before = self._now(), group.wake_at
        changed = event.order if isinstance(event, OrderUpdate) else None
        context = self._context(trade, group.opened.group_id, at, changed)
        algorithm = self._algorithm(group.opened.algorithm)
        advance = self._asked(
            group.opened.algorithm, "advance", lambda: algorithm.advance(group.state, event, context), trade, event
        )
        if advance.done or advance.state != group.state or advance.wake_at != group.wake_at:
            change = GroupAdvanced(
                group_id=group.opened.group_id,
                ordinal=group.advance_count + 1,
                at=at,
                state=advance.state,
                wake_at=advance.wake_at,
                done=advance.done,
            )
            self.write(change, effects)
        self._carry_out(advance, before, group.opened, context, ids, effects)

    def cancel(self, order: Order, effects: Effects) -> None:
        """Cancel an order, unless it has ended, or a command of this step is about it already."""
        if order.live and not effects.commands_order(order.order_id):
            effects.commands.append(CancelOrder(order_ref(order)))

    def _asked(
        self, name: str, method: str, ask: Callable[[], Advance], trade: LiveTrade, event: GroupEvent | None = None
    ) -> Advance:
        """An algorithm's answer. One that fails gives up what is left of its group; its orders stay as they are.

        That the ledger cannot be read now is no failure of the algorithm: it is raised, for a restart asks once more.
        """
        try:
            advance = ask()
            check_advance(method, advance, self._now() if isinstance(event, Timer) else None)
        except Unavailable:
            raise
        except Exception as fault:  # noqa: BLE001  Whatever it raises, what it has placed is attended to no more.
            failure = PluginFailed(name, fault)
            failure.__cause__ = fault
            self._quarantine.put(trade.opened.strategy, failure)
            alarm = f"{failure}; it attends no more to its orders of {trade.opened.trade_id}"
            return Advance(done=True, given_up=RefusalDraft(code="PLUGIN_FAILED", detail=str(failure)), alarm=alarm)
        return advance

    def _algorithm(self, name: str) -> ExecutionAlgorithm:
        algorithm = self._algorithms.get(name)
        if algorithm is None:
            raise UnknownId(f"no execution algorithm is named {name!r}; there are {', '.join(sorted(self._algorithms))}")
        return algorithm

    def _context(self, trade: LiveTrade, group_id: GroupId, at: Instant, changed: Order | None) -> GroupContext:
        live = tuple(trade.orders.values())
        about = live if changed is None or changed.order_id in trade.orders else (changed, *live)
        symbol, market = trade.opened.symbol, self._markets[trade.opened.strategy]
        return GroupContext(
            trade=trade.opened,
            group_id=group_id,
            instrument=self._instruments[symbol],
            at=at,
            orders=tuple([order for order in about if order.intent.group_id == group_id]),
            trade_orders=live,
            view=self._book.view(trade.opened.strategy),
            held_quantity=trade.quantity,
            capabilities=self._venue.capabilities(),
            last_price=market.price(symbol),
            volume_since=partial(market.volume_since, symbol),
            find_order=self._book.order if changed is None else partial(self._find, changed),
        )

    def _find(self, changed: Order, order_id: OrderId) -> Order | None:
        """An order as it stands. One that has just ended is known here alone: its step is not recorded yet."""
        return changed if order_id == changed.order_id else self._book.order(order_id)

    def _carry_out(
        self,
        advance: Advance,
        wake_before: Instant | None,
        group: GroupOpened,
        context: GroupContext,
        ids: FlowIds,
        effects: Effects,
    ) -> None:
        """Turn an algorithm's wishes into intents and commands, in their order."""
        if advance.wake_at is not None and advance.wake_at != wake_before:
            effects.wakes.append(Wake(advance.wake_at, group.group_id))
        if advance.given_up is not None:
            effects.given_up.append(GivenUp(group.group_id, group.algorithm, advance.given_up))
        if advance.alarm is not None:
            effects.warnings.append(advance.alarm)
        for wish in advance.commands:
            match wish:
                case Place():
                    requests = self._intend(wish.orders, wish.list_kind, context, ids, effects)
                    effects.commands.append(SubmitOrders(requests, wish.list_kind))
                case Cancel():
                    self.cancel(self._order(wish.order_id), effects)
                case Amend():
                    order = self._order(wish.order_id)
                    if order.live:
                        effects.commands.append(AmendOrder(order_ref(order), wish.quantity, wish.price))
                case Replace():
                    self._replace(wish, context, ids, effects)

    def _replace(self, wish: Replace, context: GroupContext, ids: FlowIds, effects: Effects) -> None:
        old = self._order(wish.order_id)
        if not old.live:
            return
        planned = PlannedOrder(details=wish.order.details, role=wish.order.role, replaces=old.order_id)
        (request,) = self._intend((planned,), old.intent.list_kind, context, ids, effects, old.intent.list_id)
        effects.commands.append(ReplaceOrder(order_ref(old), request))

    def _order(self, order_id: OrderId) -> Order:
        order = self._book.order(order_id)
        if order is None:
            raise UnknownId(f"an algorithm names the order {order_id}, which the ledger does not know")
        return order

    def _intend(
        self,
        orders: tuple[PlannedOrder, ...],
        list_kind: ListKind,
        context: GroupContext,
        ids: FlowIds,
        effects: Effects,
        list_id: str | None = None,
    ) -> tuple[OrderRequest, ...]:
        """Intend orders as one: a list of their own, or what takes a place in the list that is there."""
        order_ids = [OrderId(ids.make(IdKind.ORDER)) for _ in orders]
        if list_id is None and list_kind is not ListKind.NONE:
            list_id = order_ids[0]
        market = self._markets[context.trade.strategy]
        requests = []
        for order_id, planned in zip(order_ids, orders, strict=True):
            client_order_id = self._venue.venue_id(order_id)
            intent = OrderIntended(
                order_id=order_id,
                group_id=context.group_id,
                trade_id=context.trade.trade_id,
                strategy=context.trade.strategy,
                venue=self._venue.venue,
                account=self._venue.account,
                client_order_id=client_order_id,
                details=self._details(planned),
                decided_at=context.at,
                list_kind=list_kind,
                list_id=list_id,
                replaces=planned.replaces,
                reference_price=market.price(planned.details.symbol),
            )
            self.write(intent, effects)
            effects.intents.append(Intent(intent, planned.role))
            requests.append(OrderRequest(order_id=order_id, client_order_id=client_order_id, details=intent.details))
        return tuple(requests)

    def _details(self, planned: PlannedOrder) -> OrderDetails:
        """What is asked for.

        Strategies that share an account may hold against each other: the venue would refuse to reduce for one what another has
        the other way round.
        """
        if self._is_shared and planned.details.reduce_only:
            return replace(planned.details, reduce_only=False)
        return planned.details
