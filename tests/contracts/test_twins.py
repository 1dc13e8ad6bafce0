"""The kit is tested against adapters that break one law each: the test of that law fails."""

import json
from collections.abc import Sequence

import pytest

from s1mpletrader.contracts import CacheContract, ExecutionConnectorContract, JournalContract, LedgerContract

from .twins_connector import CONNECTORS
from .twins_stores import CACHES, JOURNALS, LEDGERS

pytest_plugins = ("pytester",)

Twins = Sequence[type]

TABLE: dict[str, tuple[type, str, Twins]] = {
    "ILedger": (LedgerContract, "twins_stores.LEDGERS", LEDGERS),
    "IJournal": (JournalContract, "twins_stores.JOURNALS", JOURNALS),
    "ICache": (CacheContract, "twins_stores.CACHES", CACHES),
    "IExecutionConnector": (ExecutionConnectorContract, "twins_connector.CONNECTORS", CONNECTORS),
}


def number_of(law: str) -> int:
    return int(law.removeprefix("test_law_")[:2])


def law_of(contract: type, twin: type) -> str:
    """The test of the law whose number the twin's name bears."""
    return next(name for name in dir(contract) if name.startswith(f"test_law_{twin.__name__[3:5]}"))


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
    assert {int(twin.__name__[3:5]) for twin in twins} == laws
