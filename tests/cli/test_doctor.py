"""The doctor tells what keeps a strategy from running, and what to do about it; it changes nothing."""

import asyncio
import hashlib
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import json as encoded
from msgspec.structs import replace

from s1mpletrader.assembly import build_connector
from s1mpletrader.cli import main
from s1mpletrader.cli.diagnosis import Finding, Severity
from s1mpletrader.cli.doctor import examine
from s1mpletrader.configuration import load
from s1mpletrader.contracts.story import Story
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.real_time import SystemClock
from s1mpletrader.core.tenure import LEASE_NS, PIN_KEY, Lease, Pin
from s1mpletrader.domain.errors import Unavailable
from s1mpletrader.domain.orders import OrderDetails, OrderState, OrderType, Side
from s1mpletrader.domain.reality import FundsKind, FundsMoved
from s1mpletrader.domain.reasons import EntryDraft, EntryKind, Reasons
from s1mpletrader.plugins.planners.gates.halts import Halt, halt
from s1mpletrader.plugins.stores import open_existing_state, open_journal, open_ledger
from s1mpletrader.ports.execution import AuthenticationFailed, Balance, OrderSnapshot
from s1mpletrader.ports.health import KeyPermissions
from tests.cli.venue import AskedSource, AskedVenue, with_builder, with_source, with_venue
from tests.running import EXAMPLES, finished

EXAMPLE = EXAMPLES / "ema_cross.toml"
LIVE = ("environment.mode=live", "exchange.plugin=asked", "data.candles=50", "account.funds.USDT=100000")

