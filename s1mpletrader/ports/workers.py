"""Workers: facts, signals and risks. Simple to write: a worker is a function of the facts it declares.

The optional forms (``IWholeHistory``, ``ICandidates``, ``IQuiet``) let an engine skip to the next candle where something can
happen. A worker without them is stepped through every candle: slower, never different.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.facts import BoolArray, Columns, Facts, Key, Row
from s1mpletrader.domain.opinion import RiskDraft, SignalDraft

S = TypeVar("S")

Update = Callable[[Row], Row | None]
"""Takes the next candle's values of ``needs``, gives the values of ``gives``, or None until the window is full."""


class ContextWorker(Protocol):
    """Objective facts without an opinion: an average, a range, a regime number.

    ``needs`` are the facts of one series that it reads, ``gives`` those it makes for the same series, ``window`` the number of
    candles before the first output: the first ``window - 1`` updates give None, every later one finite numbers.
    """

    @property
    def needs(self) -> tuple[Key, ...]:
        """What it reads, all of one series."""
        ...

    @property
    def gives(self) -> tuple[Key, ...]:
        """What it makes, of the same series."""
        ...

    @property
    def window(self) -> int:
        """How many rows of its needs it has to see for its first output; at least 1."""
        ...

    def begin(self) -> Update:
        """A fresh incremental form: it holds what state the worker has."""
        ...


@runtime_checkable
class IWholeHistory(Protocol):
    """A context worker's optional second form."""

    def columns(self, data: Columns) -> Columns:
        """All outputs at once, bit-equal to the incremental form. What stands in the first ``window - 1`` rows is not read."""
        ...


@runtime_checkable
class SignalDetector(Protocol):
    """Opinions on opportunities: a function of the last ``window`` values of the facts it declares."""

    @property
    def needs(self) -> tuple[Key, ...]:
        """What it reads. It is asked at each close of the first key's series."""
        ...

    @property
    def window(self) -> int:
        """How many values of each need it looks at; at least 1. It is not asked before all are there."""
        ...

    def detect(self, at: Facts) -> Sequence[SignalDraft]:
        """What it sees now; empty for nothing."""
        ...


@runtime_checkable
class ICandidates(Protocol):
    """A detector's optional second form."""

    def candidates(self, columns: Columns) -> BoolArray:
        """Where ``detect`` might give something: one flag for each row. It may say yes too often, never no too often.

        The columns hold the declared needs, aligned to the rows of the first key's series; NaN where a fact does not exist yet.
        """
        ...


D_co = TypeVar("D_co", covariant=True)


@runtime_checkable
class ICoupled(Protocol[S, D_co]):
    """A worker whose opinion depends on what it has seen before, or on the account: its state is a value, passed in and out.

    It is stepped at each close of its series. A risk monitor gives a draft when a risk is raised, changes its severity or is
    lifted, not for as long as it stands; a coupled detector gives a signal for each opportunity.
    """

    @property
    def needs(self) -> tuple[Key, ...]:
        """What it reads. It is stepped at each close of the first key's series."""
        ...

    @property
    def window(self) -> int:
        """How many values of each need it looks at; at least 1."""
        ...

    def initial(self) -> S:
        """The state before the first step: a frozen value that msgspec can encode."""
        ...

    def step(self, state: S, at: Facts, view: AccountView) -> tuple[S, Sequence[D_co]]:
        """The state after this candle, and what it gives. ``view`` is the account's, as of its latest revision."""
        ...


class RiskMonitor(ICoupled[S, RiskDraft], Protocol[S]):
    """Opinions on danger, with their state as a value."""


class CoupledDetector(ICoupled[S, SignalDraft], Protocol[S]):
    """Opinions on opportunities that depend on earlier candles or on the account, such as a stop that should trail."""


@runtime_checkable
class IQuiet(Protocol[S]):
    """A coupled worker's optional second form."""

    def quiet(self, state: S, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[S, int]:
        """Step through rows ``start`` to ``stop`` as long as no draft would be given.

        Returns the state before the first row that is not quiet and that row's index, or the state after the last and ``stop``.
        The view does not change between the rows; the columns are aligned as for ``ICandidates``.
        """
        ...
