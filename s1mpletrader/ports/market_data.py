"""Market data: history as columns, and the live stream."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from msgspec import Struct

from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import Refused
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import Instant


class BadData(Refused):
    """A source holds a row that is no candle. The message names the source and the line."""


class Candle(Struct, frozen=True, kw_only=True):
    """One closed candle of a live stream."""

    series: Series
    opened_at: Instant
    open: float
    high: float
    low: float
    close: float
    volume: float


class IMarketData(Protocol):
    """A source of candles for one or more series."""

    @property
    def series(self) -> Sequence[Series]:
        """What the source offers."""
        ...

    def history(self, series: Series) -> Candles:
        """All closed candles of a series that the source has; ``BadData`` where one is not a candle."""
        ...


class IMarketStream(Protocol):
    """A live source."""

    def candles(self, series: Sequence[Series]) -> AsyncIterator[Candle]:
        """Candles as they close. After a gap, what was missed comes first, once and in order."""
        ...
