"""A decision to the last field: what planners draft arrives whole, and a refusal says who refuses what, and why."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.core.decision import Verdict, ask_planner, is_leg, judge, refuse_again, refuse_together
from s1mpletrader.core.planning import Planning
from s1mpletrader.domain.directives import (
    Action,
    Aim,
    Approved,
    DirectiveDraft,
    EntryPlanDraft,
    ExecutionPlanDraft,
    ExitPlanDraft,
    Refusal,
    RefusalDraft,
    Scope,
    SizePlanDraft,
)
from s1mpletrader.domain.errors import Defect, PluginFailed
from s1mpletrader.domain.ids import IdSpace
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.orders import OrderType, Side, TimeInForce
from s1mpletrader.ports.planners import NOTHING, GateRefusal

from .deciding import CLOSING, ENTRY, OPENING, planning, risk, signal, situation, verdicts
from .samples import SYMBOL

ETH = "ETH/USDT"
UNTIL = replace(OPENING, valid_until=150)
WAITS = replace(ENTRY, valid_until=150)
ADDING = replace(CLOSING, scope=Scope.MODIFY_EXISTING, aim=Aim.ADD)
OWN = {"id", "signal_ids", "risk_ids"}
"""What a plan has from the flow, and not from its planner."""


def said(refusal: Refusal | None) -> str | None:
    """A refusal in words."""
    return None if refusal is None else f"{refusal.stage} by {refusal.by}: {refusal.code}, {refusal.detail}"


def approved(draft: DirectiveDraft = OPENING, entry: EntryPlanDraft = ENTRY) -> Approved:
    """What was approved at 100."""
    (verdict,) = verdicts(planning([draft], entry=entry), situation([signal(1)], [risk(1)]))
    assert verdict.approved is not None
    return verdict.approved


def test_what_is_drafted_arrives_whole() -> None:
    draft = DirectiveDraft(
        symbol=SYMBOL,
        direction=Direction.SHORT,
        scope=Scope.MODIFY_EXISTING,
        trade_id=CLOSING.trade_id,
        confidence=0.25,
        reason="because",
        valid_until=1_000,
        aim=Aim.ADD,
        target_weight=Decimal("0.5"),
    )
    entry = EntryPlanDraft(
        side=Side.SELL,
        type=OrderType.STOP_LIMIT,
        price=Decimal(10),
        stop_price=Decimal(11),
        time_in_force=TimeInForce.IOC,
        valid_until=900,
    )
    exit_ = ExitPlanDraft(stop_price=Decimal(12), target_price=Decimal(8))
    size = SizePlanDraft(quantity=Decimal(3))
    execution = ExecutionPlanDraft(action=Action.MODIFY_ORDERS, algorithm="twap", parameters=(("slices", "3"),))
    (verdict,) = verdicts(planning([draft], entry, exit_, size, execution), situation([signal(1)]))
    assert verdict.approved is not None
    made, plans = verdict.approved.directive.directive, verdict.approved.directive.plans
    pairs: list[tuple[Struct, Struct | None]] = [
        (draft, made),
        (entry, plans.entry),
        (exit_, plans.exit),
        (size, plans.size),
        (execution, plans.execution),
    ]
    for drafted, plan in pairs:
        assert plan is not None
        for name in set(plan.__struct_fields__) - OWN:
            assert getattr(plan, name) == getattr(drafted, name), name


def test_every_planner_is_asked_about_the_directive_as_things_are() -> None:
    plan, seen = planning([OPENING], gates=[None]), situation([signal(1)])
    (verdict,) = verdicts(plan, seen)
    assert verdict.approved is not None
    directive = verdict.approved.directive
    everybody: list[Any] = [routes[0].plugin for routes in (plan.entry, plan.exit, plan.size, plan.execution)]
    for planner in everybody:
        ((about, _, at),) = planner.asked
        assert (about, at) == (directive.directive, seen)
    gate: Any = plan.gates[0].plugin
    assert gate.checked == [(directive, seen)]


JUDGED: list[tuple[Planning, dict[str, Any], str]] = [
    (planning([UNTIL]), {"at": 151}, "EXPIRY by planner: EXPIRED, the directive was no longer valid when it was given"),
    (
        planning([CLOSING]),
        {"is_open": False},
        f"STRATEGY_PLANNER by planner: TRADE_NOT_OPEN, {CLOSING.trade_id} is over, or was never opened",
    ),
    (planning([OPENING], WAITS), {"at": 150}, "EXPIRY by entry: EXPIRED, the entry was no longer valid when it was planned"),
    (planning([]), {}, "STRATEGY_PLANNER by planner: UNANSWERED, planner said nothing about this signal"),
    (
        planning([OPENING], execution=NOTHING),
        {},
        "EXECUTION_PLANNER by execution: NOT_PLANNED, no execution was planned for a NEW_TRADE",
    ),
    (planning([OPENING], size=RefusalDraft(code="TINY", detail="too small")), {}, "SIZE_PLANNER by size: TINY, too small"),
    (planning([OPENING], gates=[GateRefusal(code="FULL", detail="enough")]), {}, "RISK_GATE by gate0: FULL, enough"),
]
PLANNED = {"NOT_PLANNED": 3, "TINY": 2, "FULL": 4}
"""How many plans a refusal keeps, by its code; an expired one may keep them all, or none."""


@pytest.mark.parametrize(("plan", "seen", "words"), JUDGED, ids=[words for _, _, words in JUDGED])
def test_a_refusal_says_who_refuses_and_why(plan: Planning, seen: dict[str, Any], words: str) -> None:
    (verdict,) = verdicts(plan, situation([signal(1)], [risk(1)], **seen))
    assert verdict.approved is None
    assert verdict.refusal is not None
    assert said(verdict.refusal) == words
    assert len(verdict.refusal.plans.ids) == PLANNED.get(verdict.refusal.code, 4 if "the entry" in words else 0)
    assert (verdict.refusal.directive is None) == (verdict.refusal.code == "UNANSWERED")
    assert verdict.refusal.signal_ids == (signal(1).id,)
    assert verdict.refusal.risk_ids == (risk(1).id,)


AGAIN: list[tuple[Approved, Any, dict[str, Any], str | None]] = [
    (approved(UNTIL), None, {"at": 150}, None),
    (approved(UNTIL), None, {"at": 151}, "EXPIRY by planner: EXPIRED, the directive was no longer valid when its turn came"),
    (
        approved(ADDING),
        None,
        {"is_open": False},
        f"STRATEGY_PLANNER by planner: TRADE_NOT_OPEN, {CLOSING.trade_id} is over, or was never opened",
    ),
    (approved(entry=WAITS), None, {"at": 149}, None),
    (approved(entry=WAITS), None, {"at": 150}, "EXPIRY by entry: EXPIRED, the entry was no longer valid when its turn came"),
    (approved(), GateRefusal(code="FULL", detail="enough"), {}, "RISK_GATE by gate1: FULL, enough"),
]


@pytest.mark.parametrize(("was", "gate", "seen", "words"), AGAIN)
def test_a_second_look_says_so_too_and_keeps_what_was_planned(
    was: Approved, gate: Any, seen: dict[str, Any], words: str | None
) -> None:
    ids = IdSpace("n").flow("s", "b", 100)
    now = situation([signal(2)], [risk(2)], **seen)
    refusal = refuse_again(planning([], gates=[None, gate]), was, now, ids)
    assert said(refusal) == words
    if refusal is not None:
        directive = was.directive.directive
        assert (refusal.directive, refusal.plans) == (directive, was.directive.plans)
        assert (refusal.signal_ids, refusal.risk_ids) == (directive.signal_ids, directive.risk_ids)


ANSWERS: list[tuple[DirectiveDraft | RefusalDraft, Sequence[int], Sequence[int]]] = [
    (OPENING, (1,), (1, 3)),
    (replace(OPENING, answers=(signal(2).id,)), (2,), (1, 3)),
    (RefusalDraft(code="NO"), (1, 2), (1, 2, 3)),
    (RefusalDraft(code="NO", answers=(signal(2).id,)), (2,), (1, 2, 3)),
    (RefusalDraft(code="NO", withheld=OPENING), (1,), (1, 3)),
    (RefusalDraft(code="NO", withheld=replace(OPENING, answers=(signal(2).id,))), (2,), (1, 3)),
]


@pytest.mark.parametrize(("draft", "signals", "risks"), ANSWERS)
def test_an_answer_has_the_opinions_that_it_names_or_those_of_its_symbol(
    draft: DirectiveDraft | RefusalDraft, signals: Sequence[int], risks: Sequence[int]
) -> None:
    seen = situation([signal(1), signal(2, ETH)], [risk(1), risk(2, ETH), risk(3, SYMBOL)])
    answer, *_ = ask_planner(planning([draft]), seen)
    assert answer.draft == draft
    assert answer.signal_ids == tuple(signal(number).id for number in signals)
    assert answer.risk_ids == tuple(risk(number).id for number in risks)


@pytest.mark.parametrize("name", ["planner", "entry", "exit", "size", "execution", "gate0"])
def test_a_plugin_that_fails_is_named(name: str) -> None:
    def fail(*_: Any) -> None:
        raise LookupError("where is it?")

    plan = planning([OPENING], gates=[None])
    everybody: list[Any] = [plan.planner, *plan.entry, *plan.exit, *plan.size, *plan.execution, *plan.gates]
    (one,) = [named.plugin for named in everybody if named.name == name]
    one.plan = one.check = fail
    with pytest.raises(PluginFailed) as failed:
        verdicts(plan, situation([signal(1)]))
    assert str(failed.value).startswith(name)
    assert isinstance(failed.value.__cause__, LookupError)


def test_a_confidence_that_no_planner_is_for_is_named() -> None:
    plan = planning([OPENING])
    narrow = Planning(planner=plan.planner, entry=(plan.entry[0]._replace(low=0.8),))
    with pytest.raises(Defect) as defect:
        verdicts(narrow, situation([signal(1)]))
    assert str(defect.value) == "no planner is routed for a confidence of 0.7"


def legs(*drafts: DirectiveDraft, small: str = ETH) -> list[Verdict]:
    """Verdicts of one flow, in which what is about one symbol is refused by a gate."""
    seen = situation([signal(1), signal(2, ETH)])
    found = []
    for number, draft in enumerate(drafts):
        gates = [GateRefusal(code="FULL", detail="enough")] if draft.symbol == small else []
        ids = IdSpace("n").flow("s", f"{number}", 0)
        plan = planning([draft], gates=gates)
        found.append(judge(plan, ask_planner(plan, seen)[0], seen, ids, "s"))
    return found


def test_where_one_leg_is_refused_the_others_are_in_its_name() -> None:
    one, other, end = legs(OPENING, replace(OPENING, symbol=ETH), CLOSING)
    assert [is_leg(verdict) for verdict in (one, other, end)] == [True, False, False]
    first, second, third = refuse_together([one, other, end], IdSpace("n").flow("s", "together", 0))
    assert (second, third) == (other, end)
    assert first.approved is None
    assert said(first.refusal) == f"RISK_GATE by gate0: LEG_REFUSED, {ETH}, a leg of the same batch, was refused: FULL"
    assert one.approved is not None
    assert first.refusal is not None
    assert (first.refusal.directive, first.refusal.plans) == (one.approved.directive.directive, one.approved.directive.plans)


def test_legs_of_which_none_is_refused_stay_as_they_are() -> None:
    ids = IdSpace("n").flow("s", "together", 0)
    both = legs(OPENING, replace(OPENING, symbol=ETH), small="")
    assert refuse_together(both, ids) == both
    without = legs(CLOSING, replace(OPENING, symbol=ETH))
    assert refuse_together(without, ids) == without
    flat = verdicts(planning([RefusalDraft(code="FLAT", answers=())]), situation())
    assert refuse_together([*both, *flat], ids) == [*both, *flat], "a refusal of no directive is no leg"
