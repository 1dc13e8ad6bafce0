"""A signal where the price has risen several candles in a row."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
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


class ThreeSoldiersConfig(PluginConfig):
    """How many rises in a row, of which fact."""

    count: Annotated[int, Field(ge=1, le=1_000)] = 3
    source: str = "close"
    confidence: Annotated[float, Field(ge=0, le=1)] = 1.0


class ThreeSoldiers:
    """LONG where exactly ``count`` rises have just come together: the step before the first of them was none."""

    def __init__(self, config: ThreeSoldiersConfig, provision: WorkerProvision) -> None:
        self._key = parse_key(config.source, provision.series)
        self._count = config.count
        self._confidence = config.confidence
        self.needs: tuple[Key, ...] = (self._key,)
        self.window = config.count + 2

    def detect(self, at: Facts) -> Sequence[SignalDraft]:
        """What the last steps tell."""
        rises = np.diff(at.window(self._key, self.window)) > 0.0
        if rises[0] or not rises[1:].all():
            return ()
        return (
            SignalDraft(
                symbol=self._key.symbol,
                direction=Direction.LONG,
                kind="three_soldiers",
                confidence=self._confidence,
            ),
        )

    def candidates(self, columns: Columns) -> BoolArray:
        """Exactly where it signals."""
        values = columns[self._key]
        found: BoolArray = np.zeros(len(values), dtype=np.bool_)
        if len(values) >= self.window:
            rises = np.lib.stride_tricks.sliding_window_view(np.diff(values) > 0.0, self.window - 1)
            found[self.window - 1 :] = ~rises[:, 0] & rises[:, 1:].all(axis=1)
        return found
