"""A connector at the local exchange, over real sockets or within the process, and a time that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from msgspec import json
from pydantic import SecretStr

from s1mpletrader.api import (
    SECOND_NS,
    AccountType,
    ConnectorProvision,
    ExchangeReply,
    HttpRequest,
    HttpResponse,
    IdKind,
    ISocket,
    IState,
    ITransport,
    NotSentError,
    OrderDetails,
    OrderId,
    OrderRequest,
    Outcome,
)
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.exchange import (
    AccountConfig,
    ExchangeConfig,
    Fault,
    KeyConfig,
    LocalExchange,
    LoopbackTransport,
    ManualClock,
    SymbolConfig,
    serve,
)
from s1mpletrader.exchange.account import Account
from s1mpletrader.exchange.config import LimitsConfig
from s1mpletrader.plugins.binance import BinanceConfig, BinanceSpot, build_connector
from s1mpletrader.plugins.binance.signing import signed_query, signer_of
from s1mpletrader.plugins.stores import MemoryState
from s1mpletrader.plugins.transport import AiohttpTransport
from tests.binance.samples import KEY, SECRET, SYMBOL, details
from tests.exchange.submissions import SUBMISSIONS, sent_by_id

T = TypeVar("T")

START: Final = 1_767_225_600 * SECOND_NS
BAR_S: Final = 20
"""How long a candle is: a bid below the market is reached once in each of those that dip."""


QUIET: Final = (12.0, 12.5, 11.5, 12.0, 4.0)
DIP: Final = (12.0, 12.5, 9.0, 12.0, 4.0)
"""Reaches a bid at 9.5, with volume for one lot of ours."""

CHANGES: Final = {
    **SUBMISSIONS,
    "order.cancel": "DELETE /api/v3/order",
    "order.amend.keepPriority": "PUT /api/v3/order/amend/keepPriority",
}
"""Everything that could change an order, by its name on the socket and over REST."""

SOCKET: Final = "SOCKET /ws-api/v3"
FOREIGN: Final = "somebody-else"


class ClosableTransport(ITransport, Protocol):
    """A way to the exchange."""

    async def close(self) -> None: ...


class Place(NamedTuple):
    """Where an exchange is, and how everything is let arrive that is on the way there and back."""

    exchange: LocalExchange
    rest_url: str
    api_url: str
    make_transport: Callable[[], ClosableTransport]
    pause_s: float
    """How long a turn of the loop takes: real sockets need some of the machine's time."""
    turns: int
    """How many of them everything has arrived after."""


class UnreliableTransport:
    """A transport that loses the next change before it leaves, when it is told to, or everything."""

    def __init__(self, real: ClosableTransport) -> None:
        self.real = real
        self.is_down = False
        self.loses_next = False
        self.sockets_fail = False
        """Whether commands fail on sockets alone, so that REST has to stand in."""
        self.seen: list[HttpRequest | str | bytes] = []

    async def request(self, request: HttpRequest) -> HttpResponse:
        if self.is_down:
            raise NotSentError("there is no way there")
        if self.loses_next and request.method != "GET":
            self.loses_next = False
            raise NotSentError("lost before it left")
        self.seen.append(request)
        return await self.real.request(request)

    @asynccontextmanager
    async def connect(self, url: str, headers: Mapping[str, str] = {}) -> AsyncIterator[ISocket]:
        if self.is_down:
            raise NotSentError("there is no way there")
        async with self.real.connect(url, headers) as socket:
            yield UnreliableSocket(self, socket)


class UnreliableSocket:
    def __init__(self, transport: UnreliableTransport, socket: ISocket) -> None:
        self._transport, self._socket = transport, socket

    async def send(self, message: str | bytes) -> None:
        changes = any(f'"{method}"' in str(message) for method in CHANGES)
        if changes and (self._transport.loses_next or self._transport.sockets_fail):
            raise NotSentError("lost before it left")
        self._transport.seen.append(message)
        await self._socket.send(message)

    def messages(self) -> AsyncIterator[str | bytes]:
        return self._socket.messages()

    async def close(self) -> None:
        await self._socket.close()


