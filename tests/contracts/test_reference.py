"""The laws hold for the correct adapters in memory."""

from .reference import ReferenceLedger


class TestLedger(ReferenceLedger):
    pass
