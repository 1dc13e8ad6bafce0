"""The pytest plugin: collects what became of each law, and reports it adapter by adapter.

It is loaded by every pytest session of everybody who has the package installed, and so imports nothing but pytest.
"""

import json
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

LAW_PREFIX: Final = "test_law_"
PROPERTY: Final = "s1mpletrader_law"
"""The user property by which a test's report carries its law, also from a worker process."""

pytest.register_assert_rewrite(
    *(
        f"s1mpletrader.contracts.{name}"
        for name in (
            "algorithm",
            "cache",
            "connector",
            "connector_trial",
            "context_worker",
            "detector",
            "gate",
            "journal",
            "ledger",
            "monitor",
            "planner",
        )
    )
)


class Adapter:
    """What is known of one adapter: its contract's laws, and how each fared."""

    def __init__(self, name: str, port: str, laws: Iterable[str], changed: Mapping[str, str]) -> None:
        self.name, self.port = name, port
        self.laws, self.changed = tuple(laws), dict(changed)
        self.passed: set[str] = set()
        self.skipped: dict[str, str] = {}
        self.failed: dict[str, str] = {}

    def note(self, law: str, report: pytest.TestReport) -> None:
        """Take in one phase of a law's test. A law that failed once has failed, a law that was skipped once was skipped."""
        if hasattr(report, "wasxfail"):
            self.failed[law] = f"expected to fail: {report.wasxfail}"
        elif report.failed:
            self.failed[law] = _last_line(report)
        elif report.skipped:
            self.skipped[law] = _skip_reason(report)
        elif report.when == "call":
            self.passed.add(law)

    def summary(self) -> dict[str, Any]:
        """The four verdicts, in the order of the laws."""
        heard = self.passed | self.skipped.keys() | self.failed.keys()
        missing = {law: "not run" for law in self.laws if law not in heard} | self.changed
        skipped = {law: why for law, why in self.skipped.items() if law not in self.failed and law not in missing}
        return {
            "adapter": self.name,
            "port": self.port,
            "passed": sorted(self.passed - skipped.keys() - self.failed.keys() - missing.keys()),
            "skipped": dict(sorted(skipped.items())),
            "missing": dict(sorted(missing.items())),
            "failed": dict(sorted(self.failed.items())),
        }


class ContractReport:
    """One session's report."""

    def __init__(self, file: str | None) -> None:
        self._file = file
        self._adapters: dict[str, Adapter] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, collector: Any, name: str, obj: object) -> Generator[None, Any, Any]:
        """Know every adapter, one whose laws were all removed too."""
        made = yield
        if isinstance(made, pytest.Class) and (described := _description(made.nodeid, obj)):
            self._adapter(described)
        return made

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Let the test's reports carry its law."""
        function = getattr(item, "originalname", None)
        parent = item.getparent(pytest.Class)
        if parent is None or function is None or not function.startswith(LAW_PREFIX):
            return
        described = _description(parent.nodeid, parent.obj)
        if described:
            item.user_properties.append((PROPERTY, described | {"law": function}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what became of a law."""
        for name, value in report.user_properties:
            if name == PROPERTY and isinstance(value, dict):
                self._adapter(value).note(str(value["law"]), report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell it to people."""
        if not self._adapters:
            return
        terminalreporter.section("contracts")
        for adapter in self._summaries():
            counts = ", ".join(
                f"{len(adapter[kind])} {kind}" for kind in ("passed", "skipped", "missing", "failed") if adapter[kind]
            )
            terminalreporter.write_line(f"{adapter['adapter']} ({adapter['port']}): {counts or 'no law'}")
            for kind in ("skipped", "missing", "failed"):
                for law, why in adapter[kind].items():
                    terminalreporter.write_line(f"  {kind:<7}  {_title(law)}: {why}")

    def pytest_sessionfinish(self) -> None:
        """Tell it to programs."""
        if self._file is not None:
            text = json.dumps({"adapters": self._summaries()}, indent=2, ensure_ascii=False)
            Path(self._file).write_text(text + "\n", encoding="utf-8")

    def _adapter(self, described: Mapping[str, Any]) -> Adapter:
        name = described["adapter"]
        if name not in self._adapters:
            self._adapters[name] = Adapter(name, described["port"], described["laws"], described["changed"])
        return self._adapters[name]

    def _summaries(self) -> list[dict[str, Any]]:
        return [adapter.summary() for _, adapter in sorted(self._adapters.items())]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the report as a file."""
    group = parser.getgroup("s1mpletrader", "contracts of s1mpletrader adapters")
    group.addoption("--contract-report", metavar="FILE", help="write which laws each adapter holds, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Begin a report; under a distributed run the controller alone writes the file."""
    file = None if hasattr(config, "workerinput") else config.getoption("--contract-report")
    config.pluginmanager.register(ContractReport(file), "s1mpletrader-contract-report")


def _description(node: str, found: object) -> dict[str, Any] | None:
    """The adapter that a test class is about; None for a class without a contract."""
    if not isinstance(found, type):
        return None
    contract = next((base for base in found.__mro__ if "contract_port" in vars(base)), None)
    if contract is None:
        return None
    laws = sorted(name for name in dir(contract) if name.startswith(LAW_PREFIX))
    changed = {law: why for law in laws if (why := _change(found, contract, law))}
    return {"adapter": node, "port": vars(contract)["contract_port"], "laws": laws, "changed": changed}


def _change(found: type, contract: type, law: str) -> str | None:
    own = getattr(found, law, None)
    if own is getattr(contract, law):
        return None
    return "overridden" if callable(own) else "removed"


def _title(law: str) -> str:
    return "law " + law.removeprefix(LAW_PREFIX).replace("_", " ")


def _skip_reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def _last_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message if crash is not None else report.longrepr).strip().splitlines()
    return lines[0] if lines else "failed"
