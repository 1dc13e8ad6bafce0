"""Market data: history as columns, and the live stream."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class IMarketStream(Protocol):
    """A live source. What a ``[[data]]`` table builds may be this beside, or in place of, a source of history."""

    async def past(self, series: Series, start: Instant, end: Instant) -> Candles:
        """The closed candles with ``start <= opened_at`` that have closed by ``end``, as far as the source has them."""
        ...

    def candles(self, series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
        """Candles as they close, from those that close after an instant on.

        After a gap, what was missed comes first: each once, and those of a series in their order. Ends where the source ends.
        """
        ...

    async def close(self) -> None:
        """Release everything; leaves no task behind."""
        ...
