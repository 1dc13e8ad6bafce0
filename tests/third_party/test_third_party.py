"""The example package in an environment of its own: installed, held to the laws, listed, and used by a run."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from s1mpletrader.plugins.stores import books, open_ledger_reader

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "third_party"


class Environment:
    """A fresh virtual environment that borrows this one's libraries and has the two packages of its own."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "home"
        self.home.mkdir()
        self._bin = directory / "venv" / ("Scripts" if os.name == "nt" else "bin")
        _run(sys.executable, "-m", "venv", str(directory / "venv"))
        purelib = self("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        Path(purelib, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
        copy = copytree(EXAMPLE, directory / "package", ignore=ignore_patterns("__pycache__", ".*", "dist", "*.sqlite"))
        offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
        self("python", "-m", "pip", "install", *offline, str(ROOT), str(copy))
        self.package = copy

    def __call__(self, program: str, *arguments: str) -> str:
        """A program's output; a status that is not 0 fails the test with what it said."""
        return _run(str(self._bin / program), *arguments, at=self.home)


def _run(*command: str, at: Path | None = None) -> str:
    left_out = {"PYTHONPATH", "PYTEST_ADDOPTS", "VIRTUAL_ENV", "PYTHONHOME"}
    variables = {name: value for name, value in os.environ.items() if name not in left_out}
    done = subprocess.run(command, cwd=at, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("third_party"))


def _plugins(environment: Environment) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(environment("s1mpletrader", "plugins", "--json"))["plugins"]
    return [line for line in lines if line["package"] == "s1mpletrader-example"]


def test_both_packages_are_the_installed_ones(environment: Environment) -> None:
    shown = environment(
        "python", "-c", "import s1mpletrader, s1mpletrader_example as e; print(s1mpletrader.__file__, e.__file__)"
    )
    assert [Path(path).is_relative_to(environment.home.parent / "venv") for path in shown.split()] == [True, True]


def test_its_plugins_are_listed_as_sound(environment: Environment) -> None:
    found = {(line["kind"], line["name"], line["state"]) for line in _plugins(environment)}
    assert found == {("signal", "three_soldiers", "ok"), ("cache", "shelf", "ok")}


def test_its_plugins_pass_every_law_of_the_contract_kit(environment: Environment) -> None:
    report = environment.home / "report.json"
    options = ("-q", "-p", "no:cacheprovider", f"--contract-report={report}", f"--rootdir={environment.package}")
    environment("python", "-m", "pytest", *options, str(environment.package / "tests"))
    adapters = json.loads(report.read_text())["adapters"]
    assert {adapter["port"] for adapter in adapters} == {"SignalDetector", "ICache"}
    for adapter in adapters:
        assert adapter["passed"], adapter["adapter"]
        assert (adapter["failed"], adapter["missing"], adapter["skipped"]) == ({}, {}, {}), adapter["adapter"]


def test_a_strategy_runs_with_its_plugins(environment: Environment) -> None:
    file = str(environment.package / "strategy.toml")
    tables = json.loads(environment("s1mpletrader", "check", file, "--json"))["tables"]
    for kind, name in (("signal", "three_soldiers"), ("cache", "shelf")):
        assert [(table["plugin"], table["package"]) for table in tables[kind]] == [(name, "s1mpletrader-example")]
    summary = json.loads(environment("s1mpletrader", "run", file, "--json"))
    assert summary["signals"] > 0
    assert summary["fills"] > 0
    assert json.loads(environment("s1mpletrader", "audit", "--store", summary["store"], "--json"))["violations"] == []
    why = json.loads(environment("s1mpletrader", "story", _an_order(environment), "--store", summary["store"], "--json"))
    assert "three_soldiers" in json.dumps(why)


def _an_order(environment: Environment) -> str:
    """The id of the first order in the store that the run left."""
    url = f"sqlite:///{environment.home / 'soldiers.sqlite'}"
    (info,) = books(url)
    return next(iter(open_ledger_reader(url, info.book).orders())).order_id


def test_an_allow_list_without_the_package_leaves_its_plugins_out(environment: Environment) -> None:
    file = environment.package / "strategy.toml"
    closed = environment.home / "closed.toml"
    closed.write_text("[plugins]\nallow = []\n\n" + file.read_text())
    with pytest.raises(AssertionError, match=r"shelf|three_soldiers"):
        environment("s1mpletrader", "check", str(closed))
