"""Candles of an exchange: the past by pages, the present each once and in order, whatever the stream does."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import MINUTE_NS, BadData, Candle, DataProvision, IMarketStream, Refused, Series
from s1mpletrader.exchange import ManualClock, serve
from s1mpletrader.plugins.ccxt_exchange import CcxtDataConfig, CcxtMarketStream, build_market_stream
from s1mpletrader.plugins.ccxt_exchange.session import Session
from tests.ccxt import local_exchange
from tests.live.virtual_loop import run_virtually

SERIES = Series("BTC/USDT", "1m")
START = 1_767_225_600 * 10**9
MINUTE_MS = 60_000
START_MS = START // 1_000_000


class SteppedClock:
    """A clock that a test moves, or that waiting moves."""

    def __init__(self, at: int, *, runs: bool) -> None:
        self.at, self.runs = at, runs
        self._moved = asyncio.Event()

    def now(self) -> int:
        return self.at

    async def sleep_until(self, at: int) -> None:
        await asyncio.sleep(0)
        if self.runs:
            await asyncio.sleep(0.0005)
            self.at = max(self.at, at)
        while self.at < at:
            self._moved.clear()
            await self._moved.wait()

    def move(self, duration: int) -> None:
        self.at += duration
        self._moved.set()


def row(minute: int, close: float = 100.0) -> list[Any]:
    """A candle as ccxt gives it, with numbers as text."""
    return [START_MS + minute * MINUTE_MS, "100", f"{max(close, 100) + 1}", f"{min(close, 100) - 1}", f"{close}", "2.5"]


@dataclass
class Candlestick:
    """An exchange object of ccxt's shape: what it shows, and what it pushes."""

    clock: SteppedClock
    rows: list[list[Any]] = field(default_factory=list)
    id: str = "scripted"
    asked: list[int] = field(default_factory=list)
    broken: int = 0
    pushes: "asyncio.Queue[Any]" = field(default_factory=asyncio.Queue)
    watches: bool = True
    page: int = 500
    window: bool = False
    """Whether an answer covers a stretch of time, also where it is empty."""
    timeframes: dict[str, str] = field(default_factory=lambda: {"1m": "1m", "1h": "1h"})

    @property
    def has(self) -> dict[str, Any]:
        return {"fetchOHLCV": True, "watchOHLCV": self.watches}

    async def load_markets(self) -> Any:
        return {"BTC/USDT": {}}

    async def fetch_ohlcv(self, symbol: str, timeframe: str, since: int, limit: int) -> Any:
        self.asked.append(since)
        if self.broken:
            self.broken -= 1
            raise ccxt.NetworkError("down")
        begun = [raw for raw in self.rows if since <= raw[0] <= self.clock.now() // 1_000_000]
        if self.window:
            begun = [raw for raw in begun if raw[0] < since + limit * MINUTE_MS]
        return begun[: min(limit, self.page)]

    async def watch_ohlcv(self, symbol: str, timeframe: str) -> Any:
        item = await self.pushes.get()
        if isinstance(item, Exception):
            raise item
        return item

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Following:
    """A stream that is being followed."""

    clock: SteppedClock
    exchange: Candlestick
    stream: CcxtMarketStream
    given: list[Candle] = field(default_factory=list)

    async def follow(self, after: int) -> None:
        async for candle in self.stream.candles([SERIES], after):
            self.given.append(candle)

    async def settle(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)
        await asyncio.sleep(0.005)

    async def pass_to(self, minute: float) -> None:
        """To so many minutes after the start."""
        self.clock.move(START + round(minute * MINUTE_NS) - self.clock.now())
        await self.settle()

    @property
    def minutes(self) -> list[int]:
        return [(candle.opened_at - START) // MINUTE_NS for candle in self.given]


def following(story: Callable[[Following], Awaitable[None]], *, runs: bool = False, after: int = START, **more: Any) -> None:
    async def run() -> None:
        async with asyncio.timeout(20):
            clock = SteppedClock(START, runs=runs)
            exchange = Candlestick(clock, **more)
            config = CcxtDataConfig(exchange="kraken", poll_s=1)
            stream = CcxtMarketStream(config, Session(exchange, clock, name="scripted"), watch=exchange.watches)
            one = Following(clock, exchange, stream)
            task = asyncio.create_task(one.follow(after))
            await one.settle()
            try:
                await story(one)
            finally:
                await stream.close()
                with suppress(Refused):
                    await task
            assert len(asyncio.all_tasks()) == 1

    run_virtually(run())


def past(rows: Sequence[list[Any]], start: int, end: int, **more: Any) -> Any:
    async def run() -> Any:
        exchange = Candlestick(SteppedClock(START + 10_000 * MINUTE_NS, runs=False), list(rows), **more)
        stream = CcxtMarketStream(
            CcxtDataConfig(exchange="kraken"), Session(exchange, exchange.clock, name="scripted"), watch=False
        )
        return await stream.past(SERIES, START + start * MINUTE_NS, START + end * MINUTE_NS)

    return asyncio.run(run())


@pytest.mark.parametrize("window", [False, True])
@pytest.mark.parametrize("page", [1, 7, 500])
def test_the_past_is_read_page_by_page_over_gaps(page: int, window: bool) -> None:
    minutes = [*range(40), *range(45, 60), *range(1_400, 1_410)]
    found = past([row(minute) for minute in minutes], 0, 2_000, page=page, window=window)
    assert list((found.opened_at - START) // MINUTE_NS) == minutes
    assert found.close[0] == 100.0
    assert found.volume[0] == 2.5


def test_only_what_has_closed_within_the_bounds_is_past() -> None:
    found = past([row(minute) for minute in range(20)], 5, 9)
    assert list((found.opened_at - START) // MINUTE_NS) == [5, 6, 7, 8]


def test_a_row_without_prices_is_no_candle_and_one_that_contradicts_itself_is_an_error() -> None:
    empty = [START_MS + MINUTE_MS, None, None, None, None, None]
    assert list((past([row(0), empty, row(2)], 0, 9).opened_at - START) // MINUTE_NS) == [0, 2]
    with pytest.raises(BadData, match="high is below"):
        past([[START_MS, "100", "90", "80", "100", "1"]], 0, 9)


def test_a_series_that_is_not_there_is_refused() -> None:
    async def ask(series: Series) -> None:
        exchange = Candlestick(SteppedClock(START, runs=False))
        stream = CcxtMarketStream(
            CcxtDataConfig(exchange="kraken"), Session(exchange, exchange.clock, name="scripted"), watch=False
        )
        await stream.past(series, 0, 1)

    with pytest.raises(Refused, match="does not list"):
        asyncio.run(ask(Series("ABC/USDT", "1m")))
    with pytest.raises(Refused, match="it has 1m, 1h"):
        asyncio.run(ask(Series("BTC/USDT", "3m")))


def test_a_pushed_candle_is_given_when_the_next_begins() -> None:
    async def story(one: Following) -> None:
        one.exchange.rows = [row(minute) for minute in range(3)]
        await one.pass_to(3.1)
        assert one.minutes == [0, 1, 2]
        one.exchange.pushes.put_nowait([row(3, 101)])
        await one.settle()
        one.exchange.rows.append(row(3, 102))
        await one.pass_to(4.001)
        one.exchange.pushes.put_nowait([row(4, 102)])
        await one.settle()
        assert one.minutes == [0, 1, 2, 3]
        asked = len(one.exchange.asked)
        one.exchange.pushes.put_nowait([row(4, 105)])
        one.exchange.pushes.put_nowait([row(5, 104)])
        await one.settle()
        assert one.minutes == [0, 1, 2, 3, 4]
        assert one.given[-1].close == 105.0
        assert len(one.exchange.asked) == asked, "it was watched whole, so that nothing had to be asked"

    following(story)


def test_a_candle_that_was_not_watched_from_its_beginning_is_asked_for() -> None:
    async def story(one: Following) -> None:
        one.exchange.rows = [row(0, 107)]
        one.exchange.pushes.put_nowait([row(0, 103)])
        await one.settle()
        await one.pass_to(1.001)
        one.exchange.pushes.put_nowait([row(1)])
        await one.settle()
        assert [candle.close for candle in one.given] == [107.0]

    following(story)


def test_after_a_loss_the_candle_that_is_being_built_is_not_trusted() -> None:
    async def story(one: Following) -> None:
        one.exchange.rows = [row(0)]
        await one.pass_to(1.05)
        assert one.minutes == [0]
        one.exchange.pushes.put_nowait([row(1, 103)])
        await one.settle()
        one.exchange.rows.append(row(1, 107))
        await one.pass_to(2.001)
        one.exchange.pushes.put_nowait([row(2)])
        await one.settle()
        assert [candle.close for candle in one.given] == [100.0, 107.0]

    following(story)


def test_a_candle_that_was_never_pushed_is_asked_for_before_the_next() -> None:
    async def story(one: Following) -> None:
        one.exchange.rows = [row(0)]
        await one.pass_to(1.05)
        one.exchange.pushes.put_nowait([row(1)])
        await one.settle()
        one.exchange.rows.append(row(1))
        await one.pass_to(2.001)
        one.exchange.pushes.put_nowait([row(2)])
        await one.settle()
        one.exchange.pushes.put_nowait([row(4)])
        await one.settle()
        assert one.minutes == [0, 1, 2]
        one.exchange.rows += [row(2), row(3), row(4)]
        one.clock.at = START + round(5.001 * MINUTE_NS)
        one.exchange.pushes.put_nowait([row(5)])
        await one.settle()
        assert one.minutes == [0, 1, 2, 3, 4]

    following(story)


def test_where_nothing_is_pushed_candles_are_asked_for_when_they_are_due() -> None:
    async def story(one: Following) -> None:
        for minute in range(1, 5):
            one.exchange.rows.append(row(minute - 1))
            await one.pass_to(minute + 0.05)
        assert one.minutes == [0, 1, 2, 3]

    following(story)
    following(story, watches=False)


def test_after_a_loss_what_was_missed_comes_first() -> None:
    async def story(one: Following) -> None:
        one.exchange.rows = [row(0)]
        await one.pass_to(1.05)
        assert one.minutes == [0]
        one.exchange.pushes.put_nowait(ccxt.NetworkError("lost"))
        await one.settle()
        one.exchange.broken = 2
        assert one.stream.health().stale
        one.exchange.rows = [row(minute) for minute in range(6)]
        one.exchange.pushes.put_nowait([row(6)])
        one.exchange.pushes.put_nowait([row(7)])
        for tenth in range(10):
            await one.pass_to(6.05 + tenth / 20)
        assert one.minutes[:6] == [0, 1, 2, 3, 4, 5]
        one.exchange.rows.append(row(6))
        for tenth in range(10):
            await one.pass_to(7.05 + tenth / 10)
        assert one.minutes[:7] == [0, 1, 2, 3, 4, 5, 6]
        assert not one.stream.health().stale

    following(story)


def test_a_refusal_ends_the_stream_with_its_reason() -> None:
    async def run() -> None:
        exchange = Candlestick(SteppedClock(START, runs=True))
        stream = CcxtMarketStream(
            CcxtDataConfig(exchange="kraken"), Session(exchange, exchange.clock, name="scripted"), watch=False
        )
        with pytest.raises(Refused, match="does not list"):
            await anext(aiter(stream.candles([Series("ABC/USDT", "1m")], START)))
        await stream.close()

    asyncio.run(run())


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 15))
def test_every_candle_is_given_once_and_in_order_whatever_the_stream_does(seed: int, count: int) -> None:
    """Pushes come late, twice, not at all, or as errors; the exchange shows a candle only some time after its close."""

    async def story(one: Following) -> None:
        random = Random(seed)
        skipped = {minute for minute in range(count) if random.random() < 0.2}
        for minute in range(count):
            await one.pass_to(minute + 0.3)
            chance = random.random()
            if chance < 0.2:
                one.exchange.pushes.put_nowait(ccxt.NetworkError("lost"))
            elif chance < 0.7 and minute not in skipped:
                one.exchange.pushes.put_nowait([row(minute, 100.5)])
            one.exchange.broken = random.randrange(2)
            await one.pass_to(minute + 0.8)
            if minute not in skipped:
                one.exchange.rows.append(row(minute, 101))
        for step in range(8):
            await one.pass_to(count + 1 + step)
        assert one.minutes == [minute for minute in range(count) if minute not in skipped]

    following(story)


def test_the_local_exchanges_candles_are_followed_over_its_sockets(tmp_path: Path) -> None:
    async def story() -> None:
        clock = ManualClock(local_exchange.START)
        async with serve(local_exchange.settings(tmp_path), clock=clock, directory=tmp_path) as running:
            config = CcxtDataConfig(exchange="binance", host=running.rest_url, rate_limit=False, poll_s=600)
            series = Series("BTC/USDT", "1m")
            stream = build_market_stream(config, DataProvision(series=series, seed=0, directory=".", clock=clock))
            assert isinstance(stream, IMarketStream)
            begun = local_exchange.START - 10 * MINUTE_NS
            known = await stream.past(series, begun, local_exchange.START)
            assert len(known) == 10
            assert set(known.low) == {11.5}
            given: list[Candle] = []

            async def follow() -> None:
                given.extend([candle async for candle in stream.candles([series], local_exchange.START)])

            task = asyncio.create_task(follow())
            await asyncio.sleep(0.3)
            for _ in range(4 * 12):
                running.exchange.advance(5 * 10**9)
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            await stream.close()
            await task
            assert [(candle.opened_at - local_exchange.START) // MINUTE_NS for candle in given][:3] == [0, 1, 2]
            assert {candle.low for candle in given} == {9.0}
            assert "SOCKET" in " ".join(running.exchange.log.counts())

    asyncio.run(story())
