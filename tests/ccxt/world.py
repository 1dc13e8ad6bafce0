"""A venue in memory behind HTTP: what every dialect serves in its exchange's own format, and what tests let happen on the way."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from s1mpletrader.api import (
    HttpRequest,
    HttpResponse,
    Instant,
    Instrument,
    ISocket,
    NotSentError,
    OrderDetails,
    OrderType,
    SentWithoutAnswer,
    Side,
)

INSTRUMENT = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.1"),
    quantity_lot=Decimal("0.0001"),
    quantity_min=Decimal("0.001"),
    notional_min=Decimal(5),
)
DETAILS = OrderDetails(
    symbol=INSTRUMENT.symbol, side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal("0.012"), price=Decimal("30000.1")
)
FEE_RATE = Decimal("0.001")


class WallClock:
    """The machine's clock, which the connector and its venue share."""

    def now(self) -> Instant:
        return time.time_ns()

    async def sleep_until(self, at: Instant) -> None:
        await asyncio.sleep(max(0.0, (at - time.time_ns()) / 1e9))


@dataclass
class Resting:
    """An order at the venue."""

    id: str
    client_order_id: str
    side: str
    kind: str
    quantity: Decimal
    price: Decimal | None
    rule: str
    created_ms: int
    updated_ms: int
    status: str = "open"
    filled: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def is_live(self) -> bool:
        return self.status == "open"


@dataclass(frozen=True)
class Trade:
    """A trade of the account."""

    id: str
    order: Resting
    price: Decimal
    quantity: Decimal
    fee: Decimal
    ms: int


class Refusal(Exception):
    """A no of the venue's, by a name that a dialect words."""


@dataclass
class World:
    """The venue's books."""

    orders: dict[str, Resting] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    balances: dict[str, Decimal] = field(default_factory=lambda: {"USDT": Decimal(1_000_000), "BTC": Decimal(10)})
    last_ms: int = 0
    id_of: Callable[[int], str] = lambda number: str(7_000_000_000 + number)
    """How the dialect's exchange names its orders."""

    def tick(self) -> int:
        """The present in milliseconds, never the same twice."""
        self.last_ms = max(self.last_ms + 1, time.time_ns() // 1_000_000)
        return self.last_ms

    def place(
        self, client_order_id: str, side: str, kind: str, quantity: Decimal, price: Decimal | None, rule: str = "GTC"
    ) -> Resting:
        if any(order.client_order_id == client_order_id for order in self.orders.values()):
            raise Refusal("DUPLICATE")
        fault = INSTRUMENT.violation(quantity, price)
        if fault is not None:
            raise Refusal(fault)
        now = self.tick()
        order = Resting(self.id_of(len(self.orders)), client_order_id, side, kind, quantity, price, rule, now, now)
        self.orders[order.id] = order
        return order

    def cancel(self, order_id: str) -> Resting:
        order = self.orders.get(order_id)
        if order is None or not order.is_live:
            raise Refusal("NOT_FOUND")
        order.status, order.updated_ms = "canceled", self.tick()
        return order

    def amend(self, order_id: str, quantity: Decimal | None, price: Decimal | None) -> Resting:
        order = self.orders.get(order_id)
        if order is None or not order.is_live:
            raise Refusal("NOT_FOUND")
        order.quantity, order.price, order.updated_ms = quantity or order.quantity, price or order.price, self.tick()
        return order

    def fill(self, order: Resting, quantity: Decimal) -> Trade:
        price = order.price or Decimal(30_000)
        fee = (price * quantity * FEE_RATE).normalize()
        order.filled += quantity
        order.cost += price * quantity
        order.updated_ms = self.tick()
        if order.filled == order.quantity:
            order.status = "closed"
        sign = 1 if order.side == "buy" else -1
        self.balances["USDT"] -= sign * price * quantity + fee
        self.balances["BTC"] += sign * quantity
        trade = Trade(f"{90_000 + len(self.trades)}", order, price, quantity, fee, order.updated_ms)
        self.trades.append(trade)
        return trade

    def by_client_id(self, client_order_id: str) -> Resting | None:
        return next((order for order in self.orders.values() if order.client_order_id == client_order_id), None)

    def live(self) -> list[Resting]:
        return [order for order in self.orders.values() if order.is_live]

    def ended(self) -> list[Resting]:
        return [order for order in self.orders.values() if not order.is_live]

    def trades_since(self, ms: int, until: int | None = None) -> list[Trade]:
        return [trade for trade in self.trades if trade.ms >= ms and (until is None or trade.ms <= until)]


@dataclass(frozen=True)
class Asked:
    """A request, taken apart."""

    method: str
    path: str
    values: Mapping[str, Any]
    """Query, form or JSON body."""
    headers: Mapping[str, str]


class Dialect(Protocol):
    """One exchange's wire format. What ``answer`` raises as a ``Refusal``, ``refuse`` words."""

    exchange: str

    def changes(self, asked: Asked) -> bool:
        """Whether the request could change an order."""
        ...

    def creates(self, asked: Asked) -> bool:
        """Whether the request places an order."""
        ...

    def answer(self, asked: Asked, world: World) -> Any:
        """The JSON of the answer."""
        ...

    def refuse(self, name: str) -> tuple[int, Any]:
        """Status and JSON of a no."""
        ...


@dataclass
class Wire:
    """The way to the venue: a transport that counts, and on which things go wrong."""

    dialect: Dialect
    world: World
    sent: int = 0
    fails: bool = False
    loses: bool | None = None
    is_cut: bool = False
    """Reading is impossible, too."""
    before_answer: Callable[[Resting], Awaitable[None]] | None = None
    next_answer: tuple[int, str] | None = None
    """What the next changing request is answered with, unseen by the venue."""
    log: list[Asked] = field(default_factory=list)

    async def request(self, request: HttpRequest) -> HttpResponse:
        asked = taken_apart(request)
        self.log.append(asked)
        if not self.dialect.changes(asked):
            if self.is_cut:
                raise SentWithoutAnswer("cut")
            return self.answer(asked)
        if self.fails:
            self.fails = False
            raise NotSentError("no route")
        self.sent += 1
        lost, self.loses = self.loses, None
        if lost is not None:
            if lost:
                self.answer(asked)
            raise SentWithoutAnswer("lost")
        if self.next_answer is not None:
            (status, text), self.next_answer = self.next_answer, None
            return HttpResponse(status=status, headers={"Retry-After": "7"}, body=text.encode())
        response = self.answer(asked)
        if self.before_answer is not None and self.dialect.creates(asked):
            before, self.before_answer = self.before_answer, None
            await before(list(self.world.orders.values())[-1])
        return response

    def answer(self, asked: Asked) -> HttpResponse:
        try:
            status, body = 200, self.dialect.answer(asked, self.world)
        except Refusal as refusal:
            status, body = self.dialect.refuse(str(refusal))
        return HttpResponse(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())

    def connect(self, url: str, headers: Mapping[str, str] = {}) -> AbstractAsyncContextManager[ISocket]:
        raise NotSentError("no sockets here")


def taken_apart(request: HttpRequest) -> Asked:
    url = urlsplit(request.url)
    values: dict[str, Any] = dict(parse_qsl(url.query))
    body = request.body.decode()
    if body.startswith(("{", "[")):
        parsed = json.loads(body)
        values |= parsed[0] if isinstance(parsed, list) else parsed
    else:
        values |= dict(parse_qsl(body))
    return Asked(request.method, url.path, values, request.headers)


def number(value: Any) -> Decimal | None:
    return None if value in (None, "") else Decimal(str(value))