Doctor = Callable[..., list[Finding]]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that holds a run."""
    path = tmp_path / "store.sqlite"
    finished(EXAMPLE, "data.candles=400", f"ledger.url=sqlite:///{path}")
    return path


def findings(venue: Any, *overrides: str) -> list[Finding]:
    portfolio = load(EXAMPLE, [*LIVE, *overrides], load_plugins=with_venue(venue))
    return asyncio.run(examine(portfolio))


def of(found: list[Finding], check: str) -> list[Finding]:
    return [finding for finding in found if finding.check == check]


def only(found: list[Finding], check: str) -> Finding:
    [finding] = of(found, check)
    return finding


@pytest.fixture
def absent(tmp_path: Path) -> str:
    return f"ledger.url=sqlite:///{tmp_path / 'absent.sqlite'}"


def test_a_healthy_account_has_no_problem_and_is_left_closed(absent: str) -> None:
    venue = AskedVenue()
    found = findings(venue, absent)
    assert [finding for finding in found if finding.severity in {Severity.PROBLEM, Severity.WARNING}] == []
    assert "credentials = environment, key_variable = VENUE_API_KEY" in only(found, "keys").text
    assert "at least 5 USDT an order" in only(found, "instruments").text
    assert only(found, "orders").text == "none is open"
    assert venue.calls[0] == "open"
    assert venue.calls[-1] == "close"


FOREIGN = OrderSnapshot(
    client_order_id="web_1",
    exchange_order_id="1",
    symbol="BTC/USDT",
    state=OrderState.OPEN,
    details=OrderDetails(symbol="BTC/USDT", side=Side.BUY, type=OrderType.MARKET, quantity=Decimal(1)),
    filled_quantity=Decimal(0),
    filled_notional=Decimal(0),
    venue_at=0,
)
MAY = {"trading": True, "withdrawals": False, "bound_to_addresses": True}


@pytest.mark.parametrize(
    ("changes", "check", "severity", "text"),
    [
        ({"offset_ms": 1_500}, "clock", Severity.PROBLEM, "the venue's is +1,"),
        ({"offset_ms": -1_500}, "clock", Severity.PROBLEM, "the venue's is -1,"),
        ({"offset_ms": 600}, "clock", Severity.WARNING, "ms from ours"),
        ({"permissions": KeyPermissions(**{**MAY, "trading": False})}, "permissions", Severity.PROBLEM, "may not trade"),
        ({"permissions": KeyPermissions(**{**MAY, "withdrawals": True})}, "permissions", Severity.PROBLEM, "may withdraw"),
        ({"permissions": KeyPermissions(trading=True)}, "permissions", Severity.WARNING, "does not tell all"),
        (
            {"permissions": KeyPermissions(**{**MAY, "bound_to_addresses": False})},
            "permissions",
            Severity.WARNING,
            "from any address",
        ),
        ({"held": ()}, "balances", Severity.PROBLEM, "holds 0 USDT, [account] funds give the strategies 100000"),
        (
            {"held": (Balance(asset="USDT", free=Decimal("99999.99"), locked=Decimal(0)),)},
            "balances",
            Severity.PROBLEM,
            "holds 99999.99 USDT",
        ),
        ({"resting": (FOREIGN,)}, "orders", Severity.WARNING, "1 of 1 open orders are not ours"),
        ({"faults": {"open": AuthenticationFailed("-2015")}}, "venue", Severity.PROBLEM, "does not accept the key: -2015"),
        ({"faults": {"open": Unavailable("no route")}}, "venue", Severity.PROBLEM, "no route"),
        ({"faults": {"open": TimeoutError()}}, "venue", Severity.PROBLEM, "there was no answer within 30 s"),
        (
            {"faults": {"open": TimeoutError(), "balances": AuthenticationFailed("-1022")}},
            "venue",
            Severity.PROBLEM,
            "does not accept the key: -1022",
        ),
        ({"faults": {"server_time": Unavailable("busy")}}, "clock", Severity.PROBLEM, "busy"),
        ({"faults": {"key_permissions": AuthenticationFailed("gone")}}, "permissions", Severity.PROBLEM, "gone"),
        ({"faults": {"balances": Unavailable("busy")}}, "balances", Severity.PROBLEM, "busy"),
        ({"faults": {"open_orders": Unavailable("busy")}}, "orders", Severity.PROBLEM, "busy"),
    ],
)
def test_each_trouble_with_an_account_is_one_finding(
    absent: str, changes: dict[str, Any], check: str, severity: Severity, text: str
) -> None:
    venue = AskedVenue(**changes)
    found = findings(venue, absent)
    troubles = [finding for finding in found if finding.severity in {Severity.PROBLEM, Severity.WARNING}]
    assert [(finding.check, finding.severity) for finding in troubles] == [(check, severity)]
    assert text in troubles[0].text
    assert venue.calls[-1] == "close"


def test_a_symbol_that_the_venue_does_not_list_is_a_problem_of_its_own(absent: str) -> None:
    found = findings(AskedVenue(), absent, 'strategy.symbols=["BTC/USDT", "XYZ/USDT"]')
    assert [finding.severity for finding in of(found, "instruments")] == [Severity.OK, Severity.PROBLEM]


def test_what_a_connector_cannot_tell_is_skipped_by_name(absent: str) -> None:
    class Silent:
        """Knows neither its venue's time nor its key's permissions."""

        venue, account, outlives_process = "somewhere", "main", True

        def __init__(self) -> None:
            whole = AskedVenue()
            self.open, self.close, self.instruments = whole.open, whole.close, whole.instruments
            self.balances, self.open_orders = whole.balances, whole.open_orders

    found = findings(Silent(), absent)
    for check in ("clock", "permissions"):
        assert only(found, check).severity is Severity.SKIPPED
        assert "somewhere does not tell" in only(found, check).text


def test_a_clock_that_goes_faster_than_this_machines_is_not_compared_with_it(absent: str) -> None:
    finding = only(findings(AskedVenue(offset_ms=90_000), absent, "environment.speed=60"), "clock")
    assert (finding.severity, "60 times as fast" in finding.text) == (Severity.SKIPPED, True)


def test_a_missing_key_is_a_problem_that_says_where_it_was_looked_for(absent: str) -> None:
    def build(config: Any, given: Any) -> Any:
        raise ValueError("the environment variable VENUE_API_KEY is not set")

    portfolio = load(EXAMPLE, [*LIVE, absent], load_plugins=with_builder(build))
    finding = only(asyncio.run(examine(portfolio)), "venue")
    assert (finding.severity, "VENUE_API_KEY is not set" in finding.text) == (Severity.PROBLEM, True)


@pytest.mark.parametrize(
    ("changes", "severity", "text"),
    [
        ({}, Severity.OK, "BTC/USDT 1m: asked has candles, the last closed 20"),
        ({"count": 0}, Severity.WARNING, "asked has no recent candle of BTC/USDT 1m"),
        ({"fault": Unavailable("no route")}, Severity.PROBLEM, "asked gives no BTC/USDT 1m: no route"),
        ({"fault": TimeoutError()}, Severity.PROBLEM, "it does not answer"),
    ],
)
def test_a_live_source_is_asked_for_its_last_candles(absent: str, changes: dict[str, Any], severity: Severity, text: str) -> None:
    source = AskedSource(**changes)
    overrides = [*LIVE[:2], "data.plugin=asked", absent]
    finding = only(asyncio.run(examine(load(EXAMPLE, overrides, load_plugins=with_source(source)))), "data")
    assert (finding.severity, text in finding.text) == (severity, True)
    assert source.calls == ["open", "past", "close"]


class TestStores:
    def test_a_whole_store_is_told_with_its_head(self, store: Path) -> None:
        found = findings(AskedVenue(), f"ledger.url=sqlite:///{store}")
        assert [only(found, name).severity for name in ("ledger", "journal")] == [Severity.OK, Severity.OK]
        assert "entries hold together, head " in only(found, "chain").text
        assert only(found, "books").text == "live-main is not there yet: the run begins with [account] funds"

    def test_looking_changes_nothing(self, store: Path) -> None:
        def state() -> list[tuple[str, str]]:
            return [
                (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
                for path in sorted(store.parent.iterdir())
                if not path.name.endswith("-shm")
            ]

        before = state()
        findings(AskedVenue(), f"ledger.url=sqlite:///{store}")
        assert state() == before

    def test_a_damaged_file_is_a_problem(self, store: Path) -> None:
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = bytearray(store.read_bytes())
        for at in range(len(content) // 2, len(content) // 2 + 3_000):
            content[at] ^= 0xFF
        store.write_bytes(content)
        found = findings(AskedVenue(), f"ledger.url=sqlite:///{store}")
        assert only(found, "ledger").severity is Severity.PROBLEM
        assert "is damaged" in only(found, "ledger").text

    def test_a_file_that_is_no_database_is_a_problem(self, tmp_path: Path) -> None:
        path = tmp_path / "letter.sqlite"
        path.write_text("Dear Sir or Madam, " * 100)
        assert only(findings(AskedVenue(), f"ledger.url=sqlite:///{path}"), "ledger").severity is Severity.PROBLEM

    def test_a_changed_entry_breaks_the_chain(self, store: Path) -> None:
        with closing(sqlite3.connect(store)) as connection, connection:
            triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("UPDATE entry SET payload = payload || x'20' WHERE seq = 3")
        finding = only(findings(AskedVenue(), f"ledger.url=sqlite:///{store}"), "chain")
        assert (finding.severity, "entry 3 does not match its hash" in finding.text) == (Severity.PROBLEM, True)

    def test_a_store_of_another_version_is_a_problem(self, store: Path) -> None:
        with closing(sqlite3.connect(store)) as connection, connection:
            connection.execute("UPDATE ledger_version SET version_num = 'ledger_0000'")
        finding = only(findings(AskedVenue(), f"ledger.url=sqlite:///{store}"), "ledger")
        assert (finding.severity, "is at ledger_0000, this version reads" in finding.text) == (Severity.PROBLEM, True)

    def test_an_unusable_url_is_a_problem_without_its_password(self) -> None:
        found = findings(AskedVenue(), "ledger.url=mysql://me:hunter2@db/x")
        assert only(found, "ledger").severity is Severity.PROBLEM
        assert "hunter2" not in repr(found)

    def test_a_store_that_ends_with_the_process_is_no_store_for_real_orders(self) -> None:
        found = findings(AskedVenue(), "ledger.plugin=memory")
        assert [only(found, name).severity for name in ("ledger", "journal")] == [Severity.PROBLEM, Severity.PROBLEM]

    @pytest.mark.parametrize(
        ("pin", "severity"),
        [
            (Pin(mode="live", venue="somewhere", account="main"), Severity.OK),
            (Pin(mode="live", venue="elsewhere", account="main"), Severity.PROBLEM),
        ],
    )
    def test_the_store_has_to_belong_to_this_very_account(self, store: Path, pin: Pin, severity: Severity) -> None:
        url = f"sqlite:///{store}"
        with closing(open_existing_state(url)) as state:
            state.put(PIN_KEY, encoded.encode(pin), expected_version=0)
        assert only(findings(AskedVenue(), f"ledger.url={url}"), "pin").severity is severity

    def test_a_run_that_goes_on_may_hold_something_else_for_its_funds(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path / 'lasting.sqlite'}"
        with closing(open_ledger(url, "live-main", lasting=True)) as ledger, ledger.begin() as tx:
            funds = FundsMoved(strategy="ema_cross", asset="USDT", amount=Decimal(100_000), kind=FundsKind.OPENING, at=0)
            ledger.write(tx, [funds])
        found = findings(AskedVenue(held=()), f"ledger.url={url}")
        assert only(found, "balances").severity is Severity.WARNING
        assert only(found, "books").text == "live-main is there: the run goes on with it"

    @pytest.mark.parametrize(
        ("head", "severity", "text"),
        [
            (None, Severity.WARNING, "second has not ended"),
            ("00" * 32, Severity.PROBLEM, "second goes on from another end of first"),
        ],
    )
    def test_a_run_goes_on_from_where_the_one_before_it_ended(
        self, tmp_path: Path, head: str | None, severity: Severity, text: str
    ) -> None:
        url = f"sqlite:///{tmp_path / 'lasting.sqlite'}"
        first, second = Story("first"), StrategyJournalWriter("second")
        first.begin()
        with closing(open_journal(url, lasting=True)) as journal, journal.begin() as tx:
            journal.write(tx, first.entries)
            identity = read_reasons(first.entries[0]).run
            assert identity is not None
            before = head or first.entries[-1].hash.hex()
            identity = replace(identity, run="second", previous_run="first", previous_head=before)
            begun = EntryDraft(EntryKind.RUN_STARTED, first.at, Reasons(v=1, run=identity))
            journal.write(tx, second.seal([begun]))
        troubles = [
            finding for finding in of(findings(AskedVenue(), f"ledger.url={url}"), "chain") if finding.severity is not Severity.OK
        ]
        assert [(finding.severity, text in finding.text) for finding in troubles] == [(severity, True)]

    def test_a_lease_that_is_over_is_not_told(self, store: Path) -> None:
        url = f"sqlite:///{store}"
        with closing(open_existing_state(url)) as state:
            lease = Lease(owner="there:7", until=SystemClock().now() - 1)
            state.put("lease/live-main", encoded.encode(lease), expected_version=0)
        assert of(findings(AskedVenue(), f"ledger.url={url}"), "lease") == []

    def test_another_process_and_a_halt_are_told(self, store: Path) -> None:
        url = f"sqlite:///{store}"
        now = SystemClock().now()
        with closing(open_existing_state(url)) as state:
            lease = Lease(owner="there:7", until=now + LEASE_NS)
            state.put("lease/live-main", encoded.encode(lease), expected_version=0)
            halt(state, "main", Halt(reason="holidays", at=0, by="me"))
        found = findings(AskedVenue(), f"ledger.url={url}")
        assert only(found, "lease").text == "there:7 trades on this account now"
        assert only(found, "halt").text == "halted since 1970-01-01T00:00:00Z by me: holidays"


class TestPaper:
    def test_a_simulated_venue_has_nobody_to_ask(self, absent: str) -> None:
        portfolio = load(EXAMPLE, ["environment.mode=paper", "data.candles=50", absent])
        found = asyncio.run(examine(portfolio))
        assert only(found, "venue").severity is Severity.SKIPPED
        assert only(found, "world").text == "the simulated venue ends with the process"
        assert "50 candles of generator are replayed" in only(found, "data").text

    @pytest.mark.parametrize(
        ("world", "severity", "text"),
        [("world.json", Severity.OK, "is not there yet"), ("none/world.json", Severity.PROBLEM, "cannot be made")],
    )
    def test_the_world_needs_a_place(self, absent: str, tmp_path: Path, world: str, severity: Severity, text: str) -> None:
        portfolio = load(EXAMPLE, ["environment.mode=paper", "data.candles=50", absent, f"exchange.world={tmp_path / world}"])
        finding = only(asyncio.run(examine(portfolio)), "world")
        assert (finding.severity, text in finding.text) == (severity, True)
        assert not (tmp_path / world).exists()

    def test_a_world_that_is_there_is_tried_and_left_alone(self, absent: str, tmp_path: Path) -> None:
        path = tmp_path / "world.sqlite"
        portfolio = load(EXAMPLE, ["environment.mode=paper", "data.candles=50", absent, f"exchange.world={path}"])
        asyncio.run(build_connector(portfolio, SystemClock(), {}, lambda _: False).close())
        before = path.read_bytes()
        finding = only(asyncio.run(examine(portfolio)), "world")
        assert (finding.severity, "goes on from it" in finding.text) == (Severity.OK, True)
        assert path.read_bytes() == before
        path.write_bytes(before[: len(before) // 2])
        finding = only(asyncio.run(examine(portfolio)), "world")
        assert finding.severity is Severity.PROBLEM
        assert f"{path} is damaged" in finding.text

    def test_paper_needs_a_simulated_venue(self, absent: str) -> None:
        assert only(findings(AskedVenue(), absent, "environment.mode=paper"), "money").severity is Severity.PROBLEM

    @pytest.mark.parametrize(("confirm", "severity"), [("false", Severity.PROBLEM), ("true", Severity.WARNING)])
    def test_real_money_has_to_be_meant(self, absent: str, confirm: str, severity: Severity) -> None:
        found = findings(AskedVenue(is_production=True), absent, f"environment.confirm={confirm}")
        assert only(found, "money").severity is severity

    def test_a_live_run_needs_a_real_venue(self, absent: str) -> None:
        portfolio = load(EXAMPLE, ["environment.mode=live", "data.candles=50", absent])
        assert only(asyncio.run(examine(portfolio)), "venue").severity is Severity.PROBLEM


class TestCommand:
    @pytest.fixture
    def shell(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> Callable[..., tuple[int, str, str]]:
        monkeypatch.chdir(tmp_path)

        def run(*words: str) -> tuple[int, str, str]:
            monkeypatch.setattr(sys, "argv", ["s1mpletrader", "doctor", *words])
            with pytest.raises(SystemExit) as left:
                main()
            said = capsys.readouterr()
            return int(left.value.code or 0), said.out, said.err

        return run

    def test_a_backtests_file_is_looked_at_too(self, shell: Callable[..., tuple[int, str, str]]) -> None:
        status, out, _ = shell(str(EXAMPLE), "--set", "data.candles=500")
        assert status == 0
        assert "BTC/USDT 1m: 500 candles" in out
        assert "a backtest has a simulated one" in out
        assert "0 problems, 0 warnings" in out

    def test_a_problem_is_exit_status_1_and_json_has_all(self, shell: Callable[..., tuple[int, str, str]]) -> None:
        status, out, _ = shell(str(EXAMPLE), "--json", "--set", "data.plugin=file", "--set", "data.path=none.csv")
        told = json.loads(out)
        assert (status, told["problems"], told["environment"]) == (1, 1, "backtest")
        [finding] = [finding for finding in told["findings"] if finding["severity"] == "problem"]
        assert finding["check"] == "data"
        assert "none.csv" in finding["text"]

    def test_workers_that_do_not_fit_together_are_a_problem(self, shell: Callable[..., tuple[int, str, str]]) -> None:
        status, out, _ = shell(str(EXAMPLE), "--json", "--set", "data.candles=50", "--set", "signal.fast=nothing")
        assert status == 1
        assert [f["check"] for f in json.loads(out)["findings"] if f["severity"] == "problem"] == ["workers"]

    def test_a_file_that_is_none_is_exit_status_2(self, shell: Callable[..., tuple[int, str, str]]) -> None:
        status, _, err = shell("nothing.toml")
        assert (status, "there is no such file" in err) == (2, True)

    def test_a_watcher_that_cannot_be_built_is_a_problem(self, shell: Callable[..., tuple[int, str, str]]) -> None:
        status, out, _ = shell(str(EXAMPLE), "--json", "--set", "data.candles=50", "--set", "watch.plugin=notify")
        assert status == 1
        assert [f["check"] for f in json.loads(out)["findings"] if f["severity"] == "problem"] == ["watchers"]
