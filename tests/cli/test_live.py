"""A paper run from the command line: stopped by a signal it ends gracefully, and the next one goes on from there."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s1mpletrader.cli.options import StoreUrls
from s1mpletrader.cli.stores import opened
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.domain.reasons import EntryKind
from tests.running import EXAMPLES

PATIENCE_S = 60


class Terminal:
    """Runs the breakout example on paper, over recorded time that goes a thousand times as fast."""

    def __init__(self, directory: Path) -> None:
        self.url = f"sqlite:///{directory}/paper.sqlite"
        self._directory = directory

    def start(self, *overrides: str) -> "subprocess.Popen[str]":
        keys = ["environment.mode=paper", "environment.speed=3000", f"exchange.world={self._directory}/venue.world", *overrides]
        words = ["run", str(EXAMPLES / "breakout.toml"), "--json", "--store", self.url, *(w for k in keys for w in ("--set", k))]
        return subprocess.Popen(
            [sys.executable, "-c", "from s1mpletrader.cli import main; main()", *words],
            cwd=self._directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def entries(self) -> list[tuple[str, EntryKind, str | None]]:
        if not (self._directory / "paper.sqlite").exists():
            return []
        try:
            with opened(StoreUrls(self.url, self.url)) as readers:
                journal = readers.journal
                return [(run, it.kind, read_reasons(it).text) for run in journal.runs() for it in journal.entries(run)]
        except Exception:  # noqa: BLE001 - the store is being made
            return []

    def wait_for(self, is_there: Callable[[list[tuple[str, EntryKind, str | None]]], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_there(self.entries()):
            assert time.monotonic() < until, self.entries()[-5:]
            time.sleep(0.2)


def stopped(process: "subprocess.Popen[str]", sign: signal.Signals) -> dict[str, Any]:
    process.send_signal(sign)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def kinds(entries: list[tuple[str, EntryKind, str | None]], kind: EntryKind) -> int:
    return sum(it[1] is kind for it in entries)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_gracefully_and_another_run_goes_on(sign: signal.Signals, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    process = terminal.start()
    terminal.wait_for(lambda entries: kinds(entries, EntryKind.FILLED) > 0)
    first = stopped(process, sign)
    assert terminal.entries()[-1][1:] == (EntryKind.RUN_ENDED, "the run has ended")
    again = terminal.start()
    terminal.wait_for(lambda entries: len({run for run, _, _ in entries}) == 2)
    second = stopped(again, sign)
    assert first["environment"] == second["environment"] == "paper"
    assert first["run_id"] != second["run_id"]
    with opened(StoreUrls(terminal.url, terminal.url)) as readers:
        runs = readers.journal.runs()
        start = next(readers.journal.entries(second["run_id"]))
        identity = read_reasons(start).run
        head = readers.journal.head(first["run_id"])
        assert identity is not None
        assert head is not None
        assert (runs, identity.previous_run) == ((first["run_id"], second["run_id"]), first["run_id"])
        assert identity.previous_head == head.hash.hex()


def test_open_orders_are_cancelled_at_the_end_where_that_is_configured(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    process = terminal.start("environment.on_stop=cancel")
    terminal.wait_for(lambda entries: kinds(entries, EntryKind.INTENDED) > kinds(entries, EntryKind.FILLED) + 1)
    summary = stopped(process, signal.SIGINT)
    assert summary["open_orders"] == 0
    with opened(StoreUrls(terminal.url, terminal.url)) as readers:
        (ledger,) = readers.ledgers
        assert list(ledger.orders(live=True)) == []


def test_a_second_process_on_the_same_account_is_refused(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    process = terminal.start()
    terminal.wait_for(lambda entries: kinds(entries, EntryKind.RUN_STARTED) == 1)
    other = terminal.start(f"exchange.world={tmp_path}/another.world")
    _, err = other.communicate(timeout=PATIENCE_S)
    assert other.returncode == 2
    assert "trades on this account" in " ".join(err.split())
    stopped(process, signal.SIGINT)
