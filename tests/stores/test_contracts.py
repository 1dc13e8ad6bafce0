"""The contract kit, held to every built-in store."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from s1mpletrader.api import EntryRef, IJournal, ILedger, LedgerChange, SealedEntry
from s1mpletrader.contracts.journal import JournalContract
from s1mpletrader.contracts.journal_harness import JournalHarness
from s1mpletrader.contracts.ledger import LedgerContract
from s1mpletrader.contracts.ledger_harness import LedgerHarness
from s1mpletrader.plugins.stores import open_ledger
from s1mpletrader.plugins.stores.lineages import JOURNAL, LEDGER

from .conftest import Stores
from .first_release import FIRST_ENTRIES, FIRST_LEDGER, fill_first_release


class TestLedgerInMemory(LedgerContract):
    def make_harness(self, directory: Path) -> LedgerHarness:
        stores = Stores("memory", "")
        return LedgerHarness(open=stores.ledger, concurrent=False)


class TestLedgerInSqlite(LedgerContract):
    def make_harness(self, directory: Path) -> LedgerHarness:
        return _ledger_harness(_files(directory))


class TestLedgerInPostgres(LedgerContract):
    @pytest.fixture(autouse=True)
    def _schemas(self, new_schema: Callable[[], str]) -> None:
        self.new_schema = new_schema

    def make_harness(self, directory: Path) -> LedgerHarness:
        return _ledger_harness(self.new_schema)


class TestJournalInMemory(JournalContract):
    def make_harness(self, directory: Path) -> JournalHarness:
        return JournalHarness(open=Stores("memory", "").journal)


class TestJournalInSqlite(JournalContract):
    def make_harness(self, directory: Path) -> JournalHarness:
        return _journal_harness(_files(directory))


class TestJournalInPostgres(JournalContract):
    @pytest.fixture(autouse=True)
    def _schemas(self, new_schema: Callable[[], str]) -> None:
        self.new_schema = new_schema

    def make_harness(self, directory: Path) -> JournalHarness:
        return _journal_harness(self.new_schema)


def _files(directory: Path) -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"sqlite:///{directory / f'store_{next(numbers)}.sqlite'}"


def _ledger_harness(new_url: Callable[[], str]) -> LedgerHarness:
    stores, first = Stores("database", new_url()), Stores("database", new_url())

    def close() -> None:
        stores.close()
        first.close()

    def columns() -> Mapping[str, Sequence[str]]:
        engine = create_engine(stores.url)
        found = inspect(engine)
        names = {table: [column["name"] for column in found.get_columns(table)] for table in found.get_table_names()}
        engine.dispose()
        return names

    def migrate_from_first(book: str) -> tuple[ILedger, Sequence[LedgerChange]]:
        fill_first_release(first.url, LEDGER, book)
        return first.ledger(book), FIRST_LEDGER

    return LedgerHarness(
        open=stores.ledger,
        close=close,
        crash_opener=partial(open_ledger, stores.url, lasting=True),
        columns=columns,
        migrate_from_first=migrate_from_first,
    )


def _journal_harness(new_url: Callable[[], str]) -> JournalHarness:
    stores, first = Stores("database", new_url()), Stores("database", new_url())

    def close() -> None:
        stores.close()
        first.close()

    def migrate_from_first() -> tuple[IJournal, Sequence[SealedEntry]]:
        fill_first_release(first.url, JOURNAL, "run-1")
        return first.journal(), FIRST_ENTRIES

    def change(ref: EntryRef, payload: bytes, *, force: bool) -> None:
        _execute(stores.url, "UPDATE entry SET payload = :p WHERE run = :r AND seq = :s", force, p=payload, r=ref.run, s=ref.seq)

    def remove(ref: EntryRef, *, force: bool) -> None:
        _execute(stores.url, "DELETE FROM entry WHERE run = :r AND seq = :s", force, r=ref.run, s=ref.seq)

    return JournalHarness(
        open=stores.journal,
        close=close,
        attempt_update=partial(change, force=False),
        attempt_delete=partial(remove, force=False),
        tamper_change=partial(change, force=True),
        tamper_remove=partial(remove, force=True),
        migrate_from_first=migrate_from_first,
    )


def _execute(url: str, statement: str, force: bool, **values: Any) -> None:
    """A statement past the port; ``force`` takes the guards away first."""
    engine = create_engine(url)
    unguard = {
        "sqlite": ["DROP TRIGGER IF EXISTS entry_no_update", "DROP TRIGGER IF EXISTS entry_no_delete"],
        "postgresql": ["DROP TRIGGER IF EXISTS entry_kept ON entry"],
    }
    try:
        with engine.begin() as connection:
            for drop in unguard[engine.dialect.name] if force else ():
                connection.execute(text(drop))
            connection.execute(text(statement), values)
    finally:
        engine.dispose()
