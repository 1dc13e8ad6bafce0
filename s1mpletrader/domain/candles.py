"""Closed candles as columns."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

import numpy as np

from s1mpletrader.domain.facts import CANDLE_FIELDS, FloatArray, InstantArray, Key, Series
from s1mpletrader.domain.instant import SECOND_NS, timeframe_ns


class NotCandles(ValueError):
    """Columns that cannot be a series' candles: ``row`` (from 0) is the first at fault, ``reason`` says why."""

    def __init__(self, series: Series, row: int, reason: str) -> None:
        self.row, self.reason = row, reason
        super().__init__(f"{series}: row {row}: {reason}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Candles:
    """One series' closed candles, oldest first: read-only arrays of equal length. Others raise ``NotCandles``.

    ``opened_at`` are instants; a candle is known from its close on, one timeframe later. A gap is data: a missing
    candle is simply not there.
    """

    series: Series
    opened_at: InstantArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    warm_up_count: int = field(default=0, init=False)
    """How many of the first candles were history already for the run that recorded them: no reason to decide anything."""

    def __post_init__(self) -> None:
        fault = first_fault(self)
        if fault is not None:
            raise NotCandles(self.series, *fault)
        for name in ("opened_at", *CANDLE_FIELDS):
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        return len(self.opened_at)

    def after_warm_up(self, count: int) -> "Candles":
        """The same candles, of which so many were there for a warm-up alone."""
        same = replace(self)
        object.__setattr__(same, "warm_up_count", count)
        return same

    @cached_property
    def closed_at(self) -> InstantArray:
        """When each candle became known."""
        return self.opened_at + timeframe_ns(self.series.timeframe)

    @cached_property
    def closed_second(self) -> FloatArray:
        """The same in seconds, as a fact."""
        seconds: FloatArray = self.closed_at / SECOND_NS
        return seconds

    @property
    def gap_count(self) -> int:
        """How many candles are missing between the first and the last."""
        if len(self) < 2:
            return 0
        span = int(self.opened_at[-1] - self.opened_at[0])
        return span // timeframe_ns(self.series.timeframe) + 1 - len(self)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the content: equal candles from any file have an equal one."""
        warm_up = f" after {self.warm_up_count}" if self.warm_up_count else ""
        digest = sha256(f"{self.series}{warm_up}".encode())
        for name in ("opened_at", *CANDLE_FIELDS):
            digest.update(np.ascontiguousarray(getattr(self, name)).data)
        return digest.hexdigest()[:32]

    def columns(self) -> dict[Key, FloatArray]:
        """The five fields as facts."""
        return {Key(*self.series, name): getattr(self, name) for name in CANDLE_FIELDS}


def first_fault(candles: Candles) -> tuple[int, str] | None:
    """The first row (from 0) that is no candle, and why; None where all are.

    Refused are: a value that is not finite or below zero, a price of zero, a high below or a low above the rest, and a time that
    does not come after the one before.
    """
    fields = {name: getattr(candles, name) for name in CANDLE_FIELDS}
    length = len(candles.opened_at)
    if any(len(values) != length for values in fields.values()):
        return 0, "the columns differ in length"
    prices = [fields[name] for name in ("open", "high", "low", "close")]
    checks = [(~np.isfinite(values), f"{name} is not a finite number") for name, values in fields.items()]
    checks += [(fields[name] <= 0, f"{name} is not above zero") for name in ("open", "high", "low", "close")]
    checks += [
        (fields["volume"] < 0, "volume is below zero"),
        (fields["high"] < np.maximum.reduce(prices), "high is below another price"),
        (fields["low"] > np.minimum.reduce(prices), "low is above another price"),
    ]
    steps = np.diff(candles.opened_at, prepend=candles.opened_at[:1] - 1)
    checks += [(steps == 0, "the time is that of the row before"), (steps < 0, "the time is before that of the row before")]
    found = [(int(np.argmax(bad)), reason) for bad, reason in checks if bad.any()]
    return min(found, key=lambda fault: fault[0]) if found else None
