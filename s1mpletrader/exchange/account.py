"""An account: what it asks of the matching engine, and what the engine's replies do to its orders."""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from s1mpletrader.core.clock import VirtualClock, finished
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.orders import ListKind
from s1mpletrader.domain.reality import Liquidity
from s1mpletrader.domain.replies import Accepted, Cancelled, CancelRejected, Expired, Filled, Outcome, Rejected
from s1mpletrader.exchange.errors import filter_failure, refused, unknown_order
from s1mpletrader.exchange.events import account_position, balance_update, execution_report, list_status
from s1mpletrader.exchange.orders import NewOrder, Order, OrderList, Status, Trade
from s1mpletrader.exchange.records import Records
from s1mpletrader.exchange.transfers import COUNTERPART, transfer_order
from s1mpletrader.plugins.simulated_exchange import SimulatedExchange
from s1mpletrader.ports.execution import Balance, OrderRef, OrderRequest

INSUFFICIENT_BALANCE: Final = "Account has insufficient balance for requested action."

T = TypeVar("T")
TellEvent = Callable[["Account", dict[str, Any]], None]
"""Where an account's events go."""


class Numbers:
    """The venue's running numbers, over all accounts."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next(self, what: str, first: int = 1) -> int:
        """The next number of a kind."""
        self._last[what] = number = self._last.get(what, first - 1) + 1
        return number


TRADE_IDS_FROM: Final = 1_000_000_000_000
"""Beyond every id of the public trades."""


class Account:
    """One account. Every method first lets happen what has happened by then, and tells it, before it does anything itself.

    The engine's clock stands still in between, so that a command, what it causes, and its answer are of one instant.
    """

    def __init__(
        self,
        name: str,
        uid: int,
        engine: SimulatedExchange,
        clock: VirtualClock,
        numbers: Numbers,
        tell: TellEvent,
        fee_rate: Decimal,
    ) -> None:
        self.name, self.uid = name, uid
        self.records = Records()
        self._engine, self._clock, self._numbers, self._tell = engine, clock, numbers, tell
        self._fee_rate = fee_rate
        self._transfers: set[str] = set()
        self._told: dict[str, Balance] = {balance.asset: balance for balance in self.balances()}
        self.updated_at: Instant = 0

    def next_at(self) -> Instant | None:
        """When something will happen next, as things stand; None where nothing will."""
        return self._engine.next_at()

    def settle(self, at: Instant) -> None:
        """Let everything happen until an instant, and tell it."""
        self._clock.move_to(at)
        while (due := self._engine.next_at()) is not None and due <= at:
            self._apply(self._engine.pop(), at)
        self._tell_balances(at)

    def balances(self) -> Sequence[Balance]:
        """Every asset that is not zero."""
        return [balance for balance in self._run(self._engine.balances()) if balance.asset != COUNTERPART]

    def place(self, asked: NewOrder, at: Instant) -> Order:
        """Place an order; ``ApiError`` where the engine refuses it."""
        return self._place([asked], ListKind.NONE, None, at)[0]

    def place_list(self, asked: Sequence[NewOrder], kind: ListKind, client_list_id: str, at: Instant) -> OrderList:
        """Place several orders as one; ``ApiError``, and none placed, where the engine refuses one."""
        order_list = OrderList(self._numbers.next("list"), client_list_id, kind, asked[0].market, [], at)
        self._place(asked, kind, order_list, at)
        return order_list

    def cancel(self, order: Order, cancel_id: str, at: Instant) -> None:
        """Cancel an order, and with it its whole list; ``ApiError`` where it is not live."""
        self.settle(at)
        if not order.is_live:
            raise unknown_order()
        order_list = self.records.list_of(order)
        for each in [order] if order_list is None else order_list.orders:
            if each.is_live:
                self._cancel_one(each, cancel_id, at)
        if order_list is not None:
            self._tell(self, list_status(order_list, at))
        self.settle(at)

    def amend(self, order: Order, quantity: Decimal, new_client_order_id: str, at: Instant) -> int:
        """Take quantity away; gives the execution's id. ``ApiError`` where it cannot be."""
        self.settle(at)
        if not order.is_live:
            raise unknown_order()
        outcome = self._run(self._engine.amend(_ref(order), quantity))
        if isinstance(outcome, CancelRejected):
            raise refused("Order amend (quantity increase) is not supported.")
        original = order.client_order_id
        self.records.name(order, new_client_order_id)
        order.quantity, order.updated_at = quantity, at
        execution_id = self._report(order, "REPLACED", at, original_id=original)
        self.settle(at)
        return execution_id

    def transfer(self, asset: str, amount: Decimal, at: Instant) -> None:
        """Pay in, or, below zero, out; ``ValueError`` for an amount that is not whole, or not there."""
        self.settle(at)
        engine_id = f"transfer-{self._numbers.next('transfer')}"
        order = transfer_order(engine_id, asset, amount, self._fee_rate)
        self._transfers.add(engine_id)
        (outcome,) = self._run(self._engine.submit([order]))
        if isinstance(outcome, Rejected):
            raise ValueError(f"{self.name} cannot pay {-amount} {asset}: {outcome.rejection_reason}")  # noqa: TRY004 - it is the amount
        self._tell(self, balance_update(asset, amount, at))
        self.settle(at)

    def _place(self, asked: Sequence[NewOrder], kind: ListKind, order_list: OrderList | None, at: Instant) -> list[Order]:
        self.settle(at)
        list_id = -1 if order_list is None else order_list.list_id
        orders = [self._order(each, list_id, at, waits=_waits(kind, index)) for index, each in enumerate(asked)]
        outcomes = self._run(self._engine.submit([_request(order) for order in orders], kind))
        _check_taken(outcomes)
        for order in orders:
            self.records.add(order)
        if order_list is not None:
            order_list.orders.extend(orders)
            self.records.add_list(order_list)
            self._tell(self, list_status(order_list, at))
        for order in orders:
            if order.status is Status.NEW:
                self._report(order, "NEW", at)
        self.settle(at)
        return orders

    def _order(self, asked: NewOrder, list_id: int, at: Instant, *, waits: bool) -> Order:
        order_id = self._numbers.next(f"order {asked.market.name}")
        return Order(
            asked=asked,
            order_id=order_id,
            list_id=list_id,
            engine_id=f"{asked.market.name}-{order_id}",
            created_at=at,
            updated_at=at,
            working_at=None if waits or asked.stop_price is not None else at,
            client_order_id=asked.client_order_id,
            quantity=asked.quantity,
            status=Status.PENDING_NEW if waits else Status.NEW,
        )

    def _cancel_one(self, order: Order, cancel_id: str, at: Instant) -> None:
        outcome = self._run(self._engine.cancel(_ref(order)))
        ended_with_its_leader = isinstance(outcome, CancelRejected) and order.status is Status.PENDING_NEW
        if not isinstance(outcome, Cancelled) and not ended_with_its_leader:
            raise Defect(f"order {order.order_id} is live here and ended in the engine: {outcome}")
        order.end(Status.CANCELED, at)
        self._report(order, "CANCELED", at, cancel_id=cancel_id)

    def _apply(self, reply: object, at: Instant) -> None:
        match reply:
            case Filled(client_order_id=str(engine_id)) if engine_id in self._transfers:
                self._transfers.remove(engine_id)
            case Filled(client_order_id=str(engine_id)):
                self._apply_fill(self.records.by_engine(engine_id), reply, at)
            case Cancelled() | Expired():
                order = self.records.by_engine(reply.order_id)
                if order.is_live:
                    order.end(Status.EXPIRED, reply.venue_at or at)
                    self._report(order, "EXPIRED", at)
                    self._end_list(order, at)
            case _:
                raise Defect(f"the engine tells of {reply}, which a spot account never has")

    def _apply_fill(self, order: Order, fill: Filled, at: Instant) -> None:
        trade = Trade(
            trade_id=self._numbers.next(f"trade {order.asked.market.name}", TRADE_IDS_FROM),
            order_id=order.order_id,
            list_id=order.list_id,
            market=order.asked.market,
            side=order.asked.side,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_asset=fill.fee_currency,
            at=fill.venue_at,
            is_maker=fill.liquidity is Liquidity.MAKER,
        )
        order.fill(trade)
        self.records.trades.append(trade)
        self._report(order, "TRADE", at, trade=trade)
        if order.status is Status.FILLED:
            self._activate(order, fill.venue_at, at)
            self._end_list(order, at)

    def _activate(self, leader: Order, filled_at: Instant, at: Instant) -> None:
        """Orders that have waited for this one go to work."""
        order_list = self.records.list_of(leader)
        for order in order_list.orders if order_list is not None else []:
            if order.status is Status.PENDING_NEW:
                order.status, order.updated_at = Status.NEW, filled_at
                order.working_at = None if order.asked.stop_price is not None else filled_at
                self._report(order, "NEW", at)

    def _end_list(self, order: Order, at: Instant) -> None:
        order_list = self.records.list_of(order)
        if order_list is not None and order_list.is_done:
            self._tell(self, list_status(order_list, at))

    def _report(self, order: Order, execution: str, at: Instant, **more: Any) -> int:
        execution_id = self._numbers.next("execution")
        self._tell(self, execution_report(order, execution, execution_id, at, **more))
        return execution_id

    def _tell_balances(self, at: Instant) -> None:
        balances = {balance.asset: balance for balance in self.balances()}
        changed = list(_changed(self._told, balances))
        if changed:
            self._told, self.updated_at = balances, at
            self._tell(self, account_position(changed, at, at))

    def _run(self, command: Coroutine[Any, Any, T]) -> T:
        """The engine answers at once, since it has no latency."""
        return finished(command)


