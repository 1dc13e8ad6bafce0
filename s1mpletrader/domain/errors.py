"""Errors, named for what the caller does next.

``Unavailable`` is retried, ``Refused`` is recorded, ``UnknownOutcome`` is resolved by the venue's evidence, and a ``Defect``
stops the run. A mistake in a user's file is a ``ConfigurationError``.
"""

import reprlib


class S1mpleTraderError(Exception):
    """The root of every error this framework raises on purpose."""


class Unavailable(S1mpleTraderError):
    """Something outside cannot answer now (a busy database, a rate limit); the same call may succeed later."""


class Refused(S1mpleTraderError):
    """A definite no. Record it; calling again gives the same answer."""


class UnknownOutcome(S1mpleTraderError):
    """The call may or may not have taken effect. Only evidence from the other side resolves it."""


class Defect(S1mpleTraderError):
    """A broken promise in code or stored data. The run stops, because nothing after it can be trusted."""


class PluginFailed(Defect):
    """A plugin of a strategy raised, or returned what it may not.

    A backtest ends with it; in real time the strategy decides nothing any more.
    """

    def __init__(self, plugin: str, fault: Exception) -> None:
        self.plugin, self.fault = plugin, fault
        super().__init__(f"{plugin} failed: {type(fault).__name__}: {fault}")


class WrongReturn(Defect):
    """A plugin's method returned something else than its port declares."""

    def __init__(self, method: str, given: object, expected: str) -> None:
        super().__init__(f"{method} returned {reprlib.repr(given)} ({type(given).__name__}), expected {expected}")


class IllegalTransition(Refused):
    """An order was asked to change in a way the declared graph of states does not have."""


class UnknownId(Refused):
    """No record has this id."""


class GateClosed(Refused):
    """A write failed earlier, so nothing further may be recorded or sent."""


class ConfigurationError(S1mpleTraderError):
    """A user's mistake: one message that names the place, what was found there, and the nearest valid choice."""

    def __init__(self, place: str, problem: str, hint: str | None = None) -> None:
        self.place, self.problem, self.hint = place, problem, hint
        super().__init__(f"{place}: {problem}" + (f" ({hint})" if hint else ""))
