"""The ledger in a database: one book of it, with the right to write."""

from collections.abc import Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import Connection, Executable, Select, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from s1mpletrader.api import LedgerChange, LedgerRules, Refused
from s1mpletrader.plugins.stores.database import Database, Transaction, savepoint
from s1mpletrader.plugins.stores.faults import ours
from s1mpletrader.plugins.stores.ledger_queries import BookQueries
from s1mpletrader.plugins.stores.ledger_reader import SqlLedgerReader
from s1mpletrader.plugins.stores.ledger_rows import SHAPES
from s1mpletrader.plugins.stores.ledger_tables import BookRow, DiscardingBookRow
from s1mpletrader.plugins.stores.lineages import LEDGER, bring_to_head
from s1mpletrader.plugins.stores.row_writer import IntegrityErrors, RowTuple
from s1mpletrader.plugins.stores.tables import table_of

_BOOK: Final = table_of(BookRow)
_DISCARDING: Final = table_of(DiscardingBookRow)
_BEHIND: Final = -1
"""Stands for the number of changes while it is not known."""


class SqlLedger(SqlLedgerReader):
    """Writes one book.

    A write first takes everything to be new and goes straight to the driver. Only where that is refused is each change compared
    with what is stored. Several writers of one book, in one process or in many, take turns: each finds out in its transaction
    whether another has been there, and then looks up anew what it remembered.
    """

    def __init__(self, database: Database, book: str, *, lasting: bool) -> None:
        super().__init__(database, book)
        bring_to_head(database, LEDGER)
        self._lasting = lasting
        self._rules = LedgerRules()
        self._written = _BEHIND
        self._transaction: Transaction | None = None

    @property
    def transaction_domain(self) -> Hashable:
        """Equal for the stores of one database."""
        return self._database.domain

    def begin(self) -> AbstractContextManager[Transaction]:
        """A transaction."""
        return self._database.begin()

    def write(self, tx: Transaction, changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
        """Append the changes that are new, and return them."""
        if not changes:
            return ()
        with ours():
            self._catch_up(tx)
            return self._append(tx.connection, changes)

    def discard(self) -> None:
        """Remove the book whole; ``Refused`` where real orders depend on it."""
        with self._database.begin() as tx:
            listed = tx.connection.execute(_own(self._book).with_for_update()).first()
            if self._lasting or (listed is not None and listed.lasting):
                raise Refused(f"real orders depend on the book {self._book}: it is never discarded")
            tx.connection.execute(insert(_DISCARDING).values(book=self._book))
            for table in (*(shape.table for shape in reversed(SHAPES.values())), _BOOK, _DISCARDING):
                tx.connection.execute(delete(table).where(table.c.book == self._book))
        self._forget()

    def _catch_up(self, tx: Transaction) -> None:
        """Know, at the transaction's first write, how much is in the book: whatever others have written meanwhile."""
        if tx is self._transaction:
            return
        tx.when_undone(self._forget)
        written = self._enlist(tx.connection)
        if written != self._written:
            self._rules.forget()
        self._transaction, self._written = tx, written

    def _enlist(self, connection: Connection) -> int:
        """How much is in the book. Its row is locked from here on, and made where it is not there."""
        listed = connection.execute(_own(self._book).with_for_update()).first()
        if listed is None:
            connection.execute(_insert_unless_there(connection, self._book, self._lasting))
            listed = connection.execute(_own(self._book).with_for_update()).one()
        if self._lasting and not listed.lasting:
            connection.execute(update(_BOOK).where(_BOOK.c.book == self._book).values(lasting=True))
        return int(listed.written)

    def _append(self, connection: Connection, changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
        stored = BookQueries(connection, self._book)
        try:
            with savepoint(connection, self._rules.forget):
                self._rules.check(changes, stored)
                self._insert(connection, changes)
        except (Refused, *IntegrityErrors):
            with savepoint(connection, self._rules.forget):
                fresh = self._rules.sift(changes, stored)
                self._insert(connection, fresh)
            return fresh
        return changes

    def _insert(self, connection: Connection, changes: Iterable[LedgerChange]) -> None:
        book, written = self._book, self._written
        rows: dict[type[LedgerChange], list[RowTuple]] = {kind: [] for kind in SHAPES}
        makers = {kind: (rows[kind].append, shape.row) for kind, shape in SHAPES.items()}
        for change in changes:
            written += 1
            append, make = makers[type(change)]
            append(make(book, written, change))
        if written == self._written:
            return
        for kind, shape in SHAPES.items():
            if rows[kind]:
                self._database.rows.write(connection, shape.table, rows[kind])
        connection.execute(update(_BOOK).where(_BOOK.c.book == book).values(written=written))
        self._written = written

    def _forget(self) -> None:
        self._rules.forget()
        self._written = _BEHIND
        self._transaction = None


def _own(book: str) -> Select[tuple[int, bool]]:
    return select(_BOOK.c.written, _BOOK.c.lasting).where(_BOOK.c.book == book)


def _insert_unless_there(connection: Connection, book: str, lasting: bool) -> Executable:
    """A new book's row; nothing where another writer has just made it."""
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return make(_BOOK).values(book=book, written=0, lasting=lasting).on_conflict_do_nothing()
