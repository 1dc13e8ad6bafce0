"""How long it takes from a candle's frame to the first byte of the order that it leads to, with the durable intent in between.

A live run on a SQLite file with the Binance connector, at the local exchange, in one process and without a network. Measured is
what this project does between the frame that the socket hands over and the request that the socket is handed. Beside each order
the same transaction is written once more, by itself, into a file of its own.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Final, NamedTuple

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from s1mpletrader.api import (
    SECOND_NS,
    AccountView,
    Direction,
    Facts,
    HttpRequest,
    HttpResponse,
    IJournal,
    ILedger,
    ISocket,
    Key,
    LedgerChange,
    Plugin,
    PluginConfig,
    SealedEntry,
    SignalDraft,
    WorkerProvision,
    hookimpl,
    parse_key,
)
from s1mpletrader.configuration import load
from s1mpletrader.container import live_run
from s1mpletrader.core.plugin_manager import PluginManager
from s1mpletrader.core.recorder import Recorder
from s1mpletrader.exchange import ExchangeConfig, LocalExchange, LoopbackTransport, ManualClock
from s1mpletrader.plugins.binance import BinanceConfig, BinanceDataConfig, BinanceMarket, build_connector
from s1mpletrader.plugins.stores import open_journal, open_ledger

START: Final = 1_767_225_600 * SECOND_NS
WARM_UP: Final = 20
"""The first orders, which are not counted."""
REST_S: Final = 0.004
QUIET_S: Final = 0.05
"""How long nothing is written before a commit, in the run and beside it."""
MS: Final = 1e3


class Timing(NamedTuple):
    """One order, in seconds."""

    whole: float
    decided: float
    """From the frame to the beginning of the first commit."""
    durable: float
    """In commits, between frame and request."""
    sent: float
    """From the end of the last commit to the request."""
    commits: int


class Content(NamedTuple):
    """What one commit wrote."""

    changes: Sequence[LedgerChange]
    entries: Sequence[SealedEntry]
    is_order: bool
    """Whether it lay between a frame and its order."""


class Stopwatch:
    """Notes when the frame came, when commits were written, and when the order left."""

    def __init__(self) -> None:
        self.timings: list[Timing] = []
        self.contents: list[Content] = []
        self.last_commit_at = 0.0
        self._frame_at: float | None = None
        self._commits: list[tuple[float, float]] = []

    def frame(self) -> None:
        """A closed candle has come."""
        self._frame_at, self._commits = perf_counter(), []

    def order(self) -> None:
        """An order is handed to the socket."""
        now = perf_counter()
        if self._frame_at is not None and self._commits:
            durable = sum(end - begin for begin, end in self._commits)
            decided, sent = self._commits[0][0] - self._frame_at, now - self._commits[-1][1]
            self.timings.append(Timing(now - self._frame_at, decided, durable, sent, len(self._commits)))
        self._frame_at = None

    def watch(self, recorder: Recorder) -> None:
        """Time every commit of a recorder, and keep what it wrote."""
        commit = recorder._commit  # noqa: SLF001 - nothing else tells when the transaction itself begins and ends

        def timed() -> Sequence[LedgerChange]:
            changes, entries = list(recorder._changes), list(recorder._entries)  # noqa: SLF001
            self.contents.append(Content(changes, entries, self._frame_at is not None))
            begin = perf_counter()
            fresh = commit()
            self.last_commit_at = perf_counter()
            self._commits.append((begin, self.last_commit_at))
            return fresh

        setattr(recorder, "_commit", timed)  # noqa: B010


class WatchedTransport:
    """A transport whose sockets tell the stopwatch of closed candles and of orders."""

    def __init__(self, transport: LoopbackTransport, watch: Stopwatch) -> None:
        self._transport, self._watch = transport, watch

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Nothing that is measured."""
        return await self._transport.request(request)

    @asynccontextmanager
    async def connect(self, url: str, headers: Mapping[str, str] = {}) -> AsyncIterator[ISocket]:
        """A socket that is watched."""
        async with self._transport.connect(url, headers) as socket:
            yield _WatchedSocket(socket, self._watch)


