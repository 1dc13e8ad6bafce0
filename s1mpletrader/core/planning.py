"""Planning: a directive is handed from planner to planner, each chosen by its confidence, until it can be carried out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
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

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every decision.
_ENTRY_PLAN: Final = IdKind.ENTRY_PLAN
_EXIT_PLAN: Final = IdKind.EXIT_PLAN
_SIZE_PLAN: Final = IdKind.SIZE_PLAN
_EXECUTION_PLAN: Final = IdKind.EXECUTION_PLAN
_CLOSE_EXISTING: Final = Scope.CLOSE_EXISTING
_EXECUTE_TRADE: Final = Action.EXECUTE_TRADE
_MODIFY_ORDERS: Final = Action.MODIFY_ORDERS

_NO_PLANS: Final = Plans()


class Named(NamedTuple, Generic[T]):
    """A plugin and its name in the strategy."""

    name: str
    plugin: T


class Routed(NamedTuple, Generic[T]):
    """A planner for the confidences ``low <= c < high``; a range that ends at 1 holds it."""

    name: str
    plugin: T
    low: float
    high: float


class NotPlanned(Exception):
    """A planner's refusal on its way out of the planning, caught where it is judged."""

    def __init__(self, stage: Stage, by: str, draft: RefusalDraft, plans: Plans) -> None:
        super().__init__(draft.code)
        self.stage, self.by, self.draft, self.plans = stage, by, draft, plans


class Desk(Generic[T]):
    """The planners of one stage: the one is asked whose range has the directive's confidence."""

    __slots__ = ("_draft", "_routes", "_stage")

    def __init__(self, stage: Stage, draft: type[T], routes: Sequence[Routed[Any]]) -> None:
        self._stage = stage
        self._draft = draft
        self._routes = [(one.low, one.high if one.high < 1.0 else inf, one.name, one.plugin) for one in routes]

    def ask(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> T | None:
        """The planner's draft; None for an explicit nothing, and where the stage has no planner. ``NotPlanned`` if it refuses."""
        confidence = directive.confidence
        for low, end, name, planner in self._routes:
            if not low <= confidence < end:
                continue
            try:
                answer = planner.plan(directive, plans, situation)
            except Exception as fault:
                raise PluginFailed(name, fault) from fault
            if isinstance(answer, self._draft):
                return answer
            if isinstance(answer, Nothing):
                return None
            if isinstance(answer, RefusalDraft):
                raise NotPlanned(self._stage, name, answer, plans)
            raise wrong(name, "plan", answer, f"{self._draft.__name__}, NOTHING or RefusalDraft")
        if self._routes:
            raise Defect(f"no planner is routed for a confidence of {confidence}")
        return None


@dataclass(frozen=True, kw_only=True)
class Planning:
    """A strategy's planners and gates, as they are asked."""

    planner: Named[StrategyPlanner]
    entry: tuple[Routed[EntryPlanner], ...] = ()
    exit: tuple[Routed[ExitPlanner], ...] = ()
    size: tuple[Routed[SizePlanner], ...] = ()
    execution: tuple[Routed[ExecutionPlanner], ...] = ()
    gates: tuple[Named[RiskGate], ...] = ()

    @cached_property
    def desks(self) -> tuple[Desk[EntryPlanDraft], Desk[ExitPlanDraft], Desk[SizePlanDraft], Desk[ExecutionPlanDraft]]:
        """The trade planners in the order in which they are asked."""
        return (
            Desk(Stage.ENTRY_PLANNER, EntryPlanDraft, self.entry),
            Desk(Stage.EXIT_PLANNER, ExitPlanDraft, self.exit),
            Desk(Stage.SIZE_PLANNER, SizePlanDraft, self.size),
            Desk(Stage.EXECUTION_PLANNER, ExecutionPlanDraft, self.execution),
        )

    @cached_property
    def gate_names(self) -> tuple[str, ...]:
        """The gates in the order in which they are asked."""
        return tuple(gate.name for gate in self.gates)


def plan_directive(planning: Planning, directive: StrategyDirective, situation: Situation, ids: FlowIds) -> Plans:
    """Entry, exit, size, execution: each planner sees what those before it planned. ``NotPlanned`` where one refuses."""
    entry_desk, exit_desk, size_desk, execution_desk = planning.desks
    entry: EntryPlan | None = None
    exit_: ExitPlan | None = None
    size: SizePlan | None = None
    plans = _NO_PLANS
    entry_draft = entry_desk.ask(directive, plans, situation)
    if entry_draft is not None:
        entry = EntryPlan(
            id=PlanId(ids.make(_ENTRY_PLAN)),
            side=entry_draft.side,
            type=entry_draft.type,
            price=entry_draft.price,
            stop_price=entry_draft.stop_price,
            time_in_force=entry_draft.time_in_force,
            valid_until=entry_draft.valid_until,
        )
        plans = Plans(entry=entry)
    exit_draft = exit_desk.ask(directive, plans, situation)
    if exit_draft is not None:
        exit_ = ExitPlan(id=PlanId(ids.make(_EXIT_PLAN)), stop_price=exit_draft.stop_price, target_price=exit_draft.target_price)
        plans = Plans(entry=entry, exit=exit_)
    size_draft = size_desk.ask(directive, plans, situation)
    if size_draft is not None:
        size = SizePlan(id=PlanId(ids.make(_SIZE_PLAN)), quantity=size_draft.quantity)
        plans = Plans(entry=entry, exit=exit_, size=size)
    draft = execution_desk.ask(directive, plans, situation)
    missing = _missing(directive, plans, draft)
    if draft is None or missing is not None:
        nothing = RefusalDraft(code="NOT_PLANNED", detail=f"no {missing} was planned for a {directive.scope}")
        raise NotPlanned(Stage.EXECUTION_PLANNER, "execution", nothing, plans)
    execution = ExecutionPlan(
        id=PlanId(ids.make(_EXECUTION_PLAN)),
        action=draft.action,
        algorithm=draft.algorithm,
        parameters=draft.parameters,
    )
    return Plans(entry=entry, exit=exit_, size=size, execution=execution)


def _missing(directive: StrategyDirective, plans: Plans, execution: ExecutionPlanDraft | None) -> str | None:
    """What a directive cannot be carried out without, and does not have."""
    if execution is None:
        return "execution"
    action = execution.action
    if action is _EXECUTE_TRADE and directive.scope is not _CLOSE_EXISTING:
        if plans.entry is None:
            return "entry"
        return "size" if plans.size is None else None
    changes = action is _MODIFY_ORDERS
    return "change" if changes and plans.entry is None and plans.size is None and plans.exit is None else None
