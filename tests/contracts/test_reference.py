"""The laws hold for the smallest correct adapters."""

from .reference_connector import ReferenceExecutionConnector
from .reference_stores import ReferenceCache, ReferenceJournal, ReferenceLedger


class TestLedger(ReferenceLedger):
    pass


class TestJournal(ReferenceJournal):
    pass


class TestCache(ReferenceCache):
    pass


class TestExecutionConnector(ReferenceExecutionConnector):
    pass
