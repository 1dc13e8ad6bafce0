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
    """The two symbols, and how far apart they are in standard deviations of their prices' ratio."""

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


State = tuple[float, ...]
"""The last ratios of the two closes, at most as many as the window has."""


class Pairs:
    """Flat: the dear one is sold and the cheap one bought (``spread``). In a trade: both are ended (``converged``).

    It looks at each close of the first symbol, beside the other's latest one; where one of them has a gap, the pair goes on.
    """

    def __init__(self, config: PairsConfig, provision: WorkerProvision) -> None:
        for symbol in (config.first, config.second):
            if symbol not in provision.symbols:
                raise ValueError(f"the strategy does not follow {symbol!r}")
        timeframe = provision.series.timeframe
        self._config = config
        self._symbols = (config.first, config.second)
        self.needs: tuple[Key, ...] = tuple(Key(symbol, timeframe, "close") for symbol in self._symbols)
        self.window = 1

    def initial(self) -> State:
        """Nothing seen yet."""
        return ()

    def step(self, state: State, at: Facts, view: AccountView) -> tuple[State, Sequence[SignalDraft]]:
        """A signal for each of the two, or none."""
        first, second = (at.value(key) for key in self.needs)
        after = (*state, first / second)[-self._config.window :]
        if len(after) < self._config.window:
            return after, ()
        deviation = float(_deviations(np.array(after)[None, :])[0])
        return after, self._signals(deviation, view)

    def quiet(self, state: State, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[State, int]:
        """Goes on to the first candle where a bound is reached, or nearly."""
        length = self._config.window
        first, second = (columns[key][start:stop] for key in self.needs)
        before = state[1 - length :]
        ratios = np.concatenate([np.array(before, dtype=np.float64), first / second])
        reached = stop
        if len(ratios) >= length:
            deviations = np.abs(_deviations(np.lib.stride_tricks.sliding_window_view(ratios, length)))
            loud = self._is_loud(deviations, view)
            if loud.any():
                reached = start + int(np.argmax(loud)) + length - 1 - len(before)
        if reached == start:
            return state, reached
        return tuple(ratios[: len(before) + reached - start][-length:].tolist()), reached

    def _is_loud(self, deviations: FloatArray, view: AccountView) -> BoolArray:
        if any(view.open_trade(symbol) is not None for symbol in self._symbols):
            return deviations <= self._config.exit_deviation + _TOLERANCE
        return deviations >= self._config.entry_deviation - _TOLERANCE

    def _signals(self, deviation: float, view: AccountView) -> Sequence[SignalDraft]:
        held = [trade for symbol in self._symbols if (trade := view.open_trade(symbol)) is not None]
        if held:
            if not abs(deviation) <= self._config.exit_deviation:
                return ()
            return [_signal(trade.symbol, trade.direction.opposite, "converged") for trade in held]
        if not abs(deviation) >= self._config.entry_deviation:
            return ()
        dear = Direction.SHORT if deviation > 0 else Direction.LONG
        return [_signal(self._symbols[0], dear, "spread"), _signal(self._symbols[1], dear.opposite, "spread")]


def _deviations(ratios: FloatArray) -> FloatArray:
    """How far the last of each row is from the row's mean, in the row's standard deviations; NaN where nothing moves."""
    with np.errstate(invalid="ignore", divide="ignore"):
        result: FloatArray = (ratios[:, -1] - ratios.mean(axis=1)) / ratios.std(axis=1)
    return result


def _signal(symbol: str, direction: Direction, kind: str) -> SignalDraft:
    return SignalDraft(symbol=symbol, direction=direction, kind=kind)