class LocalWorld:
    """An exchange, an account at it, and the connector; what it tells is gathered."""

    def __init__(self, place: Place, clock: ManualClock, state: IState, **config: Any) -> None:
        self.place, self.exchange, self.clock, self.state = place, place.exchange, clock, state
        self.known: set[OrderId] = set()
        self.transport = UnreliableTransport(place.make_transport())
        self.told: list[ExchangeReply] = []
        self._config = config
        self._samples = Samples("local")
        self._hearing: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.connector = self._build()

    @property
    def account(self) -> Account:
        """The truth to compare with."""
        return self.exchange.accounts["main"]

    def _build(self) -> BinanceSpot:
        settings = {
            "environment": "testnet",
            "rest_url": self.place.rest_url,
            "api_url": self.place.api_url,
            "credentials_name": "local",
            **self._config,
        }
        provision = ConnectorProvision(
            account="main",
            account_type=AccountType.SPOT,
            funds={},
            clock=self.clock,
            seed="",
            candles={},
            is_submitted=lambda order_id: order_id in self.known,
            transport=self.transport,
            open_state=lambda: self.state,
        )
        return build_connector(BinanceConfig.model_validate(settings), provision)

    async def open(self) -> None:
        opening = asyncio.create_task(self.connector.open())
        while not opening.done():
            await self.pass_by(0.1)
        await opening
        self._hearing = asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        async for reply in self.connector.replies():
            self.told.append(reply)

    async def restart(self) -> BinanceSpot:
        """The process ends, and another one begins on the same world."""
        await self.end()
        self.transport = UnreliableTransport(self.place.make_transport())
        self.connector = self._build()
        await self.open()
        return self.connector

    async def end(self) -> None:
        await self.connector.close()
        for task in (self._hearing, *self._tasks):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in (self._hearing, *self._tasks) if task), return_exceptions=True)
        await self.transport.real.close()

    async def rest(self, turns: int | None = None) -> None:
        """Let everything that is under way arrive."""
        for _ in range(turns or self.place.turns):
            await asyncio.sleep(self.place.pause_s)

    async def pass_by(self, seconds: float) -> None:
        """Let so much of the exchange's time pass, in steps that leave everybody their turn."""
        left = round(seconds * SECOND_NS)
        while left > 0:
            step = min(left, 5 * SECOND_NS)
            self.exchange.advance(step)
            await self.rest(3)
            left -= step

    async def go_on(self, seconds: float, step_max: float = 1.0) -> None:
        """The same from one event to the next, as far as they are known: each finds everything before it done."""
        end = self.clock.now() + round(seconds * SECOND_NS)
        await self.rest()
        while (now := self.clock.now()) < end:
            due = self.clock.next_at() or end
            step = min(max(due - now, 1), round(step_max * SECOND_NS), end - now)
            self.exchange.advance(step, step)
            await self.rest()

    async def until(self, condition: Callable[[], bool], seconds: float = 120.0, step: float = 0.2) -> None:
        """Let time pass until something is so."""
        for _ in range(int(seconds / step)):
            if condition():
                return
            await self.pass_by(step)
        raise AssertionError("it did not become so")

    async def answered(self, call: Coroutine[Any, Any, T], step: float = 0.1) -> T:
        """The result of a call that may need the exchange's time to pass."""
        task = asyncio.create_task(call)
        await self._done(task)
        while not task.done():
            await self.pass_by(step)
        return task.result()

    async def _done(self, task: "asyncio.Task[T]") -> None:
        """Wait for what needs no time of the exchange."""
        for _ in range(self.place.turns):
            if task.done():
                break
            await asyncio.sleep(self.place.pause_s)

    async def next_fill(self) -> None:
        """Go on to just after the next fill; for two candles at most, where nothing fills."""
        before = len(self.account.records.trades)
        for _ in range(2 * BAR_S):
            await self.pass_by(1)
            if len(self.account.records.trades) > before:
                break
        await self.rest()

    async def healthy(self) -> None:
        await self.until(self.is_well)

    async def heal(self, seconds_max: float = 300.0) -> None:
        """Let time pass, from one event to the next, until the connector is well."""
        end = self.clock.now() + round(seconds_max * SECOND_NS)
        await self.rest()
        while not self.is_well():
            assert self.clock.now() < end, f"it is not well: {self.connector.health()}"
            await self.go_on(1.0)

    def is_well(self) -> bool:
        """Whether everything is connected, complete, and allowed to ask."""
        health = self.connector.health()
        return not health.stale and health.banned_until is None and all(stream.connected for stream in health.streams)

    def lose_answer(self, *, committed: bool) -> None:
        self.exchange.faults.clear()
        for route in (*CHANGES, *CHANGES.values()):
            self.exchange.faults.add(Fault(kind="drop", route=route, calls=(1,), commit="first" if committed else "never"))

    def lose_private_stream(self) -> None:
        """The connection for the account's events is lost, and nothing else."""
        self.connector._parts.private_line.distrust()

    async def place_foreign_order(self) -> str:
        """Somebody else places an order that rests; the exchange's id of it."""
        return str(json.decode((await self.place_order_by_hand(FOREIGN)).body)["orderId"])

    async def place_order_by_hand(self, client_order_id: str) -> HttpResponse:
        """An order that rests, sent past the connector; the exchange's answer."""
        parameters = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "1",
            "price": "8",
            "newClientOrderId": client_order_id,
            "timestamp": str(self.clock.now() // 1_000_000),
        }
        url = f"{self.place.rest_url}/api/v3/order?{signed_query(parameters, signer_of(SECRET))}"
        return await self.transport.real.request(HttpRequest(method="POST", url=url, headers={"X-MBX-APIKEY": KEY}))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on beside."""
        self._tasks.append(asyncio.create_task(work))

    def sent_count(self) -> int:
        counts = self.exchange.log.counts()
        return sum(counts[route] for route in (*CHANGES, *CHANGES.values()))

    def request(self, order: OrderDetails | None = None) -> OrderRequest:
        order_id = OrderId(self._samples.id(IdKind.ORDER))
        return OrderRequest(order_id=order_id, client_order_id=self.connector.venue_id(order_id), details=order or details())

    async def submit(self, request: OrderRequest) -> Outcome:
        """Submit, as the framework does: from then on the ledger knows it."""
        (outcome,) = await self.answered(self.connector.submit([request]))
        self.known.add(request.order_id)
        return outcome

    def told_of(self, request: OrderRequest) -> list[ExchangeReply]:
        return [reply for reply in self.told if reply.order_id == request.order_id]

    def submissions_of(self, request: OrderRequest) -> int:
        """How often an intent reached the exchange, on whatever way, but for what its answer proved not to be carried out."""
        sent = sent_by_id(self.exchange.log.requests).get(request.client_order_id, [])
        return sum(entry.status not in (418, 429) and entry.code != -1021 for entry in sent)


@asynccontextmanager
async def local_world(
    directory: Path,
    bars: Sequence[tuple[float, ...]] = (*[QUIET] * 30, *[DIP] * 200),
    limits: LimitsConfig | None = None,
    public_key: str | None = None,
    **config: Any,
) -> AsyncIterator[LocalWorld]:
    """A connector that is open at an exchange of its own."""
    async with AsyncExitStack() as stack:
        world = await make_world(stack, directory, bars, limits, public_key, **config)
        try:
            await world.open()
            yield world
        finally:
            await world.end()
            assert world.exchange.log.unserved == []


async def make_world(
    stack: AsyncExitStack,
    directory: Path,
    bars: Sequence[tuple[float, ...]] = (*[QUIET] * 30, *[DIP] * 200),
    limits: LimitsConfig | None = None,
    public_key: str | None = None,
    *,
    bar_s: int = BAR_S,
    within_the_process: bool = False,
    **config: Any,
) -> LocalWorld:
    clock = ManualClock(START)
    path = directory / "candles.csv"
    rows = [",".join(map(str, (START // SECOND_NS - 30 * bar_s + bar_s * index, *bar))) for index, bar in enumerate(bars)]
    path.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    symbol = SymbolConfig(
        file=path,
        price_tick=Decimal("0.1"),
        quantity_lot=Decimal("0.1"),
        quantity_min=Decimal("0.1"),
        quantity_max=Decimal(1000),
        notional_min=Decimal(2),
        price_min=Decimal("0.1"),
    )
    settings = ExchangeConfig(
        symbols={SYMBOL: symbol},
        timeframe=f"{bar_s}s",
        candles_before=30,
        volume_share=Decimal("0.25"),
        accounts=(
            AccountConfig(
                name="main",
                keys=(
                    KeyConfig(key=KEY, secret=SecretStr(SECRET))
                    if public_key is None
                    else KeyConfig(key=KEY, public_key=public_key),
                ),
                funds={"USDT": Decimal(1_000), "BTC": Decimal(10)},
            ),
        ),
        limits=limits or LimitsConfig(),
    )
    if within_the_process:
        place = _loopback(LocalExchange(settings, clock, directory))
    else:
        running = await stack.enter_async_context(serve(settings, clock=clock, directory=directory))
        place = Place(running.exchange, running.rest_url, running.socket_api_url, AiohttpTransport, pause_s=0.004, turns=8)
    return LocalWorld(place, clock, MemoryState(), **config)


def _loopback(exchange: LocalExchange) -> Place:
    return Place(
        exchange, "http://loopback", "ws://loopback/ws-api/v3", lambda: LoopbackTransport(exchange), pause_s=0.0, turns=40
    )
