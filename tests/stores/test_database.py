"""What databases do when they are busy, full, lost or damaged."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, create_engine, event, text

from s1mpletrader.api import BrokenChain, Defect, EntryKind, LedgerChange, MissingParent, OrderState, Unavailable
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.contracts.story import Story
from s1mpletrader.plugins.stores import open_journal, open_ledger
from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.lineages import migrate
from s1mpletrader.plugins.stores.sql_journal import SqlJournal
from s1mpletrader.plugins.stores.sql_ledger import SqlLedger
from s1mpletrader.plugins.stores.urls import store_url

from .conftest import Stores

INTEND_AND_DIE = """
    import os, signal, sys
    from s1mpletrader.contracts.samples import Samples
    from s1mpletrader.contracts.story import Story
    from s1mpletrader.plugins.stores import open_journal, open_ledger
    ledger, journal = open_ledger(sys.argv[1], "book", lasting=True), open_journal(sys.argv[1], lasting=True)
    story, samples = Story().whole(), Samples()
    with journal.begin() as tx:
        journal.write(tx, story[:2])
        ledger.write(tx, samples.family().changes)
    with ledger.begin() as tx:
        journal.write(tx, story[2:])
        ledger.write(tx, samples.family().changes)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_intent_and_its_reason_survive_kill_minus_9_together(database_stores: Stores) -> None:
    died = subprocess.run([sys.executable, "-c", textwrap.dedent(INTEND_AND_DIE), database_stores.url], check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    family, story = Samples().family(), Story().whole()
    ledger, journal = database_stores.ledger(lasting=True), database_stores.journal(lasting=True)
    assert list(ledger.changes()) == list(family.changes)
    assert [order.state for order in ledger.orders(live=True)] == [OrderState.INTENDED]
    assert list(journal.entries("run-1")) == list(story[:2])


def test_ledger_and_journal_of_one_url_share_the_transactions_of_either(stores: Stores) -> None:
    ledger, journal = stores.ledger(), stores.journal()
    assert ledger.transaction_domain == journal.transaction_domain
    family, story = Samples().family(), Story().whole()
    for first in (ledger, journal):
        with pytest.raises(KeyError), first.begin() as tx:  # noqa: PT012 - what fails is the transaction as a whole
            ledger.write(tx, family.changes)
            journal.write(tx, story)
            raise KeyError
        assert (list(ledger.changes()), list(journal.entries("run-1"))) == ([], [])
    with ledger.begin() as tx:
        ledger.write(tx, family.changes[:1])
        journal.write(tx, story[:1])
    with journal.begin() as tx:
        journal.write(tx, story[1:])
        ledger.write(tx, family.changes[1:])
    assert (list(ledger.changes()), list(journal.entries("run-1"))) == (list(family.changes), list(story))


def test_stores_of_two_places_or_two_promises_have_two_domains(tmp_path: Path) -> None:
    one, other = f"sqlite:///{tmp_path / 'one.sqlite'}", f"sqlite:///{tmp_path / 'other.sqlite'}"
    opened: list[SqlLedger | SqlJournal] = [
        open_ledger(one, "book", lasting=True),
        open_journal(other, lasting=True),
        open_journal(one, lasting=False),
    ]
    assert len({store.transaction_domain for store in opened}) == 3
    for store in opened:
        store.close()


def test_a_busy_file_is_waited_for_a_bounded_time_and_then_unavailable(sqlite_url: str, tmp_path: Path) -> None:
    ledger = SqlLedger(Database(store_url(sqlite_url), durable=True, wait_ms_max=200), "book", lasting=True)
    family = Samples().family()
    blocker = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(Unavailable), ledger.begin():
        pass
    assert 0.15 < time.monotonic() - began < 3
    assert list(ledger.changes()) == []
    blocker.execute("ROLLBACK")
    blocker.close()
    with ledger.begin() as tx:
        ledger.write(tx, family.changes)
    assert len(list(ledger.changes())) == 3
    ledger.close()


def test_a_busy_book_on_the_server_is_waited_for_a_bounded_time(schema_url: str) -> None:
    ledger = SqlLedger(Database(store_url(schema_url), durable=True, wait_ms_max=200), "book", lasting=True)
    samples = Samples()
    with ledger.begin() as tx:
        ledger.write(tx, samples.family().changes)
    engine = create_engine(schema_url)
    with engine.begin() as blocker:
        blocker.execute(text("SELECT * FROM book FOR UPDATE"))
        with pytest.raises(Unavailable), ledger.begin() as tx:
            ledger.write(tx, samples.family().changes)
    engine.dispose()
    with ledger.begin() as tx:
        ledger.write(tx, samples.family().changes)
    assert len(list(ledger.changes())) == 6
    ledger.close()


def _fill_up(database: Database) -> None:
    """From now on the file may not grow."""

    @event.listens_for(database._engine, "connect")
    def no_more_pages(driver: sqlite3.Connection, _record: object) -> None:
        driver.execute("PRAGMA max_page_count = 1")

    database.close()


def test_a_full_disk_is_reported_and_leaves_what_was_there(sqlite_url: str) -> None:
    database = Database(store_url(sqlite_url), durable=True)
    ledger, journal = SqlLedger(database, "book", lasting=True), SqlJournal(database, lasting=True)
    samples, story = Samples(), Story()
    first = samples.family()
    with ledger.begin() as tx:
        ledger.write(tx, first.changes)
        journal.write(tx, story.begin())
    _fill_up(database)
    with pytest.raises(Unavailable, match="full"), ledger.begin() as tx:  # noqa: PT012 - as a whole
        for _ in range(2_000):
            journal.write(tx, story.follow(EntryKind.ADVANCED))
            ledger.write(tx, samples.family().changes)
    assert list(ledger.changes()) == list(first.changes)
    assert [entry.seq for entry in journal.entries("run-1")] == [0]
    database.close()


def test_nothing_is_written_after_a_full_disk_has_undone_the_transaction(sqlite_url: str) -> None:
    """Not even by somebody who catches the error: it would lie outside any transaction."""
    database = Database(store_url(sqlite_url), durable=True)
    ledger, samples = SqlLedger(database, "book", lasting=True), Samples()
    _fill_up(database)
    with pytest.raises(Unavailable), ledger.begin() as tx:  # noqa: PT012 - as a whole
        with pytest.raises(Unavailable, match="full"):  # noqa: PT012 - one of many writes
            for _ in range(2_000):
                ledger.write(tx, samples.family().changes)
        ledger.write(tx, [samples.funds()])
    assert list(ledger.changes()) == []
    database.close()


def test_a_full_disk_takes_a_write_of_many_rows_back_whole(sqlite_url: str) -> None:
    """What is written to the transaction before it and after it keeps every law."""
    database = Database(store_url(sqlite_url), durable=True)
    ledger, journal = SqlLedger(database, "book", lasting=True), SqlJournal(database, lasting=True)
    samples, story = Samples(), Story()
    many: list[LedgerChange] = [change for _ in range(1_000) for change in samples.family().changes]
    begun, first = story.begin(), samples.family().changes
    told = [entry for _ in range(10_000) for entry in story.follow(EntryKind.ADVANCED)]
    _fill_up(database)
    with ledger.begin() as tx:
        ledger.write(tx, first)
        journal.write(tx, begun)
        with pytest.raises(Unavailable, match="full"):
            ledger.write(tx, many)
        with pytest.raises(Unavailable, match="full"):
            journal.write(tx, told[:-1])
        with pytest.raises(MissingParent):
            ledger.write(tx, many[-1:])
        with pytest.raises(BrokenChain):
            journal.write(tx, told[-1:])
        journal.write(tx, told[:1])
    assert list(ledger.changes()) == list(first)
    assert list(journal.entries("run-1")) == [*begun, told[0]]
    database.close()


class FailingWriter:
    """Stands in the place of the last step: fails once at the given table."""

    def __init__(self, inner: Any, table: str, failure: Exception) -> None:
        self.inner, self.table, self.failure = inner, table, failure
        self.failed = False

    def write(self, connection: Connection, table: Table, rows: Any) -> None:
        if table.name == self.table and not self.failed:
            self.failed = True
            raise self.failure
        self.inner.write(connection, table, rows)


@pytest.mark.parametrize("table", ["trade", "order_intent", "fill"])
def test_a_writer_that_fails_in_the_middle_leaves_nothing(database_url: str, table: str) -> None:
    database = Database(store_url(database_url), durable=True)
    ledger = SqlLedger(database, "book", lasting=True)
    database.rows = FailingWriter(database.rows, table, OSError("the cable is out"))
    samples = Samples()
    family = samples.family()
    changes: list[LedgerChange] = [*family.changes, samples.fill(family.intent, family.intent.details.quantity)]
    with pytest.raises(OSError, match="cable"), ledger.begin() as tx:
        ledger.write(tx, changes)
    assert list(ledger.changes()) == []
    with ledger.begin() as tx:
        assert list(ledger.write(tx, changes)) == changes
    assert list(ledger.changes()) == changes
    database.close()


def test_a_damaged_file_is_a_defect(sqlite_url: str, tmp_path: Path) -> None:
    migrate(sqlite_url)
    path = tmp_path / "store.sqlite"
    path.write_bytes(path.read_bytes()[:4096] + os.urandom(len(path.read_bytes()) - 4096))
    with pytest.raises(Defect):
        open_ledger(sqlite_url, "book", lasting=True)
    path.write_bytes(b"this is no database at all" * 1_000)
    with pytest.raises(Defect):
        open_ledger(sqlite_url, "book", lasting=True)


@pytest.mark.parametrize(("lasting", "expected"), [(True, 2), (False, 1)])
def test_real_orders_are_synced_at_every_commit(sqlite_url: str, lasting: bool, expected: int) -> None:
    ledger = open_ledger(sqlite_url, "book", lasting=lasting)
    with ledger.begin() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA synchronous").scalar() == expected
        assert tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert tx.connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    ledger.close()


@pytest.mark.parametrize(("lasting", "expected"), [(True, "on"), (False, "off")])
def test_real_orders_are_synced_on_the_server(schema_url: str, lasting: bool, expected: str) -> None:
    ledger = open_ledger(schema_url, "book", lasting=lasting)
    with ledger.begin() as tx:
        assert tx.connection.exec_driver_sql("SHOW synchronous_commit").scalar() == expected
    ledger.close()


def _lose_the_answer(database: Database, lose: Callable[[Any], None]) -> None:
    """At the next commit, do this to the driver's connection, and close it before the answer arrives."""
    lost: list[bool] = []

    @event.listens_for(database._engine, "commit")
    def committing(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        if not lost and driver is not None:
            lost.append(True)
            lose(driver)
            driver.close()


def test_a_commit_whose_answer_was_lost_is_asked_after(schema_url: str) -> None:
    """It took effect: the call returns, and the ledger goes on from it."""
    database = Database(store_url(schema_url), durable=True)
    ledger, samples = SqlLedger(database, "book", lasting=True), Samples()
    family = samples.family()
    _lose_the_answer(database, lambda driver: driver.commit())
    with ledger.begin() as tx:
        ledger.write(tx, family.changes)
    assert list(ledger.changes()) == list(family.changes)
    with ledger.begin() as tx:
        ledger.write(tx, [samples.fill(family.intent, family.intent.details.quantity)])
    assert [order.state for order in ledger.orders()] == [OrderState.FILLED]
    database.close()


def test_a_commit_that_never_arrived_is_unavailable_and_may_be_repeated(schema_url: str) -> None:
    database = Database(store_url(schema_url), durable=True)
    ledger, family = SqlLedger(database, "book", lasting=True), Samples().family()
    _lose_the_answer(database, lambda driver: None)
    with pytest.raises(Unavailable), ledger.begin() as tx:
        ledger.write(tx, family.changes)
    assert list(ledger.changes()) == []
    with ledger.begin() as tx:
        assert list(ledger.write(tx, family.changes)) == list(family.changes)
    database.close()


def test_a_session_that_the_server_ends_is_unavailable_and_the_next_one_works(schema_url: str) -> None:
    ledger, family = open_ledger(schema_url, "book", lasting=True), Samples().family()
    engine = create_engine(schema_url, isolation_level="AUTOCOMMIT")
    with pytest.raises(Unavailable), ledger.begin() as tx:  # noqa: PT012 - as a whole
        own = tx.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        ledger.write(tx, family.changes)
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
        ledger.write(tx, Samples("further").family().changes)
    engine.dispose()
    assert list(ledger.changes()) == []
    with ledger.begin() as tx:
        ledger.write(tx, family.changes)
    assert list(ledger.changes()) == list(family.changes)
    ledger.close()
