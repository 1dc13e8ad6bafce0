"""History until every window is full, and from there on each candle once, for whoever follows its series."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from s1mpletrader.configuration import Portfolio, load
from s1mpletrader.container import LiveContainer, live_run
from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.engine import RANK_MARKET
from s1mpletrader.core.inbox import Inbox
from s1mpletrader.core.live_lane import LiveLane
from s1mpletrader.core.live_streams import LiveStreams, ReplayedStream, candles_of
from s1mpletrader.core.real_time import ScaledClock
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import MINUTE_NS, SECOND_NS, Instant, timeframe_ns
from s1mpletrader.ports.market_data import Candle
from tests.live.virtual_loop import run_virtually
from tests.running import EXAMPLES, MEMORY

PORTFOLIO = """
[[strategies]]
file = "short.toml"
funds = { USDT = 500_000 }

[[strategies]]
file = "long.toml"
funds = { USDT = 500_000 }

[environment]
mode = "paper"

[account]
type = "spot"
currency = "USDT"
funds = { USDT = 1_000_000 }

[exchange]
plugin = "simulated"

[ledger]
url = "sqlite:///s1mpletrader.sqlite"
"""


@pytest.fixture
def portfolio(tmp_path: Path) -> Portfolio:
    """Two strategies on one series: one looks back 31 candles, the other 61."""
    text = (EXAMPLES / "ema_cross.toml").read_text().replace("50_000", "300")
    (tmp_path / "short.toml").write_text(text.replace('name = "ema_cross"', 'name = "short"'))
    (tmp_path / "long.toml").write_text(text.replace('name = "ema_cross"', 'name = "long"').replace("period = 30", "period = 60"))
    (tmp_path / "portfolio.toml").write_text(PORTFOLIO)
    return load(tmp_path / "portfolio.toml", [*MEMORY, "recording.plugin=none"])


class Source(ReplayedStream):
    """History as a live source, which notes what it is asked."""

    def __init__(self, histories: dict[Series, Candles], clock: ScaledClock) -> None:
        super().__init__(histories, clock)
        self.asked: list[tuple[Series, Instant, Instant]] = []
        self.after: list[tuple[tuple[Series, ...], Instant]] = []

    async def past(self, series: Series, start: Instant, end: Instant) -> Candles:
        self.asked.append((series, start, end))
        return await super().past(series, start, end)

    def candles(self, series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
        self.after.append((tuple(series), after))
        return super().candles(series, after)


class Market:
    """The lanes of both strategies, and a source whose present lies behind its 200th candle."""

    def __init__(self, container: LiveContainer, warm_up_ns: int | None = None) -> None:
        self.short, self.long = self.lanes = container.lanes()
        self.histories = container.sources().histories
        [(self.series, self.data)] = self.histories.items()
        self.now = self.data.closed_at.item(199) + 30 * SECOND_NS
        self.clock = ScaledClock(self.now)
        self.source = Source(dict(self.histories), self.clock)
        self.came: list[Candle] = []
        self.streams = LiveStreams([(self.source, (self.series,))], self.clock, warm_up_ns, self.came.append)
        self.agenda = Agenda()
        self.inbox = Inbox(self.clock, self.agenda)

    def closed_at(self, row: int) -> Instant:
        return self.data.closed_at.item(row)

    def total(self, lane: LiveLane) -> int:
        return lane.feed.strategy.facts.cursors[self.series].total


def told(portfolio: Portfolio, story: Callable[[Market], Awaitable[None]], warm_up_ns: int | None = None) -> None:
    async def telling() -> None:
        async with live_run(portfolio) as container:
            await story(Market(container, warm_up_ns))

    run_virtually(telling())


def test_each_strategy_is_warmed_up_by_thrice_what_its_own_windows_need(portfolio: Portfolio) -> None:
    async def story(market: Market) -> None:
        for lane in market.lanes:
            await market.streams.warm_up(lane)
        series, now = market.series, market.now
        assert market.source.asked == [(series, now - 93 * MINUTE_NS, now), (series, now - 183 * MINUTE_NS, now)]
        assert [market.total(lane) for lane in market.lanes] == [92, 182]
        assert [lane.closed_to(series) for lane in market.lanes] == [market.closed_at(199)] * 2
        assert all(lane.feed.is_warm for lane in market.lanes)
        assert market.streams.candle_count == 0

    told(portfolio, story)


@pytest.mark.parametrize("steps", [True, False])
def test_history_is_handed_over_instant_by_instant(portfolio: Portfolio, *, steps: bool) -> None:
    class Noting:
        """A lane that keeps what it is warmed up with."""

        def __init__(self, market: Market) -> None:
            self.feed = market.short.feed
            self.taken: list[tuple[list[Candle], bool]] = []

        def warm_up(self, candles: list[Candle], *, steps: bool) -> None:
            self.taken.append((candles, steps))

    async def story(market: Market) -> None:
        lane = Noting(market)
        await market.streams.warm_up(lane, steps=steps)  # type: ignore[arg-type]
        assert lane.taken == [([candle], steps) for candle in candles_of(market.data)[108:200]]

    told(portfolio, story)


@pytest.mark.parametrize(("warm_up_ns", "minutes"), [(100 * MINUTE_NS, 100), (93 * MINUTE_NS, 93), (MINUTE_NS, 93)])
def test_more_history_than_the_windows_need_is_read_where_it_is_asked_for(
    portfolio: Portfolio, warm_up_ns: int, minutes: int
) -> None:
    async def story(market: Market) -> None:
        await market.streams.warm_up(market.short)
        assert market.source.asked == [(market.series, market.now - minutes * MINUTE_NS, market.now)]

    told(portfolio, story, warm_up_ns)


def test_candles_come_from_where_the_least_known_strategy_stands_each_when_it_closes(portfolio: Portfolio) -> None:
    async def story(market: Market) -> None:
        for lane in market.lanes:
            await market.streams.warm_up(lane)
        market.short.feed.append(candles_of(market.data)[200])
        looking = asyncio.create_task(market.streams.run(market.lanes, market.inbox))
        await market.clock.sleep_until(market.closed_at(200) - 1 * SECOND_NS)
        assert market.source.after == [((market.series,), market.closed_at(199))]
        assert (market.came, market.agenda.next_key()) == ([], None)
        await market.clock.sleep_until(market.closed_at(201) + 1 * SECOND_NS)
        assert market.came == candles_of(market.data)[200:202]
        assert market.streams.candle_count == 2
        assert market.agenda.next_key() == (market.closed_at(200), RANK_MARKET)
        market.agenda.pop()()
        assert [market.total(lane) for lane in market.lanes] == [93, 183]
        await looking
        assert market.streams.candle_count == 100

    told(portfolio, story)


def test_a_strategy_that_knows_nothing_yet_hears_what_closes_from_now_on(portfolio: Portfolio) -> None:
    async def story(market: Market) -> None:
        await market.streams.run([market.long], market.inbox)
        assert market.source.after == [((market.series,), market.now)]
        assert market.came == candles_of(market.data)[200:]

    told(portfolio, story)


def test_a_source_that_breaks_breaks_the_run_as_what_it_is(portfolio: Portfolio) -> None:
    async def story(market: Market) -> None:
        async def breaks(series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
            yield candles_of(market.data)[200]
            raise OSError("the line is cut")

        market.source.candles = breaks  # type: ignore[method-assign]
        with pytest.raises(OSError, match="the line is cut"):
            await market.streams.run(market.lanes, market.inbox)
        assert market.streams.candle_count == 1

    told(portfolio, story)


def test_nobody_has_to_hear_of_the_candles_that_come(portfolio: Portfolio) -> None:
    async def story(market: Market) -> None:
        streams = LiveStreams([(market.source, (market.series,))], market.clock, None)
        await streams.run(market.lanes, market.inbox)
        assert streams.candle_count == 100
        assert streams.sources == (market.source,)

    told(portfolio, story)


FAST, SLOW = Series("BTC/USDT", "1m"), Series("BTC/USDT", "3m")


def history(series: Series, count: int) -> Candles:
    opened_at = np.arange(count, dtype=np.int64) * timeframe_ns(series.timeframe)
    price = np.arange(1.0, count + 1.0)
    return Candles(series=series, opened_at=opened_at, open=price, high=price, low=price, close=price, volume=price)


def test_a_replay_gives_each_candle_at_its_close_and_of_one_instant_the_slowest_first() -> None:
    async def story() -> list[tuple[str, int, float]]:
        clock = ScaledClock(0)
        stream = ReplayedStream({FAST: history(FAST, 6), SLOW: history(SLOW, 2)}, clock)
        candles = stream.candles([FAST, SLOW], MINUTE_NS)
        found = [(candle.series.timeframe, clock.now() // MINUTE_NS, candle.close) async for candle in candles]
        await stream.close()
        return found

    assert run_virtually(story()) == [
        ("1m", 2, 2.0),
        ("3m", 3, 1.0),
        ("1m", 3, 3.0),
        ("1m", 4, 4.0),
        ("1m", 5, 5.0),
        ("3m", 6, 2.0),
        ("1m", 6, 6.0),
    ]


@pytest.mark.parametrize(("start", "end", "rows"), [(0, 6, [1, 2, 3, 4, 5, 6]), (1, 4, [2, 3, 4]), (2, 2, []), (7, 9, [])])
def test_the_past_is_what_opened_from_the_start_on_and_has_closed_by_the_end(start: int, end: int, rows: list[int]) -> None:
    stream = ReplayedStream({FAST: history(FAST, 6)}, ScaledClock(0))
    past = asyncio.run(stream.past(FAST, start * MINUTE_NS, end * MINUTE_NS))
    assert past.close.tolist() == rows
    assert candles_of(past) == candles_of(history(FAST, 6))[start : start + len(rows)]
    assert past.series == FAST
