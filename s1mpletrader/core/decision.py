"""Deciding: synchronous and pure. From a situation to directives, plans, and a verdict on each."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from s1mpletrader.core.planning import NotPlanned, Planning, plan_directive
from s1mpletrader.core.returned import drafts_of, wrong
from s1mpletrader.domain.directives import (
    Approved,
    DirectiveDraft,
    ExecutionDirective,
    Plans,
    Refusal,
    RefusalDraft,
    Scope,
    Stage,
    StrategyDirective,
)
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.ids import DirectiveId, FlowIds, IdKind, RefusalId, RiskId, SignalId, TradeId
from s1mpletrader.ports.planners import GateRefusal, Situation


class Verdict(Struct, frozen=True, gc=False):
    """What became of one draft of the StrategyPlanner: exactly one of the two is there."""

    approved: Approved | None
    refusal: Refusal | None


# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every decision.
_STRATEGY_DIRECTIVE: Final = IdKind.STRATEGY_DIRECTIVE
_EXECUTION_DIRECTIVE: Final = IdKind.EXECUTION_DIRECTIVE


class Answered(Struct, frozen=True, gc=False):
    """A draft, and the opinions of this flow that it answers."""

    draft: DirectiveDraft | RefusalDraft
    signal_ids: tuple[SignalId, ...]
    risk_ids: tuple[RiskId, ...]


def ask_planner(planning: Planning, situation: Situation) -> list[Answered]:
    """The StrategyPlanner's answers, each with the opinions it answers. A signal left unanswered is refused in its name."""
    planner = planning.planner
    try:
        given = planner.plugin.plan(situation)
    except Exception as fault:
        raise PluginFailed(planner.name, fault) from fault
    drafts: list[DirectiveDraft | RefusalDraft] = drafts_of(planner.name, "plan", given, DirectiveDraft, RefusalDraft)
    answers: list[Answered] = []
    answered: set[SignalId] = set()
    for draft in drafts:
        answer = _attribute(draft, situation)
        answers.append(answer)
        answered.update(answer.signal_ids)
    for signal in situation.signals:
        if signal.id not in answered:
            refusal = RefusalDraft(code="UNANSWERED", detail=f"{planner.name} said nothing about this signal")
            answers.append(Answered(refusal, (signal.id,), _concerning(signal.symbol, situation)))
    return answers


def judge(planning: Planning, answer: Answered, situation: Situation, ids: FlowIds, strategy: str) -> Verdict:
    """Plan one answer as far as it goes, and put it before the gates."""
    draft = answer.draft
    if not isinstance(draft, DirectiveDraft):
        return Verdict(None, _planner_refusal(planning, draft, answer, situation, ids))
    directive = _directive(draft, answer, ids)
    if draft.valid_until is not None and draft.valid_until < situation.at:
        expired = RefusalDraft(code="EXPIRED", detail="the directive was no longer valid when it was given")
        return Verdict(None, _refusal(ids, Stage.EXPIRY, planning.planner.name, expired, answer, directive, Plans()))
    if draft.trade_id is not None and not _is_open(draft.trade_id, situation):
        over = _over(draft.trade_id)
        return Verdict(None, _refusal(ids, Stage.STRATEGY_PLANNER, planning.planner.name, over, answer, directive, Plans()))
    try:
        plans = plan_directive(planning, directive, situation, ids)
    except NotPlanned as no:
        return Verdict(None, _refusal(ids, no.stage, no.by, no.draft, answer, directive, no.plans))
    if _has_expired(plans, situation):
        late = RefusalDraft(code="EXPIRED", detail="the entry was no longer valid when it was planned")
        return Verdict(None, _refusal(ids, Stage.EXPIRY, "entry", late, answer, directive, plans))
    execution = ExecutionDirective(
        id=DirectiveId(ids.make(_EXECUTION_DIRECTIVE)), strategy=strategy, directive=directive, plans=plans
    )
    approved = Approved(directive=execution, gates=planning.gate_names)
    refusal = _ask_gates(planning, approved, situation, ids)
    return Verdict(approved, None) if refusal is None else Verdict(None, refusal)


def refuse_again(planning: Planning, approved: Approved, situation: Situation, ids: FlowIds) -> Refusal | None:
    """The refusal of what was approved earlier, where it would not be approved in this situation."""
    execution = approved.directive
    directive = execution.directive
    if directive.valid_until is not None and directive.valid_until < situation.at:
        late = RefusalDraft(code="EXPIRED", detail="the directive was no longer valid when its turn came")
        return refuse_approved(approved, Stage.EXPIRY, planning.planner.name, late, ids)
    if directive.trade_id is not None and not _is_open(directive.trade_id, situation):
        return refuse_approved(approved, Stage.STRATEGY_PLANNER, planning.planner.name, _over(directive.trade_id), ids)
    if _has_expired(execution.plans, situation):
        late = RefusalDraft(code="EXPIRED", detail="the entry was no longer valid when its turn came")
        return refuse_approved(approved, Stage.EXPIRY, "entry", late, ids)
    return _ask_gates(planning, approved, situation, ids)


