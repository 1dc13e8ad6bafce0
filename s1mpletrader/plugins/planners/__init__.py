"""Built-in planners and risk gates."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import (
    EntryPlanner,
    ExecutionPlanner,
    ExitPlanner,
    NoConfig,
    Plugin,
    SizePlanner,
    StrategyPlanner,
    WorkerProvision,
    hookimpl,
)
from s1mpletrader.plugins.planners.entry import LimitEntry, LimitEntryConfig, MarketEntry
from s1mpletrader.plugins.planners.execution import SingleExecution
from s1mpletrader.plugins.planners.exit import (
    AtrExit,
    AtrExitConfig,
    PercentExit,
    PercentExitConfig,
    TrailingExit,
    TrailingExitConfig,
)
from s1mpletrader.plugins.planners.gates import s1mple_risk_gates as s1mple_risk_gates
from s1mpletrader.plugins.planners.rebalance import Rebalance, RebalanceConfig
from s1mpletrader.plugins.planners.size import (
    FixedSize,
    FixedSizeConfig,
    NotionalSize,
    NotionalSizeConfig,
    RiskPercent,
    RiskPercentConfig,
    TargetWeight,
)
from s1mpletrader.plugins.planners.slicing import (
    IcebergConfig,
    LadderConfig,
    PovConfig,
    SlicedExecution,
    TwapConfig,
    VwapConfig,
)
from s1mpletrader.plugins.planners.weighing import Weighing, WeighingConfig


@hookimpl
def s1mple_strategy_planners() -> Sequence[Plugin[Any, WorkerProvision, StrategyPlanner]]:
    """From opinions to directives."""
    return (
        Plugin(name="weighing", config=WeighingConfig, build=Weighing, summary="Weighs signals against each other and risks."),
        Plugin(
            name="rebalance",
            config=RebalanceConfig,
            build=Rebalance,
            summary="Brings every symbol to its part of the equity.",
        ),
    )


@hookimpl
def s1mple_entry_planners() -> Sequence[Plugin[Any, WorkerProvision, EntryPlanner]]:
    """What and where to enter."""
    return (
        Plugin(name="market", config=NoConfig, build=lambda _, __: MarketEntry(), summary="At the market, at once."),
        Plugin(name="limit", config=LimitEntryConfig, build=LimitEntry, summary="A limit at or beside the last price."),
    )


@hookimpl
def s1mple_size_planners() -> Sequence[Plugin[Any, WorkerProvision, SizePlanner]]:
    """How much."""
    return (
        Plugin(name="fixed", config=FixedSizeConfig, build=FixedSize, summary="Always the same quantity."),
        Plugin(
            name="risk_percent",
            config=RiskPercentConfig,
            build=RiskPercent,
            summary="What loses a percentage of the equity where the stop is hit.",
        ),
        Plugin(name="notional", config=NotionalSizeConfig, build=NotionalSize, summary="Always worth the same."),
        Plugin(
            name="target_weight",
            config=NoConfig,
            build=lambda _, __: TargetWeight(),
            summary="What brings a position to the directive's part of the equity.",
        ),
    )


@hookimpl
def s1mple_exit_planners() -> Sequence[Plugin[Any, WorkerProvision, ExitPlanner]]:
    """Where to leave."""
    return (
        Plugin(name="atr", config=AtrExitConfig, build=AtrExit, summary="Stop and target in multiples of a fact."),
        Plugin(name="percent", config=PercentExitConfig, build=PercentExit, summary="Stop and target in percent of the entry."),
        Plugin(
            name="trailing",
            config=TrailingExitConfig,
            build=TrailingExit,
            summary="A stop that follows the price at a distance in percent.",
        ),
    )


@hookimpl
def s1mple_execution_planners() -> Sequence[Plugin[Any, WorkerProvision, ExecutionPlanner]]:
    """By which algorithm."""
    return (
        Plugin(
            name="single",
            config=NoConfig,
            build=lambda _, __: SingleExecution(),
            summary="One entry order, in a bracket where an exit is planned.",
        ),
        Plugin(
            name="twap",
            config=TwapConfig,
            build=lambda config, _: SlicedExecution("twap", config),
            summary="Equal slices over a time.",
        ),
        Plugin(
            name="vwap",
            config=VwapConfig,
            build=lambda config, _: SlicedExecution("vwap", config),
            summary="Slices over a time, as large as a volume profile says.",
        ),
        Plugin(
            name="pov",
            config=PovConfig,
            build=lambda config, _: SlicedExecution("pov", config),
            summary="A share of the volume that the market trades.",
        ),
        Plugin(
            name="iceberg",
            config=IcebergConfig,
            build=lambda config, _: SlicedExecution("iceberg", config, waits=True),
            summary="A limit order of which only a part is shown at a time.",
        ),
        Plugin(
            name="ladder",
            config=LadderConfig,
            build=lambda config, _: SlicedExecution("ladder", config),
            summary="Limit orders at several prices.",
        ),
    )
