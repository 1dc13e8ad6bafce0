"""Risk gates: the last look before an order. They bound what is opened, never what is closed."""

from decimal import Decimal

from s1mpletrader.api import (
    ExecutionDirective,
    GateRefusal,
    PluginConfig,
    Scope,
    Situation,
    WorkerProvision,
    add,
    plain,
)
from s1mpletrader.plugins.planners.exit import entry_price
from s1mpletrader.plugins.planners.numbers import Positive


class PositionLimitConfig(PluginConfig):
    """The most that may be held of a symbol, either way."""

    quantity_max: Positive


class PositionLimit:
    """Counts every live order as filled, those of unknown outcome among them."""

    def __init__(self, config: PositionLimitConfig, provision: WorkerProvision) -> None:
        self._quantity_max = config.quantity_max

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses what would lead beyond the limit."""
        signed = _opened(directive)
        after = abs(add(situation.view.exposure(directive.directive.symbol), signed))
        if not signed or after <= self._quantity_max:
            return None
        return GateRefusal(code="POSITION_LIMIT", detail=f"{plain(after)} would be held, {plain(self._quantity_max)} may be")


class OrderNotionalConfig(PluginConfig):
    """The most that one order may be worth, in the settlement currency."""

    notional_max: Positive


class OrderNotional:
    """Bounds a single order at its entry price."""

    def __init__(self, config: OrderNotionalConfig, provision: WorkerProvision) -> None:
        self._notional_max = config.notional_max

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses an order that is worth too much, and one whose worth is not known."""
        quantity = abs(_opened(directive))
        if not quantity:
            return None
        price = entry_price(directive.directive, directive.plans, situation)
        if price is None:
            return GateRefusal(code="NO_PRICE", detail=f"no price of {directive.directive.symbol} is known")
        notional = situation.instruments[directive.directive.symbol].notional(price, quantity)
        if notional <= self._notional_max:
            return None
        return GateRefusal(code="ORDER_NOTIONAL", detail=f"{plain(notional)} is more than {plain(self._notional_max)}")


def _opened(directive: ExecutionDirective) -> Decimal:
    """What a new trade would add to the position, signed; zero for anything else."""
    entry, size = directive.plans.entry, directive.plans.size
    if directive.directive.scope is not Scope.NEW_TRADE or entry is None or size is None:
        return Decimal(0)
    return size.quantity if entry.side.sign > 0 else -size.quantity
