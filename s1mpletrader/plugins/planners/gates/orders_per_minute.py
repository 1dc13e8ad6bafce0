"""The gate ``orders_per_minute``: how fast orders may follow each other."""

from typing import Annotated

from pydantic import Field

from s1mpletrader.api import (
    MINUTE_NS,
    AccountView,
    ExecutionDirective,
    GateRefusal,
    Instant,
    PluginConfig,
    Situation,
    WorkerProvision,
)
from s1mpletrader.plugins.planners.gates.exposure import adds, planned_order_count


class OrdersPerMinuteConfig(PluginConfig):
    """How many orders may be meant within a minute."""

    orders_max: Annotated[int, Field(ge=1)]
    """The most orders in any 60 seconds, a new trade's entry and planned exits counted."""


class OrdersPerMinute:
    """Bounds the strategy's intents, whatever became of them: rejected and cancelled orders have cost a message too."""

    def __init__(self, config: OrdersPerMinuteConfig, provision: WorkerProvision) -> None:
        self._orders_max = config.orders_max

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        """Refuses a new trade whose orders would be too many beside those of the last 60 seconds."""
        if not adds(directive):
            return None
        recent, planned = intents_since(situation.view, situation.at - MINUTE_NS), planned_order_count(directive)
        if recent + planned <= self._orders_max:
            return None
        detail = f"{recent} orders in the last minute and {planned} planned, the limit is {self._orders_max}"
        return GateRefusal(code="ORDERS_PER_MINUTE", detail=detail)


def intents_since(view: AccountView, at: Instant) -> int:
    """How many orders the strategy has meant after an instant that lies a minute back at most."""
    return sum(meant_at > at for meant_at in view.recent_intents)