def _check_taken(outcomes: Sequence[Outcome]) -> None:
    """Refuse with the reason of the order that is at fault."""
    rejected = [outcome.rejection_reason for outcome in outcomes if isinstance(outcome, Rejected)]
    if rejected:
        reason = next((reason for reason in rejected if reason != "LIST_REJECTED"), "LIST_REJECTED")
        raise refused(INSUFFICIENT_BALANCE) if reason == "INSUFFICIENT_BALANCE" else filter_failure(reason)
    if not all(isinstance(outcome, Accepted) for outcome in outcomes):
        raise Defect(f"the engine neither took nor refused an order: {outcomes}")


def _changed(before: Mapping[str, Balance], after: Mapping[str, Balance]) -> Iterator[Balance]:
    for asset in sorted(before.keys() | after.keys()):
        balance = after.get(asset, Balance(asset=asset, free=Decimal(0), locked=Decimal(0)))
        if balance != before.get(asset):
            yield balance


def _waits(kind: ListKind, index: int) -> bool:
    return index > 0 and kind in (ListKind.OTO, ListKind.OTOCO)


def _request(order: Order) -> OrderRequest:
    return OrderRequest(order_id=OrderId(order.engine_id), client_order_id=order.engine_id, details=order.asked.details())


def _ref(order: Order) -> OrderRef:
    symbol = order.asked.market.instrument.symbol
    return OrderRef(order_id=OrderId(order.engine_id), client_order_id=order.engine_id, symbol=symbol)
