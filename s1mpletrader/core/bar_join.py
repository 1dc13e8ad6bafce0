"""Joining the bars of one instant: a decision sees all series that close then, or says which were late."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import Duration, Instant, timeframe_ns
from s1mpletrader.ports.market_data import Candle


class Joined(NamedTuple):
    """The bars of an instant, slowest timeframe first, and the series that should have had one and have none yet."""

    at: Instant
    candles: tuple[Candle, ...]
    late: tuple[Series, ...]


class BarJoin:
    """Holds a strategy's bars until their instant is whole.

    An instant is whole when each series has a bar of it, or of a later one, or is not due then. With a ``grace`` it is released
    that long after its first bar came, whole or not; without one (None) it waits. A bar that comes after its instant was released
    joins the next one, so that no fact changes behind a decision's back.
    """

    def __init__(self, series: Iterable[Series], grace_ns: Duration | None) -> None:
        self._grace_ns = grace_ns
        self._durations = {one: timeframe_ns(one.timeframe) for one in series}
        self._order = sorted(self._durations, key=lambda one: -self._durations[one])
        self._closed_to: dict[Series, Instant | None] = dict.fromkeys(self._durations)
        self._waiting: dict[Series, deque[Candle]] = {one: deque() for one in self._durations}
        self._first_came: dict[Instant, Instant] = {}
        self._released_to: Instant = 0

    def skip(self, candle: Candle) -> None:
        """A bar is known already, and is no reason to decide anything."""
        closed_at = self._closing(candle)
        self._closed_to[candle.series] = closed_at
        self._released_to = max(self._released_to, closed_at)

    def put(self, candle: Candle, now: Instant) -> None:
        """A bar has come. One that is not later than its series' last is nothing new."""
        closed_at = self._closing(candle)
        last = self._closed_to[candle.series]
        if last is not None and closed_at <= last:
            return
        self._closed_to[candle.series] = closed_at
        self._waiting[candle.series].append(candle)
        self._first_came.setdefault(closed_at, now)

    def take(self, now: Instant) -> Joined | None:
        """The earliest instant that may be decided now."""
        at = self._next_at()
        if at is None:
            return None
        late = tuple(series for series in self._order if self._is_missing(series, at))
        if late and not self._is_over(at, now):
            return None
        self._released_to = at
        self._first_came = {instant: came for instant, came in self._first_came.items() if instant > at}
        candles: list[Candle] = []
        for series in self._order:
            waiting = self._waiting[series]
            while waiting and self._closing(waiting[0]) <= at:
                candles.append(waiting.popleft())
        return Joined(at, tuple(candles), late)

    def grace_over_at(self) -> Instant | None:
        """When the earliest instant is released though bars are missing; None where nothing waits, or waits for good."""
        at = self._next_at()
        if at is None or self._grace_ns is None:
            return None
        return self._first_came[at] + self._grace_ns

    def _next_at(self) -> Instant | None:
        closings = [self._closing(waiting[0]) for waiting in self._waiting.values() if waiting]
        later = [at for at in closings if at > self._released_to]
        if later:
            return min(later)
        return None

    def _is_missing(self, series: Series, at: Instant) -> bool:
        last = self._closed_to[series]
        if last is None:
            return at % self._durations[series] == 0
        return last < at and last + self._durations[series] <= at

    def _is_over(self, at: Instant, now: Instant) -> bool:
        return self._grace_ns is not None and now >= self._first_came[at] + self._grace_ns

    def _closing(self, candle: Candle) -> Instant:
        return candle.opened_at + self._durations[candle.series]


def series_of(candles: Sequence[Candle]) -> tuple[Series, ...]:
    """The series that have a bar here, each once."""
    return tuple(dict.fromkeys(candle.series for candle in candles))
