"""The gate ``price_collar``: how far from the market an order may be."""

from decimal import Decimal

from s1mpletrader.api import (
    ExecutionDirective,
    GateRefusal,
    PluginConfig,
    Situation,
    WorkerProvision,
    multiply,
    subtract,
)
from s1mpletrader.plugins.numbers import HUNDREDTH, Positive
from s1mpletrader.plugins.planners.gates.exposure import adds


class PriceCollarConfig(PluginConfig):
    """How far an entry's prices may lie from the last price."""

    percent: Positive
    """Percent of the last price, above and below it."""


class PriceCollar:
    """Bounds the limit and the stop price of an entry. An order at the market passes where a price is known.

    Exits are left out: a stop that protects may lie as far away as it was planned.
    """

    def __init__(self, config: PriceCollarConfig, provision: WorkerProvision) -> None:
        self._percent = config.percent

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses an entry with a price too far away, and any entry while no price is known."""
        entry, symbol = directive.plans.entry, directive.directive.symbol
        if not adds(directive) or entry is None:
            return None
        last = situation.prices.get(symbol)
        if last is None:
            return GateRefusal(code="NO_PRICE", detail=f"no price of {symbol} is known yet")
        far = [price for price in (entry.price, entry.stop_price) if price is not None and self._is_far(price, last)]
        if not far:
            return None
        detail = f"{symbol}: {far[0]} is more than {self._percent}% from the last price {last}"
        return GateRefusal(code="PRICE_COLLAR", detail=detail)

    def _is_far(self, price: Decimal, last: Decimal) -> bool:
        return abs(subtract(price, last)) > multiply(multiply(last, self._percent), HUNDREDTH)
