"""How rows reach a table: compiled once for each table, then straight to the driver."""

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Dialect, Table

ABSENT: Final = float("nan")
"""Stands in a row for NULL. SQLite stores NaN as NULL, and its driver binds a float at once, while it first offers None to
adapters: that would cost a market order a tenth of its time.
"""

RowTuple: TypeAlias = tuple[Any, ...]
"""A row's values in the order of the table's columns: text, int, bool, bytearray or ``ABSENT``.

A Decimal is plain text. Bytes are a bytearray, which the SQLite driver takes as it is; bytes it too would offer to adapters.
"""

IntegrityErrors: Final = (sqlite3.IntegrityError, psycopg.IntegrityError)
"""What a writer raises where a row is there already, or its parent is not."""

INSERT_ROWS: Final = 32
"""How many rows one INSERT takes where there are as many: SQLite then finds the place of each from that of the one before."""

COPY_ROWS_MIN: Final = 16
"""From how many rows on PostgreSQL's COPY is faster than INSERT."""


class IRowWriter(Protocol):
    """The last step of every write; a simulation puts its own in this place to let it fail."""

    def write(self, connection: Connection, table: Table, rows: Sequence[RowTuple]) -> None:
        """Insert the rows in their order, within the connection's transaction."""
        ...


class Inserts(NamedTuple):
    """A table's prepared statements."""

    one: str
    """Inserts one row."""
    many: str
    """Inserts ``INSERT_ROWS`` rows, whose values follow one another."""


class InsertWriter:
    """SQLite: many rows by a few prepared INSERTs. ``place`` is what stands for a value in the driver's statements."""

    def __init__(self, dialect: Dialect, place: str) -> None:
        self._names = dialect.identifier_preparer
        self._place = place
        self._inserts: dict[Table, Inserts] = {}

    def write(self, connection: Connection, table: Table, rows: Sequence[RowTuple]) -> None:
        """Insert by ``executemany``."""
        inserts = self._inserts.get(table)
        if inserts is None:
            inserts = self._inserts[table] = self._prepare(table)
        grouped = len(rows) - len(rows) % INSERT_ROWS
        cursor = _driver(connection).cursor()
        try:
            if grouped:
                groups = [rows[start : start + INSERT_ROWS] for start in range(0, grouped, INSERT_ROWS)]
                cursor.executemany(inserts.many, [list(chain.from_iterable(group)) for group in groups])
            if grouped < len(rows):
                cursor.executemany(inserts.one, rows[grouped:])
        finally:
            cursor.close()

    def _prepare(self, table: Table) -> Inserts:
        columns = [self._names.quote(column.name) for column in table.columns]
        into = f"INSERT INTO {self._names.format_table(table)} ({', '.join(columns)}) VALUES "  # noqa: S608 - names of our own tables
        values = f"({', '.join([self._place] * len(columns))})"
        return Inserts(into + values, into + ", ".join([values] * INSERT_ROWS))


class CopyWriter:
    """PostgreSQL: many rows by COPY, a few by INSERT."""

    def __init__(self, dialect: Dialect) -> None:
        self._few = InsertWriter(dialect, "%s")
        self._statements: dict[Table, sql.Composed] = {}

    def write(self, connection: Connection, table: Table, rows: Sequence[RowTuple]) -> None:
        """Insert by what is faster."""
        with_nulls = (tuple([None if value is ABSENT else value for value in row]) for row in rows)
        if len(rows) < COPY_ROWS_MIN:
            self._few.write(connection, table, list(with_nulls))
            return
        statement = self._statements.get(table)
        if statement is None:
            columns = sql.SQL(", ").join(map(sql.Identifier, table.columns.keys()))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
            self._statements[table] = statement
        with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
            for row in with_nulls:
                copy.write_row(row)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
