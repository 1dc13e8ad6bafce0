"""The kit is tested against adapters that break one law each: the test of that law fails."""

import json
import re
from collections.abc import Sequence

import pytest

from s1mpletrader.contracts import (
    CacheContract,
    ContextWorkerContract,
    CoupledDetectorContract,
    EntryPlannerContract,
    EventDetectorContract,
    EventSourceContract,
    ExecutionConnectorContract,
    ExecutionPlannerContract,
    ExitPlannerContract,
    JournalContract,
    LedgerContract,
    RiskMonitorContract,
    SignalDetectorContract,
    SizePlannerContract,
    StrategyPlannerContract,
)

from .twins_connector import CONNECTORS
from .twins_events import DETECTORS as EVENT_DETECTORS
from .twins_events import SOURCES
from .twins_planners import ENTRY, EXECUTION, EXIT, SIZE, STRATEGY
from .twins_stores import CACHES, JOURNALS, LEDGERS
from .twins_workers import CONTEXT_WORKERS, COUPLED_DETECTORS, DETECTORS, MONITORS

pytest_plugins = ("pytester",)

Twins = Sequence[type]

TABLE: dict[str, tuple[type, str, Twins]] = {
    "ILedger": (LedgerContract, "twins_stores.LEDGERS", LEDGERS),
    "IJournal": (JournalContract, "twins_stores.JOURNALS", JOURNALS),
    "ICache": (CacheContract, "twins_stores.CACHES", CACHES),
    "IExecutionConnector": (ExecutionConnectorContract, "twins_connector.CONNECTORS", CONNECTORS),
    "ContextWorker": (ContextWorkerContract, "twins_workers.CONTEXT_WORKERS", CONTEXT_WORKERS),
    "SignalDetector": (SignalDetectorContract, "twins_workers.DETECTORS", DETECTORS),
    "CoupledDetector": (CoupledDetectorContract, "twins_workers.COUPLED_DETECTORS", COUPLED_DETECTORS),
    "RiskMonitor": (RiskMonitorContract, "twins_workers.MONITORS", MONITORS),
    "IEventSource": (EventSourceContract, "twins_events.SOURCES", SOURCES),
    "EventDetector": (EventDetectorContract, "twins_events.DETECTORS", EVENT_DETECTORS),
    "StrategyPlanner": (StrategyPlannerContract, "twins_planners.STRATEGY", STRATEGY),
    "EntryPlanner": (EntryPlannerContract, "twins_planners.ENTRY", ENTRY),
    "SizePlanner": (SizePlannerContract, "twins_planners.SIZE", SIZE),
    "ExitPlanner": (ExitPlannerContract, "twins_planners.EXIT", EXIT),
    "ExecutionPlanner": (ExecutionPlannerContract, "twins_planners.EXECUTION", EXECUTION),
}


def number_of(law: str) -> int:
    return int(law.removeprefix("test_law_")[:2])


def broken_by(twin: type) -> int:
    """The law whose number the twin's name bears."""
    found = re.search(r"Law(\d\d)", twin.__name__)
    assert found is not None, f"{twin.__name__} names no law"
    return int(found[1])


def law_of(contract: type, twin: type) -> str:
    """The test of the law that the twin breaks."""
    return next(name for name in dir(contract) if name.startswith(f"test_law_{broken_by(twin):02}"))


@pytest.mark.parametrize("port", TABLE)
def test_every_twin_is_caught_by_the_law_that_it_breaks(port: str, pytester: pytest.Pytester) -> None:
    contract, place, twins = TABLE[port]
    module, names = place.split(".")
    path = pytester.makepyfile(
        f"""
        from {__package__}.{module} import {names} as twins
        globals().update({{f"Test{{twin.__name__}}": twin for twin in twins}})
        """
    )
    laws = [f"{path}::Test{twin.__name__}::{law_of(contract, twin)}" for twin in twins]
    pytester.runpytest_inprocess("-q", "--contract-report=report.json", "-p", "no:cacheprovider", *laws)
    report = json.loads((pytester.path / "report.json").read_text())
    caught = {each["adapter"].split("::")[1] for each in report["adapters"] if each["failed"]}
    assert caught == {f"Test{twin.__name__}" for twin in twins}


@pytest.mark.parametrize("port", TABLE)
def test_every_law_has_a_twin_that_breaks_it(port: str) -> None:
    contract, _, twins = TABLE[port]
    laws = {number_of(name) for name in dir(contract) if name.startswith("test_law_")}
    assert {broken_by(twin) for twin in twins} == laws
