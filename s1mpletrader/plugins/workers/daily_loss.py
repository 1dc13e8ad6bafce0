"""A risk that stands for the rest of a day on which the account has lost too much."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from pydantic import AfterValidator, Field

from s1mpletrader.api import (
    CLOSED_AT,
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


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write one such as 'UTC' or 'Europe/Amsterdam'") from None
    return name


class DailyLossConfig(PluginConfig):
    """How much a day may lose, and where it begins."""

    percent: Annotated[float, Field(gt=0, le=100)]
    """Percent of the equity at the day's start, at which the risk is CRITICAL."""
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    """Whose midnight begins the day, by its name in the IANA database."""


class DailyLossState(Struct, frozen=True, kw_only=True):
    """The day, and what is known of it. Seconds are those since 1970, UTC."""

    ends_at_s: int = 0
    """When the next day begins; 0 before the first close."""
    start: float = 0.0
    """The equity at the day's start."""
    last: float = 0.0
    """The equity at the latest close."""
    lost: bool = False
    """Whether the risk stands."""


class DailyLoss:
    """Compares the equity at each close with the one at the day's start, in floats.

    The equity at the day's start is that of the last close that is not after midnight, so that a gap over midnight counts. Both
    forms do the same float operations on the same numbers, so that they agree to the bit.
    """

    def __init__(self, config: DailyLossConfig, provision: WorkerProvision) -> None:
        self._percent = config.percent
        self._zone = ZoneInfo(config.time_zone)
        self._closes = closes_of(provision)
        self._time = Key(*provision.series, CLOSED_AT)
        self.needs: tuple[Key, ...] = (*self._closes, self._time)
        self.window = 1

    def initial(self) -> DailyLossState:
        """Nothing seen yet."""
        return DailyLossState()

    def step(self, state: DailyLossState, at: Facts, view: AccountView) -> tuple[DailyLossState, Sequence[RiskDraft]]:
        """The state after this close; a draft where the limit is reached, or a new day lifts the risk."""
        at_s = int(at.value(self._time))
        equity = equity_at(view, {key: at.value(key) for key in self._closes})
        day = self._entered(state, at_s, equity)
        lost = bool(self._loses(day.start, equity)) or (day.lost and day.ends_at_s == state.ends_at_s)
        after = replace(day, last=equity, lost=lost)
        if lost is state.lost:
            return after, ()
        if not lost:
            return after, (RiskDraft(kind="daily_loss", severity=Severity.LIFTED, detail="a new day has begun"),)
        fall = f" ({1.0 - equity / day.start:.2%})" if day.start > 0.0 else ""
        detail = f"equity is {day.start - equity:.2f}{fall} below the day's start"
        return after, (RiskDraft(kind="daily_loss", severity=Severity.CRITICAL, detail=detail),)

    def quiet(
        self, state: DailyLossState, columns: Columns, view: AccountView, start: int, stop: int
    ) -> tuple[DailyLossState, int]:
        """Goes on, day by day, until one loses too much, or lifts what stands."""
        times = columns[self._time][start:stop]
        shape: FloatArray = np.zeros(stop - start)
        equity: FloatArray = shape + equity_at(view, {key: columns[key][start:stop] for key in self._closes})
        row = 0
        while row < len(times):
            day = self._entered(state, int(times[row]), equity.item(row))
            end = int(np.searchsorted(times, day.ends_at_s))
            quiet_count = self._quiet_count(state, day, equity[row:end])
            if not quiet_count:
                break
            row += quiet_count
            state = replace(day, last=equity.item(row - 1))
        return state, start + row

    def _quiet_count(self, state: DailyLossState, day: DailyLossState, equity: FloatArray) -> int:
        """How many of a day's closes pass before the first that gives a draft."""
        if day.lost and day.ends_at_s == state.ends_at_s:
            return len(equity)
        loses = self._loses(day.start, equity)
        if day.lost:
            return len(equity) if loses[0] else 0
        return int(np.argmax(loses)) if loses.any() else len(equity)

    def _loses(self, start: float, equity: Any) -> Any:
        loss = start - equity
        return (loss > 0.0) & (loss * 100.0 >= start * self._percent)

    def _entered(self, state: DailyLossState, at_s: int, equity: float) -> DailyLossState:
        """The state on the day of a close, which is the same day as before or a new one."""
        if at_s < state.ends_at_s:
            return state
        today = datetime.fromtimestamp(at_s, self._zone).date()
        begins_now = int(datetime.combine(today, time(), self._zone).timestamp()) == at_s
        midnight = datetime.combine(today + timedelta(days=1), time(), self._zone)
        ends_at_s = int(midnight.timestamp())
        if ends_at_s <= at_s:  # Clocks were put back over midnight, and the day comes twice.
            ends_at_s = int(midnight.replace(fold=1).timestamp())
        start = equity if begins_now or not state.ends_at_s else state.last
        return replace(state, ends_at_s=ends_at_s, start=start)
