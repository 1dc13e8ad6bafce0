"""The laws of connectors, through ccxt, in the wire formats of several exchanges."""

from pathlib import Path

import pytest

from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract
from tests.ccxt.dialects.bybit import Bybit
from tests.ccxt.dialects.coinbase import Coinbase
from tests.ccxt.dialects.kraken import Kraken, transaction_id
from tests.ccxt.dialects.okx import Okx
from tests.ccxt.harness import SECRETS, harness_on
from tests.ccxt.world import World


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for exchange in ("OKX", "KRAKEN", "BYBIT", "COINBASE"):
        for part, secret in zip(("KEY", "SECRET", "PASSWORD"), SECRETS, strict=True):
            monkeypatch.setenv(f"{exchange}_API_{part}", secret)


class TestOkx(ExecutionConnectorContract):
    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_on(Okx(), World())


class TestKraken(ExecutionConnectorContract):
    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_on(Kraken(), World(id_of=transaction_id))


class TestBybit(ExecutionConnectorContract):
    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_on(Bybit(), World())


class TestCoinbase(ExecutionConnectorContract):
    async def make_harness(self, directory: Path) -> ConnectorHarness:
        return await harness_on(Coinbase(), World(id_of=lambda number: f"52cfe5e2-0b29-4c19-a245-{number:012d}"))