class _WatchedSocket:
    def __init__(self, socket: ISocket, watch: Stopwatch) -> None:
        self._socket, self._watch = socket, watch

    async def send(self, message: str | bytes) -> None:
        frame = message.encode() if isinstance(message, str) else message
        if b'"order.place"' in frame:
            self._watch.order()
        await self._socket.send(frame)

    async def messages(self) -> AsyncIterator[str | bytes]:
        async for message in self._socket.messages():
            if '"x":true' in str(message):
                self._watch.frame()
            yield message

    async def close(self) -> None:
        await self._socket.close()


class NoKeys(PluginConfig):
    """Nothing to be said."""


class Count(Struct, frozen=True):
    """How many candles have closed."""

    closes: int = 0


class EveryClose:
    """A signal at every close, up and down in turn. What it remembers changes each time, and is kept."""

    window = 1

    def __init__(self, config: NoKeys, provision: WorkerProvision) -> None:
        self._symbol = provision.series.symbol
        self.needs: tuple[Key, ...] = (parse_key("close", provision.series),)

    def initial(self) -> Count:
        """None yet."""
        return Count()

    def step(self, state: Count, at: Facts, view: AccountView) -> tuple[Count, Sequence[SignalDraft]]:
        """Up where there is no trade, else down."""
        direction = Direction.LONG if view.open_trade(self._symbol) is None else Direction.SHORT
        draft = SignalDraft(symbol=self._symbol, direction=direction, kind="every_close", confidence=1.0)
        return Count(state.closes + 1), (draft,)


class Looped:
    """The plugins of this benchmark: Binance over a transport that is given, and a detector."""

    def __init__(self, transport: WatchedTransport) -> None:
        self._transport = transport

    @hookimpl
    def s1mple_exchange_connectors(self) -> Sequence[Plugin[Any, Any, Any]]:
        """Where orders go."""
        return (self._plugin(BinanceConfig, build_connector),)

    @hookimpl
    def s1mple_market_data(self) -> Sequence[Plugin[Any, Any, Any]]:
        """Where candles come from."""
        return (self._plugin(BinanceDataConfig, BinanceMarket),)

    @hookimpl
    def s1mple_signal_detectors(self) -> Sequence[Plugin[Any, Any, Any]]:
        """Who wants to trade."""
        return (Plugin(name="every_close", config=NoKeys, build=EveryClose, summary="A signal at every close."),)

    def _plugin(self, config: Any, build: Callable[[Any, Any], Any]) -> Plugin[Any, Any, Any]:
        return Plugin(
            name="looped_binance",
            config=config,
            build=lambda given, provision: build(given, replace(provision, transport=self._transport)),
            summary="Binance within this process.",
        )


class Twin:
    """Stores of their own that are written what the run's were written, one commit after the other."""

    def __init__(self, url: str, book: str) -> None:
        self._ledger: ILedger = open_ledger(url, book, lasting=True)
        self._journal: IJournal = open_journal(url, lasting=True)
        self.seconds: list[float] = []
        """How long each commit took that in the run lay between a frame and its order."""

    def write(self, content: Content) -> None:
        """Write what a commit of the run wrote, in a transaction like its own."""
        begin = perf_counter()
        with self._journal.begin() as tx:
            self._journal.write(tx, content.entries)
            self._ledger.write(tx, content.changes)
        if content.is_order:
            self.seconds.append(perf_counter() - begin)


