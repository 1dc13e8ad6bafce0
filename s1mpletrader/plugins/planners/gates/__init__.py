"""Risk gates: bounds that nothing which adds to an account passes. What closes a trade, or only changes its exits, passes."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import Plugin, RiskGate, WorkerProvision, hookimpl
from s1mpletrader.plugins.planners.gates.kill_switch import KillSwitch, KillSwitchConfig
from s1mpletrader.plugins.planners.gates.open_orders import OpenOrders, OpenOrdersConfig
from s1mpletrader.plugins.planners.gates.order_notional import OrderNotional, OrderNotionalConfig
from s1mpletrader.plugins.planners.gates.orders_per_minute import OrdersPerMinute, OrdersPerMinuteConfig
from s1mpletrader.plugins.planners.gates.position_limit import PositionLimit, PositionLimitConfig
from s1mpletrader.plugins.planners.gates.price_collar import PriceCollar, PriceCollarConfig
from s1mpletrader.plugins.planners.gates.standing_risk import (
    DailyLossConfig,
    DrawdownHaltConfig,
    StandingRisk,
    StandingRiskConfig,
    daily_loss,
    drawdown_halt,
)

__all__ = [
    "KillSwitch",
    "KillSwitchConfig",
    "OpenOrders",
    "OpenOrdersConfig",
    "OrderNotional",
    "OrderNotionalConfig",
    "OrdersPerMinute",
    "OrdersPerMinuteConfig",
    "PositionLimit",
    "PositionLimitConfig",
    "PriceCollar",
    "PriceCollarConfig",
    "StandingRisk",
    "StandingRiskConfig",
    "s1mple_risk_gates",
]


@hookimpl
def s1mple_risk_gates() -> Sequence[Plugin[Any, WorkerProvision, RiskGate]]:
    """Bounds on orders, halts by risks, and the kill switch."""
    orders: tuple[Plugin[Any, WorkerProvision, RiskGate], ...] = (
        Plugin(
            name="position_limit",
            config=PositionLimitConfig,
            build=PositionLimit,
            summary="The largest quantity held of a symbol, live orders and slices to come counted as filled.",
        ),
        Plugin(
            name="order_notional",
            config=OrderNotionalConfig,
            build=OrderNotional,
            summary="The largest value of an opening order.",
        ),
        Plugin(
            name="open_orders",
            config=OpenOrdersConfig,
            build=OpenOrders,
            summary="The most live orders, of a symbol or of the account, those of unknown outcome counted.",
        ),
        Plugin(
            name="orders_per_minute",
            config=OrdersPerMinuteConfig,
            build=OrdersPerMinute,
            summary="The most orders in any 60 seconds, whatever became of them.",
        ),
        Plugin(
            name="price_collar",
            config=PriceCollarConfig,
            build=PriceCollar,
            summary="The largest distance of an entry's limit or stop price from the last price.",
        ),
    )
    halts: tuple[Plugin[Any, WorkerProvision, RiskGate], ...] = (
        Plugin(
            name="standing_risk",
            config=StandingRiskConfig,
            build=StandingRisk,
            summary="No new trade while a monitor's risk stands.",
        ),
        Plugin(
            name="daily_loss",
            config=DailyLossConfig,
            build=daily_loss,
            summary="No new trade for the rest of a day that lost too much; goes with the risk daily_loss.",
        ),
        Plugin(
            name="drawdown_halt",
            config=DrawdownHaltConfig,
            build=drawdown_halt,
            summary="No new trade while the account is too far below its highest equity; goes with the risk drawdown.",
        ),
        Plugin(
            name="kill_switch",
            config=KillSwitchConfig,
            build=KillSwitch,
            summary="No new trade between s1mpletrader halt and s1mpletrader resume.",
        ),
    )
    return (*orders, *halts)
