"""The laws of connectors, through ccxt's own Binance client, over real sockets to the local exchange."""

from pathlib import Path

import pytest

from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract
from tests.ccxt.harness import SECRETS
from tests.ccxt.local_exchange import local_harness


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", SECRETS[0])
    monkeypatch.setenv("BINANCE_API_SECRET", SECRETS[1])


class TestBinanceThroughCcxt(ExecutionConnectorContract):
    """Orders go by REST, and fills are pushed."""

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await local_harness(directory)
