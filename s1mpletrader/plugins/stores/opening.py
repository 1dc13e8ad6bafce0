"""Opening the stores of a URL, to write or only to read.

Every store has connections of its own. Those of one URL, opened with the same ``lasting``, are of one transaction domain.
"""

from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.journal_reader import SqlJournalReader
from s1mpletrader.plugins.stores.ledger_reader import BookInfo, SqlLedgerReader, list_books
from s1mpletrader.plugins.stores.lineages import JOURNAL, LEDGER, Lineage, require_head
from s1mpletrader.plugins.stores.sql_journal import SqlJournal
from s1mpletrader.plugins.stores.sql_ledger import SqlLedger
from s1mpletrader.plugins.stores.state import SqlState
from s1mpletrader.plugins.stores.urls import existing_store_url, store_url


def open_ledger(url: str, book: str, *, lasting: bool) -> SqlLedger:
    """A book to write to; the store is made or migrated where that is needed. ``lasting``: real orders depend on it."""
    return SqlLedger(Database(store_url(url), durable=lasting), book, lasting=lasting)


def open_journal(url: str, *, lasting: bool) -> SqlJournal:
    """A journal to write to; the store is made or migrated where that is needed. ``lasting``: real orders depend on it."""
    return SqlJournal(Database(store_url(url), durable=lasting), lasting=lasting)


def open_state(url: str, *, lasting: bool) -> SqlState:
    """A state store; it is made or migrated where that is needed. ``lasting``: real orders depend on it."""
    return SqlState(Database(store_url(url), durable=lasting))


def open_existing_state(url: str) -> SqlState:
    """The state store beside a ledger that is there; ``ValueError`` where there is none. What it writes survives a power cut."""
    _existing(url, LEDGER).close()
    return open_state(url, lasting=True)


def open_ledger_reader(url: str, book: str) -> SqlLedgerReader:
    """A book to read. Nothing is made or migrated: ``ValueError`` where there is no ledger, or one of another version."""
    return SqlLedgerReader(_existing(url, LEDGER), book)


def open_journal_reader(url: str) -> SqlJournalReader:
    """A journal to read. Nothing is made or migrated: ``ValueError`` where there is no journal, or one of another version."""
    return SqlJournalReader(_existing(url, JOURNAL))


def books(url: str) -> tuple[BookInfo, ...]:
    """All books of a ledger's database, by their names; ``ValueError`` where there is no ledger."""
    database = _existing(url, LEDGER)
    try:
        return list_books(database)
    finally:
        database.close()


def _existing(url: str, lineage: Lineage) -> Database:
    database = Database(existing_store_url(url), durable=False, read_only=True)
    try:
        require_head(database, lineage)
    except BaseException:
        database.close()
        raise
    return database
