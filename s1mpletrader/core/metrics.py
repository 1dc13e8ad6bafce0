"""Counts of a run: what its summary says."""

from dataclasses import dataclass


@dataclass(slots=True)
class Metrics:
    """How often each thing happened."""

    flows: int = 0
    replies: int = 0
    signals: int = 0
    risks: int = 0
    directives: int = 0
    refusals: int = 0
    trades: int = 0
    orders: int = 0
    fills: int = 0
    rejections: int = 0
    alarms: int = 0
