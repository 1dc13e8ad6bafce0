"""What becomes of a strategy one of whose plugins has failed: it ends the run, or it alone is asked no more."""

from collections.abc import Callable
from typing import Protocol

from s1mpletrader.domain.errors import PluginFailed


class IQuarantine(Protocol):
    """Where a plugin's failure is told that must not undo what is going on."""

    def put(self, strategy: str, failure: PluginFailed) -> None:
        """Nobody of the strategy is to be asked any more; raises where the run ends with it."""
        ...

    def failure_of(self, strategy: str) -> PluginFailed | None:
        """The failure for which a strategy is asked no more; None while all is well."""
        ...


Isolation = Callable[[Callable[[str], None]], IQuarantine]
"""Makes a run's quarantine, from where alarms are written down."""


class NoQuarantine:
    """For a backtest: nothing after a failure can be trusted."""

    def put(self, strategy: str, failure: PluginFailed) -> None:
        """Raise the failure."""
        raise failure

    def failure_of(self, strategy: str) -> None:
        """Whoever failed has ended the run."""


def end_the_run(_alarm: Callable[[str], None]) -> IQuarantine:
    """The isolation of a backtest."""
    return NoQuarantine()


class Quarantine:
    """For real time: a strategy is silent from its first failure on, until the process starts anew.

    ``alarm`` is called within whatever is going on, a step that is not recorded yet among it: it has to wait for its own turn.
    """

    def __init__(self, alarm: Callable[[str], None]) -> None:
        self._alarm = alarm
        self._failures: dict[str, PluginFailed] = {}

    def put(self, strategy: str, failure: PluginFailed) -> None:
        """Keep the first failure of a strategy, and raise an alarm for it."""
        if strategy not in self._failures:
            self._failures[strategy] = failure
            self._alarm(f"{strategy} decides nothing any more: {failure}")

    def failure_of(self, strategy: str) -> PluginFailed | None:
        """The first failure of a strategy."""
        return self._failures.get(strategy)