async def measure(orders: int, folder: Path) -> tuple[list[Timing], list[float]]:
    """The timing of each order, and of each commit written by itself."""
    watch, clock = Stopwatch(), ManualClock(START)
    config = {"timeframe": "1s", "candles_before": 500, "candles_after": orders + 10_000, "start": "2026-01-01T00:00:00Z"}
    exchange = LocalExchange(ExchangeConfig.model_validate(config), clock)
    transport = LoopbackTransport(exchange)

    def plugins(allow: Sequence[str] | None) -> PluginManager:
        manager = PluginManager.load(allow)
        manager.register(Looped(WatchedTransport(transport, watch)), "tick_to_order")
        return manager

    overrides = [f"ledger.url=sqlite:///{folder}/run.sqlite", f"recording.directory={folder}"]
    portfolio = load(Path(__file__).with_suffix(".toml"), overrides, load_plugins=plugins)
    os.environ.update(BINANCE_API_KEY="test", BINANCE_API_SECRET="test")
    opening = asyncio.create_task(_pass_until_set(exchange, opened := asyncio.Event()))
    async with live_run(portfolio, clock=clock) as container:  # type: ignore[arg-type]
        twin = Twin(f"sqlite:///{folder}/twin.sqlite", container.book_name())
        watch.watch(container.recorder())
        stop = asyncio.Event()
        running = asyncio.create_task(container.run().run(stop))
        await asyncio.sleep(0.5)
        opened.set()
        await opening
        while len(watch.timings) < orders and not running.done():
            await _one_candle(exchange, watch)
            for content in watch.contents:
                twin.write(content)
            watch.contents.clear()
        stop.set()
        closing = asyncio.create_task(_pass_until_set(exchange, ended := asyncio.Event()))
        await running
        ended.set()
        await closing
    await transport.close()
    return watch.timings, twin.seconds


async def _one_candle(exchange: LocalExchange, watch: Stopwatch) -> None:
    """A second of the exchange: first everything that is due before the close, then the close, then what it leads to."""
    for _ in range(9):
        exchange.advance(SECOND_NS // 10)
        await asyncio.sleep(QUIET_S / 9)
    exchange.advance(SECOND_NS // 10)
    await asyncio.sleep(QUIET_S)
    while (left := watch.last_commit_at + QUIET_S - perf_counter()) > 0:  # noqa: ASYNC110 - quiet is no event
        await asyncio.sleep(left)


async def _pass_until_set(exchange: LocalExchange, event: asyncio.Event) -> None:
    """Let the exchange's time go on by whole seconds: nobody waits for a frame yet."""
    while not event.is_set():
        exchange.advance(SECOND_NS // 10)
        await asyncio.sleep(REST_S)


def _row(name: str, seconds: Sequence[float]) -> tuple[str, ...]:
    cuts = quantiles(seconds, n=100)
    return name, f"{cuts[49] * MS:.3f}", f"{cuts[98] * MS:.3f}"


def report(timings: Sequence[Timing], alone: Sequence[float]) -> None:
    table = Table(title=f"From frame to first byte, {len(timings)} orders")
    for heading in ("milliseconds", "p50", "p99"):
        table.add_column(heading, justify="left" if heading == "milliseconds" else "right")
    table.add_row(*_row("frame to first byte", [it.whole for it in timings]))
    table.add_row(*_row("  frame to the commit's beginning", [it.decided for it in timings]))
    table.add_row(*_row("  the commit, in its place", [it.durable for it in timings]))
    table.add_row(*_row("  commit to first byte", [it.sent for it in timings]))
    table.add_row(*_row("the same commit by itself", alone))
    whole, in_place = median(it.whole for it in timings), median(it.durable for it in timings)
    console = Console(width=100)
    console.print(table)
    console.print(f"commits for an order: {max(it.commits for it in timings)} at most")
    console.print(f"the durable write's share of the p50: {in_place / whole:.0%}")
    console.print(f"p50 by that of the same commit by itself: {whole / median(alone):.2f}")
    console.print(f"p50 by that of the commit in its place: {whole / in_place:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=400, help=f"how many orders are placed; the first {WARM_UP} do not count")
    parser.add_argument("--folder", help="where the databases lie meanwhile; the system's temporary folder if left out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        timings, alone = asyncio.run(measure(options.orders, Path(folder)))
    report(timings[WARM_UP:], alone[WARM_UP:])


if __name__ == "__main__":
    main()
