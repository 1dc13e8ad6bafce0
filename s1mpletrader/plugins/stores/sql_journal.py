"""The journal in a database, with the right to write."""

from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from s1mpletrader.api import BrokenChain, Refused, SealedEntry
from s1mpletrader.plugins.stores.chain_rules import ChainRules
from s1mpletrader.plugins.stores.database import Database, Transaction, savepoint
from s1mpletrader.plugins.stores.faults import ours
from s1mpletrader.plugins.stores.journal_reader import ENTRY, RUN, ChainQueries, SqlJournalReader
from s1mpletrader.plugins.stores.journal_tables import DiscardingRunRow
from s1mpletrader.plugins.stores.lineages import JOURNAL, bring_to_head
from s1mpletrader.plugins.stores.row_writer import ABSENT, IntegrityErrors, RowTuple
from s1mpletrader.plugins.stores.tables import table_of

_DISCARDING: Final = table_of(DiscardingRunRow)


class SqlJournal(SqlJournalReader):
    """Writes entries as they are sealed. ``lasting`` is whether real orders depend on the runs that it writes."""

    def __init__(self, database: Database, *, lasting: bool) -> None:
        super().__init__(database)
        bring_to_head(database, JOURNAL)
        self._lasting = lasting
        self._rules = ChainRules()
        self._transaction: Transaction | None = None

    @property
    def transaction_domain(self) -> Hashable:
        """Equal for the stores of one database."""
        return self._database.domain

    def begin(self) -> AbstractContextManager[Transaction]:
        """A transaction."""
        return self._database.begin()

    def write(self, tx: Transaction, entries: Sequence[SealedEntry]) -> None:
        """Append the entries that are new; ``BrokenChain`` where one cannot stand in its place."""
        if not entries:
            return
        if tx is not self._transaction:
            tx.when_undone(self._forget)
            self._transaction = tx
        with ours():
            try:
                self._append(tx.connection, entries)
            except (BrokenChain, *IntegrityErrors):
                self._append(tx.connection, entries)

    def discard(self, run: str) -> None:
        """Remove a run whole; ``Refused`` where real orders depend on it."""
        with self._database.begin() as tx:
            lasting = tx.connection.scalar(select(RUN.c.lasting).where(RUN.c.run == run))
            if self._lasting or lasting:
                raise Refused(f"real orders depend on the run {run}: it is never discarded")
            tx.connection.execute(insert(_DISCARDING).values(run=run))
            for table in (ENTRY, RUN, _DISCARDING):
                tx.connection.execute(delete(table).where(table.c.run == run))
        self._forget()

    def _append(self, connection: Connection, entries: Sequence[SealedEntry]) -> None:
        with savepoint(connection, self._rules.forget):
            fresh = self._rules.sift(entries, ChainQueries(connection))
            for run in [entry.run for entry in fresh if entry.seq == 0]:
                connection.execute(insert(RUN).values(run=run, lasting=self._lasting))
            if fresh:
                self._database.rows.write(connection, ENTRY, list(map(_row, fresh)))

    def _forget(self) -> None:
        self._rules.forget()
        self._transaction = None


def _row(entry: SealedEntry) -> RowTuple:
    run, seq, kind, parent_run, parent_seq, order_id, fill_id, at, payload, digest = entry
    return (
        run,
        seq,
        kind._value_,
        ABSENT if parent_run is None else parent_run,
        ABSENT if parent_seq is None else parent_seq,
        ABSENT if order_id is None else order_id,
        ABSENT if fill_id is None else fill_id,
        at,
        bytearray(payload),
        bytearray(digest),
    )
