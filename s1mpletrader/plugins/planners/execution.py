"""The execution planner for one order with its stop and target."""

from s1mpletrader.api import (
    ExecutionPlanDraft,
    NoConfig,
    Plans,
    ScopedPlanner,
    Situation,
    StrategyDirective,
    WorkerProvision,
)


class SingleExecution(ScopedPlanner[ExecutionPlanDraft]):
    """A bracket where exits are planned, else a single order; a close ends the trade at the market."""

    def __init__(self, config: NoConfig, provision: WorkerProvision) -> None:
        pass

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionPlanDraft:
        """One entry."""
        return ExecutionPlanDraft(algorithm="bracket" if plans.exit is not None else "single")

    def on_close_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionPlanDraft:
        """One exit."""
        return ExecutionPlanDraft(algorithm="close")
