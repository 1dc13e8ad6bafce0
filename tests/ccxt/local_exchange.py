"""ccxt's own Binance client at the local exchange: real HTTP and real sockets, in a time that a test moves."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import aiohttp
from pydantic import SecretStr

from s1mpletrader.api import (
    SECOND_NS,
    ExchangeReply,
    IExecutionConnector,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderType,
    Side,
)
from s1mpletrader.contracts import ConnectorHarness
from s1mpletrader.exchange import (
    AccountConfig,
    ExchangeConfig,
    Fault,
    KeyConfig,
    ManualClock,
    RunningExchange,
    SymbolConfig,
    serve,
)
from s1mpletrader.plugins.ccxt_exchange import CcxtConfig, CcxtExchange, build_exchange
from tests.ccxt.harness import SECRETS, provision

START: Final = 1_767_225_600 * SECOND_NS
MINUTE_NS: Final = 60 * SECOND_NS
SYMBOL: Final = "BTC/USDT"
QUIET: Final = (12.0, 12.5, 11.5, 12.0, 4.0)
DIP: Final = (12.0, 12.5, 9.0, 12.0, 4.0)
"""Reaches a bid at 9.5, with volume for one lot of ours."""
CHANGES: Final = ("POST /api/v3/order", "DELETE /api/v3/order")
DETAILS: Final = OrderDetails(symbol=SYMBOL, side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal(4), price=Decimal("9.5"))


def settings(directory: Path) -> ExchangeConfig:
    """A thin market that is quiet for half an hour, and dips in every minute after it."""
    bars = [*[QUIET] * 30, *[DIP] * 60]
    rows = [",".join(map(str, (START // SECOND_NS - 1_800 + 60 * index, *bar))) for index, bar in enumerate(bars)]
    path = directory / "candles.csv"
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
    account = AccountConfig(
        name="main",
        keys=(KeyConfig(key=SECRETS[0], secret=SecretStr(SECRETS[1])),),
        funds={"USDT": Decimal(1_000), "BTC": Decimal(10)},
    )
    return ExchangeConfig(
        symbols={SYMBOL: symbol},
        candles_before=30,
        volume_share=Decimal("0.25"),
        accounts=(account,),
        check_timestamps=False,
    )


@dataclass
class LocalBench:
    """The connector, its exchange, and what it has told."""

    running: RunningExchange
    clock: ManualClock
    known: set[OrderId] = field(default_factory=set)
    heard: list[ExchangeReply] = field(default_factory=list)
    connector: CcxtExchange = field(init=False)
    fails: bool = False
    _listener: "asyncio.Task[None]" = field(init=False)
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def begin(self) -> CcxtExchange:
        config = CcxtConfig(
            exchange="binance", sandbox=False, host=self.running.rest_url, rate_limit=False, reconcile_s=3600, poll_s=1
        )
        self.connector = build_exchange(config, provision(known=self.known, transport=None, clock=self.clock))
        await self.connector.open()
        self._let_fail(self.connector._session.exchange.session.connector)
        await self.connector.instruments([SYMBOL])
        self._listener = asyncio.create_task(self._listen(self.connector))
        await self.healthy()
        return self.connector

    async def end(self) -> None:
        await self.connector.close()
        await self._listener
        for task in self._tasks:
            await task

    async def restart(self) -> IExecutionConnector:
        await self.end()
        return await self.begin()

    async def rest(self, turns: int = 8) -> None:
        """Let everything that is under way arrive."""
        for _ in range(turns):
            await asyncio.sleep(0.004)

    async def pass_by(self, seconds: float) -> None:
        """Let so much of the exchange's time pass."""
        left = round(seconds * SECOND_NS)
        while left > 0:
            step = min(left, 5 * SECOND_NS)
            self.running.exchange.advance(step)
            await self.rest(3)
            left -= step

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(200):
            if condition():
                return
            await self.pass_by(0.5)
        raise AssertionError("it did not become so")

    async def healthy(self) -> None:
        await self.until(lambda: not self.connector.health().stale)

    async def next_bar(self) -> None:
        """Go on to the end of the next minute's candle."""
        left = MINUTE_NS - (self.clock.now() - START) % MINUTE_NS
        await self.pass_by((left + MINUTE_NS - SECOND_NS) / SECOND_NS)
        await self.rest()

    async def collect(self) -> Sequence[ExchangeReply]:
        await self.rest()
        told, self.heard = self.heard, []
        return told

    async def fill_part(self, _ref: OrderRef) -> None:
        trades = self.running.exchange.accounts["main"].records.trades
        before = len(trades)
        await self.until(lambda: len(trades) > before)

    async def fill_rest(self, _ref: OrderRef) -> None:
        for _ in range(5):
            await self.next_bar()

    def fail_before_send(self) -> None:
        self.fails = True

    def lose_answer(self, committed: bool) -> None:
        for route in CHANGES:
            self.running.exchange.faults.add(
                Fault(kind="drop", route=route, calls=(1,), commit="first" if committed else "never")
            )

    def sent_count(self) -> int:
        counts = self.running.exchange.log.counts()
        return sum(counts[route] for route in CHANGES)

    def ack_after_fill(self) -> None:
        fault = Fault(kind="delay", route=CHANGES[0], calls=(1,), commit="first", delay_ms=600_000)
        self.running.exchange.faults.add(fault)
        self._tasks.append(asyncio.create_task(self._fill_while_waiting()))

    async def disconnect(self) -> None:
        faults = self.running.exchange.faults
        faults.add(Fault(kind="refuse_sockets"))
        faults.add(Fault(kind="error", route="GET /api/v3/myTrades"))
        self.running.exchange.cut()
        await self.rest()

    async def reconnect(self) -> None:
        self.running.exchange.faults.clear()
        await self.healthy()

    async def place_foreign_order(self) -> str:
        exchange: Any = self.connector._session.exchange
        placed = await exchange.create_order(SYMBOL, "limit", "buy", "1", "8", {"clientOrderId": "somebody-else"})
        return str(placed["id"])

    async def _fill_while_waiting(self) -> None:
        before = self.sent_count()
        while self.sent_count() == before:
            await self.rest(1)
        for _ in range(11):
            await self.next_bar()

    async def _listen(self, connector: CcxtExchange) -> None:
        async for reply in connector.replies():
            self.heard.append(reply)

    def _let_fail(self, connector: Any) -> None:
        """Let no connection be made for a change that is to fail."""
        connect = connector.connect

        async def connect_or_fail(request: Any, *arguments: Any, **more: Any) -> Any:
            if self.fails and request.method != "GET":
                self.fails = False
                raise aiohttp.ClientConnectorError(request.connection_key, OSError("no route"))
            return await connect(request, *arguments, **more)

        connector.connect = connect_or_fail


async def local_harness(directory: Path) -> ConnectorHarness:
    """The kit's harness; its ``close`` ends the exchange, too."""
    stack = AsyncExitStack()
    clock = ManualClock(START)
    running = await stack.enter_async_context(serve(settings(directory), clock=clock, directory=directory))
    bench = LocalBench(running, clock)
    connector = await bench.begin()

    async def close() -> None:
        await bench.end()
        await stack.aclose()
        assert running.exchange.log.unserved == []

    return ConnectorHarness(
        connector=connector,
        details=DETAILS,
        known_orders=bench.known,
        sent_count=bench.sent_count,
        collect=bench.collect,
        now=clock.now,
        secrets=SECRETS[:2],
        fill_part=bench.fill_part,
        fill_rest=bench.fill_rest,
        fail_before_send=bench.fail_before_send,
        lose_answer=bench.lose_answer,
        ack_after_fill=bench.ack_after_fill,
        disconnect=bench.disconnect,
        reconnect=bench.reconnect,
        restart=bench.restart,
        place_foreign_order=bench.place_foreign_order,
        close=close,
    )
