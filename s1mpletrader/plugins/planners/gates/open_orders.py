"""The gate ``open_orders``: how many orders may be live at once."""

from typing import Annotated, Literal

from pydantic import Field

from s1mpletrader.api import ExecutionDirective, GateRefusal, PluginConfig, Situation, WorkerProvision
from s1mpletrader.plugins.planners.gates.exposure import adds, live_orders, planned_order_count


class OpenOrdersConfig(PluginConfig):
    """How many orders may be live."""

    orders_max: Annotated[int, Field(ge=1)]
    """The most live orders, a new trade's entry and planned exits counted."""
    per: Literal["symbol", "account"] = "account"
    """Whether each symbol has that many, or the strategy's account as a whole."""


class OpenOrders:
    """Bounds the live orders: intended, sent, open, and of unknown outcome.

    An entry that fills in parts may have more exits than were planned; then nothing new passes until some of them have ended.
    """

    def __init__(self, config: OpenOrdersConfig, provision: WorkerProvision) -> None:
        self._config = config

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses a new trade whose orders would be too many beside those that are live."""
        if not adds(directive):
            return None
        symbol = directive.directive.symbol if self._config.per == "symbol" else None
        live, planned = sum(1 for _ in live_orders(situation.view, symbol)), planned_order_count(directive)
        if live + planned <= self._config.orders_max:
            return None
        detail = f"{symbol or 'the account'}: {live} live and {planned} planned orders, the limit is {self._config.orders_max}"
        return GateRefusal(code="OPEN_ORDERS", detail=detail)
