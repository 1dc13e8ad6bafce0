"""Planners: from opinions and facts to a directive, and from a directive to concrete plans."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.directives import (
    Aim,
    DirectiveDraft,
    EntryPlanDraft,
    ExecutionDirective,
    ExecutionPlanDraft,
    ExitPlanDraft,
    Plans,
    RefusalDraft,
    Scope,
    SizePlanDraft,
    StrategyDirective,
)
from s1mpletrader.domain.facts import Facts
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Risk, Signal
from s1mpletrader.ports.ledger import ILedgerReader


class Situation(Struct, frozen=True, kw_only=True):
    """Everything a decision may look at, at one point in time. Nothing in it can be changed or reaches later data."""

    at: Instant
    signals: tuple[Signal, ...]
    """This flow's signals."""
    risks: tuple[Risk, ...]
    """The risks that stand, this flow's among them."""
    facts: Facts
    view: AccountView
    open_ledger: Callable[[], ILedgerReader]
    instruments: Mapping[str, Instrument]
    prices: Mapping[str, Decimal]
    """The last known price of each of the strategy's symbols."""

    @property
    def ledger(self) -> ILedgerReader:
        """The ledger as of now: what is still queued is written first."""
        return self.open_ledger()

    @property
    def equity(self) -> Decimal:
        """The sub-account's equity at the last known prices."""
        return self.view.equity(self.prices)


class Nothing(Struct, frozen=True):
    """An explicit "nothing to plan here"."""


NOTHING = Nothing()

Draft = TypeVar("Draft", EntryPlanDraft, SizePlanDraft, ExitPlanDraft, ExecutionPlanDraft)

EntryAnswer: TypeAlias = EntryPlanDraft | Nothing | RefusalDraft
SizeAnswer: TypeAlias = SizePlanDraft | Nothing | RefusalDraft
ExitAnswer: TypeAlias = ExitPlanDraft | Nothing | RefusalDraft
ExecutionAnswer: TypeAlias = ExecutionPlanDraft | Nothing | RefusalDraft


class StrategyPlanner(Protocol):
    """Exactly one in a strategy. Asked in every flow; answers each opportunity with a directive or a refusal.

    A signal that it leaves unanswered is refused by the flow in its name.
    """

    def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
        """Directives and refusals; empty where there is nothing to decide."""
        ...


class EntryPlanner(Protocol):
    """What to enter, and where."""

    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> EntryAnswer:
        """An entry, nothing, or a refusal."""
        ...


class ExitPlanner(Protocol):
    """Where to leave. ``plans`` has the entry."""

    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExitAnswer:
        """An exit, nothing, or a refusal."""
        ...


class SizePlanner(Protocol):
    """How much. ``plans`` has the entry and, where there is one, the exit: a size by risk needs the stop."""

    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizeAnswer:
        """A size, nothing, or a refusal."""
        ...


class ExecutionPlanner(Protocol):
    """How: joins the three plans and chooses the algorithm."""

    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionAnswer:
        """An execution plan, nothing, or a refusal."""
        ...


# Looking a member up in its enumeration costs as much as three calls, and every planner of a decision asks for its scope.
_NEW_TRADE: Final = Scope.NEW_TRADE
_CLOSE_EXISTING: Final = Scope.CLOSE_EXISTING


class ScopedPlanner(Generic[Draft]):
    """A base for trade planners: write only the scopes that you plan; the others answer with an explicit nothing."""

    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Draft | Nothing | RefusalDraft:
        """Answer the directive's scope."""
        scope = directive.scope
        if scope is _NEW_TRADE:
            return self.on_new_trade(directive, plans, situation)
        if scope is _CLOSE_EXISTING:
            return self.on_close_trade(directive, plans, situation)
        if directive.aim is Aim.ADD:
            return self.on_add_to_trade(directive, plans, situation)
        return self.on_modify_trade(directive, plans, situation)

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Draft | Nothing | RefusalDraft:
        """For a trade that does not exist yet."""
        return NOTHING

    def on_modify_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Draft | Nothing | RefusalDraft:
        """For a trade whose exits, or whose waiting entry, are to be changed."""
        return NOTHING

    def on_add_to_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Draft | Nothing | RefusalDraft:
        """For a trade of which more is to be entered: as for a new one, where nothing else is written."""
        return self.on_new_trade(directive, plans, situation)

    def on_close_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Draft | Nothing | RefusalDraft:
        """For a trade that is to be ended."""
        return NOTHING


class GateRefusal(Struct, frozen=True, kw_only=True):
    """A risk gate's no: a short code for counting, and a sentence for people."""

    code: str
    detail: str = ""


class RiskGate(Protocol):
    """The last look before the ExecutionWorker.

    A gate that goes with certain monitors may name their ``[[risk]]`` tables in an attribute ``risks``: a strategy that lacks one
    is not assembled.
    """

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """None lets the directive pass."""
        ...
