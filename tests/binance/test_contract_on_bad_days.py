"""The laws hold while events come in another order, or late. What loses something is told mode by mode elsewhere."""

from pathlib import Path
from typing import ClassVar

from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract
from s1mpletrader.exchange import Fault
from tests.binance.test_contract import harness_of

EVENTS = ("executionReport", "listStatus", "outboundAccountPosition")


class OnABadDay(ExecutionConnectorContract):
    """The contract, with faults from the beginning on."""

    faults: ClassVar[tuple[Fault, ...]]

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_of(directory, faults=self.faults)


class TestEventsOutOfOrder(OnABadDay):
    faults = tuple(Fault(kind="reorder", route=route, count=1) for route in EVENTS)


class TestEventsLate(OnABadDay):
    faults = tuple(Fault(kind="hold", route=route, delay_ms=300) for route in EVENTS)
