"""The execution planners of entries in slices: their tables, what travels to the algorithm, and the laws of planners."""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from s1mpletrader.api import (
    Advance,
    ExecutionPlanDraft,
    ExecutionPlanner,
    Parameters,
    PluginConfig,
    RefusalDraft,
    Scope,
    WorkerProvision,
)
from s1mpletrader.contracts import ExecutionPlannerContract
from s1mpletrader.contracts.execution_desk import Desk, Task
from s1mpletrader.contracts.generated import PROVISION
from s1mpletrader.contracts.situations import PRICE, make_cases
from s1mpletrader.plugins.algorithms import s1mple_execution_algorithms
from s1mpletrader.plugins.planners import s1mple_execution_planners

TABLES: dict[str, dict[str, Any]] = {
    "twap": {"duration": "30m", "slices": 6, "leftover": "market"},
    "vwap": {"duration": "30m", "profile": [1, 2.5, 0.1], "missed": "catch_up"},
    "pov": {"duration": "2h", "participation": 0.1, "interval": "5m"},
    "iceberg": {"display": "0.25"},
    "ladder": {"levels": 4, "step_percent": 0.5, "duration": "1d", "leftover": "keep"},
}


def build(name: str, table: Mapping[str, Any]) -> ExecutionPlanner:
    plugin = next(plugin for plugin in s1mple_execution_planners() if plugin.name == name)
    config: PluginConfig = plugin.config.model_validate(table)
    return plugin.build(config, PROVISION)


def drafts(name: str) -> list[tuple[str, Any]]:
    planner = build(name, TABLES[name])
    return [(case.name, planner.plan(case.directive, case.plans, case.situation)) for case in make_cases()]


def parameters_of(name: str) -> Parameters:
    answers = [answer for case, answer in drafts(name) if case.startswith(f"{Scope.NEW_TRADE} LONG, all three")]
    assert isinstance(answers[0], ExecutionPlanDraft)
    assert answers[0].algorithm == name
    return answers[0].parameters


PARAMETERS: dict[str, Parameters] = {
    "twap": (("duration", "30m"), ("leftover", "market"), ("missed", "spread"), ("slices", "6")),
    "vwap": (("duration", "30m"), ("leftover", "cancel"), ("missed", "catch_up"), ("profile", "1,2.5,0.1")),
    "pov": (
        ("duration", "2h"),
        ("interval", "5m"),
        ("leftover", "cancel"),
        ("missed", "spread"),
        ("participation", "0.1"),
    ),
    "iceberg": (("display", "0.25"), ("leftover", "cancel")),
    "ladder": (("duration", "1d"), ("leftover", "keep"), ("levels", "4"), ("step_percent", "0.5")),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_travels_as_sorted_text(name: str) -> None:
    assert parameters_of(name) == PARAMETERS[name]


@pytest.mark.parametrize("name", TABLES)
def test_the_algorithm_reads_what_its_planner_writes(name: str) -> None:
    plugin = next(plugin for plugin in s1mple_execution_algorithms() if plugin.name == name)
    algorithm = plugin.build(plugin.config(), PROVISION)
    desk = Desk(lambda: algorithm, Task(price=PRICE, parameters=parameters_of(name)))
    desk.begin()
    assert desk.last == Advance(commands=desk.last.commands, state=desk.last.state, wake_at=desk.last.wake_at)
    assert desk.orders or desk.last.wake_at is not None


@pytest.mark.parametrize("name", TABLES)
def test_an_end_is_carried_out_by_close(name: str) -> None:
    ends = [answer for case, answer in drafts(name) if case.startswith(Scope.CLOSE_EXISTING)]
    assert ends
    assert all(answer == ExecutionPlanDraft(algorithm="close") for answer in ends)


def test_an_iceberg_refuses_an_entry_at_the_market() -> None:
    answers = [answer for case, answer in drafts("iceberg") if case.startswith(f"{Scope.NEW_TRADE} LONG, a market")]
    assert {answer.code for answer in answers if isinstance(answer, RefusalDraft)} == {"UNSUPPORTED_ENTRY"}


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("twap", {"duration": "30 minutes"}, "duration"),
    ("twap", {"slices": 0}, "slices"),
    ("twap", {"leftover": "burn"}, "leftover"),
    ("twap", {"slice": 3}, "slice"),
    ("vwap", {"profile": []}, "profile"),
    ("vwap", {"profile": [0, 0]}, "profile"),
    ("vwap", {"profile": [1, -1]}, "profile"),
    ("pov", {"participation": 1.1}, "participation"),
    ("iceberg", {"display": 0}, "display"),
    ("ladder", {"step_percent": 100}, "step_percent"),
]


@pytest.mark.parametrize(("name", "change", "place"), MISTAKES)
def test_a_mistake_is_reported_at_its_key(name: str, change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as raised:
        build(name, TABLES[name] | change)
    assert raised.value.errors()[0]["loc"][0] == place


class TestTwap(ExecutionPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> ExecutionPlanner:
        return build("twap", TABLES["twap"])


class TestIceberg(ExecutionPlannerContract):
    def make_planner(self, provision: WorkerProvision) -> ExecutionPlanner:
        return build("iceberg", TABLES["iceberg"])
