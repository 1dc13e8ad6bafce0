"""The gate ``order_notional``: how large one order may be."""

from s1mpletrader.api import ExecutionDirective, GateRefusal, PluginConfig, Situation, WorkerProvision
from s1mpletrader.plugins.numbers import Positive
from s1mpletrader.plugins.planners.gates.exposure import adds
from s1mpletrader.plugins.planners.pricing import planned_price


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
        if not adds(directive) or size is None:
            return None
        price = planned_price(directive.plans.entry, symbol, situation)
        if price is None:
            return GateRefusal(code="NO_PRICE", detail=f"no price of {symbol} is known yet")
        notional = situation.instruments[symbol].notional(price, size.quantity)
        if notional <= self._notional_max:
            return None
        return GateRefusal(code="ORDER_NOTIONAL", detail=f"{symbol}: {notional} is above {self._notional_max}")
