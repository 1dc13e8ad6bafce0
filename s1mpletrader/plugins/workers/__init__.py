"""Built-in workers: indicators, detectors and monitors."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import (
    ContextWorker,
    CoupledDetector,
    EventDetector,
    Plugin,
    RiskMonitor,
    SignalDetector,
    WorkerProvision,
    hookimpl,
)
from s1mpletrader.plugins.workers.breakout import Breakout, BreakoutConfig
from s1mpletrader.plugins.workers.crossover import Crossover, CrossoverConfig
from s1mpletrader.plugins.workers.daily_loss import DailyLoss, DailyLossConfig
from s1mpletrader.plugins.workers.drawdown import Drawdown, DrawdownConfig
from s1mpletrader.plugins.workers.event_detectors import Headline, HeadlineConfig, Scheduled, ScheduledConfig
from s1mpletrader.plugins.workers.indicators import RangeConfig, SourceConfig, build_indicator
from s1mpletrader.plugins.workers.pairs import Pairs, PairsConfig
from s1mpletrader.plugins.workers.rolling import RollingConfig, rolling_high, rolling_low
from s1mpletrader.plugins.workers.trailing import Trailing, TrailingConfig
from s1mpletrader.plugins.workers.volatility import Volatility, VolatilityConfig


@hookimpl
def s1mple_context_workers() -> Sequence[Plugin[Any, WorkerProvision, ContextWorker]]:
    """Averages, oscillators and ranges."""
    averages = {
        "sma": "Simple moving average.",
        "ema": "Exponential moving average, seeded with a simple one.",
        "wma": "Linearly weighted moving average.",
        "rsi": "Relative strength index, from 0 to 100.",
    }
    of_a_source: list[Plugin[Any, WorkerProvision, ContextWorker]] = [
        Plugin(name=name, config=SourceConfig, build=build_indicator(name), summary=summary) for name, summary in averages.items()
    ]
    return (
        *of_a_source,
        Plugin(name="atr", config=RangeConfig, build=build_indicator("atr"), summary="Average true range, in price units."),
        Plugin(
            name="rolling_high",
            config=RollingConfig,
            build=rolling_high,
            summary="Highest high of the candles before this one.",
        ),
        Plugin(name="rolling_low", config=RollingConfig, build=rolling_low, summary="Lowest low of the candles before this one."),
    )


@hookimpl
def s1mple_signal_detectors() -> Sequence[Plugin[Any, WorkerProvision, SignalDetector | CoupledDetector[Any] | EventDetector]]:
    """Crossings, breakouts, and stops that should trail."""
    return (
        Plugin(name="crossover", config=CrossoverConfig, build=Crossover, summary="One fact crosses another."),
        Plugin(
            name="trailing",
            config=TrailingConfig,
            build=Trailing,
            summary="The price has moved so far that an open trade's stop should follow.",
        ),
        Plugin(name="pairs", config=PairsConfig, build=Pairs, summary="Two symbols have moved apart, or together again."),
        Plugin(name="scheduled", config=ScheduledConfig, build=Scheduled, summary="A schedule is due."),
        Plugin(name="headline", config=HeadlineConfig, build=Headline, summary="The news say a word."),
        Plugin(name="breakout", config=BreakoutConfig, build=Breakout, summary="The price leaves a range."),
    )


@hookimpl
def s1mple_risk_monitors() -> Sequence[Plugin[Any, WorkerProvision, RiskMonitor[Any]]]:
    """Falls of the account, and wild markets."""
    return (
        Plugin(name="daily_loss", config=DailyLossConfig, build=DailyLoss, summary="The day has lost too much."),
        Plugin(name="drawdown", config=DrawdownConfig, build=Drawdown, summary="The account is below its highest equity."),
        Plugin(name="volatility", config=VolatilityConfig, build=Volatility, summary="The market moves too much."),
    )
