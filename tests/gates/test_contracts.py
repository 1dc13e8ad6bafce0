"""Every built-in gate keeps the laws of gates, and each law catches a gate that breaks it."""

from dataclasses import replace as provided
from decimal import Decimal
from typing import ClassVar

import pytest

from s1mpletrader.api import RiskGate, WorkerProvision
from s1mpletrader.contracts import RiskGateContract
from s1mpletrader.plugins.planners.gates import (
    KillSwitch,
    KillSwitchConfig,
    OpenOrders,
    OpenOrdersConfig,
    OrderNotional,
    OrderNotionalConfig,
    OrdersPerMinute,
    OrdersPerMinuteConfig,
    PositionLimit,
    PositionLimitConfig,
    PriceCollar,
    PriceCollarConfig,
    StandingRisk,
    StandingRiskConfig,
)
from s1mpletrader.plugins.planners.gates.halts import EVERY_ACCOUNT, Halt, halt
from s1mpletrader.plugins.planners.gates.standing_risk import DailyLossConfig, DrawdownHaltConfig, daily_loss, drawdown_halt
from s1mpletrader.plugins.stores import MemoryState

from .twins import TWINS

pytest_plugins = ("pytester",)


class TestPositionLimit(RiskGateContract):
    bounds_position: ClassVar[bool] = True

    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return PositionLimit(PositionLimitConfig(quantity_max=Decimal(1)), provision)


class TestOrderNotional(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return OrderNotional(OrderNotionalConfig(notional_max=Decimal(1_000)), provision)


class TestOpenOrders(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return OpenOrders(OpenOrdersConfig(orders_max=3), provision)


class TestOrdersPerMinute(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return OrdersPerMinute(OrdersPerMinuteConfig(orders_max=3), provision)


class TestPriceCollar(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return PriceCollar(PriceCollarConfig(percent=Decimal("0.0001")), provision)


class TestStandingRisk(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return StandingRisk(StandingRiskConfig(), provision)


class TestDailyLoss(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return daily_loss(DailyLossConfig(), provision)


class TestDrawdownHalt(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return drawdown_halt(DrawdownHaltConfig(), provision)


def halted_switch(config: KillSwitchConfig, provision: WorkerProvision) -> KillSwitch:
    state = MemoryState()
    halt(state, EVERY_ACCOUNT, Halt(reason="a sample"))
    return KillSwitch(config, provided(provision, open_state=lambda: state))


class TestKillSwitch(RiskGateContract):
    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return halted_switch(KillSwitchConfig(), provision)


class TestKillSwitchOfEverything(RiskGateContract):
    refuses_closes: ClassVar[bool] = True

    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        return halted_switch(KillSwitchConfig(closes="refuse"), provision)


LAWS = {name.removeprefix("test_law_")[:2]: name for name in dir(RiskGateContract) if name.startswith("test_law_")}


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.__name__)
def test_a_gate_that_breaks_a_law_is_caught_by_it(twin: type, pytester: pytest.Pytester) -> None:
    law = LAWS[twin.__name__[3:5]]
    path = pytester.makepyfile(f"from {__package__}.twins import {twin.__name__} as TestTwin")
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider", f"{path}::TestTwin::{law}")
    result.assert_outcomes(failed=1)


def test_every_law_has_a_gate_that_breaks_it() -> None:
    assert {twin.__name__[3:5] for twin in TWINS} == set(LAWS)
