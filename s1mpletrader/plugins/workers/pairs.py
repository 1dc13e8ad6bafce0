"""Two symbols that usually move together: signals for both where they have moved apart, and where they are together again."""

from collections.abc import Sequence
from typing import Annotated, Final

import numpy as np
from pydantic import Field, model_validator

from s1mpletrader.api import (
    AccountView,
    BoolArray,
    Columns,
    Direction,
    Facts,
    FloatArray,
    Key,
    PluginConfig,
    SignalDraft,
    WorkerProvision,
)

_TOLERANCE: Final = 1e-6
"""The rolling form rounds otherwise than the form that decides; what lies this close to a bound is left to the latter."""


class PairsConfig(PluginConfig):
    """The two symbols, and how far apart they are in standard deviations of the logarithm of their prices' ratio."""

    first: str
    second: str
    window: Annotated[int, Field(ge=3)] = 100
    entry_deviation: Annotated[float, Field(gt=0)] = 2.0
    exit_deviation: Annotated[float, Field(ge=0)] = 0.5

    @model_validator(mode="after")
    def _is_a_pair(self) -> "PairsConfig":
        if self.first == self.second:
            raise ValueError("first and second are the same symbol")
        if self.exit_deviation >= self.entry_deviation:
            raise ValueError("exit_deviation: must be below entry_deviation")
        return self


class Pairs:
    """Flat: the dear one is sold and the cheap one bought (``spread``). In a trade: both are ended (``converged``)."""

    def __init__(self, config: PairsConfig, provision: WorkerProvision) -> None:
        for symbol in (config.first, config.second):
            if symbol not in provision.symbols:
                raise ValueError(f"the strategy does not follow {symbol!r}")
        timeframe = provision.series.timeframe
        self._config = config
        self._symbols = (config.first, config.second)
        self.needs: tuple[Key, ...] = tuple(Key(symbol, timeframe, "close") for symbol in self._symbols)
        self.window = config.window

    def initial(self) -> None:
        """No state."""

    def step(self, state: None, at: Facts, view: AccountView) -> tuple[None, Sequence[SignalDraft]]:
        """A signal for each of the two, or none."""
        first, second = (at.window(key, self.window) for key in self.needs)
        deviation = float(_deviations(np.log(first / second)[None, :])[0])
        held = [trade for symbol in self._symbols if (trade := view.open_trade(symbol)) is not None]
        if held:
            if not abs(deviation) <= self._config.exit_deviation:
                return None, ()
            return None, [_signal(trade.symbol, trade.direction.opposite, "converged") for trade in held]
        if not abs(deviation) >= self._config.entry_deviation:
            return None, ()
        dear = Direction.SHORT if deviation > 0 else Direction.LONG
        return None, [_signal(self._symbols[0], dear, "spread"), _signal(self._symbols[1], dear.opposite, "spread")]

    def quiet(self, state: None, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[None, int]:
        """Goes on to the first candle where a bound is reached, or nearly."""
        first, second = (columns[key][start - self.window + 1 : stop] for key in self.needs)
        deviations = np.abs(_deviations(np.lib.stride_tricks.sliding_window_view(np.log(first / second), self.window)))
        is_held = any(view.open_trade(symbol) is not None for symbol in self._symbols)
        loud: BoolArray
        if is_held:
            loud = deviations <= self._config.exit_deviation + _TOLERANCE
        else:
            loud = deviations >= self._config.entry_deviation - _TOLERANCE
        return None, start + int(np.argmax(loud)) if loud.any() else stop


def _deviations(ratios: FloatArray) -> FloatArray:
    """How far the last of each row is from the row's mean, in the row's standard deviations; NaN where nothing moves."""
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = (ratios[:, -1] - ratios.mean(axis=1)) / ratios.std(axis=1)
    return result


def _signal(symbol: str, direction: Direction, kind: str) -> SignalDraft:
    return SignalDraft(symbol=symbol, direction=direction, kind=kind)
