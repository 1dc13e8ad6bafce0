"""The highest high and the lowest low of the candles before the present one: the range that a breakout leaves."""

from collections import deque
from collections.abc import Callable
from typing import Annotated, Final

import numpy as np
import talib
from pydantic import Field

from s1mpletrader.api import Columns, FloatArray, Key, PluginConfig, Row, Update, WorkerProvision

_WHOLE: Final[dict[str, Callable[..., FloatArray]]] = {"high": talib.MAX, "low": talib.MIN}
_PICK: Final[dict[str, Callable[..., float]]] = {"high": max, "low": min}


class RollingConfig(PluginConfig):
    """Over how many candles, the present one not among them."""

    period: Annotated[int, Field(ge=2, le=100_000)]


class RollingExtreme:
    """The extreme of a field over the ``period`` candles before this one. With this one in it, nothing could ever break out."""

    def __init__(self, field: str, config: RollingConfig, provision: WorkerProvision) -> None:
        self._field = field
        self._period = config.period
        self.needs: tuple[Key, ...] = (Key(*provision.series, field),)
        self.gives: tuple[Key, ...] = (Key(*provision.series, provision.name),)
        self.window = config.period + 1

    def begin(self) -> Update:
        """Keeps the last ``period`` values."""
        before: deque[float] = deque(maxlen=self._period)
        pick = _PICK[self._field]

        def update(row: Row) -> Row | None:
            extreme = (pick(before),) if len(before) == self._period else None
            before.append(row[0])
            return extreme

        return update

    def columns(self, data: Columns) -> Columns:
        """TA-Lib's rolling extreme, one candle later."""
        extremes = _WHOLE[self._field](data[self.needs[0]], timeperiod=self._period)
        shifted: FloatArray = np.empty_like(extremes)
        shifted[:1] = np.nan
        shifted[1:] = extremes[:-1]
        return {self.gives[0]: shifted}


def rolling_high(config: RollingConfig, provision: WorkerProvision) -> RollingExtreme:
    """The highest high."""
    return RollingExtreme("high", config, provision)


def rolling_low(config: RollingConfig, provision: WorkerProvision) -> RollingExtreme:
    """The lowest low."""
    return RollingExtreme("low", config, provision)
