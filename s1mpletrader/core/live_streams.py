"""A live run's market data: history until the windows are full, and from there on every candle as it closes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial

from s1mpletrader.core.attempts import until_available
from s1mpletrader.core.engine import RANK_MARKET
from s1mpletrader.core.inbox import Inbox
from s1mpletrader.core.live_feed import rows_needed
from s1mpletrader.core.live_lane import LiveLane
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import CANDLE_FIELDS, Series
from s1mpletrader.domain.instant import Duration, Instant, timeframe_ns
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.market_data import Candle, IMarketStream

HISTORY_FACTOR = 3
"""How much longer than the windows history is asked for: candles may be missing in it."""


class LiveStreams:
    """The sources of all strategies' series, each series from one of them."""

    def __init__(
        self,
        sources: Sequence[tuple[IMarketStream, tuple[Series, ...]]],
        clock: IClock,
        warm_up_ns: Duration | None,
        came: Callable[[Candle], None] | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._clock = clock
        self._warm_up_ns = warm_up_ns
        self._came = came
        self.candle_count = 0

    @property
    def sources(self) -> tuple[IMarketStream, ...]:
        """Every source."""
        return tuple(source for source, _ in self._sources)

    async def warm_up(self, lane: LiveLane, *, steps: bool = True) -> None:
        """Read history until every declared window of a strategy is full, as far as the sources have it.

        ``steps`` lets detectors with a state see it, instant by instant; those that remember have seen it.
        """
        now = self._clock.now()
        instants: dict[Instant, list[Candle]] = {}
        for series, rows in rows_needed(lane.feed.strategy).items():
            source = next(source for source, offered in self._sources if series in offered)
            length = max(rows * HISTORY_FACTOR * timeframe_ns(series.timeframe), self._warm_up_ns or 0)
            past = await until_available(partial(source.past, series, now - length, now), self._clock)
            for candle, closed_at in zip(candles_of(past), past.closed_at.tolist(), strict=True):
                instants.setdefault(closed_at, []).append(candle)
        for _, candles in sorted(instants.items()):
            lane.warm_up(candles, steps=steps)

    async def run(self, lanes: Sequence[LiveLane], inbox: Inbox) -> None:
        """Hand every candle to the strategies that follow its series, until the sources end; raises what breaks the first."""

        async def hear(source: IMarketStream, series: tuple[Series, ...]) -> None:
            known = [lane.closed_to(one) for lane in lanes for one in series if lane.follows(one)]
            after = min(at or self._clock.now() for at in known)
            async for candle in source.candles(series, after):
                self.candle_count += 1
                inbox.put(RANK_MARKET, _taking(lanes, candle))
                if self._came is not None:
                    self._came(candle)

        try:
            async with asyncio.TaskGroup() as group:
                for source, series in self._sources:
                    group.create_task(hear(source, series))
        except ExceptionGroup as broken:
            raise broken.exceptions[0] from broken
        # What has been put is taken in the turns that are due by now; the run ends after them.
        await asyncio.sleep(0)


def _taking(lanes: Sequence[LiveLane], candle: Candle) -> Callable[[], None]:
    def take() -> None:
        for lane in lanes:
            lane.take(candle)

    return take


def candles_of(data: Candles) -> list[Candle]:
    """Columns as candles, oldest first."""
    columns = [getattr(data, name).tolist() for name in CANDLE_FIELDS]
    return [
        Candle(series=data.series, opened_at=opened_at, **dict(zip(CANDLE_FIELDS, row, strict=True)))
        for opened_at, *row in zip(data.opened_at.tolist(), *columns, strict=True)
    ]


class ReplayedStream:
    """History as a live source: each candle comes when the clock reaches its close."""

    def __init__(self, histories: Mapping[Series, Candles], clock: IClock) -> None:
        self._histories = histories
        self._clock = clock

    async def past(self, series: Series, start: Instant, end: Instant) -> Candles:
        """The candles that have closed by then."""
        data = self._histories[series]
        rows = (data.opened_at >= start) & (data.closed_at <= end)
        fields = {name: getattr(data, name)[rows] for name in CANDLE_FIELDS}
        return Candles(series=series, opened_at=data.opened_at[rows], **fields)

    async def candles(self, series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
        """The candles that close later, each in its time; of one instant those of the slowest timeframe first."""
        duration = {one: timeframe_ns(one.timeframe) for one in series}
        waiting = [candle for one in series for candle in candles_of(self._histories[one])]
        waiting.sort(key=lambda it: (it.opened_at + duration[it.series], -duration[it.series], series.index(it.series)))
        for candle in waiting:
            closed_at = candle.opened_at + duration[candle.series]
            if closed_at > after:
                await self._clock.sleep_until(closed_at)
                yield candle

    async def close(self) -> None:
        """There is nothing to release."""
