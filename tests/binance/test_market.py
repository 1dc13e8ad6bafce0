"""Candles, trades, prices and books of the local exchange: complete and in order, whatever becomes of the stream."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import pytest
from msgspec import json

from s1mpletrader.api import SECOND_NS, BadData, Candle, DataProvision, IHealth, IMarketStream, Refused, Series
from s1mpletrader.exchange import ExchangeConfig, Fault, ManualClock, RunningExchange, serve
from s1mpletrader.plugins.binance import BinanceDataConfig, BinanceMarket
from s1mpletrader.plugins.binance.tape_feed import PublicTrade, Ticker

START: Final = 1_767_225_600 * SECOND_NS
STEP: Final = SECOND_NS // 10
"""How often the exchange's book changes; its update ids count these."""

MINUTE: Final = 60 * SECOND_NS
BTC: Final = Series("BTC/USDT", "1m")
ETH: Final = Series("ETH/USDT", "5m")


class Market:
    """The source and the exchange behind it."""

    def __init__(self, running: RunningExchange, clock: ManualClock, **keys: Any) -> None:
        self.running, self.exchange, self.clock = running, running.exchange, clock
        config = BinanceDataConfig(environment="testnet", rest_url=running.rest_url, stream_url=running.stream_url, **keys)
        self.source = BinanceMarket(config, DataProvision(series=BTC, seed=0, directory=".", clock=clock))
        self.heard: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []

    def listen(self, iterator: AsyncIterator[Any]) -> None:
        """Gather everything that an iterator gives."""

        async def hear() -> None:
            async with aclosing(iterator) as items:  # type: ignore[type-var]
                async for item in items:
                    self.heard.append(item)

        self._tasks.append(asyncio.create_task(hear()))

    async def pass_by(self, seconds: float, step: float = 2.0) -> None:
        for _ in range(max(int(seconds / step), 1)):
            self.exchange.advance(int(min(step, seconds) * SECOND_NS))
            for _ in range(3):
                await asyncio.sleep(0.003)

    async def until(self, condition: Callable[[], bool], seconds: float = 60, step: float = 0.2) -> None:
        for _ in range(int(seconds / step)):
            if condition():
                return
            await self.pass_by(step, step)
        raise AssertionError("it did not become so")

    async def connected(self) -> None:
        await self.until(lambda: bool(self.source.health().streams) and not self.source.health().stale)
        await self.pass_by(2, 0.5)

    async def end(self) -> None:
        await self.source.close()
        await asyncio.wait_for(asyncio.gather(*self._tasks), 5)

    def klines(self, series: Series) -> list[tuple[int, float, float]]:
        """The closed candles of a series since the opening, as the exchange has them."""
        market = self.exchange.markets[series.symbol.replace("/", "")]
        found = market.klines(series.timeframe, START, self.clock.now(), self.clock.now())
        return [(each.start, float(each.open), float(each.close)) for each in found if each.end <= self.clock.now()]


@asynccontextmanager
async def market(**keys: Any) -> AsyncIterator[Market]:
    clock = ManualClock(START)
    async with serve(ExchangeConfig(candles_before=2_000), clock=clock) as running:
        made = Market(running, clock, **keys)
        try:
            yield made
        finally:
            await made.end()
            assert running.exchange.log.unserved == []


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(60):
            await story
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(bounded())


def told(candles: list[Candle], series: Series) -> list[tuple[int, float, float]]:
    return [(each.opened_at, each.open, each.close) for each in candles if each.series == series]


