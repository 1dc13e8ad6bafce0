"""The contract kit: laws that every adapter has to hold, as an installed pytest plugin.

A test class inherits the laws of a port and supplies one factory method::

    from s1mpletrader.contracts import CacheContract, CacheHarness

    class TestMyCache(CacheContract):
        def make_harness(self, directory):
            return CacheHarness(open=lambda: MyCache(limit=8), flow_limit=8, context_limit=8)

Each law is one test, ``test_law_NN_...``. What a harness does not declare is skipped by name, and the summary at the end of the
session tells for each adapter which laws passed, failed, were skipped, or are missing. ``--contract-report=FILE`` writes the same
as JSON. The names here are imported on first use, so that a session without contracts pays nothing for them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from s1mpletrader.contracts.algorithm import ExecutionAlgorithmContract
    from s1mpletrader.contracts.cache import CacheContract, CacheHarness
    from s1mpletrader.contracts.connector import ExecutionConnectorContract
    from s1mpletrader.contracts.connector_harness import ConnectorHarness
    from s1mpletrader.contracts.context_worker import ContextWorkerContract
    from s1mpletrader.contracts.coupled_detector import CoupledDetectorContract
    from s1mpletrader.contracts.detector import SignalDetectorContract
    from s1mpletrader.contracts.events import EventDetectorContract, EventSourceContract
    from s1mpletrader.contracts.gate import RiskGateContract
    from s1mpletrader.contracts.journal import JournalContract
    from s1mpletrader.contracts.journal_harness import JournalHarness
    from s1mpletrader.contracts.ledger import LedgerContract
    from s1mpletrader.contracts.ledger_harness import LedgerHarness
    from s1mpletrader.contracts.monitor import RiskMonitorContract
    from s1mpletrader.contracts.planner import (
        EntryPlannerContract,
        ExecutionPlannerContract,
        ExitPlannerContract,
        PlannerContract,
        SizePlannerContract,
        StrategyPlannerContract,
    )

_HOME: Final = {
    "CacheContract": "cache",
    "CacheHarness": "cache",
    "ConnectorHarness": "connector_harness",
    "ContextWorkerContract": "context_worker",
    "CoupledDetectorContract": "coupled_detector",
    "EntryPlannerContract": "planner",
    "EventDetectorContract": "events",
    "EventSourceContract": "events",
    "ExecutionAlgorithmContract": "algorithm",
    "ExecutionConnectorContract": "connector",
    "ExecutionPlannerContract": "planner",
    "ExitPlannerContract": "planner",
    "JournalContract": "journal",
    "JournalHarness": "journal_harness",
    "LedgerContract": "ledger",
    "LedgerHarness": "ledger_harness",
    "PlannerContract": "planner",
    "RiskGateContract": "gate",
    "RiskMonitorContract": "monitor",
    "SignalDetectorContract": "detector",
    "SizePlannerContract": "planner",
    "StrategyPlannerContract": "planner",
}

__all__ = [
    "CacheContract",
    "CacheHarness",
    "ConnectorHarness",
    "ContextWorkerContract",
    "CoupledDetectorContract",
    "EntryPlannerContract",
    "EventDetectorContract",
    "EventSourceContract",
    "ExecutionAlgorithmContract",
    "ExecutionConnectorContract",
    "ExecutionPlannerContract",
    "ExitPlannerContract",
    "JournalContract",
    "JournalHarness",
    "LedgerContract",
    "LedgerHarness",
    "PlannerContract",
    "RiskGateContract",
    "RiskMonitorContract",
    "SignalDetectorContract",
    "SizePlannerContract",
    "StrategyPlannerContract",
]


def __getattr__(name: str) -> Any:
    """The contract or harness of this name."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
