"""What a database's errors mean for the caller."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from s1mpletrader.api import Defect, S1mpleTraderError, Unavailable

_SQLITE_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""Conditions of the machine that may pass; what else SQLite reports is wrong with the file or with us."""

_SQLITE_DAMAGED: Final = {
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is no SQLite database, or its first page is damaged",
}


class DamagedStore(Defect):
    """A store's file is not what it should be: restore a copy of it, or name another."""


@contextmanager
def ours(name: str = "the store's database") -> Iterator[None]:
    """Raise a driver's errors as ours: ``Unavailable`` where the same call may succeed later, else ``Defect``.

    ``name`` is what a message calls the database.
    """
    try:
        yield
    except (DBAPIError, PendingRollbackError, sqlite3.Error, psycopg.Error) as failure:
        raise _meaning(failure, name) from failure


def _meaning(failure: Exception, name: str) -> S1mpleTraderError:
    cause = failure.orig if isinstance(failure, DBAPIError) else failure
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_DAMAGED:
        return DamagedStore(f"{name} {_SQLITE_DAMAGED[code]}: {cause}")
    passing = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | PendingRollbackError) or (
        isinstance(cause, sqlite3.Error) and code in _SQLITE_PASSING
    )
    kind = Unavailable if passing else Defect
    return kind(f"{name}: {cause}")
