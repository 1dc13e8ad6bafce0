"""Nothing is forgotten: every law of the kit has a twin, and every built-in plugin is held to its kind's laws somewhere."""

import re
from pathlib import Path

import pytest

from s1mpletrader import contracts
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager
from tests.contracts import test_algorithms
from tests.contracts.test_twins import TABLE
from tests.gates import twins as gates

TESTS = Path(__file__).parents[1]

WITH_TWINS_ELSEWHERE = {contracts.RiskGateContract: gates.TWINS, contracts.ExecutionAlgorithmContract: test_algorithms.__name__}
"""Contracts whose twins stand beside their own tests."""

CONTRACTS = {
    PluginKind.CONTEXT: "ContextWorkerContract",
    PluginKind.SIGNAL: "DetectorContract",
    PluginKind.RISK: "RiskMonitorContract",
    PluginKind.PLANNER: "StrategyPlannerContract",
    PluginKind.ENTRY: "EntryPlannerContract",
    PluginKind.SIZE: "SizePlannerContract",
    PluginKind.EXIT: "ExitPlannerContract",
    PluginKind.EXECUTION: "ExecutionPlannerContract",
    PluginKind.GATE: "RiskGateContract",
    PluginKind.CACHE: "CacheContract",
    PluginKind.SCHEDULE: "EventSourceContract",
}


def laws(contract: type) -> list[str]:
    return [name for name in dir(contract) if name.startswith("test_law_")]


def test_every_contract_of_the_kit_is_tried_on_twins() -> None:
    whole = {getattr(contracts, name) for name in contracts.__all__ if name.endswith("Contract")} - {contracts.PlannerContract}
    tried = {contract for contract, _, _ in TABLE.values()} | WITH_TWINS_ELSEWHERE.keys()
    assert {contract.__name__ for contract in whole if laws(contract)} == {contract.__name__ for contract in tried}


def held_to_laws() -> str:
    """Every test module that runs a contract."""
    texts = [path.read_text() for path in sorted(TESTS.rglob("test_*.py"))]
    return "\n".join(text for text in texts if re.search(r"\(\w*Contract\)|Contract\):", text))


@pytest.mark.parametrize("kind", CONTRACTS)
def test_every_built_in_plugin_is_held_to_its_laws(kind: PluginKind) -> None:
    source = held_to_laws()
    names = {plugin.name for plugin in PluginManager.load(()).plugins(kind)}
    missing = [name for name in names if not re.search(rf"class Test\w*{name.replace('_', '')}", source, re.IGNORECASE)]
    assert missing == []
