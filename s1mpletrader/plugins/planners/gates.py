"""Risk gates: bounds that no new trade passes. What closes or changes a trade always passes."""

from decimal import Decimal

from s1mpletrader.api import (
    AccountView,
    ExecutionDirective,
    GateRefusal,
    PluginConfig,
    Scope,
    Side,
    Situation,
    WorkerProvision,
    add,
)
from s1mpletrader.plugins.planners.numbers import Positive
from s1mpletrader.plugins.planners.pricing import planned_price


class PositionLimitConfig(PluginConfig):
    """How much of a symbol may be held."""

    quantity_max: Positive
    """The largest quantity, long or short, in units of the instrument."""


class PositionLimit:
    """Bounds what would be held if every live order on the new order's side filled, those of unknown outcome among them.

    Orders on the other side are left out: they may never fill, and of a stop and a target only one does.
    """

    def __init__(self, config: PositionLimitConfig, provision: WorkerProvision) -> None:
        self._quantity_max = config.quantity_max

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses what would lead beyond the limit; what leads back to it passes."""
        entry, size, symbol = directive.plans.entry, directive.plans.size, directive.directive.symbol
        if directive.directive.scope is not Scope.NEW_TRADE or entry is None or size is None:
            return None
        after = add(_held_at_most(situation.view, symbol, entry.side), size.quantity)
        if after <= self._quantity_max:
            return None
        detail = f"{symbol}: up to {after} would be held on the side {entry.side}, the limit is {self._quantity_max}"
        return GateRefusal(code="POSITION_LIMIT", detail=detail)


def _held_at_most(view: AccountView, symbol: str, side: Side) -> Decimal:
    """The position as that side counts it, with all of its live orders filled."""
    held = view.position(symbol)
    result = held if side is Side.BUY else -held
    for order in view.open_orders:
        if order.details.symbol == symbol and order.details.side is side:
            result = add(result, order.remaining_quantity)
    return result


class OrderNotionalConfig(PluginConfig):
    """How large one order may be."""

    notional_max: Positive
    """In the instrument's settlement currency."""


class OrderNotional:
    """Bounds price times quantity of an opening order: at its own price, else at the last one."""

    def __init__(self, config: OrderNotionalConfig, provision: WorkerProvision) -> None:
        self._notional_max = config.notional_max

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses a larger order, and one that has no price to measure it by."""
        size, symbol = directive.plans.size, directive.directive.symbol
        if directive.directive.scope is not Scope.NEW_TRADE or size is None:
            return None
        price = planned_price(directive.plans.entry, symbol, situation)
        if price is None:
            return GateRefusal(code="NO_PRICE", detail=f"no price of {symbol} is known yet")
        notional = situation.instruments[symbol].notional(price, size.quantity)
        if notional <= self._notional_max:
            return None
        return GateRefusal(code="ORDER_NOTIONAL", detail=f"{symbol}: {notional} is above {self._notional_max}")
