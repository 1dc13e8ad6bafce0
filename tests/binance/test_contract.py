"""The connector keeps the laws of connectors, over real sockets to the local exchange, which fails in nothing of its own."""

from pathlib import Path

from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract
from s1mpletrader.exchange import Fault
from tests.binance.kit_harness import harness_of


class TestBinanceSpot(ExecutionConnectorContract):
    """Every ability is declared: no law is skipped. Every event comes twice."""

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        twice = Fault(kind="duplicate", route="executionReport")
        return await harness_of(directory, faults=[twice], within_the_process=False, heals=False)


class TestOverRest(ExecutionConnectorContract):
    """The same where every command has to take the other way, because none leaves on the socket."""

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_of(directory, sockets_fail=True, within_the_process=False, heals=False)
