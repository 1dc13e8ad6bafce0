"""The built-in stores: ledger, journal and state in SQLite or PostgreSQL ("sql"), or in memory ("memory")."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import IJournal, ILedger, IState, NoConfig, Plugin, StoreProvision, hookimpl
from s1mpletrader.plugins.stores.memory_journal import MemoryJournal
from s1mpletrader.plugins.stores.memory_ledger import MemoryLedger
from s1mpletrader.plugins.stores.opening import (
    books,
    open_existing_state,
    open_journal,
    open_journal_reader,
    open_ledger,
    open_ledger_reader,
    open_state,
)
from s1mpletrader.plugins.stores.state import MemoryState

__all__ = [
    "MemoryJournal",
    "MemoryLedger",
    "MemoryState",
    "books",
    "open_existing_state",
    "open_journal",
    "open_journal_reader",
    "open_ledger",
    "open_ledger_reader",
    "open_state",
]


def _sql_ledger(_config: NoConfig, given: StoreProvision) -> ILedger:
    return open_ledger(given.url, given.book, lasting=given.outlives_process)


def _sql_journal(_config: NoConfig, given: StoreProvision) -> IJournal:
    return open_journal(given.url, lasting=given.outlives_process)


def _sql_state(_config: NoConfig, given: StoreProvision) -> IState:
    return open_state(given.url, lasting=given.outlives_process)


def _memory_ledger(_config: NoConfig, given: StoreProvision) -> ILedger:
    return MemoryLedger(given.book, lasting=given.outlives_process)


def _memory_journal(_config: NoConfig, given: StoreProvision) -> IJournal:
    return MemoryJournal(lasting=given.outlives_process)


def _memory_state(_config: NoConfig, _given: StoreProvision) -> IState:
    return MemoryState()


@hookimpl
def s1mple_ledgers() -> Sequence[Plugin[Any, StoreProvision, ILedger]]:
    """Ledgers in a database and in memory."""
    return (
        Plugin(name="sql", config=NoConfig, build=_sql_ledger, summary="A ledger in SQLite or PostgreSQL."),
        Plugin(name="memory", config=NoConfig, build=_memory_ledger, summary="A ledger that ends with the process."),
    )


@hookimpl
def s1mple_journals() -> Sequence[Plugin[Any, StoreProvision, IJournal]]:
    """Journals in a database and in memory."""
    return (
        Plugin(name="sql", config=NoConfig, build=_sql_journal, summary="A journal in SQLite or PostgreSQL."),
        Plugin(name="memory", config=NoConfig, build=_memory_journal, summary="A journal that ends with the process."),
    )


@hookimpl
def s1mple_states() -> Sequence[Plugin[Any, StoreProvision, IState]]:
    """Worker state in a database and in memory."""
    return (
        Plugin(name="sql", config=NoConfig, build=_sql_state, summary="State in SQLite or PostgreSQL."),
        Plugin(name="memory", config=NoConfig, build=_memory_state, summary="State that ends with the process."),
    )
