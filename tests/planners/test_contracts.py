"""Every built-in planner keeps the laws of its kind."""

from decimal import Decimal

from s1mpletrader.api import (
    EntryPlanner,
    ExecutionPlanner,
    ExitPlanner,
    SizePlanner,
    StrategyPlanner,
    WorkerProvision,
)
from s1mpletrader.contracts import (
    EntryPlannerContract,
    ExecutionPlannerContract,
    ExitPlannerContract,
    SizePlannerContract,
    StrategyPlannerContract,
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
from s1mpletrader.plugins.planners.weighing import Weighing, WeighingConfig


class TestWeighing(StrategyPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> StrategyPlanner:
        return Weighing(WeighingConfig(opposite_signal="close", close_on_risk="CRITICAL"), provision)


class TestWeighingRefusing(StrategyPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> StrategyPlanner:
        return Weighing(WeighingConfig(opposite_signal="refuse"), provision)


class TestWeighingChanging(StrategyPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> StrategyPlanner:
        return Weighing(WeighingConfig(same_signal="add", modify_kinds=("k",)), provision)


class TestRebalance(StrategyPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> StrategyPlanner:
        return Rebalance(RebalanceConfig(weights={provision.series.symbol: Decimal("0.5")}), provision)


class TestMarketEntry(EntryPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> EntryPlanner:
        return MarketEntry()


class TestLimitEntry(EntryPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> EntryPlanner:
        return LimitEntry(LimitEntryConfig(offset_percent=Decimal("0.1")), provision)


class TestFixedSize(SizePlannerContract):
    def make_planner(self, provision: WorkerProvision) -> SizePlanner:
        return FixedSize(FixedSizeConfig(quantity=Decimal("0.01")), provision)


class TestRiskPercent(SizePlannerContract):
    def make_planner(self, provision: WorkerProvision) -> SizePlanner:
        return RiskPercent(RiskPercentConfig(percent=Decimal("0.5")), provision)


class TestNotionalSize(SizePlannerContract):
    def make_planner(self, provision: WorkerProvision) -> SizePlanner:
        return NotionalSize(NotionalSizeConfig(notional=Decimal(500)), provision)


class TestTargetWeight(SizePlannerContract):
    def make_planner(self, provision: WorkerProvision) -> SizePlanner:
        return TargetWeight()


class TestTrailingExit(ExitPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> ExitPlanner:
        return TrailingExit(TrailingExitConfig(distance_percent=Decimal(1), target_percent=Decimal(2)), provision)


class TestAtrExit(ExitPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> ExitPlanner:
        return AtrExit(AtrExitConfig(source="atr", stop_multiple=Decimal(2), target_multiple=Decimal(3)), provision)


class TestPercentExit(ExitPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> ExitPlanner:
        return PercentExit(PercentExitConfig(stop_percent=Decimal(1), target_percent=Decimal(2)), provision)


class TestSingleExecution(ExecutionPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> ExecutionPlanner:
        return SingleExecution()
