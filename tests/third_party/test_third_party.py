"""The example package in an environment of its own: installed, held to the laws, listed, and used by a run."""

import json
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from s1mpletrader.plugins.stores import books, open_ledger_reader
from tests.third_party.environment import ROOT, Environment

EXAMPLE = ROOT / "examples" / "third_party"


class Example:
    """The package, installed."""

    def __init__(self, directory: Path) -> None:
        self.package = copytree(EXAMPLE, directory / "package", ignore=ignore_patterns("__pycache__", ".*", "dist", "*.sqlite"))
        self.run = Environment(directory, self.package)
        self.home = self.run.home


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example(tmp_path_factory.mktemp("third_party"))


def _plugins(example: Example) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(example.run("s1mpletrader", "plugins", "--json"))["plugins"]
    return [line for line in lines if line["package"] == "s1mpletrader-example"]


def test_both_packages_are_the_installed_ones(example: Example) -> None:
    shown = example.run(
        "python", "-c", "import s1mpletrader, s1mpletrader_example as e; print(s1mpletrader.__file__, e.__file__)"
    )
    assert [Path(path).is_relative_to(example.home.parent / "venv") for path in shown.split()] == [True, True]


def test_its_plugins_are_listed_as_sound(example: Example) -> None:
    found = {(line["kind"], line["name"], line["state"]) for line in _plugins(example)}
    assert found == {("signal", "three_soldiers", "ok"), ("cache", "shelf", "ok")}


def test_its_plugins_pass_every_law_of_the_contract_kit(example: Example) -> None:
    report = example.home / "report.json"
    options = ("-q", "-p", "no:cacheprovider", f"--contract-report={report}", f"--rootdir={example.package}")
    example.run("python", "-m", "pytest", *options, str(example.package / "tests"))
    adapters = json.loads(report.read_text())["adapters"]
    assert {adapter["port"] for adapter in adapters} == {"SignalDetector", "ICache"}
    for adapter in adapters:
        assert adapter["passed"], adapter["adapter"]
        assert (adapter["failed"], adapter["missing"], adapter["skipped"]) == ({}, {}, {}), adapter["adapter"]


def test_a_strategy_runs_with_its_plugins(example: Example) -> None:
    file = str(example.package / "strategy.toml")
    wiring = json.loads(example.run("s1mpletrader", "check", file, "--json"))
    tables = wiring["strategies"][0]["tables"] | wiring["shared"]
    for kind, name in (("signal", "three_soldiers"), ("cache", "shelf")):
        assert [(table["plugin"], table["package"]) for table in tables[kind]] == [(name, "s1mpletrader-example")]
    summary = json.loads(example.run("s1mpletrader", "run", file, "--json"))
    assert summary["signals"] > 0
    assert summary["fills"] > 0
    assert json.loads(example.run("s1mpletrader", "audit", "--store", summary["store"], "--json"))["violations"] == []
    why = json.loads(example.run("s1mpletrader", "story", _an_order(example), "--store", summary["store"], "--json"))
    assert "three_soldiers" in json.dumps(why)


def _an_order(example: Example) -> str:
    """The id of the first order in the store that the run left."""
    url = f"sqlite:///{example.home / 'soldiers.sqlite'}"
    (info,) = books(url)
    return next(iter(open_ledger_reader(url, info.book).orders())).order_id


def test_an_allow_list_without_the_package_leaves_its_plugins_out(example: Example) -> None:
    file = example.package / "strategy.toml"
    closed = example.home / "closed.toml"
    closed.write_text("[plugins]\nallow = []\n\n" + file.read_text())
    with pytest.raises(AssertionError, match=r"shelf|three_soldiers"):
        example.run("s1mpletrader", "check", str(closed))
