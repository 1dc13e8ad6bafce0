"""Decisions: directives, the plans that make them concrete, and refusals.

Plugins return drafts; the flow gives them their ids and their causality.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.ids import (
    DirectiveId,
    IdKind,
    PlanId,
    RefusalId,
    RiskId,
    SignalId,
    TradeId,
    check_id,
)
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ZERO
from s1mpletrader.domain.opinion import Direction, check_confidence
from s1mpletrader.domain.orders import OrderType, Side, TimeInForce


class Scope(StrEnum):
    """What a directive does to trades."""

    NEW_TRADE = "NEW_TRADE"
    MODIFY_EXISTING = "MODIFY_EXISTING"
    CLOSE_EXISTING = "CLOSE_EXISTING"


class Aim(StrEnum):
    """What a modification of a trade is for."""

    ADD = "ADD"
    """Enter more of it."""
    EXITS = "EXITS"
    """Move its stop, its target, or both."""
    ENTRY = "ENTRY"
    """Change an entry that still waits."""


class Action(StrEnum):
    """What the ExecutionWorker is to do."""

    EXECUTE_TRADE = "EXECUTE_TRADE"
    MODIFY_ORDERS = "MODIFY_ORDERS"
    CANCEL_GROUP = "CANCEL_GROUP"
    CANCEL_ALL_IN_TRADE = "CANCEL_ALL_IN_TRADE"


class Stage(StrEnum):
    """Where in the flow a refusal was given."""

    STRATEGY_PLANNER = "STRATEGY_PLANNER"
    ENTRY_PLANNER = "ENTRY_PLANNER"
    SIZE_PLANNER = "SIZE_PLANNER"
    EXIT_PLANNER = "EXIT_PLANNER"
    EXECUTION_PLANNER = "EXECUTION_PLANNER"
    RISK_GATE = "RISK_GATE"
    EXECUTION_WORKER = "EXECUTION_WORKER"
    EXPIRY = "EXPIRY"


# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every decision.
_NEW_TRADE: Final = Scope.NEW_TRADE
_MODIFY_EXISTING: Final = Scope.MODIFY_EXISTING
_STRATEGY_DIRECTIVE: Final = IdKind.STRATEGY_DIRECTIVE
_EXECUTION_DIRECTIVE: Final = IdKind.EXECUTION_DIRECTIVE
_ENTRY_PLAN: Final = IdKind.ENTRY_PLAN
_SIZE_PLAN: Final = IdKind.SIZE_PLAN
_EXIT_PLAN: Final = IdKind.EXIT_PLAN
_EXECUTION_PLAN: Final = IdKind.EXECUTION_PLAN
_REFUSAL: Final = IdKind.REFUSAL


class DirectiveDraft(Struct, frozen=True, kw_only=True, gc=False):
    """What a StrategyPlanner decided. A new trade has no ``trade_id`` yet; a change or an end names one."""

    symbol: str
    direction: Direction
    scope: Scope = Scope.NEW_TRADE
    trade_id: TradeId | None = None
    confidence: float = 1.0
    reason: str = ""
    valid_until: Instant | None = None
    aim: Aim | None = None
    """What a modification is for; None in the other scopes."""
    target_weight: Decimal | None = None
    """The part of the equity that the position is to have, where a planner thinks in parts."""
    answers: tuple[SignalId, ...] | None = None
    """The signals that it answers; all of its symbol where it does not say."""

    def __post_init__(self) -> None:
        _check_decision(self)


class RefusalDraft(Struct, frozen=True, kw_only=True, gc=False):
    """A decision not to trade: a short code for counting, and a sentence for people.

    A StrategyPlanner that holds back an opportunity names the directive it would otherwise have given, so that the flow can keep
    the plans which the veto prevented, and analysis can score it.
    """

    code: str
    detail: str = ""
    withheld: DirectiveDraft | None = None
    answers: tuple[SignalId, ...] | None = None
    """The signals that it answers; all of the withheld directive's symbol, or of the flow, where it does not say."""


