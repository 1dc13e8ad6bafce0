"""A small connector that keeps every law, and the venue behind it, which goes on when the connector ends."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace as changed

from s1mpletrader.api import (
    Accepted,
    AccountType,
    AlreadySubmitted,
    Amended,
    AmendOutcome,
    Balance,
    Cancelled,
    CancelOutcome,
    CancelRejected,
    Capabilities,
    ExchangeReply,
    Filled,
    FillSource,
    Instant,
    Instrument,
    Liquidity,
    ListKind,
    NotSent,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    OrderState,
    OrderType,
    Outcome,
    Rejected,
    Replaced,
    ReplaceOutcome,
    Side,
    TimeInForce,
    Unknown,
    UnsupportedOrder,
)
from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract

SYMBOL = "BTC/USDT"
INSTRUMENT = Instrument(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.1"),
    quantity_lot=Decimal("0.01"),
    notional_min=Decimal(5),
)
RATE = Decimal("0.001")
SECRET = "a key that nobody may read"


class Secret:
    """A key that shows itself to nobody."""

    def __init__(self, value: str) -> None:
        self._reveal = lambda: value

    def __repr__(self) -> str:
        return "Secret"


@dataclass
class Resting:
    """An order at the venue."""

    client_order_id: str
    exchange_order_id: str
    details: OrderDetails
    order_id: OrderId | None
    venue_at: Instant
    state: OrderState = OrderState.OPEN
    filled: Decimal = Decimal(0)
    notional: Decimal = Decimal(0)

    @property
    def live(self) -> bool:
        return not self.state.terminal


@dataclass
class World:
    """The venue, and what the test lets happen to the way there."""

    at: Instant = 1_700_000_000_000_000_000
    orders: dict[str, Resting] = field(default_factory=dict)
    fills: list[Filled] = field(default_factory=list)
    balances: dict[str, Decimal] = field(default_factory=lambda: {"USDT": Decimal(100_000), "BTC": Decimal(0)})
    sent: int = 0
    is_down: bool = False
    lost: bool | None = None
    fills_first: bool = False

    def now(self) -> Instant:
        self.at += 1_000_000
        return self.at

    def take(self, request: OrderRequest, order_id: OrderId | None) -> Resting | str:
        reason = INSTRUMENT.violation(request.details.quantity, request.details.price)
        if reason is not None:
            return reason
        order = Resting(request.client_order_id, f"X{len(self.orders)}", request.details, order_id, self.now())
        self.orders[request.client_order_id] = order
        return order

    def fill(self, order: Resting, quantity: Decimal) -> Filled:
        price = order.details.price or Decimal(100)
        sign = order.details.side.sign
        order.filled += quantity
        order.notional += price * quantity
        order.state = OrderState.FILLED if order.filled == order.details.quantity else OrderState.PARTIALLY_FILLED
        fee = price * quantity * RATE
        self.balances["USDT"] -= sign * price * quantity + fee
        self.balances["BTC"] += sign * quantity
        filled = Filled(
            order_id=order.order_id,
            symbol=SYMBOL,
            venue_trade_id=f"T{len(self.fills)}",
            side=order.details.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_currency="USDT",
            liquidity=Liquidity.MAKER,
            at=0,
            venue_at=self.now(),
            exchange_order_id=order.exchange_order_id,
            client_order_id=order.client_order_id,
        )
        self.fills.append(filled)
        return filled


class ReferenceConnector:
    """Speaks to the world by plain calls; ``told`` is what it has said unasked."""

    venue = "reference"
    account = "main"
    outlives_process = True

    def __init__(self, world: World, known: set[OrderId], secret: str) -> None:
        self.world = world
        self.known = known
        self.submitted: set[OrderId] = set()
        self.told: list[ExchangeReply] = []
        self.is_connected = True
        self.heard = len(world.fills)
        self.key = Secret(secret)

    def capabilities(self) -> Capabilities:
        return Capabilities(
            order_types=frozenset({OrderType.LIMIT}),
            times_in_force=frozenset({TimeInForce.GTC}),
            list_kinds=frozenset({ListKind.NONE, ListKind.OCO}),
            account_type=AccountType.SPOT,
            amend=True,
            replace=True,
        )

    def venue_id(self, order_id: OrderId) -> str:
        return f"c-{order_id}"

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        self.check(orders, list_kind)
        if self.fails():
            return [NotSent(order_id=order.order_id, reason="no route", at=self.world.now()) for order in orders]
        self.submitted |= {order.order_id for order in orders}
        submitted_at = self.world.now()
        lost = self.send()
        if lost is not None:
            return self.doubt(orders, self.place(orders) if lost else None)
        placed = self.place(orders)
        if self.world.fills_first:
            self.world.fills_first = False
            for order in placed:
                if isinstance(order, Resting):
                    self.push(self.world.fill(order, order.details.quantity))
        at = self.world.now()
        return [self.outcome(order, result, submitted_at, at) for order, result in zip(orders, placed, strict=True)]

    def check(self, orders: Sequence[OrderRequest], list_kind: ListKind) -> None:
        offered = self.capabilities()
        for order in orders:
            details = order.details
            is_offered = details.type in offered.order_types and details.time_in_force in offered.times_in_force
            if not is_offered or details.reduce_only or list_kind not in offered.list_kinds:
                raise UnsupportedOrder("not offered")
            if order.order_id in self.submitted or order.order_id in self.known:
                raise AlreadySubmitted("submitted before")

    def fails(self) -> bool:
        failed, self.world.is_down = self.world.is_down, False
        return failed

    def send(self) -> bool | None:
        """One request leaves; the flag tells whether its answer is lost, and if so, whether the venue got it."""
        self.world.sent += 1
        lost, self.world.lost = self.world.lost, None
        return lost

    def place(self, orders: Sequence[OrderRequest]) -> list[Resting | str]:
        return [self.world.take(order, order.order_id) for order in orders]

    def doubt(self, orders: Sequence[OrderRequest], placed: object) -> Sequence[Outcome]:
        return [Unknown(order_id=order.order_id, reason="no answer", at=self.world.now()) for order in orders]

    def outcome(self, order: OrderRequest, placed: Resting | str, submitted_at: Instant, at: Instant) -> Outcome:
        if isinstance(placed, str):
            return Rejected(order_id=order.order_id, rejection_reason=placed, at=at, submitted_at=submitted_at)
        return Accepted(
            order_id=order.order_id,
            exchange_order_id=placed.exchange_order_id,
            at=at,
            venue_at=placed.venue_at,
            submitted_at=submitted_at,
        )

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        if self.fails():
            return NotSent(order_id=order.order_id, reason="no route", at=self.world.now())
        lost = self.send()
        found = self.world.orders.get(order.client_order_id)
        is_live = found is not None and found.live
        if found is not None and is_live and lost is not False:
            found.state = OrderState.CANCELLED
        if lost is not None:
            return Unknown(order_id=order.order_id, reason="no answer", at=self.world.now())
        if not is_live:
            return CancelRejected(order_id=order.order_id, reason="no such live order", at=self.world.now())
        return Cancelled(order_id=order.order_id, at=self.world.now(), venue_at=self.world.now())

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> AmendOutcome:
        return Amended(order_id=order.order_id, at=self.world.now(), quantity=quantity, price=price)

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        await self.cancel(order)
        (outcome,) = await self.submit([replacement])
        return Replaced(order_id=order.order_id, replaced_by=replacement.order_id, at=self.world.now()), outcome

    async def query(self, order: OrderRef) -> OrderSnapshot | None:
        found = self.world.orders.get(order.client_order_id)
        return None if found is None else self.snapshot(found)

    def snapshot(self, order: Resting) -> OrderSnapshot:
        return OrderSnapshot(
            client_order_id=order.client_order_id,
            exchange_order_id=order.exchange_order_id,
            symbol=SYMBOL,
            state=order.state,
            details=order.details,
            filled_quantity=order.filled,
            filled_notional=order.notional,
            venue_at=order.venue_at,
            order_id=order.order_id,
        )

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        return [self.snapshot(order) for order in self.world.orders.values() if order.live]

    async def fills_since(self, symbol: str, at: Instant) -> Sequence[Filled]:
        now = self.world.now()
        return [changed(fill, at=now, source=FillSource.POLL) for fill in self.world.fills if fill.venue_at >= at]

    async def balances(self) -> Sequence[Balance]:
        return [Balance(asset=asset, free=amount, locked=Decimal(0)) for asset, amount in self.world.balances.items()]

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        return dict.fromkeys(symbols, INSTRUMENT)

    async def close(self) -> None:
        """Nothing is held."""

    def push(self, fill: Filled) -> None:
        if self.is_connected:
            self.heard = len(self.world.fills)
            self.told.append(changed(fill, at=self.world.now()))

    async def reconnect(self) -> None:
        self.is_connected = True
        missed = self.world.fills[self.heard :]
        self.heard = len(self.world.fills)
        self.told += [changed(fill, at=self.world.now()) for fill in missed]


class ReferenceHarness:
    """Builds the harness around a connector's class."""

    connector: type[ReferenceConnector] = ReferenceConnector

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        world, known = World(), set[OrderId]()
        held = [self.connector(world, known, SECRET)]
        details = OrderDetails(symbol=SYMBOL, side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal("0.4"), price=Decimal("99.9"))

        async def collect() -> Sequence[ExchangeReply]:
            await asyncio.sleep(0)
            told, held[0].told = held[0].told, []
            return told

        async def fill(ref: OrderRef, part: Decimal | None) -> None:
            order = world.orders[ref.client_order_id]
            held[0].push(world.fill(order, part or order.details.quantity - order.filled))

        async def push_again() -> None:
            held[0].push(world.fills[-1])

        async def disconnect() -> None:
            held[0].is_connected = False

        async def reconnect() -> None:
            await held[0].reconnect()

        async def restart() -> ReferenceConnector:
            await held[0].close()
            held[0] = self.connector(world, known, SECRET)
            return held[0]

        async def place_foreign_order() -> str:
            order = world.take(OrderRequest(order_id=OrderId("?"), client_order_id="theirs", details=details), None)
            assert isinstance(order, Resting)
            return order.exchange_order_id

        return ConnectorHarness(
            connector=held[0],
            details=details,
            known_orders=known,
            sent_count=lambda: world.sent,
            collect=collect,
            now=world.now,
            secrets=(SECRET,),
            batch=((details, changed(details, price=Decimal("98.5"))), ListKind.OCO),
            fill_part=lambda ref: fill(ref, Decimal("0.1")),
            fill_rest=lambda ref: fill(ref, None),
            fail_before_send=lambda: setattr(world, "is_down", True),
            lose_answer=lambda committed: setattr(world, "lost", committed),
            ack_after_fill=lambda: setattr(world, "fills_first", True),
            push_again=push_again,
            disconnect=disconnect,
            reconnect=reconnect,
            restart=restart,
            place_foreign_order=place_foreign_order,
        )


