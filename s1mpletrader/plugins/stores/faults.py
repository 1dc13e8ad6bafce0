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


@contextmanager
def ours() -> Iterator[None]:
    """Raise a driver's errors as ours: ``Unavailable`` where the same call may succeed later, else ``Defect``."""
    try:
        yield
    except (DBAPIError, PendingRollbackError, sqlite3.Error, psycopg.Error) as failure:
        raise _meaning(failure) from failure


def _meaning(failure: Exception) -> S1mpleTraderError:
    cause = failure.orig if isinstance(failure, DBAPIError) else failure
    passing = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | PendingRollbackError) or (
        isinstance(cause, sqlite3.Error) and (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_PASSING
    )
    kind = Unavailable if passing else Defect
    return kind(f"the store's database: {cause}")
