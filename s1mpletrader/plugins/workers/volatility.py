"""A risk that stands while the market moves too much."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from msgspec import Struct
from pydantic import Field

from s1mpletrader.api import (
    AccountView,
    BoolArray,
    Columns,
    Facts,
    Key,
    PluginConfig,
    RiskDraft,
    Severity,
    WorkerProvision,
    parse_key,
)


class VolatilityConfig(PluginConfig):
    """What measures the movement, in price units, and the fraction of the close from which it is a risk."""

    source: str
    limit: Annotated[float, Field(gt=0)]
    release: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The risk is lifted below this share of the limit, so that it does not flicker around it."""


class VolatilityState(Struct, frozen=True, kw_only=True):
    """Whether the risk stands."""

    standing: bool = False


class Volatility:
    """HIGH from the limit on, lifted below its release."""

    def __init__(self, config: VolatilityConfig, provision: WorkerProvision) -> None:
        self._source = parse_key(config.source, provision.series)
        self._close = Key(*self._source.series, "close")
        self._limit = config.limit
        self._release = config.limit * config.release
        self.needs: tuple[Key, ...] = (self._close, self._source)
        self.window = 1

    def initial(self) -> VolatilityState:
        """No risk stands."""
        return VolatilityState()

    def step(self, state: VolatilityState, at: Facts, view: AccountView) -> tuple[VolatilityState, Sequence[RiskDraft]]:
        """The state after this close; a draft where the risk is raised or lifted."""
        movement = at.value(self._source) / at.value(self._close)
        standing = movement >= self._release if state.standing else movement >= self._limit
        if standing is state.standing:
            return state, ()
        severity = Severity.HIGH if standing else Severity.LIFTED
        detail = f"{self._source.name} is {movement:.2%} of the price"
        draft = RiskDraft(kind="volatility", severity=severity, symbol=self._source.symbol, detail=detail)
        return VolatilityState(standing=standing), (draft,)

    def quiet(
        self, state: VolatilityState, columns: Columns, view: AccountView, start: int, stop: int
    ) -> tuple[VolatilityState, int]:
        """Goes on while the risk stands, or does not."""
        movement = columns[self._source][start:stop] / columns[self._close][start:stop]
        changed: BoolArray = movement < self._release if state.standing else movement >= self._limit
        return state, start + (int(np.argmax(changed)) if changed.any() else stop - start)
