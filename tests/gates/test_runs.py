"""Gates in whole runs: what they refuse is in the journal with its plans, and a person's halt binds a run that is under way."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from s1mpletrader.analysis import audit_store
from s1mpletrader.api import ConfigurationError, EntryKind, Instant, OrderIntended, Refusal, Scope, Stage, TradeOpened
from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.feed import SkippingFeed
from s1mpletrader.core.journal_reader import read_reasons
from tests.running import EXAMPLES, MEMORY, Finished, finished

CALM = ("planner.risk_weights.CRITICAL=0", "planner.risk_weights.HIGH=0", "planner.risk_weights.LOW=0")
"""The planner leaves risks to the gates."""


def strategy(directory: Path, *tables: str, example: str = "breakout.toml") -> Path:
    """An example with more tables."""
    file = directory / "strategy.toml"
    file.write_text("\n\n".join([(EXAMPLES / example).read_text(), *tables]) + "\n")
    return file


def refused(done: Finished) -> list[tuple[Instant, Refusal]]:
    """What gates refused, from the journal."""
    entries = [entry for entry in done.entries if entry.kind is EntryKind.REFUSED]
    found = [(entry.at, refusal) for entry in entries for refusal in read_reasons(entry).refusals]
    return [(at, refusal) for at, refusal in found if refusal.stage is Stage.RISK_GATE]


BOUNDS = [
    ('plugin = "position_limit"\nquantity_max = 0.001', "POSITION_LIMIT"),
    ('plugin = "order_notional"\nnotional_max = 100', "ORDER_NOTIONAL"),
    ('plugin = "open_orders"\norders_max = 2', "OPEN_ORDERS"),
    ('plugin = "orders_per_minute"\norders_max = 2', "ORDERS_PER_MINUTE"),
]


@pytest.mark.parametrize(("gate", "code"), BOUNDS)
def test_a_refusal_is_in_the_journal_with_everything_that_had_been_planned(gate: str, code: str, tmp_path: Path) -> None:
    file = strategy(tmp_path, f'[[gate]]\nname = "mine"\n{gate}')
    done = finished(file, "data.candles=3000", f"ledger.url=sqlite:///{tmp_path}/store.sqlite")
    refusals = [refusal for _, refusal in refused(done)]
    assert refusals
    for refusal in refusals:
        assert (refusal.by, refusal.code) == ("mine", code)
        assert refusal.detail
        assert refusal.signal_ids
        assert refusal.directive is not None
        plans = refusal.plans
        assert None not in (plans.entry, plans.size, plans.exit, plans.execution)
    assert not any(isinstance(change, OrderIntended) for change in done.changes)
    assert audit_store([done.ledger], done.journal).violations == ()


def test_a_collar_holds_back_a_limit_that_lies_too_far_away(tmp_path: Path) -> None:
    file = strategy(tmp_path, '[[gate]]\nplugin = "price_collar"\npercent = 1')
    wide = ("data.candles=3000", *MEMORY, "entry.0.plugin=limit")
    assert refused(finished(file, *wide, "entry.0.offset_percent=0.9")) == []
    assert {refusal.code for _, refusal in refused(finished(file, *wide, "entry.0.offset_percent=1.1"))} == {"PRICE_COLLAR"}


DAY_NS = 86_400 * 1_000_000_000
HALTING = (
    '[[risk]]\nplugin = "daily_loss"\npercent = 0.3',
    '[[gate]]\nplugin = "daily_loss"',
    '[[gate]]\nplugin = "drawdown_halt"',
    '[[gate]]\nplugin = "open_orders"\norders_max = 3',
    '[[gate]]\nplugin = "orders_per_minute"\norders_max = 6',
)


def test_a_day_that_lost_too_much_opens_nothing_more_and_the_next_one_does(tmp_path: Path) -> None:
    done = finished(strategy(tmp_path, *HALTING), *CALM, *MEMORY, "data.candles=9000")
    halted_days = {at // DAY_NS for at, refusal in refused(done) if refusal.code == "DAILY_LOSS"}
    opened = [change.at for change in done.changes if isinstance(change, TradeOpened)]
    assert halted_days
    for day in halted_days:
        first = min(at for at, refusal in refused(done) if refusal.code == "DAILY_LOSS" and at // DAY_NS == day)
        assert not [at for at in opened if at // DAY_NS == day and at >= first]
    assert [at for at in opened if at // DAY_NS > min(halted_days)]


def test_gates_and_monitors_are_the_same_dense_and_skipping(tmp_path: Path) -> None:
    file = strategy(tmp_path, *HALTING)
    dense = finished(file, *CALM, *MEMORY, "data.candles=9000", "engine.skip=false")
    skipping = finished(file, *CALM, *MEMORY, "data.candles=9000")
    assert isinstance(skipping.container.lanes()[0].feed, SkippingFeed)
    assert dense.entries == skipping.entries
    assert dense.changes == skipping.changes


def test_the_time_of_a_close_is_no_fact_of_a_decision(tmp_path: Path) -> None:
    done = finished(strategy(tmp_path, *HALTING), *MEMORY, "data.candles=3000")
    names = {name for entry in done.entries for name in read_reasons(entry).facts or {}}
    assert names
    assert not [name for name in names if name.endswith("closed_at")]


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ('plugin = "daily_loss"', "'daily_loss', and no [[risk]] table has that name"),
        ('plugin = "drawdown_halt"\nrisk = "drawdwn"', "nearest: 'drawdown'"),
        ('plugin = "standing_risk"\nrisks = ["volatility", "gap"]', "'gap'"),
    ],
)
def test_a_halt_without_its_monitor_is_a_mistake(gate: str, message: str, tmp_path: Path) -> None:
    container = BacktestContainer(configuration=load(strategy(tmp_path, f"[[gate]]\n{gate}"), list(MEMORY)))
    with pytest.raises(ConfigurationError) as mistake:
        container.strategies()
    assert "[[gate]]" in str(mistake.value)
    assert message in str(mistake.value)


def command(*words: str) -> dict[str, Any]:
    """A command of another process."""
    run = "from s1mpletrader.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", run, *words, "--json"], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def halted_run(directory: Path, account: tuple[str, ...], *tables: str) -> tuple[Finished, Instant, Instant]:
    """A run that another process halts after a third of it, and resumes after two thirds."""
    url = f"sqlite:///{directory}/store.sqlite"
    file = strategy(directory, *tables, example="ema_cross.toml")
    overrides = ["data.candles=3000", "engine.commit_steps=7", "account.name=swing", f"ledger.url={url}"]
    container = BacktestContainer(configuration=load(file, overrides))
    (candles,) = container.candles().values()
    halted_at, resumed_at = candles.closed_at.item(1_000), candles.closed_at.item(2_000)
    told: list[dict[str, Any]] = []

    def progress(at: Instant) -> None:
        if at >= halted_at and not told:
            told.append(command("halt", "--store", url, *account, "--reason", "strange prices"))
        if at >= resumed_at and len(told) == 1:
            told.append(command("resume", "--store", url, *account))

    container.progress.override(progress)
    backtest = container.backtest()
    backtest.make_room(replace=False)
    backtest.run()
    assert [answer["halted"] for answer in told] == [True, False]
    return Finished(container, container.ledger(), container.journal(), container.metrics()), halted_at, resumed_at


@pytest.mark.parametrize("account", [(), ("--account", "swing")])
def test_another_process_halts_and_resumes_a_run(account: tuple[str, ...], tmp_path: Path) -> None:
    done, halted_at, resumed_at = halted_run(tmp_path, account, '[[gate]]\nplugin = "kill_switch"')
    opened = [change.at for change in done.changes if isinstance(change, TradeOpened)]
    assert [at for at in opened if at < halted_at]
    assert not [at for at in opened if halted_at < at <= resumed_at]
    assert [at for at in opened if at > resumed_at]
    held_back = refused(done)
    assert {refusal.code for _, refusal in held_back} == {"KILL_SWITCH"}
    assert {refusal.directive.scope for _, refusal in held_back if refusal.directive} == {Scope.NEW_TRADE}
    assert all(refusal.detail.endswith("strange prices") for _, refusal in held_back)
    assert not list(done.ledger.orders(live=True))
    assert audit_store([done.ledger], done.journal).violations == ()


@pytest.mark.parametrize("gates", [(), ('[[gate]]\nplugin = "kill_switch"',)])
def test_a_state_store_is_made_only_where_something_asks_for_it(gates: tuple[str, ...], tmp_path: Path) -> None:
    finished(strategy(tmp_path, *gates), "data.candles=500", f"ledger.url=sqlite:///{tmp_path}/store.sqlite")
    with sqlite3.connect(tmp_path / "store.sqlite") as store:
        tables = {name for (name,) in store.execute("select name from sqlite_master where type = 'table'")}
    assert "entry" in tables
    assert ("item" in tables) is bool(gates)
