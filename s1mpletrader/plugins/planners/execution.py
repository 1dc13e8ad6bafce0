"""The execution planner ``single``: one algorithm for each thing a directive can want."""

from typing import Final

from s1mpletrader.api import Action, ExecutionAnswer, ExecutionPlanDraft, Plans, ScopedPlanner, Situation, StrategyDirective

CLOSING_ALGORITHM: Final = "close"
"""The algorithm that ends a trade, or a part of it."""

MODIFYING_ALGORITHM: Final = "modify"
"""The algorithm that changes orders that are live."""

_SINGLE: Final = ExecutionPlanDraft(algorithm="single")
_BRACKET: Final = ExecutionPlanDraft(algorithm="bracket")
_MODIFY: Final = ExecutionPlanDraft(algorithm=MODIFYING_ALGORITHM, action=Action.MODIFY_ORDERS)
_CLOSE: Final = ExecutionPlanDraft(algorithm=CLOSING_ALGORITHM)


class SingleExecution(ScopedPlanner[ExecutionPlanDraft]):
    """One entry order, in a bracket where an exit is planned; ``close`` ends a trade."""

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionAnswer:
        """``bracket`` with exits, ``single`` without."""
        return _SINGLE if plans.exit is None else _BRACKET

    def on_modify_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionAnswer:
        """``modify``, which changes the orders that are live."""
        return _MODIFY

    def on_close_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionAnswer:
        """``close``."""
        return _CLOSE
