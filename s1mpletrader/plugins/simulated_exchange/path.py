"""The path that a symbol's price takes through its candles.

Each candle has four points: its open when it opens, its two extremes a third and two thirds of the way, its close in its last
nanosecond. Between points the price moves linearly; from a close to the next open it jumps. Where candles are missing there is
no price. Candles stay columns: a candle is expanded only where an order meets it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import ceil
from typing import Any, Final, TypeAlias, cast

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from s1mpletrader.api import Candle, Candles, FloatArray, Instant, timeframe_ns
from s1mpletrader.plugins.simulated_exchange.config import PathOrder

_WINDOW_FIRST: Final = 64
_WINDOW_MAX: Final = 65_536

_ROOM_MIN: Final = 64
"""For how many candles there is room at least, once one is added."""
_NO_COLUMNS: Final[tuple[NDArray[Any], ...]] = (np.empty(0, np.int64), *(np.empty(0),) * 5)

Turn: TypeAlias = tuple[Instant, float]
"""Where a segment ends: when, and at what price."""


class Point(Struct, frozen=True, gc=False):
    """A place on the path: in which candle and which of its three segments, when, and at what price."""

    candle: int
    segment: int
    at: Instant
    price: float


class Path:
    """One series' candles as a path. One without candles takes the timeframe of the first that comes."""

    __slots__ = (
        "_close",
        "_columns",
        "_count",
        "_first_at",
        "_high",
        "_highs",
        "_low",
        "_lows",
        "_open",
        "_opened",
        "_order",
        "_volume",
        "duration_ns",
        "ends_at",
        "timeframe",
    )

    def __init__(self, candles: Candles | None, order: PathOrder = "direction") -> None:
        self._order = order
        self._columns = _NO_COLUMNS
        if candles is not None:
            opened = candles.opened_at
            self._columns = (opened, candles.open, candles.high, candles.low, candles.close, candles.volume)
        self._of(None if candles is None else candles.series.timeframe)
        self._show(len(self._columns[0]))

    def append(self, candle: Candle) -> None:
        """Add the candle that comes next, later than all before."""
        count, room = len(self._opened), len(self._columns[0])
        if count == room:
            wider = max(_ROOM_MIN, 2 * room)
            self._columns = tuple(_widened(column, count, wider) for column in self._columns)
        row = (candle.opened_at, candle.open, candle.high, candle.low, candle.close, candle.volume)
        for column, value in zip(self._columns, row, strict=True):
            column[count] = value
        if self.timeframe is None:
            self._of(candle.series.timeframe)
        self._show(count + 1)

    def candle_at(self, at: Instant) -> int:
        """The last candle that has opened by then; -1 before the first."""
        if self._first_at <= at < self.ends_at:
            # Where no candle is missing, time itself tells which one opens now.
            candle = (at - self._first_at) // self.duration_ns
            if candle < self._count and self._opened[candle] == at:
                return candle
        return bisect_right(self._opened, at) - 1

    def point_at(self, candle: int, at: Instant) -> Point | None:
        """Where the path is at an instant, given the last candle that has opened; None where it has closed again."""
        opened = self._opened[candle] if candle >= 0 else at + 1
        if at == opened:
            return Point(candle, 0, at, self._open[candle])
        if not opened < at < opened + self.duration_ns:
            return None
        start_at, start = opened, self._open[candle]
        for segment, (end_at, end) in enumerate(self.turns(candle)):
            if at <= end_at:
                return Point(candle, segment, at, _between(start, end, (at - start_at) / (end_at - start_at)))
            start_at, start = end_at, end
        return None

    def price_at(self, at: Instant) -> float | None:
        """The price at an instant, or the last one before it; None before the first candle."""
        candle = self.candle_at(at)
        point = self.point_at(candle, at)
        if point is not None:
            return point.price
        return self._close[candle] if candle >= 0 else None

    def turn_after(self, at: Instant) -> Instant | None:
        """The next instant at which the price turns or jumps; None where the path has ended."""
        candle = self.candle_at(at)
        if candle >= 0:
            for turn_at, _ in self.turns(candle):
                if turn_at > at:
                    return turn_at
        return self._opened[candle + 1] if candle + 1 < len(self._opened) else None

    def nears_at(self, at: Instant, down: float, up: float, until: Instant | None) -> Instant | None:
        """From when on the price may be at ``down`` or lower, or at ``up`` or higher, as whole candles tell it.

        ``at`` itself where the candle of that instant goes so far anywhere, else the opening of the first one that does; None
        where none does, up to the candle of ``until``.
        """
        candle = self.candle_at(at)
        if candle >= 0 and at < self._opened[candle] + self.duration_ns - 1 and self._reaches(candle, down, up):
            return at
        stop = None if until is None else self.candle_at(until) + 1
        found = self.first_reaching(candle + 1, down, up, stop)
        return None if found is None else self._opened[found]

    def opening(self, candle: int) -> Point:
        """The first point of a candle."""
        return Point(candle, 0, self._opened[candle], self._open[candle])

    def turns(self, candle: int) -> tuple[Turn, Turn, Turn]:
        """The ends of a candle's three segments."""
        opened, high, low, close = self._opened[candle], self._high[candle], self._low[candle], self._close[candle]
        first, second = (low, high) if self._low_first(self._open[candle], high, low, close) else (high, low)
        duration = self.duration_ns
        return (opened + duration // 3, first), (opened + 2 * duration // 3, second), (opened + duration - 1, close)

    def price_before(self, candle: int, point: Point | None) -> float | None:
        """The price last seen by who comes at a point, or after the candle where there is none: at an open, the close before."""
        if point is None:
            return self._close[candle] if candle >= 0 else None
        if point.at > self._opened[candle] or candle == 0:
            return point.price
        return self._close[candle - 1]

    def volume(self, candle: int) -> float:
        """The volume of a candle."""
        return self._volume[candle]

    def first_reaching(self, start: int, down: float, up: float, end: int | None = None) -> int | None:
        """The first candle from ``start`` on, and before ``end``, that trades at ``down`` or lower, or at ``up`` or higher."""
        window, count = _WINDOW_FIRST, len(self._lows) if end is None else end
        while start < count:
            stop = min(start + window, count)
            reached = (self._lows[start:stop] <= down) | (self._highs[start:stop] >= up)
            found = int(reached.argmax())
            if reached[found]:
                return start + found
            start, window = stop, min(window * 4, _WINDOW_MAX)
        return None

    def _of(self, timeframe: str | None) -> None:
        self.timeframe = timeframe
        self.duration_ns = 0 if timeframe is None else timeframe_ns(timeframe)

    def _show(self, count: int) -> None:
        """Let the path have so many candles of those in the columns."""
        opened, *values = self._columns
        self._count = count
        self._first_at = int(opened[0]) if count else 0
        self.ends_at: Instant = int(opened[count - 1]) + self.duration_ns if count else 0
        """When the last candle has closed; 0 where there is none."""
        self._opened = cast(Sequence[int], opened[:count].data)
        self._open, self._high, self._low, self._close, self._volume = (_view(column[:count]) for column in values)
        _, self._highs, self._lows, *_ = (column[:count] for column in values)

    def _reaches(self, candle: int, down: float, up: float) -> bool:
        return self._low[candle] <= down or self._high[candle] >= up

    def _low_first(self, opening: float, high: float, low: float, close: float) -> bool:
        match self._order:
            case "direction":
                return close >= opening
            case "nearest":
                return opening - low <= high - opening
            case "low_first":
                return True
            case "high_first":
                return False


def reached_at(start: Turn, end: Turn, level: float) -> Instant:
    """The first instant at which a move from start to end is at the level or beyond it.

    A binary fraction's noise, below a thousandth of a nanosecond, does not count as one nanosecond more.
    """
    (start_at, start_price), (end_at, end_price) = start, end
    part = (level - start_price) / (end_price - start_price)
    return min(start_at + ceil(round(part * (end_at - start_at), 3)), end_at)


def _between(start: float, end: float, part: float) -> float:
    """A price on the way, to 12 digits, so that a binary fraction's noise never moves it by a tick."""
    price = float(f"{start + (end - start) * part:.12g}")
    return min(max(price, min(start, end)), max(start, end))


def _widened(column: NDArray[Any], count: int, room: int) -> NDArray[Any]:
    wider = np.empty(room, column.dtype)
    wider[:count] = column[:count]
    return wider


def _view(values: FloatArray) -> Sequence[float]:
    """The same numbers, read one by one as floats without the cost of numpy's scalars."""
    return cast(Sequence[float], values.data)
