"""How rows reach a table: compiled once for each table, then straight to the driver."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol, TypeAlias

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Dialect, Table, insert

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

COPY_ROWS_MIN: Final = 16
"""From how many rows on PostgreSQL's COPY is faster than INSERT."""


class IRowWriter(Protocol):
    """The last step of every write; a simulation puts its own in this place to let it fail."""

    def write(self, connection: Connection, table: Table, rows: Sequence[RowTuple]) -> None:
        """Insert the rows in their order, within the connection's transaction."""
        ...


class InsertWriter:
    """SQLite: many rows by one prepared INSERT."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._statements: dict[Table, str] = {}

    def write(self, connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Insert by ``executemany``."""
        statement = self._statements.get(table)
        if statement is None:
            statement = self._statements[table] = str(insert(table).compile(dialect=self._dialect))
        cursor = _driver(connection).cursor()
        try:
            cursor.executemany(statement, rows)
        finally:
            cursor.close()


class CopyWriter:
    """PostgreSQL: many rows by COPY, a few by INSERT."""

    def __init__(self, dialect: Dialect) -> None:
        self._few = InsertWriter(dialect)
        self._statements: dict[Table, sql.Composed] = {}

    def write(self, connection: Connection, table: Table, rows: Sequence[RowTuple]) -> None:
        """Insert by what is faster."""
        with_nulls = ([None if value is ABSENT else value for value in row] for row in rows)
        if len(rows) < COPY_ROWS_MIN:
            self._few.write(connection, table, with_nulls)
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
