"""Confidence ranges: which planner of a kind answers which directive."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")


class ConfidenceRange(NamedTuple):
    """From ``low`` up to, and without, ``high``; the range that ends at 1 holds it."""

    low: float
    high: float

    def __contains__(self, confidence: object) -> bool:
        return isinstance(confidence, float | int) and (self.low <= confidence < self.high or confidence == self.high == 1.0)

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}]"


WHOLE: Final = ConfidenceRange(0.0, 1.0)


class RangeFault(NamedTuple):
    """Why ranges do not divide [0, 1]: the indexes of the two that meet badly, None for the edge, and a sentence."""

    first: int | None
    second: int | None
    problem: str


def range_fault(ranges: Iterable[ConfidenceRange]) -> RangeFault | None:
    """The lowest gap or overlap of ranges that should cover [0, 1] once; None where they do."""
    end, last = 0.0, None
    for index, found in sorted(enumerate(ranges), key=lambda item: item[1]):
        if found.low > end:
            return RangeFault(last, index, f"no table plans confidence {end:g} to {found.low:g}")
        if found.low < end:
            return RangeFault(last, index, f"two tables plan confidence {found.low:g} to {min(end, found.high):g}")
        end, last = found.high, index
    return None if end == 1.0 else RangeFault(last, None, f"no table plans confidence {end:g} to 1")


class Router(Generic[T]):
    """Chooses among planners by confidence, in time logarithmic in their number."""

    def __init__(self, choices: Iterable[tuple[ConfidenceRange, T]]) -> None:
        ordered = sorted(choices, key=lambda choice: choice[0])
        fault = range_fault(found for found, _ in ordered)
        if fault is not None:
            raise ValueError(fault.problem)
        self._lows = [found.low for found, _ in ordered]
        self._choices = [choice for _, choice in ordered]

    def choose(self, confidence: float) -> T:
        """The one whose range holds the confidence; outside [0, 1] ``ValueError``."""
        if not 0.0 <= confidence <= 1.0:
            raise ValueError(f"confidence {confidence!r} lies outside [0, 1]")
        return self._choices[bisect_right(self._lows, confidence) - 1]