class ReferenceExecutionConnector(ReferenceHarness, ExecutionConnectorContract):
    """The contract on the reference."""


class FailingConnector(ReferenceConnector):
    """At a venue where two answers of three are lost on their own, one with what was asked, one after it was done."""

    def send(self) -> bool | None:
        lost, number = super().send(), self.world.sent
        if lost is not None or self.world.fills_first or number % 3 == 2:
            return lost
        return number % 3 == 1 and number > 1

    def doubt(self, orders: Sequence[OrderRequest], placed: object) -> Sequence[Outcome]:
        at = self.world.now()
        return [Unknown(order_id=order.order_id, reason="no answer", at=at, submitted_at=at) for order in orders]

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        lost, at = self.send(), self.world.now()
        self.submitted.add(replacement.order_id)
        if lost is not None:
            if lost:
                self.swap(order, replacement)
            return Unknown(order_id=order.order_id, reason="?", at=at), Unknown(order_id=replacement.order_id, reason="?", at=at)
        placed = self.swap(order, replacement)
        ended = Replaced(order_id=order.order_id, replaced_by=replacement.order_id, at=self.world.now())
        return ended, self.outcome(replacement, placed, at, self.world.now())

    def swap(self, order: OrderRef, replacement: OrderRequest) -> Resting | str:
        """End an order, and place another."""
        self.world.orders[order.client_order_id].state = OrderState.CANCELLED
        return self.place([replacement])[0]


class ReferenceOnABadDay(ReferenceExecutionConnector):
    """The contract on a venue that fails on its own."""

    connector = FailingConnector

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        async def settle() -> None:
            await asyncio.sleep(0)

        return replace(await super().make_harness(directory), settle=settle)
