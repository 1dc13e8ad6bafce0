"""A connector on a scripted transport, in a time that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from s1mpletrader.api import (
    SECOND_NS,
    AccountType,
    ConnectorProvision,
    ExchangeReply,
    IdKind,
    OrderDetails,
    OrderId,
    OrderRequest,
)
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.binance import BinanceConfig, build_connector
from s1mpletrader.plugins.stores import MemoryState
from tests.binance.fake_transport import FakeSocket, FakeTransport, Reaction, error
from tests.binance.samples import details

T = TypeVar("T")

START: Final = 1_767_225_600 * SECOND_NS
INFO: Final = {
    "rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}],
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.1", "maxPrice": "1000", "tickSize": "0.1"},
                {"filterType": "LOT_SIZE", "minQty": "0.1", "maxQty": "1000", "stepSize": "0.1"},
            ],
        },
        {
            "symbol": "ODD",
            "status": "TRADING",
            "baseAsset": "O",
            "quoteAsset": "D",
            "filters": [{"filterType": "LOT_SIZE", "minQty": "x"}],
        },
    ],
}


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = START
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def now(self) -> int:
        return self._now

    async def sleep_until(self, at: int) -> None:
        if at > self._now:
            sleeper = asyncio.get_running_loop().create_future()
            self._sleepers.append((at, sleeper))
            await sleeper

    def move(self, seconds: float) -> None:
        self._now += round(seconds * SECOND_NS)
        for at, sleeper in self._sleepers:
            if at <= self._now and not sleeper.done():
                sleeper.set_result(None)
        self._sleepers = [(at, sleeper) for at, sleeper in self._sleepers if not sleeper.done()]


class FakeWorld:
    """The connector, the venue that a test plays, and what has been told."""

    def __init__(self, **keys: Any) -> None:
        self.clock = FakeClock()
        self.known: set[str] = set()
        self.told: list[ExchangeReply] = []
        self.venue = FakeTransport(self._reactions())
        self._samples = Samples("fake")
        provision = ConnectorProvision(
            account="main",
            account_type=AccountType.SPOT,
            funds={},
            clock=self.clock,
            seed="",
            candles={},
            is_submitted=lambda order_id: order_id in self.known,
            transport=self.venue,
            open_state=MemoryState,
        )
        config = {"environment": "testnet", "credentials_name": "local", **keys}
        self.connector = build_connector(BinanceConfig.model_validate(config), provision)

    def _reactions(self) -> dict[str, Reaction]:
        return {
            "GET /api/v3/time": lambda _: {"serverTime": self.clock.now() // 1_000_000},
            "GET /api/v3/exchangeInfo": lambda _: INFO,
            "GET /api/v3/order": lambda _: error(400, -2013, "Order does not exist."),
            "GET /api/v3/myTrades": lambda _: [],
            "GET /api/v3/allOrders": lambda _: [],
            "ping": lambda _: {},
            "userDataStream.subscribe.signature": lambda _: {"subscriptionId": 0},
            "order.place": accepted,
            "POST /api/v3/order": accepted,
        }

    @property
    def private(self) -> FakeSocket:
        """The socket on which the account's events come."""
        subscribed = [
            socket for socket in self.venue.sockets if any(asked["method"].startswith("userDataStream") for asked in socket.sent)
        ]
        return subscribed[-1]

    async def rest(self, turns: int = 30) -> None:
        """Let everybody go as far as they can."""
        for _ in range(turns):
            await asyncio.sleep(0)

    async def pass_by(self, seconds: float, step: float = 0.5) -> None:
        for _ in range(round(seconds / step)):
            self.clock.move(step)
            await self.rest()

    async def answered(self, call: Coroutine[Any, Any, T], step: float = 0.5) -> T:
        task = asyncio.create_task(call)
        await self.rest()
        while not task.done():
            await self.pass_by(step, step)
        return task.result()

    def request(self, order: OrderDetails | None = None) -> OrderRequest:
        order_id = OrderId(self._samples.id(IdKind.ORDER))
        return OrderRequest(order_id=order_id, client_order_id=order_id, details=order or details())

    async def hear(self) -> None:
        async for reply in self.connector.replies():
            self.told.append(reply)


def accepted(parameters: dict[str, Any]) -> dict[str, Any]:
    """An order that was placed."""
    return {
        "symbol": parameters["symbol"],
        "orderId": 7,
        "clientOrderId": parameters["newClientOrderId"],
        "transactTime": START // 1_000_000,
        "status": "NEW",
    }


def report(client_id: str, execution: str = "NEW", status: str = "NEW", **more: Any) -> dict[str, Any]:
    """An execution report."""
    return {
        "e": "executionReport",
        "E": START // 1_000_000,
        "s": "BTCUSDT",
        "c": client_id,
        "S": "BUY",
        "o": "LIMIT",
        "f": "GTC",
        "q": "4",
        "p": "9.5",
        "C": "",
        "x": execution,
        "X": status,
        "r": "NONE",
        "i": 7,
        "l": "0",
        "z": "0",
        "L": "0",
        "n": "0",
        "N": None,
        "T": START // 1_000_000,
        "t": -1,
        "m": False,
        **more,
    }


def fill(client_id: str, trade: int, filled: str, status: str = "PARTIALLY_FILLED", **more: Any) -> dict[str, Any]:
    """An execution report of a trade of one lot."""
    terms = {"l": "1", "L": "9.5", "z": filled, "t": trade, "n": "0.001", "N": "BTC", "I": 100 + trade}
    return report(client_id, "TRADE", status, **{**terms, **more})


def trade(number: int, **more: Any) -> dict[str, Any]:
    """One of the account's trades, as it is asked for."""
    return {
        "id": number,
        "orderId": 7,
        "price": "9.5",
        "qty": "1",
        "commission": "0.001",
        "commissionAsset": "BTC",
        "time": START // 1_000_000 + number,
        "isBuyer": True,
        "isMaker": True,
        **more,
    }


@asynccontextmanager
async def fake_world(**keys: Any) -> AsyncIterator[FakeWorld]:
    """A connector that is open."""
    world = FakeWorld(**keys)
    try:
        await world.answered(world.connector.open())
        hearing = asyncio.create_task(world.hear())
        yield world
    finally:
        await world.connector.close()
    await asyncio.wait_for(hearing, 5)


def run(story: Coroutine[Any, Any, None]) -> None:
    """Try a story, which leaves no task behind."""

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await story
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(bounded())
