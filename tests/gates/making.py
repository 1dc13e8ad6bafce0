"""Execution directives as gates are shown them, and what a gate says of one."""

from decimal import Decimal

from s1mpletrader.api import (
    Action,
    DirectiveId,
    EntryPlan,
    ExecutionDirective,
    ExecutionPlan,
    ExitPlan,
    IdKind,
    OrderType,
    PlanId,
    Plans,
    RiskGate,
    Scope,
    Side,
    Situation,
    StrategyDirective,
    TimeInForce,
    opening_side,
)
from s1mpletrader.contracts.samples import Samples
from tests.planners.making import make_size

IDS = Samples("gates")


def entry_at(side: Side, price: str | None = None, stop: str | None = None) -> EntryPlan:
    """At the market, or with a limit, a stop, or both."""
    types = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }
    return EntryPlan(
        id=PlanId(IDS.id(IdKind.ENTRY_PLAN)),
        side=side,
        type=types[price is not None, stop is not None],
        price=Decimal(price) if price else None,
        stop_price=Decimal(stop) if stop else None,
        time_in_force=TimeInForce.GTC,
    )


def execution(
    directive: StrategyDirective,
    quantity: str = "1",
    price: str | None = None,
    stop: str | None = None,
    exits: ExitPlan | None = None,
    action: Action = Action.EXECUTE_TRADE,
) -> ExecutionDirective:
    """A directive with its plans; an end has none but its execution, a change those for its exits."""
    opens = directive.scope is Scope.NEW_TRADE
    how = ExecutionPlan(id=PlanId(IDS.id(IdKind.EXECUTION_PLAN)), action=action, algorithm="single")
    return ExecutionDirective(
        id=DirectiveId(IDS.id(IdKind.EXECUTION_DIRECTIVE)),
        strategy="alpha",
        directive=directive,
        plans=Plans(
            entry=entry_at(opening_side(directive.direction), price, stop) if opens else None,
            size=make_size(quantity) if opens else None,
            exit=exits,
            execution=how,
        ),
    )


def code(gate: RiskGate, directive: ExecutionDirective, situation: Situation) -> str | None:
    """The code of the gate's refusal; None where the directive passes."""
    refusal = gate.check(directive, situation)
    return refusal.code if refusal is not None else None
