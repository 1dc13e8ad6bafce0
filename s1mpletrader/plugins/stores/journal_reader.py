"""Reading a journal in a database."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from s1mpletrader.api import EntryKind, EntryRef, FillId, Instant, OrderId, SealedEntry
from s1mpletrader.plugins.stores.chain_rules import NO_ENTRY, Head
from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.journal_tables import EntryRow, RunRow
from s1mpletrader.plugins.stores.tables import table_of

ENTRY: Final = table_of(EntryRow)
RUN: Final = table_of(RunRow)
ROWS_MAX: Final = 1_000
"""How many entries are in memory at once while many are read."""


class ChainQueries:
    """The places of a journal, on one connection. Also what the rules of the journal ask while a write is checked."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self, run: str) -> Head:
        """Where a run stands."""
        last = self.last(run)
        return NO_ENTRY if last is None else Head(last.seq + 1, last.hash)

    def last(self, run: str) -> SealedEntry | None:
        """The run's last entry."""
        return self.first(select(ENTRY).where(ENTRY.c.run == run).order_by(ENTRY.c.seq.desc()))

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        """The entry at a place."""
        return self.first(select(ENTRY).where(ENTRY.c.run == ref.run, ENTRY.c.seq == ref.seq))

    def first(self, query: Select[Any]) -> SealedEntry | None:
        """The query's first entry."""
        row = self._connection.execute(query.limit(1)).first()
        return None if row is None else _entry(row)

    def all(self, query: Select[Any]) -> Iterator[SealedEntry]:
        """The query's entries, few in memory at once."""
        with self._connection.execute(query.execution_options(yield_per=ROWS_MAX)) as result:
            yield from map(_entry, result)


class SqlJournalReader:
    """Reads every run of a journal. Each call sees the database as of one moment, and so does each iteration."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def runs(self) -> Sequence[str]:
        """All runs, in the order in which they began to be written."""
        with self._database.read() as connection:
            return tuple(connection.scalars(select(RUN.c.run).order_by(RUN.c.number)))

    def head(self, run: str) -> SealedEntry | None:
        """The run's last entry."""
        with self._database.read() as connection:
            return ChainQueries(connection).last(run)

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        """The entry at a place."""
        with self._database.read() as connection:
            return ChainQueries(connection).entry(ref)

    def entries(self, run: str) -> Iterator[SealedEntry]:
        """The run's entries by their sequence."""
        with self._database.read() as connection:
            yield from ChainQueries(connection).all(select(ENTRY).where(ENTRY.c.run == run).order_by(ENTRY.c.seq))

    def entries_of_order(self, order_id: OrderId) -> Sequence[SealedEntry]:
        """Every entry that bears the order's id: the runs in their order, each by its sequence."""
        with self._database.read() as connection:
            return tuple(ChainQueries(connection).all(_of_all_runs().where(ENTRY.c.order_id == order_id)))

    def entry_of_fill(self, fill_id: FillId, run: str | None = None) -> SealedEntry | None:
        """The first entry that bears the fill's id, of all runs or of one."""
        query = _of_all_runs().where(ENTRY.c.fill_id == fill_id)
        with self._database.read() as connection:
            return ChainQueries(connection).first(query if run is None else query.where(ENTRY.c.run == run))

    def entries_between(self, first: Instant, last: Instant) -> Iterator[SealedEntry]:
        """Entries with ``first <= at <= last``: the runs in their order, each by its sequence."""
        with self._database.read() as connection:
            yield from ChainQueries(connection).all(_of_all_runs().where(ENTRY.c.at.between(first, last)))

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()


def _of_all_runs() -> Select[Any]:
    return select(ENTRY).join(RUN, RUN.c.run == ENTRY.c.run).order_by(RUN.c.number, ENTRY.c.seq)


def _entry(row: Row[Any]) -> SealedEntry:
    values = list(row)
    values[2] = EntryKind(values[2])
    # Somebody with another tool can leave text where bytes belong: the chain has to tell of it, and not a TypeError.
    values[-2:] = [value.encode() if isinstance(value, str) else value for value in values[-2:]]
    return SealedEntry._make(values)
