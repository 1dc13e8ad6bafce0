"""What a directive would add to an account. Only what adds something is bounded."""

from collections.abc import Iterable
from typing import Final

from s1mpletrader.api import AccountView, Action, ExecutionDirective, Order, Scope

_CANCELLING: Final = frozenset({Action.CANCEL_GROUP, Action.CANCEL_ALL_IN_TRADE})


def adds(directive: ExecutionDirective) -> bool:
    """Whether it may add to what is held: a new trade, or a change of one that plans an entry. An end never does."""
    execution = directive.plans.execution
    if execution is not None and execution.action in _CANCELLING:
        return False
    scope = directive.directive.scope
    return scope is Scope.NEW_TRADE or (scope is Scope.MODIFY_EXISTING and directive.plans.entry is not None)


def planned_order_count(directive: ExecutionDirective) -> int:
    """The orders that the plans mean: an entry, a stop, a target. An algorithm may divide them further."""
    exits = directive.plans.exit
    if exits is None:
        return 1
    return 1 + (exits.stop_price is not None) + (exits.target_price is not None)


def live_orders(view: AccountView, symbol: str | None = None) -> Iterable[Order]:
    """The orders that may still fill, those that are only intended and those of unknown outcome too; of one symbol or of all."""
    return (order for order in view.open_orders if symbol is None or order.details.symbol == symbol)
