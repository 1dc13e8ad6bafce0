"""Facts as columns with a cursor: what a strategy's workers see, and never further than now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from s1mpletrader.domain.facts import BoolArray, FloatArray, InstantArray, Key, Series
from s1mpletrader.domain.instant import Instant


class SeriesData(Protocol):
    """A series' candles as arrays of equal length: a whole history, or room for what is still to come."""

    @property
    def closed_at(self) -> InstantArray:
        """When each candle became known."""
        ...

    @property
    def closed_second(self) -> FloatArray:
        """The same in seconds, as a fact."""
        ...

    def columns(self) -> dict[Key, FloatArray]:
        """The five fields as facts."""
        ...

    def __len__(self) -> int: ...


class Cursor:
    """How many of a series' candles have closed: ``count`` are in the columns, ``dropped`` had to leave them."""

    __slots__ = ("count", "dropped")

    def __init__(self) -> None:
        self.count = 0
        self.dropped = 0

    @property
    def total(self) -> int:
        """Every candle so far."""
        return self.count + self.dropped


@dataclass(slots=True)
class Column:
    """One fact's values by row, from the first row that has one."""

    values: FloatArray
    first: int
    cursor: Cursor

    @property
    def count(self) -> int:
        """How many values there are by now."""
        return max(self.cursor.count - self.first, 0)

    def latest(self) -> float | None:
        """The latest value; None where there is none yet."""
        row = self.cursor.count - 1
        return self.values.item(row) if row >= self.first else None

    def last(self) -> float:
        """The latest value of a column that has one."""
        return self.values.item(self.cursor.count - 1)

    def tail(self, length: int) -> FloatArray:
        """The latest values, oldest first, of a column that has so many."""
        return self.values[self.cursor.count - length : self.cursor.count]


class FactTable:
    """All facts of one strategy. Implements ``Facts`` as of the present cursor."""

    def __init__(self, candles: Mapping[Series, SeriesData]) -> None:
        self.at: Instant = 0
        self.candles = candles
        self.cursors = {series: Cursor() for series in candles}
        self._columns: dict[Key, Column] = {}
        for series, data in candles.items():
            for key, values in data.columns().items():
                self.add(key, values, first=0, series=series)

    def add(self, key: Key, values: FloatArray, *, first: int, series: Series | None = None) -> None:
        """Add a fact whose values begin at row ``first`` of its series."""
        self._columns[key] = Column(values, first, self.cursors[series or key.series])

    def drop_oldest(self, series: Series, keep: int) -> None:
        """Make room in a series' columns: only the latest ``keep`` values stay, and more must not be asked for."""
        cursor = self.cursors[series]
        start = cursor.count - keep
        for column in self._columns.values():
            if column.cursor is cursor:
                column.values[:keep] = column.values[start : cursor.count].copy()
                column.first = max(column.first - start, 0)
        cursor.count, cursor.dropped = keep, cursor.dropped + start

    def column(self, key: Key) -> Column:
        """The whole column: for engines, not for workers."""
        return self._columns[key]

    def known_keys(self) -> tuple[Key, ...]:
        """Every fact there is, in the order of adding."""
        return tuple(self._columns)

    def value(self, key: Key, back: int = 0) -> float:
        """The fact as of now, or ``back`` candles ago."""
        column = self._columns[key]
        row = column.cursor.count - 1 - back
        if row < column.first or back < 0:
            raise LookupError(f"{key} has no value {back} candles ago")
        return column.values.item(row)

    def window(self, key: Key, length: int) -> FloatArray:
        """The last ``length`` values, oldest first, read-only."""
        column = self._columns[key]
        stop = column.cursor.count
        if stop - length < column.first or length < 1:
            raise LookupError(f"{key} has no {length} values yet")
        values = column.values[stop - length : stop]
        values.flags.writeable = False
        return values

    def has(self, key: Key, length: int) -> bool:
        """Whether the fact has at least this many values by now."""
        column = self._columns[key]
        return column.cursor.count - length >= column.first

    def aligned(self, keys: Sequence[Key]) -> dict[Key, FloatArray]:
        """Whole columns on the rows of the first key's series: others as of their close, NaN where nothing exists yet."""
        base = keys[0].series
        return {key: self._aligned(key, base) for key in keys}

    def _aligned(self, key: Key, base: Series) -> FloatArray:
        column = self._columns[key]
        if key.series == base:
            return column.values if column.first == 0 else _blank(column.values, column.first)
        known = np.searchsorted(self.candles[key.series].closed_at, self.candles[base].closed_at, side="right")
        rows: FloatArray = np.full(len(known), np.nan)
        exists = known > column.first
        rows[exists] = column.values[known[exists] - 1]
        return rows


def _blank(values: FloatArray, first: int) -> FloatArray:
    if np.isnan(values[:first]).all():
        return values
    blanked = values.copy()
    blanked[:first] = np.nan
    return blanked


class Timeline:
    """The instants at which a strategy's candles close, and how many of each series have closed by then."""

    def __init__(self, candles: Mapping[Series, SeriesData]) -> None:
        closes = {series: data.closed_at for series, data in candles.items()}
        self._is_single = len(closes) == 1
        if self._is_single:
            ((series, self.instants),) = closes.items()
            self._counts = {series: np.arange(1, len(self.instants) + 1)}
        else:
            self.instants = np.unique(np.concatenate(list(closes.values())))
            self._counts = {
                series: np.searchsorted(closed_at, self.instants, side="right") for series, closed_at in closes.items()
            }

    def __len__(self) -> int:
        return len(self.instants)

    def counts(self, series: Series) -> InstantArray:
        """How many candles of the series have closed at each instant."""
        return self._counts[series]

    def count(self, series: Series, index: int) -> int:
        """How many candles of the series have closed at an instant, by the instant's index."""
        return self._counts[series].item(index)

    def flags(self, series: Series, rows: BoolArray, closed_at: InstantArray) -> BoolArray:
        """Flags for a series' rows as flags for the timeline's instants."""
        if self._is_single:
            return rows
        flags: BoolArray = np.zeros(len(self.instants), dtype=np.bool_)
        flags[np.searchsorted(self.instants, closed_at[rows])] = True
        return flags
