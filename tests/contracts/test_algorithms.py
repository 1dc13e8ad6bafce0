"""The laws of execution algorithms catch algorithms that break one each, and let an honest one pass."""

import json

import pytest

from s1mpletrader.contracts import ExecutionAlgorithmContract

from .twins_algorithms import ALGORITHMS, TwapContract

pytest_plugins = ("pytester",)


class TestHonest(TwapContract):
    pass


def law_of(twin: type) -> str:
    """The law whose number the twin's name bears."""
    return next(name for name in dir(twin) if name.startswith(f"test_law_{twin.__name__[3:5]}"))


def test_every_twin_is_caught_by_the_law_that_it_breaks(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(
        f"""
        from {__package__}.twins_algorithms import ALGORITHMS
        globals().update({{f"Test{{twin.__name__}}": twin for twin in ALGORITHMS}})
        """
    )
    laws = [f"{path}::Test{twin.__name__}::{law_of(twin)}" for twin in ALGORITHMS]
    pytester.runpytest_inprocess("-q", "--contract-report=report.json", "-p", "no:cacheprovider", *laws)
    report = json.loads((pytester.path / "report.json").read_text())
    caught = {each["adapter"].split("::")[1] for each in report["adapters"] if each["failed"]}
    assert caught == {f"Test{twin.__name__}" for twin in ALGORITHMS}


def test_every_law_has_a_twin_that_breaks_it() -> None:
    laws = {name for name in dir(ExecutionAlgorithmContract) if name.startswith("test_law_")}
    assert {law_of(twin) for twin in ALGORITHMS} == laws
