"""Planning: a directive is handed from planner to planner, each chosen by its confidence, until it can be carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar

from s1mpletrader.core.returned import wrong
from s1mpletrader.domain.directives import (
    Action,
    EntryPlan,
    EntryPlanDraft,
    ExecutionPlan,
    ExecutionPlanDraft,
    ExitPlan,
    ExitPlanDraft,
    Plans,
    RefusalDraft,
    Scope,
    SizePlan,
    SizePlanDraft,
    Stage,
    StrategyDirective,
)
from s1mpletrader.domain.errors import Defect, PluginFailed
from s1mpletrader.domain.ids import FlowIds, IdKind, PlanId
from s1mpletrader.ports.planners import (
    EntryPlanner,
    ExecutionPlanner,
    ExitPlanner,
    Nothing,
    RiskGate,
    Situation,
    SizePlanner,
    StrategyPlanner,
)

T = TypeVar("T")

_DRAFTS: Final[Mapping[Stage, type]] = {
    Stage.ENTRY_PLANNER: EntryPlanDraft,
    Stage.EXIT_PLANNER: ExitPlanDraft,
    Stage.SIZE_PLANNER: SizePlanDraft,
    Stage.EXECUTION_PLANNER: ExecutionPlanDraft,
}


class Named(NamedTuple, Generic[T]):
    """A plugin and its name in the strategy."""

    name: str
    plugin: T


class Routed(NamedTuple, Generic[T]):
    """A planner for the confidences ``low <= c < high``; the highest range includes 1."""

    name: str
    plugin: T
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Planning:
    """A strategy's planners and gates, as they are asked."""

    planner: Named[StrategyPlanner]
    entry: tuple[Routed[EntryPlanner], ...] = ()
    exit: tuple[Routed[ExitPlanner], ...] = ()
    size: tuple[Routed[SizePlanner], ...] = ()
    execution: tuple[Routed[ExecutionPlanner], ...] = ()
    gates: tuple[Named[RiskGate], ...] = ()


class NotPlanned(Exception):
    """A planner's refusal on its way out of the planning, caught where it is judged."""

    def __init__(self, stage: Stage, by: str, draft: RefusalDraft, plans: Plans) -> None:
        super().__init__(draft.code)
        self.stage, self.by, self.draft, self.plans = stage, by, draft, plans


def plan_directive(planning: Planning, directive: StrategyDirective, situation: Situation, ids: FlowIds) -> Plans:
    """Entry, exit, size, execution: each planner sees what those before it planned. ``NotPlanned`` where one refuses."""
    entry: EntryPlan | None = None
    exit_: ExitPlan | None = None
    size: SizePlan | None = None
    plans = Plans()
    entry_draft: EntryPlanDraft | None = _ask(Stage.ENTRY_PLANNER, planning.entry, directive, plans, situation)
    if entry_draft is not None:
        entry = EntryPlan(
            id=PlanId(ids.make(IdKind.ENTRY_PLAN)),
            side=entry_draft.side,
            type=entry_draft.type,
            price=entry_draft.price,
            stop_price=entry_draft.stop_price,
            time_in_force=entry_draft.time_in_force,
            valid_until=entry_draft.valid_until,
        )
        plans = Plans(entry=entry)
    exit_draft: ExitPlanDraft | None = _ask(Stage.EXIT_PLANNER, planning.exit, directive, plans, situation)
    if exit_draft is not None:
        exit_ = ExitPlan(
            id=PlanId(ids.make(IdKind.EXIT_PLAN)), stop_price=exit_draft.stop_price, target_price=exit_draft.target_price
        )
        plans = Plans(entry=entry, exit=exit_)
    size_draft: SizePlanDraft | None = _ask(Stage.SIZE_PLANNER, planning.size, directive, plans, situation)
    if size_draft is not None:
        size = SizePlan(id=PlanId(ids.make(IdKind.SIZE_PLAN)), quantity=size_draft.quantity)
        plans = Plans(entry=entry, exit=exit_, size=size)
    draft: ExecutionPlanDraft | None = _ask(Stage.EXECUTION_PLANNER, planning.execution, directive, plans, situation)
    missing = _missing(directive, plans, draft)
    if draft is None or missing is not None:
        nothing = RefusalDraft(code="NOT_PLANNED", detail=f"no {missing} was planned for a {directive.scope}")
        raise NotPlanned(Stage.EXECUTION_PLANNER, "execution", nothing, plans)
    execution = ExecutionPlan(
        id=PlanId(ids.make(IdKind.EXECUTION_PLAN)),
        action=draft.action,
        algorithm=draft.algorithm,
        parameters=draft.parameters,
    )
    return Plans(entry=entry, exit=exit_, size=size, execution=execution)


def _missing(directive: StrategyDirective, plans: Plans, execution: ExecutionPlanDraft | None) -> str | None:
    """What a directive cannot be carried out without, and does not have."""
    if execution is None:
        return "execution"
    opens = execution.action is Action.EXECUTE_TRADE and directive.scope is not Scope.CLOSE_EXISTING
    if opens and plans.entry is None:
        return "entry"
    if opens and plans.size is None:
        return "size"
    changes = execution.action is Action.MODIFY_ORDERS
    return "change" if changes and plans.entry is None and plans.size is None and plans.exit is None else None


def _ask(
    stage: Stage,
    routes: Sequence[Routed[Any]],
    directive: StrategyDirective,
    plans: Plans,
    situation: Situation,
) -> Any:
    """The draft of the planner whose range has the directive's confidence; None for an explicit nothing."""
    if not routes:
        return None
    route = _route(routes, directive.confidence)
    try:
        answer = route.plugin.plan(directive, plans, situation)
    except Exception as fault:
        raise PluginFailed(route.name, fault) from fault
    if isinstance(answer, RefusalDraft):
        raise NotPlanned(stage, route.name, answer, plans)
    if isinstance(answer, Nothing):
        return None
    expected = _DRAFTS[stage]
    if not isinstance(answer, expected):
        raise wrong(route.name, "plan", answer, f"{expected.__name__}, NOTHING or RefusalDraft")
    return answer


def _route(routes: Sequence[Routed[T]], confidence: float) -> Routed[T]:
    for route in routes:
        if route.low <= confidence < route.high:
            return route
    if confidence == 1.0:
        return max(routes, key=lambda route: route.high)
    raise Defect(f"no planner is routed for a confidence of {confidence}")
