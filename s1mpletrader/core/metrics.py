"""Counts of a run: what its summary says."""

from dataclasses import dataclass

from s1mpletrader.core.effects import Effects


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

    def count(self, effects: Effects) -> None:
        """What a step set going: the orders that it means, what was given up in it, and what a person should look at."""
        self.orders += len(effects.intents)
        self.refusals += len(effects.given_up)
        self.alarms += len(effects.warnings)
