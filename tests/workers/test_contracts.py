"""Every built-in worker keeps the laws of its kind."""

from s1mpletrader.api import WorkerProvision
from s1mpletrader.contracts import ContextWorkerContract, RiskMonitorContract, SignalDetectorContract
from s1mpletrader.plugins.workers.breakout import Breakout, BreakoutConfig
from s1mpletrader.plugins.workers.crossover import Crossover, CrossoverConfig
from s1mpletrader.plugins.workers.drawdown import Drawdown, DrawdownConfig
from s1mpletrader.plugins.workers.indicators import IndicatorWorker, RangeConfig, SourceConfig, build_indicator
from s1mpletrader.plugins.workers.rolling import RollingConfig, RollingExtreme, rolling_high, rolling_low
from s1mpletrader.plugins.workers.volatility import Volatility, VolatilityConfig


class TestEma(ContextWorkerContract):
    def make_worker(self, provision: WorkerProvision) -> IndicatorWorker:
        return build_indicator("ema")(SourceConfig(period=9), provision)


class TestSma(ContextWorkerContract):
    def make_worker(self, provision: WorkerProvision) -> IndicatorWorker:
        return build_indicator("sma")(SourceConfig(period=9), provision)


class TestWma(ContextWorkerContract):
    def make_worker(self, provision: WorkerProvision) -> IndicatorWorker:
        return build_indicator("wma")(SourceConfig(period=9, source="high"), provision)


class TestRsi(ContextWorkerContract):
    def make_worker(self, provision: WorkerProvision) -> IndicatorWorker:
        return build_indicator("rsi")(SourceConfig(period=9), provision)


class TestAtr(ContextWorkerContract):
    def make_worker(self, provision: WorkerProvision) -> IndicatorWorker:
        return build_indicator("atr")(RangeConfig(period=9), provision)


class TestRollingHigh(ContextWorkerContract):
    def make_worker(self, provision: WorkerProvision) -> RollingExtreme:
        return rolling_high(RollingConfig(period=9), provision)


class TestRollingLow(ContextWorkerContract):
    def make_worker(self, provision: WorkerProvision) -> RollingExtreme:
        return rolling_low(RollingConfig(period=9), provision)


class TestCrossover(SignalDetectorContract):
    def make_detector(self, provision: WorkerProvision) -> Crossover:
        return Crossover(CrossoverConfig(fast="close", slow="open"), provision)


class TestBreakout(SignalDetectorContract):
    def make_detector(self, provision: WorkerProvision) -> Breakout:
        return Breakout(BreakoutConfig(upper="high", lower="low", source="open"), provision)


class TestDrawdown(RiskMonitorContract):
    def make_monitor(self, provision: WorkerProvision) -> Drawdown:
        return Drawdown(DrawdownConfig(limit=0.01), provision)


class TestVolatility(RiskMonitorContract):
    def make_monitor(self, provision: WorkerProvision) -> Volatility:
        return Volatility(VolatilityConfig(source="high", limit=1.002), provision)