class StrategyDirective(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A StrategyPlanner's decision, with the opinions it answers."""

    id: DirectiveId
    symbol: str
    direction: Direction
    scope: Scope
    trade_id: TradeId | None
    confidence: float
    reason: str
    signal_ids: tuple[SignalId, ...]
    risk_ids: tuple[RiskId, ...]
    valid_until: Instant | None = None
    aim: Aim | None = None
    target_weight: Decimal | None = None

    def __post_init__(self) -> None:
        check_id(self.id, _STRATEGY_DIRECTIVE)
        _check_decision(self)


def _check_decision(decided: DirectiveDraft | StrategyDirective) -> None:
    check_confidence(decided.confidence)
    scope = decided.scope
    if (scope is _NEW_TRADE) == (decided.trade_id is not None):
        raise ValueError("a directive names a trade exactly when it is not for a new one")
    if (scope is _MODIFY_EXISTING) != (decided.aim is not None):
        raise ValueError("a directive has an aim exactly when it modifies a trade")


class EntryPlanDraft(Struct, frozen=True, kw_only=True, gc=False):
    """What to enter and where: the side and the terms of the opening order."""

    side: Side
    type: OrderType = OrderType.MARKET
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    valid_until: Instant | None = None


class SizePlanDraft(Struct, frozen=True, kw_only=True, gc=False):
    """How much: a quantity above zero."""

    quantity: Decimal

    def __post_init__(self) -> None:
        if not (self.quantity.is_finite() and self.quantity > ZERO):
            raise ValueError(f"a size must be above zero, found {self.quantity}")


class ExitPlanDraft(Struct, frozen=True, kw_only=True, gc=False):
    """Where to leave: the price that ends a loss, the price that takes a profit, or both."""

    stop_price: Decimal | None = None
    target_price: Decimal | None = None

    def __post_init__(self) -> None:
        if self.stop_price is None and self.target_price is None:
            raise ValueError("an exit plan names a stop, a target, or both")
        for price in (self.stop_price, self.target_price):
            if price is not None and not (price.is_finite() and price > 0):
                raise ValueError(f"an exit's price must be above zero, found {price}")


Parameters = tuple[tuple[str, str], ...]
"""An algorithm's parameters as sorted pairs of text: frozen, exact, and the same on disk."""


class ExecutionPlanDraft(Struct, frozen=True, kw_only=True, gc=False):
    """How: the action, the algorithm's name and its parameters."""

    algorithm: str
    action: Action = Action.EXECUTE_TRADE
    parameters: Parameters = ()


class EntryPlan(Struct, frozen=True, kw_only=True, gc=False):
    """An entry in a flow."""

    id: PlanId
    side: Side
    type: OrderType
    price: Decimal | None
    stop_price: Decimal | None
    time_in_force: TimeInForce
    valid_until: Instant | None = None

    def __post_init__(self) -> None:
        check_id(self.id, _ENTRY_PLAN)


class SizePlan(Struct, frozen=True, kw_only=True, gc=False):
    """A size in a flow."""

    id: PlanId
    quantity: Decimal

    def __post_init__(self) -> None:
        check_id(self.id, _SIZE_PLAN)


class ExitPlan(Struct, frozen=True, kw_only=True, gc=False):
    """An exit in a flow."""

    id: PlanId
    stop_price: Decimal | None
    target_price: Decimal | None

    def __post_init__(self) -> None:
        check_id(self.id, _EXIT_PLAN)


class ExecutionPlan(Struct, frozen=True, kw_only=True, gc=False):
    """The fourth plan: how the other three are carried out."""

    id: PlanId
    action: Action
    algorithm: str
    parameters: Parameters = ()

    def __post_init__(self) -> None:
        check_id(self.id, _EXECUTION_PLAN)


class Plans(Struct, frozen=True, kw_only=True, gc=False):
    """What has been planned so far: all of it in an execution directive, a part of it in a refusal."""

    entry: EntryPlan | None = None
    size: SizePlan | None = None
    exit: ExitPlan | None = None
    execution: ExecutionPlan | None = None

    @property
    def ids(self) -> tuple[PlanId, ...]:
        """The ids of the plans that are there: entry, size, exit, execution."""
        return tuple([plan.id for plan in (self.entry, self.size, self.exit, self.execution) if plan is not None])


class ExecutionDirective(Struct, frozen=True, kw_only=True, gc=False):
    """The ExecutionWorker's one input: the plans joined, and the directive they carry out."""

    id: DirectiveId
    strategy: str
    directive: StrategyDirective
    plans: Plans

    def __post_init__(self) -> None:
        check_id(self.id, _EXECUTION_DIRECTIVE)
        if self.plans.execution is None:
            raise ValueError("an execution directive has an execution plan")
        if self.directive.scope is _NEW_TRADE and (self.plans.entry is None or self.plans.size is None):
            raise ValueError("a new trade needs an entry plan and a size plan")


class Approved(Struct, frozen=True, kw_only=True, gc=False):
    """An execution directive that every risk gate let pass: the permission to execute it, as a type."""

    directive: ExecutionDirective
    gates: tuple[str, ...] = ()


class Refusal(Struct, frozen=True, kw_only=True, gc=False):
    """A decision not to trade, with everything that led to it and everything that had been planned."""

    id: RefusalId
    stage: Stage
    by: str
    """The plugin that refused, by its name in the strategy."""
    code: str
    detail: str
    signal_ids: tuple[SignalId, ...] = ()
    risk_ids: tuple[RiskId, ...] = ()
    directive: StrategyDirective | None = None
    plans: Plans = Plans()

    def __post_init__(self) -> None:
        check_id(self.id, _REFUSAL)
