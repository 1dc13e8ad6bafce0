"""Deciding: every answer of a StrategyPlanner becomes a verdict, and every refusal keeps what it prevented."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from s1mpletrader.core.decision import ask_planner, judge, refuse_again
from s1mpletrader.core.planning import Planning, Routed
from s1mpletrader.domain.directives import (
    Action,
    Aim,
    DirectiveDraft,
    EntryPlanDraft,
    ExecutionPlanDraft,
    ExitPlanDraft,
    Plans,
    RefusalDraft,
    Scope,
    SizePlanDraft,
    Stage,
    StrategyDirective,
)
from s1mpletrader.domain.ids import IdSpace
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.orders import Side
from s1mpletrader.ports.planners import NOTHING, GateRefusal

from .deciding import CLOSING, ENTRY, OPENING, Says, planning, risk, signal, situation, verdicts
from .samples import SYMBOL


def test_a_directive_is_planned_and_approved_with_its_gates() -> None:
    (verdict,) = verdicts(planning([OPENING], gates=[None, None]), situation([signal(1)], [risk(1)]))
    assert verdict.refusal is None
    assert verdict.approved is not None
    directive = verdict.approved.directive
    assert verdict.approved.gates == ("gate0", "gate1")
    assert directive.strategy == "s"
    assert directive.directive.signal_ids == (signal(1).id,)
    assert directive.directive.risk_ids == (risk(1).id,)
    assert directive.directive.confidence == 0.7
    assert len(directive.plans.ids) == 4
    assert directive.plans.execution is not None
    assert directive.plans.execution.algorithm == "bracket"


def test_each_planner_sees_what_those_before_it_planned() -> None:
    plan = planning([OPENING])
    verdicts(plan, situation([signal(1)]))
    everybody: list[Any] = [routes[0].plugin for routes in (plan.entry, plan.exit, plan.size, plan.execution)]
    assert [len(said.asked[0][1].ids) for said in everybody] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("refused", "stage", "by", "planned"),
    [
        ({"entry": RefusalDraft(code="NO")}, Stage.ENTRY_PLANNER, "entry", 0),
        ({"exit_": RefusalDraft(code="NO")}, Stage.EXIT_PLANNER, "exit", 1),
        ({"size": RefusalDraft(code="NO")}, Stage.SIZE_PLANNER, "size", 2),
        ({"execution": RefusalDraft(code="NO")}, Stage.EXECUTION_PLANNER, "execution", 3),
        ({"gates": [None, GateRefusal(code="NO", detail="d")]}, Stage.RISK_GATE, "gate1", 4),
    ],
)
def test_a_refusal_keeps_what_was_planned_until_then(refused: dict[str, Any], stage: Stage, by: str, planned: int) -> None:
    (verdict,) = verdicts(planning([OPENING], **refused), situation([signal(1)]))
    assert verdict.approved is None
    assert verdict.refusal is not None
    assert (verdict.refusal.stage, verdict.refusal.by, verdict.refusal.code) == (stage, by, "NO")
    assert len(verdict.refusal.plans.ids) == planned
    assert verdict.refusal.directive is not None
    assert verdict.refusal.signal_ids == (signal(1).id,)


def test_a_veto_keeps_the_plans_that_it_prevented() -> None:
    veto = RefusalDraft(code="RISK_VETO", detail="why", withheld=OPENING)
    (verdict,) = verdicts(planning([veto]), situation([signal(1)], [risk(1)]))
    assert verdict.refusal is not None
    assert (verdict.refusal.stage, verdict.refusal.by, verdict.refusal.detail) == (Stage.STRATEGY_PLANNER, "planner", "why")
    assert verdict.refusal.directive is not None
    assert len(verdict.refusal.plans.ids) == 4
    (verdict,) = verdicts(planning([veto], size=RefusalDraft(code="SMALL")), situation([signal(1)]))
    assert verdict.refusal is not None
    assert verdict.refusal.code == "RISK_VETO"
    assert len(verdict.refusal.plans.ids) == 2


def test_a_refusal_that_withholds_nothing_has_no_plans() -> None:
    (verdict,) = verdicts(planning([RefusalDraft(code="FLAT")]), situation([signal(1)]))
    assert verdict.refusal is not None
    assert (verdict.refusal.directive, verdict.refusal.plans) == (None, Plans())


def test_a_signal_without_an_answer_is_refused_in_the_planners_name() -> None:
    found = verdicts(planning([]), situation([signal(1), signal(2, "ETH/USDT")], [risk(1), risk(2, "ETH/USDT")]))
    refusals = [verdict.refusal for verdict in found if verdict.refusal is not None]
    assert [refusal.code for refusal in refusals] == ["UNANSWERED", "UNANSWERED"]
    assert [refusal.signal_ids for refusal in refusals] == [(signal(1).id,), (signal(2).id,)]
    assert [refusal.risk_ids for refusal in refusals] == [(risk(1).id,), (risk(1).id, risk(2).id)]


def test_opinions_belong_to_answers_by_their_symbol() -> None:
    seen = situation([signal(1), signal(2, "ETH/USDT")], [risk(1), risk(2, "ETH/USDT"), risk(3, SYMBOL)])
    first, second = verdicts(planning([OPENING]), seen)
    assert first.approved is not None
    directive = first.approved.directive.directive
    assert directive.signal_ids == (signal(1).id,)
    assert directive.risk_ids == (risk(1).id, risk(3).id)
    assert second.refusal is not None
    assert second.refusal.signal_ids == (signal(2).id,)


def test_nothing_seen_and_nothing_said_is_nothing() -> None:
    assert verdicts(planning([]), situation()) == []


@pytest.mark.parametrize(
    ("missing", "named"), [({"entry": NOTHING}, "entry"), ({"size": NOTHING}, "size"), ({"execution": NOTHING}, "execution")]
)
def test_a_new_trade_without_a_part_that_it_needs_is_refused(missing: dict[str, Any], named: str) -> None:
    (verdict,) = verdicts(planning([OPENING], **missing), situation([signal(1)]))
    assert verdict.refusal is not None
    assert verdict.refusal.code == "NOT_PLANNED"
    assert f"no {named} " in verdict.refusal.detail


def test_a_close_needs_no_more_than_its_execution() -> None:
    plan = planning([CLOSING], entry=NOTHING, exit_=NOTHING, size=NOTHING)
    (verdict,) = verdicts(plan, situation([signal(1)]))
    assert verdict.approved is not None
    assert len(verdict.approved.directive.plans.ids) == 1


def test_a_directive_for_a_trade_that_is_over_is_refused() -> None:
    (verdict,) = verdicts(planning([CLOSING]), situation([signal(1)], is_open=False))
    assert verdict.refusal is not None
    assert verdict.refusal.code == "TRADE_NOT_OPEN"


@pytest.mark.parametrize(("valid_until", "expired"), [(99, True), (100, True), (101, False), (None, False)])
def test_an_entry_past_its_time_is_refused_with_its_plans(valid_until: int | None, *, expired: bool) -> None:
    entry = EntryPlanDraft(side=Side.BUY, valid_until=valid_until)
    draft = DirectiveDraft(symbol=SYMBOL, direction=Direction.LONG)
    (verdict,) = verdicts(planning([draft], entry=entry), situation([signal(1)], at=100))
    assert (verdict.refusal is not None) == expired
    if verdict.refusal is not None:
        assert (verdict.refusal.stage, verdict.refusal.code) == (Stage.EXPIRY, "EXPIRED")
        assert verdict.refusal.plans.entry is not None
        assert verdict.refusal.plans.size is not None


@pytest.mark.parametrize(
    ("action", "plans", "missing"),
    [
        (Action.MODIFY_ORDERS, {}, "change"),
        (Action.MODIFY_ORDERS, {"exit_": ExitPlanDraft(stop_price=Decimal(9))}, None),
        (Action.MODIFY_ORDERS, {"size": SizePlanDraft(quantity=Decimal(1))}, None),
        (Action.EXECUTE_TRADE, {"size": SizePlanDraft(quantity=Decimal(1))}, "entry"),
        (Action.EXECUTE_TRADE, {"entry": EntryPlanDraft(side=Side.BUY)}, "size"),
        (Action.CANCEL_GROUP, {}, None),
        (Action.CANCEL_ALL_IN_TRADE, {}, None),
    ],
)
def test_a_change_needs_what_its_action_needs(action: Action, plans: dict[str, Any], missing: str | None) -> None:
    draft = DirectiveDraft(
        symbol=SYMBOL, direction=Direction.LONG, scope=Scope.MODIFY_EXISTING, trade_id=CLOSING.trade_id, aim=Aim.EXITS
    )
    nothing: dict[str, Any] = {"entry": NOTHING, "exit_": NOTHING, "size": NOTHING}
    execution = ExecutionPlanDraft(algorithm="modify", action=action)
    (verdict,) = verdicts(planning([draft], **{**nothing, **plans}, execution=execution), situation([signal(1)]))
    assert (verdict.refusal is not None) == (missing is not None)
    if verdict.refusal is not None:
        assert f"no {missing} " in verdict.refusal.detail


@pytest.mark.parametrize(("valid_until", "expired"), [(99, True), (100, False), (None, False)])
def test_a_directive_past_its_time_is_refused(valid_until: int | None, *, expired: bool) -> None:
    draft = DirectiveDraft(symbol=SYMBOL, direction=Direction.LONG, valid_until=valid_until)
    (verdict,) = verdicts(planning([draft]), situation([signal(1)], at=100))
    assert (verdict.refusal is not None) == expired
    if verdict.refusal is not None:
        assert (verdict.refusal.stage, verdict.refusal.code) == (Stage.EXPIRY, "EXPIRED")


@pytest.mark.parametrize(("confidence", "chosen"), [(0.0, "low"), (0.49, "low"), (0.5, "high"), (0.99, "high"), (1.0, "high")])
def test_the_confidence_chooses_the_planner(confidence: float, chosen: str) -> None:
    draft = DirectiveDraft(symbol=SYMBOL, direction=Direction.LONG, confidence=confidence)
    base = planning([draft])
    routes: tuple[Routed[Any], ...] = tuple(
        Routed(name, Says(ExecutionPlanDraft(algorithm=name)), low, high)
        for name, low, high in (("low", 0.0, 0.5), ("high", 0.5, 1.0))
    )
    plan = Planning(planner=base.planner, entry=base.entry, size=base.size, execution=routes)
    (verdict,) = verdicts(plan, situation([signal(1)]))
    assert verdict.approved is not None
    execution = verdict.approved.directive.plans.execution
    assert execution is not None
    assert execution.algorithm == chosen


def test_ids_are_of_their_kinds_and_all_different() -> None:
    (verdict,) = verdicts(planning([OPENING]), situation([signal(1)]))
    assert verdict.approved is not None
    directive = verdict.approved.directive
    made = [directive.id, directive.directive.id, *directive.plans.ids]
    assert [one[:3] for one in made] == ["EXD", "STR", "ENT", "SIZ", "EXT", "EXP"]
    assert len(set(made)) == 6
    assert isinstance(directive.directive, StrategyDirective)


def looked_at_again(
    draft: DirectiveDraft, entry: EntryPlanDraft, at: int, *, is_open: bool = True, gate: Any = None
) -> str | None:
    """The code of the refusal at an instant, of what was approved at 100."""
    ids = IdSpace("n").flow("s", "a", 100)
    first = planning([draft], entry=entry, gates=[None])
    approved = judge(first, ask_planner(first, situation())[0], situation(), ids, "s").approved
    assert approved is not None
    refusal = refuse_again(planning([draft], gates=[None, gate]), approved, situation(at=at, is_open=is_open), ids)
    if refusal is None:
        return None
    assert (refusal.directive, refusal.plans) == (approved.directive.directive, approved.directive.plans)
    return f"{refusal.stage} {refusal.code}"


UNTIL = replace(OPENING, valid_until=150)
WAITS = replace(ENTRY, valid_until=150)
ADDING = replace(CLOSING, scope=Scope.MODIFY_EXISTING, aim=Aim.ADD)
AGAIN: list[tuple[DirectiveDraft, EntryPlanDraft, int, bool, Any, str | None]] = [
    (OPENING, ENTRY, 10**9, True, None, None),
    (OPENING, ENTRY, 200, True, GateRefusal(code="FULL"), "RISK_GATE FULL"),
    (UNTIL, ENTRY, 150, True, None, None),
    (UNTIL, ENTRY, 151, True, GateRefusal(code="FULL"), "EXPIRY EXPIRED"),
    (OPENING, WAITS, 149, True, None, None),
    (OPENING, WAITS, 150, True, None, "EXPIRY EXPIRED"),
    (ADDING, ENTRY, 200, True, None, None),
    (ADDING, ENTRY, 200, False, None, "STRATEGY_PLANNER TRADE_NOT_OPEN"),
]


@pytest.mark.parametrize(("draft", "entry", "at", "is_open", "gate", "expected"), AGAIN)
def test_what_was_approved_is_looked_at_again(
    draft: DirectiveDraft, entry: EntryPlanDraft, at: int, is_open: bool, gate: Any, expected: str | None
) -> None:
    assert looked_at_again(draft, entry, at, is_open=is_open, gate=gate) == expected
