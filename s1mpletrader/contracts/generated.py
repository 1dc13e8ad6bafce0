"""The market that workers are tried on: seeded candles with gaps, standstills and jumps, and facts for any key."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from zlib import crc32

import numpy as np

from s1mpletrader.api import (
    CANDLE_FIELDS,
    AccountType,
    Candles,
    Columns,
    Facts,
    FloatArray,
    Instant,
    Instrument,
    Key,
    Series,
    WorkerProvision,
    timeframe_ns,
)
from s1mpletrader.core.facts import FactTable

START: Final[Instant] = 1_700_006_400_000_000_000
LATE_ROWS: Final = 7
"""A fact that another worker makes begins so many rows after its series does."""

SERIES: Final = Series("BTC/USDT", "1m")
INSTRUMENT: Final = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.1"),
    quantity_lot=Decimal("0.001"),
    notional_min=Decimal(10),
)
PROVISION: Final = WorkerProvision(
    name="mine",
    strategy="alpha",
    series=SERIES,
    symbols=("BTC/USDT",),
    instruments={"BTC/USDT": INSTRUMENT},
    account_type=AccountType.NETTING,
    seed=7,
)
"""What the kit builds workers, planners and gates with."""


def generate_candles(series: Series, rows: int, seed: int) -> Candles:
    """A random walk on the tick: one candle in 30 is missing, one in 15 stands still without volume, one in 60 jumps."""
    random = np.random.Generator(np.random.PCG64([seed, crc32(str(series).encode())]))
    moves = random.normal(0.0, 0.002, rows) * np.where(random.random(rows) < 1 / 60, 12.0, 1.0)
    still = random.random(rows) < 1 / 15
    moves[still] = 0.0
    close = np.round(38_500.0 * np.exp(np.cumsum(moves) - np.linspace(0, moves.sum(), rows)), 1)
    opened = np.concatenate([close[:1], close[:-1]])
    reach = np.where(still, 0.0, np.round(np.abs(random.normal(0.0, 20.0, rows)), 1))
    steps = np.where(random.random(rows) < 1 / 30, random.integers(2, 6, rows), 1)
    return Candles(
        series=series,
        opened_at=START + np.cumsum(steps).astype(np.int64) * timeframe_ns(series.timeframe),
        open=np.where(still, close, opened),
        high=np.where(still, close, np.maximum(opened, close) + reach),
        low=np.where(still, close, np.minimum(opened, close) - reach),
        close=close,
        volume=np.where(still, 0.0, np.round(random.lognormal(1.0, 1.0, rows), 3)),
    )


def standing_candles(series: Series, rows: int, price: float = 0.1) -> Candles:
    """A market in which nothing ever happens: one price, no volume."""
    flat = np.full(rows, price)
    opened_at = START + np.arange(rows, dtype=np.int64) * timeframe_ns(series.timeframe)
    return Candles(series=series, opened_at=opened_at, open=flat, high=flat, low=flat, close=flat, volume=np.zeros(rows))


@dataclass(frozen=True)
class World:
    """Candles and facts for the keys that a worker declares."""

    needs: tuple[Key, ...]
    candles: Mapping[Series, Candles]
    facts: Mapping[Key, FloatArray]
    """Facts that are no candle field; they begin at ``LATE_ROWS``."""

    @property
    def base(self) -> Candles:
        """The series at whose closes a worker is asked."""
        return self.candles[self.needs[0].series]

    def until(self, rows: int) -> "World":
        """The same world before anything after so many rows had happened; nothing later is left in memory behind it."""
        end = int(self.base.closed_at[rows - 1])
        counts = {series: int(np.searchsorted(data.closed_at, end, side="right")) for series, data in self.candles.items()}
        cut = {series: _head(data, counts[series]) for series, data in self.candles.items()}
        return World(self.needs, cut, {key: values[: counts[key.series]].copy() for key, values in self.facts.items()})

    def table(self) -> FactTable:
        """Its facts with a cursor, before the first candle."""
        table = FactTable(self.candles)
        for key, values in self.facts.items():
            table.add(key, values, first=LATE_ROWS)
        return table

    def columns(self) -> Columns:
        """Whole columns of the declared keys, aligned to the base; read-only, and failing on any other key."""
        columns = self.table().aligned(self.needs)
        for values in columns.values():
            values.setflags(write=False)
        return columns


def make_world(needs: Sequence[Key], rows: int, seed: int = 7) -> World:
    """A world of so many rows of the first key's series."""
    span = rows * timeframe_ns(needs[0].timeframe)
    counts = {key.series: max(LATE_ROWS + 3, span // timeframe_ns(key.timeframe)) for key in needs}
    candles = {series: generate_candles(series, int(count), seed) for series, count in counts.items()}
    return _with_facts(needs, candles, seed)


def make_standing_world(needs: Sequence[Key], rows: int) -> World:
    """A world in which nothing happens."""
    return _with_facts(needs, {key.series: standing_candles(key.series, rows) for key in needs}, None)


def _with_facts(needs: Sequence[Key], candles: Mapping[Series, Candles], seed: int | None) -> World:
    facts = {}
    for key in needs:
        if key.name not in CANDLE_FIELDS:
            close = candles[key.series].close
            random = np.random.Generator(np.random.PCG64([seed or 0, crc32(str(key).encode())]))
            wobble = np.zeros(len(close)) if seed is None else np.cumsum(random.normal(0.0, 0.001, len(close)))
            facts[key] = close * (1.0 + wobble - wobble.mean())
    return World(tuple(needs), candles, facts)


def _head(candles: Candles, count: int) -> Candles:
    columns = {name: getattr(candles, name)[:count].copy() for name in ("opened_at", *CANDLE_FIELDS)}
    return Candles(series=candles.series, **columns)


class WatchedFacts:
    """Facts that note what a worker reads beyond what it declares: another key, or further back than its window."""

    def __init__(self, facts: Facts, needs: Sequence[Key], window: int) -> None:
        self._facts, self._needs, self._window = facts, frozenset(needs), window
        self.undeclared: list[str] = []
        self.too_far: list[str] = []

    @property
    def at(self) -> Instant:
        """The point in time."""
        return self._facts.at

    def value(self, key: Key, back: int = 0) -> float:
        """The fact."""
        self._note(key, back + 1)
        return self._facts.value(key, back)

    def window(self, key: Key, length: int) -> FloatArray:
        """The last values."""
        self._note(key, length)
        return self._facts.window(key, length)

    def _note(self, key: Key, length: int) -> None:
        if key not in self._needs:
            self.undeclared.append(str(key))
            raise LookupError(f"{key} is not declared")
        if length > self._window:
            self.too_far.append(f"{key}: {length} values, the window is {self._window}")


def ready_rows(world: World, table: FactTable, window: int) -> Iterator[int]:
    """Move the cursor from close to close; gives the rows at which every need has its whole window."""
    for row, closed_at in enumerate(world.base.closed_at.tolist()):
        table.at = closed_at
        for series, cursor in table.cursors.items():
            cursor.count = int(np.searchsorted(world.candles[series].closed_at, closed_at, side="right"))
        if all(table.has(key, window) for key in world.needs):
            yield row
