"""A signal where one fact crosses another."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from s1mpletrader.api import (
    BoolArray,
    Columns,
    Direction,
    Facts,
    FloatArray,
    Key,
    PluginConfig,
    SignalDraft,
    WorkerProvision,
    parse_key,
)


class CrossoverConfig(PluginConfig):
    """Which fact crosses which."""

    fast: str
    slow: str
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0


class Crossover:
    """LONG where ``fast`` comes from at or below ``slow`` to above it, SHORT the other way round."""

    def __init__(self, config: CrossoverConfig, provision: WorkerProvision) -> None:
        self._fast = parse_key(config.fast, provision.series)
        self._slow = parse_key(config.slow, provision.series)
        self._confidence = config.confidence
        self._symbol = self._fast.symbol
        self.needs: tuple[Key, ...] = (self._fast, self._slow)
        self.window = 2

    def detect(self, at: Facts) -> Sequence[SignalDraft]:
        """What the last two values tell."""
        before = at.value(self._fast, 1), at.value(self._slow, 1)
        now = at.value(self._fast), at.value(self._slow)
        if before[0] <= before[1] and now[0] > now[1]:
            return (self._signal(Direction.LONG),)
        if before[0] >= before[1] and now[0] < now[1]:
            return (self._signal(Direction.SHORT),)
        return ()

    def candidates(self, columns: Columns) -> BoolArray:
        """Exactly where it signals."""
        return crossings(columns[self._fast], columns[self._slow])

    def _signal(self, direction: Direction) -> SignalDraft:
        return SignalDraft(symbol=self._symbol, direction=direction, kind="crossover", confidence=self._confidence)


def crossings(fast: FloatArray, slow: FloatArray) -> BoolArray:
    """Where ``fast`` has just come to the other side of ``slow``; never where either does not exist."""
    found: BoolArray = np.zeros(len(fast), dtype=np.bool_)
    above, below = fast > slow, fast < slow
    was_not_above, was_not_below = (fast <= slow)[:-1], (fast >= slow)[:-1]
    found[1:] = (above[1:] & was_not_above) | (below[1:] & was_not_below)
    return found
