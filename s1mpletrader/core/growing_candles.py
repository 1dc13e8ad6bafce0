"""A live series: arrays with room for what is still to come, from which the oldest candles go when they are full."""

import numpy as np

from s1mpletrader.domain.facts import CANDLE_FIELDS, FloatArray, InstantArray, Key, Series
from s1mpletrader.domain.instant import SECOND_NS, timeframe_ns
from s1mpletrader.ports.market_data import Candle


class GrowingCandles:
    """The latest candles of one series. Memory is bounded: ``capacity`` rows, whatever the length of the run."""

    def __init__(self, series: Series, capacity: int) -> None:
        self.series = series
        self.closed_at: InstantArray = np.zeros(capacity, dtype=np.int64)
        self.closed_second: FloatArray = np.full(capacity, np.nan)
        self._fields = {name: np.full(capacity, np.nan) for name in CANDLE_FIELDS}
        self._duration_ns = timeframe_ns(series.timeframe)

    def __len__(self) -> int:
        return len(self.closed_at)

    def columns(self) -> dict[Key, FloatArray]:
        """The five fields as facts."""
        return {Key(*self.series, name): values for name, values in self._fields.items()}

    def put(self, row: int, candle: Candle) -> None:
        """Write a candle into a row."""
        closed_at = candle.opened_at + self._duration_ns
        self.closed_at[row] = closed_at
        self.closed_second[row] = closed_at / SECOND_NS
        for name, values in self._fields.items():
            values[row] = getattr(candle, name)

    def drop_oldest(self, count: int, keep: int) -> None:
        """Of ``count`` rows keep the latest. The columns of facts are moved by who holds them."""
        self.closed_at[:keep] = self.closed_at[count - keep : count].copy()
