"""The laws of planners."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import msgspec
import pytest

from s1mpletrader.api import (
    DirectiveDraft,
    EntryPlanDraft,
    EntryPlanner,
    ExecutionPlanDraft,
    ExecutionPlanner,
    ExitPlanDraft,
    ExitPlanner,
    Nothing,
    RefusalDraft,
    Scope,
    Situation,
    SizePlanDraft,
    SizePlanner,
    StrategyPlanner,
    WorkerProvision,
)
from s1mpletrader.contracts.generated import INSTRUMENT, PROVISION
from s1mpletrader.contracts.situations import Case, make_cases, make_situations

Answers = dict[str, Any]
"""What was answered in each case, by the case's name."""

SHOWN: Final = ("at", "signals", "risks", "view", "instruments", "prices")
"""The parts of a situation that are values."""


class PlannerContract:
    """What all planners have in common. Subclass the contract of one kind, with ``make_planner``."""

    def make_planner(self, provision: WorkerProvision) -> Any:
        """A fresh planner, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_planner(provision)")

    def answers(self, planner: Any) -> Answers:
        """What the planner answers in every case."""
        raise NotImplementedError("subclass the contract of one kind of planner")

    def is_answer(self, case: str, answer: Any) -> bool:
        """Whether this is one of the answers that a planner of this kind may give."""
        raise NotImplementedError("subclass the contract of one kind of planner")

    @pytest.fixture
    def planner(self) -> Any:
        """The planner of one test."""
        return self.make_planner(PROVISION)

    def test_law_04_same_situation_same_answer(self, planner: Any) -> None:
        """An answer depends on nothing but the question: not on earlier ones, and not on which instance is asked."""
        first = self.answers(planner)
        assert self.answers(planner) == first
        assert self.answers(self.make_planner(PROVISION)) == first

    def test_law_05_what_it_is_shown_stays_as_it_is(self, planner: Any) -> None:
        """It changes nothing in the situation: not the view, not the prices, not a mapping inside of them."""
        for name, answer in self.answers(planner).items():
            assert not isinstance(answer, Changed), f"{name}: {answer}"

    def test_law_06_every_scope_gets_a_plan_or_an_explicit_nothing(self, planner: Any) -> None:
        """New, modify and close, with whatever facts there are: always a plan, a refusal or an explicit nothing."""
        for name, answer in self.answers(planner).items():
            assert not isinstance(answer, Raised), f"{name}: {answer}"
            assert isinstance(answer, Changed) or self.is_answer(name, answer), f"{name}: {answer!r} is no answer"


class Raised(str):
    """An error in place of an answer."""

    __slots__ = ()


class Changed(str):
    """What was shown was changed."""

    __slots__ = ()


class _TradePlannerContract(PlannerContract):
    drafts: ClassVar[type]

    def answers(self, planner: Any) -> Answers:
        return {case.name: asked(case.situation, _question(planner, case)) for case in make_cases()}

    def is_answer(self, case: str, answer: Any) -> bool:
        return isinstance(answer, self.drafts | Nothing | RefusalDraft)


class EntryPlannerContract(_TradePlannerContract):
    """Subclass it with ``make_planner``."""

    contract_port: ClassVar[str] = "EntryPlanner"
    drafts = EntryPlanDraft

    def make_planner(self, provision: WorkerProvision) -> EntryPlanner:
        """A fresh planner, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_planner(provision)")


class SizePlannerContract(_TradePlannerContract):
    """Subclass it with ``make_planner``."""

    contract_port: ClassVar[str] = "SizePlanner"
    drafts = SizePlanDraft

    def make_planner(self, provision: WorkerProvision) -> SizePlanner:
        """A fresh planner, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_planner(provision)")


class ExitPlannerContract(_TradePlannerContract):
    """Subclass it with ``make_planner``."""

    contract_port: ClassVar[str] = "ExitPlanner"
    drafts = ExitPlanDraft

    def make_planner(self, provision: WorkerProvision) -> ExitPlanner:
        """A fresh planner, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_planner(provision)")


class ExecutionPlannerContract(_TradePlannerContract):
    """Subclass it with ``make_planner``."""

    contract_port: ClassVar[str] = "ExecutionPlanner"
    drafts = ExecutionPlanDraft

    def make_planner(self, provision: WorkerProvision) -> ExecutionPlanner:
        """A fresh planner, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_planner(provision)")


class StrategyPlannerContract(PlannerContract):
    """Subclass it with ``make_planner``."""

    contract_port: ClassVar[str] = "StrategyPlanner"

    def make_planner(self, provision: WorkerProvision) -> StrategyPlanner:
        """A fresh planner, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_planner(provision)")

    def answers(self, planner: Any) -> Answers:
        """A sequence of drafts for every situation."""
        return {name: asked(situation, lambda shown=situation: planner.plan(shown)) for name, situation in make_situations()}

    def is_answer(self, case: str, answer: Any) -> bool:
        """Drafts for the strategy's symbols; one for a trade names the trade that is open."""
        if not isinstance(answer, Sequence) or isinstance(answer, str):
            return False
        open_trades = {trade.trade_id for trade in dict(make_situations())[case].view.open_trades}
        return all(
            isinstance(draft, RefusalDraft)
            or (
                isinstance(draft, DirectiveDraft)
                and draft.symbol == INSTRUMENT.symbol
                and (draft.scope is Scope.NEW_TRADE or draft.trade_id in open_trades)
            )
            for draft in answer
        )


def _question(planner: Any, case: Case) -> Any:
    return lambda: planner.plan(case.directive, case.plans, case.situation)


def asked(situation: Situation, question: Any) -> Any:
    """The answer, or what went wrong: an error, or a change of what was shown."""
    before = _shown(situation)
    try:
        answer = question()
    except Exception as error:  # noqa: BLE001 - whatever it raises is no answer, and the law says which.
        return Raised(f"raised {error!r}")
    changed = [name for name, was, now in zip(SHOWN, before, _shown(situation), strict=True) if was != now]
    return Changed(f"changed {', '.join(changed)}") if changed else answer


def _shown(situation: Situation) -> list[bytes]:
    return [msgspec.msgpack.encode(getattr(situation, name)) for name in SHOWN]
