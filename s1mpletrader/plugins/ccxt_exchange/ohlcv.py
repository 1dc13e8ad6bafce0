"""ccxt's rows of open, high, low, close and volume as candles."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from s1mpletrader.api import BadData, Candle, Candles, Instant, NotCandles, Series
from s1mpletrader.plugins.ccxt_exchange.translate import MILLISECOND_NS


class Row(NamedTuple):
    """One candle of a series, closed or not."""

    opened_at: Instant
    open: float
    high: float
    low: float
    close: float
    volume: float

    def candle(self, series: Series) -> Candle:
        """The row as a candle that has closed."""
        candles_of(series, [self])
        return Candle(
            series=series,
            opened_at=self.opened_at,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            volume=self.volume,
        )


def rows_of(answer: Iterable[Sequence[Any]]) -> list[Row]:
    """The rows that have prices, oldest first, each instant once: the last that was said of it."""
    found = {
        int(raw[0]): Row._make((int(raw[0]) * MILLISECOND_NS, *(float(value) for value in raw[1:5]), float(raw[5] or 0)))
        for raw in answer
        if raw[0] is not None and all(value is not None for value in raw[1:5])
    }
    return [found[key] for key in sorted(found)]


def candles_of(series: Series, rows: Sequence[Row]) -> Candles:
    """The rows as columns; ``BadData`` where one is no candle."""
    columns = np.array([row[1:] for row in rows], dtype=np.float64).reshape(len(rows), 5)
    try:
        return Candles(
            series=series,
            opened_at=np.array([row.opened_at for row in rows], dtype=np.int64),
            open=columns[:, 0].copy(),
            high=columns[:, 1].copy(),
            low=columns[:, 2].copy(),
            close=columns[:, 3].copy(),
            volume=columns[:, 4].copy(),
        )
    except NotCandles as fault:
        raise BadData(f"the exchange gave what is no candle: {fault}") from None
