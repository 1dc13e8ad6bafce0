"""The laws hold for the smallest correct adapters."""

from .reference_connector import ReferenceExecutionConnector, ReferenceOnABadDay
from .reference_stores import ReferenceCache, ReferenceJournal, ReferenceLedger
from .twins_events import ReferenceEventDetector, ReferenceSource
from .twins_planners import REFERENCES, ReferenceStrategyPlanner
from .twins_workers import ReferenceContextWorker, ReferenceCoupledDetector, ReferenceDetector, ReferenceMonitor


class TestLedger(ReferenceLedger):
    pass


class TestJournal(ReferenceJournal):
    pass


class TestCache(ReferenceCache):
    pass


class TestExecutionConnector(ReferenceExecutionConnector):
    pass


class TestExecutionConnectorOnABadDay(ReferenceOnABadDay):
    pass


class TestContextWorker(ReferenceContextWorker):
    pass


class TestDetector(ReferenceDetector):
    pass


class TestCoupledDetector(ReferenceCoupledDetector):
    pass


class TestMonitor(ReferenceMonitor):
    pass


class TestEventSource(ReferenceSource):
    pass


class TestEventDetector(ReferenceEventDetector):
    pass


class TestStrategyPlanner(ReferenceStrategyPlanner):
    pass


globals().update({f"Test{contract.__name__}": reference for contract, reference in REFERENCES.items()})