FAULTS: Final[dict[str, dict[str, Any]]] = {
    "nothing": {"kind": "delay", "route": "POST nowhere"},
    "candles lost": {"kind": "lose", "route": "kline"},
    "some garbage": {"kind": "garbage", "route": "kline", "calls": tuple(range(1, 2_000, 3))},
    "told twice": {"kind": "duplicate", "route": "kline"},
    "out of order": {"kind": "reorder", "route": "kline", "calls": tuple(range(1, 2_000, 2)), "count": 3},
    "cut again and again": {"kind": "cut", "route": "kline", "calls": (5, 60, 61, 150, 200)},
    "held back": {"kind": "hold", "route": "kline", "delay_ms": 20_000},
    "numbers that are none": {"kind": "rewrite", "route": "kline", "calls": (1, 2, 3), "fields": {"k": {"x": True}}},
    "silent": {"kind": "silent", "from_ms": 90_000, "until_ms": 200_000},
    "refused for a while": {"kind": "refuse_sockets", "until_ms": 100_000},
    "questions fail": {"kind": "error", "route": "GET /api/v3/klines", "calls": (1, 2, 4)},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_candle_is_told_once_and_in_order(fault: str) -> None:
    async def story() -> None:
        async with market(silence_ms=10_000, request_timeout_ms=3_000) as world:
            world.exchange.faults.add(Fault(**FAULTS[fault]))
            world.listen(world.source.candles([BTC, ETH], START))
            for turn in range(6):
                await world.pass_by(60)
                if turn == 3 and fault == "nothing":
                    world.exchange.cut()
            world.exchange.faults.clear()
            await world.pass_by(75)
            for series in (BTC, ETH):
                assert told(world.heard, series) == world.klines(series)
            assert len(told(world.heard, BTC)) == 7

    run(story())


def test_candles_from_the_past_come_first() -> None:
    async def story() -> None:
        async with market() as world:
            world.listen(world.source.candles([BTC], START - 30 * MINUTE))
            await world.connected()
            await world.pass_by(65)
            opened = [candle.opened_at for candle in world.heard]
            assert opened == [START - 30 * MINUTE + index * MINUTE for index in range(31)]

    run(story())


def test_past_is_paged_and_holds_only_what_has_closed() -> None:
    async def story() -> None:
        async with market() as world:
            await world.source.open()
            await world.pass_by(30)
            candles = await world.source.past(BTC, START - 1_500 * MINUTE, START + MINUTE)
            assert len(candles) == 1_500
            assert candles.gap_count == 0
            assert len(world.exchange.log.of("GET /api/v3/klines")) == 2
            some = await world.source.past(BTC, START - 10 * MINUTE + 1, START - 5 * MINUTE)
            assert list(some.opened_at) == [START - index * MINUTE for index in range(9, 5, -1)]
            with pytest.raises(Refused):
                await world.source.past(Series("NO/SUCH", "1m"), START - MINUTE, START)

    run(story())


def test_history_is_fetched_where_a_loop_runs_or_none() -> None:
    async def story() -> None:
        begin = datetime.fromtimestamp((START - 60 * MINUTE) / 1e9, UTC)
        async with market(start=begin) as world:
            candles = await asyncio.to_thread(world.source.history, BTC)
            assert len(candles) == 60
            assert isinstance(world.source, IMarketStream)
            assert isinstance(world.source, IHealth)

    run(story())


def test_a_past_that_begins_before_the_market_is_all_that_there_is() -> None:
    async def story() -> None:
        async with market() as world:
            candles = await world.source.past(BTC, START - 9_000 * MINUTE, START)
            assert len(candles) == 2_000
            assert candles.opened_at[-1] == START - MINUTE

    run(story())


@pytest.mark.parametrize("start", ["2026-01-01", "2026-01-01T00:00:00Z", datetime(2026, 1, 1), "2026-01-01T01:00:00+01:00"])  # noqa: DTZ001
def test_a_beginning_is_utc_unless_it_says_otherwise(start: object) -> None:
    config = BinanceDataConfig.model_validate({"environment": "testnet", "start": start})
    if isinstance(start, str):
        strict = json.encode({"environment": "testnet", "start": start})
        assert BinanceDataConfig.model_validate_json(strict, strict=True) == config
    assert config.start == datetime(2026, 1, 1, tzinfo=UTC)


def test_history_without_a_beginning_is_refused() -> None:
    async def story() -> None:
        async with market() as world:
            with pytest.raises(BadData, match="start"):
                world.source.history(BTC)

    run(story())


@pytest.mark.parametrize("series", [Series("BTC/USDT", "7m"), Series("BTCUSDT", "1m"), Series("BTC/US-DT", "1m")])
def test_what_the_venue_has_not_is_a_mistake_in_the_table(series: Series) -> None:
    with pytest.raises(ValueError, match=r"binance|timeframe"):
        BinanceMarket(BinanceDataConfig(environment="testnet"), DataProvision(series=series, seed=0, directory="."))


def test_trades_are_told_once_in_the_order_of_their_ids_also_over_a_gap() -> None:
    async def story() -> None:
        async with market() as world:
            world.listen(world.source.trades("BTC/USDT"))
            await world.connected()
            world.exchange.faults.add(Fault(kind="lose", route="trade", calls=(3, 4, 9)))
            await world.pass_by(60)
            world.exchange.cut()
            await world.pass_by(60)
            trades: list[PublicTrade] = world.heard
            assert len(trades) > 10
            assert all(after.trade_id == before.trade_id + 1 for before, after in pairwise(trades))

    run(story())


def test_prices_never_go_back() -> None:
    async def story() -> None:
        async with market() as world:
            world.listen(world.source.tickers("BTC/USDT"))
            await world.connected()
            world.exchange.faults.add(Fault(kind="reorder", route="bookTicker", calls=(2, 5), count=2))
            await world.pass_by(60)
            tickers: list[Ticker] = world.heard
            assert len(tickers) > 5
            assert all(after.update_id > before.update_id for before, after in pairwise(tickers))
            assert all(ticker.bid < ticker.ask for ticker in tickers)

    run(story())


@pytest.mark.parametrize("kind", ["duplicate", "lose", "reorder", "garbage"])
def test_the_local_book_is_the_venues_whatever_is_lost(kind: Any) -> None:
    async def story() -> None:
        async with market() as world:
            world.listen(world.source.books("BTC/USDT", 5))
            await world.connected()
            world.exchange.faults.add(Fault(kind=kind, route="depthUpdate", calls=(3, 7, 8, 20)))
            await world.pass_by(40)
            world.exchange.faults.clear()
            world.exchange.cut()
            await world.pass_by(30)
            book = world.heard[-1]
            assert world.clock.now() // STEP - book.update_id < 30, "it is a book of now"
            truth = world.exchange.markets["BTCUSDT"].book(book.update_id * STEP)
            assert truth.update_id == book.update_id
            assert [tuple(level) for level in book.bids] == sorted(truth.bids.items(), reverse=True)[:5]
            assert [tuple(level) for level in book.asks] == sorted(truth.asks.items())[:5]
            assert all(after.update_id > before.update_id for before, after in pairwise(world.heard))

    run(story())
