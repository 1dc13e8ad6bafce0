"""Facts: objective numbers by key, at a point in time."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from s1mpletrader.domain.instant import Instant, timeframe_ns

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
InstantArray: TypeAlias = NDArray[np.int64]

CANDLE_FIELDS: Final = ("open", "high", "low", "close", "volume")

CLOSED_AT: Final = "closed_at"
"""The fact that tells when a candle closed, in seconds since 1970, UTC: for workers whose columns have to know the time."""


class Series(NamedTuple):
    """One instrument's candles of one timeframe."""

    symbol: str
    timeframe: str

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe}"


class Key(NamedTuple):
    """The name of a fact: whose, on which timeframe, what. Written ``"BTC/USDT 1m close"``."""

    symbol: str
    timeframe: str
    name: str

    @property
    def series(self) -> Series:
        """The candles that the fact changes with."""
        return Series(self.symbol, self.timeframe)

    def __str__(self) -> str:
        return f"{self.symbol} {self.timeframe} {self.name}"


def parse_key(text: str, default: Series) -> Key:
    """The key that a reference means: ``"close"``, ``"1h close"`` or ``"ETH/USDT 1h close"``; the rest comes from ``default``.

    Anything else raises ``ValueError``.
    """
    match text.split():
        case [name]:
            return Key(default.symbol, default.timeframe, name)
        case [timeframe, name]:
            timeframe_ns(timeframe)
            return Key(default.symbol, timeframe, name)
        case [symbol, timeframe, name]:
            timeframe_ns(timeframe)
            return Key(symbol, timeframe, name)
        case _:
            raise ValueError(f"{text!r} is no fact; write 'close', '1h close' or 'ETH/USDT 1h close'")


Columns: TypeAlias = Mapping[Key, FloatArray]
"""Whole-history facts of equal length, one row for each closed candle of the series they are asked for."""

Row: TypeAlias = tuple[float, ...]
"""One candle's values in the order of a worker's ``needs``."""


class Facts(Protocol):
    """The facts that are known at an instant; nothing later can be reached through it."""

    @property
    def at(self) -> Instant:
        """The point in time."""
        ...

    def value(self, key: Key, back: int = 0) -> float:
        """The fact as of now, or ``back`` candles ago; ``LookupError`` before it exists."""
        ...

    def window(self, key: Key, length: int) -> FloatArray:
        """The last ``length`` values, oldest first, read-only; ``LookupError`` before there are so many."""
        ...


class FactValues(Struct, frozen=True):
    """Facts as they were at one point in time: pairs of a key and its value."""

    pairs: tuple[tuple[str, float], ...]
