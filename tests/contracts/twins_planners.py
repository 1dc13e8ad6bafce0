"""Planners that break one law each. The name of a twin names its kind and the law that it breaks."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from s1mpletrader.api import (
    NOTHING,
    DirectiveDraft,
    EntryPlanDraft,
    ExecutionPlanDraft,
    ExitPlanDraft,
    Plans,
    RefusalDraft,
    Scope,
    Situation,
    SizePlanDraft,
    StrategyDirective,
    WorkerProvision,
    opening_side,
)
from s1mpletrader.contracts import (
    EntryPlannerContract,
    ExecutionPlannerContract,
    ExitPlannerContract,
    SizePlannerContract,
    StrategyPlannerContract,
)
from s1mpletrader.contracts.generated import INSTRUMENT

PATIENCE = 20

Answer = Callable[[StrategyDirective], Any]

ANSWERS: dict[type, Answer] = {
    EntryPlannerContract: lambda directive: EntryPlanDraft(side=opening_side(directive.direction)),
    SizePlannerContract: lambda directive: SizePlanDraft(quantity=Decimal(1)),
    ExitPlannerContract: lambda directive: ExitPlanDraft(stop_price=Decimal(1)),
    ExecutionPlannerContract: lambda directive: ExecutionPlanDraft(algorithm="single"),
}


class TradePlanner:
    """Plans new trades, and nothing else."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked = 0

    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Any:
        self.asked += 1
        return self.answer(directive) if directive.scope is Scope.NEW_TRADE else NOTHING


class TiresOfAnswering(TradePlanner):
    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Any:
        answer = super().plan(directive, plans, situation)
        return answer if self.asked < PATIENCE else NOTHING


class ChangesThePrices(TradePlanner):
    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Any:
        situation.prices[INSTRUMENT.symbol] = Decimal(1)  # type: ignore[index]
        return super().plan(directive, plans, situation)


class SaysNoneForNothing(TradePlanner):
    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Any:
        answer = super().plan(directive, plans, situation)
        return None if answer is NOTHING else answer


class Raises(TradePlanner):
    def plan(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> Any:
        return self.answer(directive) if plans.size is None else plans.size.quantity / 0


LAWS: dict[int, tuple[type[TradePlanner], ...]] = {
    4: (TiresOfAnswering,),
    5: (ChangesThePrices,),
    6: (SaysNoneForNothing, Raises),
}


def contract_of(contract: type, planner: type[TradePlanner], name: str) -> type:
    """The contract of a kind on a planner."""

    def make_planner(self: object, provision: WorkerProvision) -> TradePlanner:
        return planner(ANSWERS[contract])

    return type(name, (contract,), {"make_planner": make_planner})


REFERENCES = {contract: contract_of(contract, TradePlanner, contract.__name__) for contract in ANSWERS}

TWINS: dict[type, list[type]] = {
    contract: [
        contract_of(contract, planner, f"Law{law:02}{planner.__name__}") for law, planners in LAWS.items() for planner in planners
    ]
    for contract in ANSWERS
}

ENTRY, SIZE, EXIT, EXECUTION = TWINS.values()


class Refuser:
    """A strategy planner that refuses every signal."""

    asked = 0

    def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
        self.asked += 1
        return [RefusalDraft(code="NO")] if situation.signals else []


class ReferenceStrategyPlanner(StrategyPlannerContract):
    planner_class: type[Refuser] = Refuser

    def make_planner(self, provision: WorkerProvision) -> Refuser:
        return self.planner_class()


class Law04TiresOfAnswering(ReferenceStrategyPlanner):
    class planner_class(Refuser):
        def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
            answer = super().plan(situation)
            return answer if self.asked < PATIENCE else []


class Law05ChangesTheBalances(ReferenceStrategyPlanner):
    class planner_class(Refuser):
        def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
            situation.view.balances["USDT"] = Decimal(0)  # type: ignore[index]
            return super().plan(situation)


class Law06NamesATradeThatIsNotOpen(ReferenceStrategyPlanner):
    class planner_class(Refuser):
        def plan(self, situation: Situation) -> Sequence[DirectiveDraft | RefusalDraft]:
            trade = "TRD_20220101_000000_0123456789abcdef"
            return [
                DirectiveDraft(symbol=signal.symbol, direction=signal.direction, scope=Scope.CLOSE_EXISTING, trade_id=trade)  # type: ignore[arg-type]
                for signal in situation.signals
            ]


STRATEGY = [Law04TiresOfAnswering, Law05ChangesTheBalances, Law06NamesATradeThatIsNotOpen]
