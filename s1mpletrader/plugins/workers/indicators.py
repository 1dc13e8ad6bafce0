"""Context workers on TA-Lib: one table of indicators, each in both of its forms.

The incremental form is TA-Lib's own streaming handle, whose values are bit-equal to the whole-array function's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np
import talib
from pydantic import Field
from talib import stream

from s1mpletrader.api import Columns, FloatArray, Key, PluginConfig, Row, Update, WorkerProvision, parse_key

Period = Annotated[int, Field(ge=2, le=100_000)]


class SourceConfig(PluginConfig):
    """An indicator of one fact."""

    period: Period
    source: str = "close"


class RangeConfig(PluginConfig):
    """An indicator of the candle itself."""

    period: Period


@dataclass(frozen=True)
class Indicator:
    """One of TA-Lib's functions: its whole-array form, its streaming handle, and how many rows its first value takes."""

    whole: Callable[..., FloatArray]
    handle: Callable[..., Any]
    window: Callable[[int], int]
    inputs: tuple[str, ...] = ()
    """The candle's fields that it reads; none where it reads the configured source."""


INDICATORS: Final = {
    "sma": Indicator(talib.SMA, stream.SMA, lambda period: period),
    "ema": Indicator(talib.EMA, stream.EMA, lambda period: period),
    "wma": Indicator(talib.WMA, stream.WMA, lambda period: period),
    "rsi": Indicator(talib.RSI, stream.RSI, lambda period: period + 1),
    "atr": Indicator(talib.ATR, stream.ATR, lambda period: period + 1, ("high", "low", "close")),
}


class IndicatorWorker:
    """An indicator on one series. It gives one fact, named as the worker is."""

    def __init__(self, indicator: Indicator, config: SourceConfig | RangeConfig, provision: WorkerProvision) -> None:
        self._indicator = indicator
        self._period = config.period
        source = getattr(config, "source", "")
        references = indicator.inputs or (source,)
        self.needs: tuple[Key, ...] = tuple(parse_key(reference, provision.series) for reference in references)
        self.gives: tuple[Key, ...] = (Key(*self.needs[0].series, provision.name),)
        self.window = indicator.window(config.period)

    def begin(self) -> Update:
        """The streaming handle, opened with the first full window."""
        history: list[Row] = []
        handle: Any = None

        def update(row: Row) -> Row | None:
            nonlocal handle
            if handle is not None:
                return (handle.update(*row),)
            history.append(row)
            if len(history) < self.window:
                return None
            columns = np.array(history, dtype=np.float64).T
            handle = self._indicator.handle(*map(np.ascontiguousarray, columns), timeperiod=self._period)
            history.clear()
            return (handle.value,)

        return update

    def columns(self, data: Columns) -> Columns:
        """TA-Lib over whole arrays."""
        return {self.gives[0]: self._indicator.whole(*(data[key] for key in self.needs), timeperiod=self._period)}


def build_indicator(name: str) -> Callable[[Any, WorkerProvision], IndicatorWorker]:
    """How a plugin of this name builds its worker."""
    indicator = INDICATORS[name]

    def build(config: SourceConfig | RangeConfig, provision: WorkerProvision) -> IndicatorWorker:
        return IndicatorWorker(indicator, config, provision)

    return build
