"""The gate ``position_limit``: how much may be held."""

from decimal import Decimal

from s1mpletrader.api import (
    AccountView,
    ExecutionDirective,
    GateRefusal,
    PluginConfig,
    Side,
    Situation,
    WorkerProvision,
    add,
    opening_side,
)
from s1mpletrader.plugins.numbers import Positive
from s1mpletrader.plugins.planners.gates.exposure import adds, live_orders


class PositionLimitConfig(PluginConfig):
    """How much of a symbol may be held."""

    quantity_max: Positive
    """The largest quantity, long or short, in units of the instrument."""


class PositionLimit:
    """Bounds what would be held if every live order on the new order's side filled, those of unknown outcome among them.

    What an algorithm has not placed yet of an entry in slices counts like an order that is live.

    Orders on the other side are left out: they may never fill, and of a stop and a target only one does.
    """

    def __init__(self, config: PositionLimitConfig, provision: WorkerProvision) -> None:
        self._quantity_max = config.quantity_max

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses what would lead beyond the limit; what leads back to it passes."""
        entry, size, symbol = directive.plans.entry, directive.plans.size, directive.directive.symbol
        if not adds(directive) or entry is None or size is None:
            return None
        after = add(_held_at_most(situation.view, symbol, entry.side), size.quantity)
        if after <= self._quantity_max:
            return None
        detail = f"{symbol}: up to {after} would be held on the side {entry.side}, the limit is {self._quantity_max}"
        return GateRefusal(code="POSITION_LIMIT", detail=detail)


def _held_at_most(view: AccountView, symbol: str, side: Side) -> Decimal:
    """The position as that side counts it, with all of its live orders filled, and all that algorithms will place."""
    held = view.position(symbol)
    result = held if side is Side.BUY else -held
    for order in live_orders(view, symbol):
        if order.details.side is side:
            result = add(result, order.remaining_quantity)
    for trade in view.open_trades:
        if trade.symbol == symbol and opening_side(trade.direction) is side:
            result = add(result, abs(trade.planned_quantity))
    return result