def refuse_approved(approved: Approved, stage: Stage, by: str, draft: RefusalDraft, ids: FlowIds) -> Refusal:
    """The refusal of a directive that is planned whole."""
    execution = approved.directive
    directive = execution.directive
    answer = Answered(draft, directive.signal_ids, directive.risk_ids)
    return _refusal(ids, stage, by, draft, answer, directive, execution.plans)


def _ask_gates(planning: Planning, approved: Approved, situation: Situation, ids: FlowIds) -> Refusal | None:
    """The first gate's no."""
    for gate in planning.gates:
        try:
            no_entry = gate.plugin.check(approved.directive, situation)
        except Exception as fault:
            raise PluginFailed(gate.name, fault) from fault
        if no_entry is not None:
            if not isinstance(no_entry, GateRefusal):
                raise wrong(gate.name, "check", no_entry, "None or a GateRefusal")
            draft = RefusalDraft(code=no_entry.code, detail=no_entry.detail)
            return refuse_approved(approved, Stage.RISK_GATE, gate.name, draft, ids)
    return None


def _has_expired(plans: Plans, situation: Situation) -> bool:
    entry = plans.entry
    return entry is not None and entry.valid_until is not None and entry.valid_until <= situation.at


def _is_open(trade_id: TradeId, situation: Situation) -> bool:
    return trade_id in [trade.trade_id for trade in situation.view.open_trades]


def _over(trade_id: TradeId) -> RefusalDraft:
    return RefusalDraft(code="TRADE_NOT_OPEN", detail=f"{trade_id} is over, or was never opened")


def _attribute(draft: DirectiveDraft | RefusalDraft, situation: Situation) -> Answered:
    about = draft if isinstance(draft, DirectiveDraft) else draft.withheld
    if draft.answers is not None and about is None:
        return Answered(draft, draft.answers, tuple(risk.id for risk in situation.risks))
    if about is None:
        return Answered(draft, tuple(s.id for s in situation.signals), tuple(risk.id for risk in situation.risks))
    signals = about.answers
    if signals is None:
        signals = tuple([signal.id for signal in situation.signals if signal.symbol == about.symbol])
    return Answered(draft, signals, _concerning(about.symbol, situation))


def _concerning(symbol: str, situation: Situation) -> tuple[RiskId, ...]:
    """The standing risks that bear on trades in a symbol."""
    if not situation.risks:
        return ()
    return tuple([risk.id for risk in situation.risks if risk.concerns(symbol)])


def _planner_refusal(planning: Planning, draft: RefusalDraft, answer: Answered, situation: Situation, ids: FlowIds) -> Refusal:
    """A refusal of the StrategyPlanner, with the plans it prevented, so that the veto can be scored."""
    if draft.withheld is None:
        directive, plans = None, Plans()
    else:
        directive = _directive(draft.withheld, answer, ids)
        try:
            plans = plan_directive(planning, directive, situation, ids)
        except NotPlanned as no:
            plans = no.plans
    return _refusal(ids, Stage.STRATEGY_PLANNER, planning.planner.name, draft, answer, directive, plans)


def _directive(draft: DirectiveDraft, answer: Answered, ids: FlowIds) -> StrategyDirective:
    return StrategyDirective(
        id=DirectiveId(ids.make(_STRATEGY_DIRECTIVE)),
        symbol=draft.symbol,
        direction=draft.direction,
        scope=draft.scope,
        trade_id=draft.trade_id,
        confidence=draft.confidence,
        reason=draft.reason,
        signal_ids=answer.signal_ids,
        risk_ids=answer.risk_ids,
        valid_until=draft.valid_until,
        aim=draft.aim,
        target_weight=draft.target_weight,
    )


def _refusal(
    ids: FlowIds,
    stage: Stage,
    by: str,
    draft: RefusalDraft,
    answer: Answered,
    directive: StrategyDirective | None,
    plans: Plans,
) -> Refusal:
    return Refusal(
        id=RefusalId(ids.make(IdKind.REFUSAL)),
        stage=stage,
        by=by,
        code=draft.code,
        detail=draft.detail,
        signal_ids=answer.signal_ids,
        risk_ids=answer.risk_ids,
        directive=directive,
        plans=plans,
    )


def is_leg(verdict: Verdict) -> bool:
    """Whether a verdict lets something be entered that can be a leg of a batch."""
    approved = verdict.approved
    if approved is None:
        return False
    return approved.directive.directive.scope is not Scope.CLOSE_EXISTING and approved.directive.plans.size is not None


def refuse_together(verdicts: Sequence[Verdict], ids: FlowIds) -> list[Verdict]:
    """The verdicts of a coordinated batch: where one leg is refused, the others are, too."""
    refused = next((v.refusal for v in verdicts if v.refusal is not None and v.refusal.directive is not None), None)
    if refused is None or not any(map(is_leg, verdicts)):
        return list(verdicts)
    return [_leg_refusal(verdict, refused, ids) if is_leg(verdict) else verdict for verdict in verdicts]


def _leg_refusal(verdict: Verdict, because: Refusal, ids: FlowIds) -> Verdict:
    if verdict.approved is None:
        return verdict
    symbol = because.directive.symbol if because.directive is not None else "another leg"
    draft = RefusalDraft(code="LEG_REFUSED", detail=f"{symbol}, a leg of the same batch, was refused: {because.code}")
    return Verdict(None, refuse_approved(verdict.approved, because.stage, because.by, draft, ids))
