"""A risk that grows as the account falls below its highest equity."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Struct
from pydantic import Field

from s1mpletrader.api import (
    AccountView,
    Columns,
    Facts,
    FloatArray,
    Key,
    PluginConfig,
    RiskDraft,
    Severity,
    WorkerProvision,
)
from s1mpletrader.plugins.workers.equity import closes_of, equity_at


class DrawdownConfig(PluginConfig):
    """The fractions of the highest equity at which the risk is LOW, HIGH (``limit``) and CRITICAL."""

    limit: Annotated[float, Field(gt=0, lt=1)]
    low_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """LOW from this share of the limit on."""
    critical_share: Annotated[float, Field(gt=1)] = 1.5
    """CRITICAL from this multiple of the limit on."""


class DrawdownState(Struct, frozen=True, kw_only=True):
    """The highest equity so far, and the severity that stands."""

    peak: float = 0.0
    severity: Severity = Severity.LIFTED


class Drawdown:
    """Watches the account's equity at each close, in floats: a risk is an opinion, nothing of it is booked.

    Both forms do the same float operations on the same numbers, so that they agree to the bit.
    """

    def __init__(self, config: DrawdownConfig, provision: WorkerProvision) -> None:
        self._limits = (config.limit * config.low_share, config.limit, config.limit * config.critical_share)
        self.needs: tuple[Key, ...] = closes_of(provision)
        self.window = 1

    def initial(self) -> DrawdownState:
        """Nothing seen yet."""
        return DrawdownState()

    def step(self, state: DrawdownState, at: Facts, view: AccountView) -> tuple[DrawdownState, Sequence[RiskDraft]]:
        """The state after this close; a draft where the severity changes."""
        equity = equity_at(view, {key: at.value(key) for key in self.needs})
        peak = max(state.peak, equity)
        severity = self._severity(equity, peak)
        after = DrawdownState(peak=peak, severity=severity)
        if severity is state.severity:
            return after, ()
        fall = 1.0 - equity / peak if peak > 0 else 0.0
        detail = f"equity is {fall:.2%} below its highest"
        return after, (RiskDraft(kind="drawdown", severity=severity, detail=detail),)

    def quiet(
        self, state: DrawdownState, columns: Columns, view: AccountView, start: int, stop: int
    ) -> tuple[DrawdownState, int]:
        """Goes on while the severity stays."""
        shape: FloatArray = np.zeros(stop - start)
        equity = shape + equity_at(view, {key: columns[key][start:stop] for key in self.needs})
        peaks = np.maximum(np.maximum.accumulate(equity), state.peak)
        low, high, critical = self._limits
        severities = (
            (equity <= peaks * (1.0 - low)).astype(np.int8)
            + (equity <= peaks * (1.0 - high))
            + (equity <= peaks * (1.0 - critical))
        )
        changed = severities * (peaks > 0) != int(state.severity)
        row = int(np.argmax(changed)) if changed.any() else len(changed)
        peak = float(peaks[row - 1]) if row else state.peak
        return DrawdownState(peak=peak, severity=state.severity), start + row

    def _severity(self, equity: float, peak: float) -> Severity:
        """How far it has fallen; what has never been above nothing cannot fall."""
        if peak <= 0:
            return Severity.LIFTED
        return Severity(sum(equity <= peak * (1.0 - limit) for limit in self._limits))
