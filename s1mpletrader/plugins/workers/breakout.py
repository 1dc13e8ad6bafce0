"""A signal where the price leaves a range."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from s1mpletrader.api import (
    BoolArray,
    Columns,
    Direction,
    Facts,
    Key,
    PluginConfig,
    SignalDraft,
    WorkerProvision,
    parse_key,
)
from s1mpletrader.plugins.workers.crossover import crossings


class BreakoutConfig(PluginConfig):
    """The range's edges, and what leaves it."""

    upper: str
    lower: str
    source: str = "close"
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0


class Breakout:
    """LONG where ``source`` comes above ``upper``, SHORT where it comes below ``lower``."""

    def __init__(self, config: BreakoutConfig, provision: WorkerProvision) -> None:
        self._source = parse_key(config.source, provision.series)
        self._upper = parse_key(config.upper, provision.series)
        self._lower = parse_key(config.lower, provision.series)
        self._confidence = config.confidence
        self.needs: tuple[Key, ...] = (self._source, self._upper, self._lower)
        self.window = 2

    def detect(self, at: Facts) -> Sequence[SignalDraft]:
        """What the last two values tell."""
        before, now = at.value(self._source, 1), at.value(self._source)
        if before <= at.value(self._upper, 1) and now > at.value(self._upper):
            return (self._signal(Direction.LONG),)
        if before >= at.value(self._lower, 1) and now < at.value(self._lower):
            return (self._signal(Direction.SHORT),)
        return ()

    def candidates(self, columns: Columns) -> BoolArray:
        """Where either edge is crossed, also back into the range."""
        source = columns[self._source]
        found: BoolArray = crossings(source, columns[self._upper]) | crossings(source, columns[self._lower])
        return found

    def _signal(self, direction: Direction) -> SignalDraft:
        return SignalDraft(symbol=self._source.symbol, direction=direction, kind="breakout", confidence=self._confidence)
