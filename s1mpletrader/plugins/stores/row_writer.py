"""How rows reach a table: compiled once for each table, then straight to the driver."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Dialect, Table, insert

RowTuple: TypeAlias = tuple[Any, ...]
"""A row's values in the order of the table's columns: text, int, bytes, bool or None. A Decimal is plain text."""

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
    """Many rows by one prepared INSERT."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._statements: dict[Table, str] = {}

    def write(self, connection: Connection, table: Table, rows: Sequence[RowTuple]) -> None:
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
    """Many rows by PostgreSQL's COPY, a few by INSERT."""

    def __init__(self, few: IRowWriter) -> None:
        self._few = few
        self._statements: dict[Table, sql.Composed] = {}

    def write(self, connection: Connection, table: Table, rows: Sequence[RowTuple]) -> None:
        """Insert by COPY where that is faster."""
        if len(rows) < COPY_ROWS_MIN:
            self._few.write(connection, table, rows)
            return
        statement = self._statements.get(table)
        if statement is None:
            columns = sql.SQL(", ").join(sql.Identifier(name) for name in table.columns.keys())  # noqa: SIM118
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), columns)
            self._statements[table] = statement
        with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
