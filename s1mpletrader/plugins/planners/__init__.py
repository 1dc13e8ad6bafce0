"""Built-in planners of every kind, and two risk gates."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import (
    EntryPlanner,
    ExecutionPlanner,
    ExitPlanner,
    NoConfig,
    Plugin,
    RiskGate,
    SizePlanner,
    StrategyPlanner,
    WorkerProvision,
    hookimpl,
)
from s1mpletrader.plugins.planners.entry import LimitEntry, LimitEntryConfig, MarketEntry
from s1mpletrader.plugins.planners.execution import SingleExecution
from s1mpletrader.plugins.planners.exit import AtrExit, AtrExitConfig, PercentExit, PercentExitConfig
from s1mpletrader.plugins.planners.gates import OrderNotional, OrderNotionalConfig, PositionLimit, PositionLimitConfig
from s1mpletrader.plugins.planners.size import FixedSize, FixedSizeConfig, RiskPercentConfig, RiskPercentSize
from s1mpletrader.plugins.planners.weighing import Weighing, WeighingConfig


@hookimpl
def s1mple_strategy_planners() -> Sequence[Plugin[Any, WorkerProvision, StrategyPlanner]]:
    """Strategy planners."""
    return (Plugin(name="weighing", config=WeighingConfig, build=Weighing, summary="Weighs signals against risks."),)


@hookimpl
def s1mple_entry_planners() -> Sequence[Plugin[Any, WorkerProvision, EntryPlanner]]:
    """Entry planners."""
    return (
        Plugin(name="market", config=NoConfig, build=MarketEntry, summary="Enters at the market."),
        Plugin(name="limit", config=LimitEntryConfig, build=LimitEntry, summary="Enters at a limit beside the last price."),
    )


@hookimpl
def s1mple_exit_planners() -> Sequence[Plugin[Any, WorkerProvision, ExitPlanner]]:
    """Exit planners."""
    return (
        Plugin(name="atr", config=AtrExitConfig, build=AtrExit, summary="Stop and target in average true ranges."),
        Plugin(name="percent", config=PercentExitConfig, build=PercentExit, summary="Stop and target in percent of the entry."),
    )


@hookimpl
def s1mple_size_planners() -> Sequence[Plugin[Any, WorkerProvision, SizePlanner]]:
    """Size planners."""
    return (
        Plugin(name="fixed", config=FixedSizeConfig, build=FixedSize, summary="Always the same quantity."),
        Plugin(
            name="risk_percent",
            config=RiskPercentConfig,
            build=RiskPercentSize,
            summary="As much as loses a percent of the equity at the stop.",
        ),
    )


@hookimpl
def s1mple_execution_planners() -> Sequence[Plugin[Any, WorkerProvision, ExecutionPlanner]]:
    """Execution planners."""
    return (Plugin(name="single", config=NoConfig, build=SingleExecution, summary="One order, with its stop and target."),)


@hookimpl
def s1mple_risk_gates() -> Sequence[Plugin[Any, WorkerProvision, RiskGate]]:
    """Risk gates."""
    return (
        Plugin(
            name="position_limit",
            config=PositionLimitConfig,
            build=PositionLimit,
            summary="Bounds what may be held of a symbol.",
        ),
        Plugin(name="order_notional", config=OrderNotionalConfig, build=OrderNotional, summary="Bounds one order's worth."),
    )
