"""SQLite: what a connection is told, and how its transactions begin."""

import sqlite3
from decimal import Decimal
from time import monotonic, sleep
from typing import Any, Final

from sqlalchemy import URL, Connection, Dialect, Engine

from s1mpletrader.api import ZERO, add
from s1mpletrader.plugins.stores.row_writer import InsertWriter, IRowWriter
from s1mpletrader.plugins.stores.types import DECIMAL_COLLATION, EXACT_SUM, compare_decimal_texts

_WRITING: Final = "s1mpletrader_writing"
_CACHE_KIB: Final = 4_096
_PAGE_BYTES: Final = 8_192
_RETRY_S: Final = 0.005
_CHECKPOINT_PAGES: Final = 5_000
"""How much is in the log before it is moved into the file, where many commits follow one another: pages that several of them
touch are moved once."""


class Sqlite:
    """A file. Its one writer takes the lock when its transaction begins; readers see a snapshot beside it."""

    options: Final[dict[str, Any]] = {"connect_args": {"check_same_thread": False}}

    def engine_url(self, url: URL, *, read_only: bool) -> URL:
        """What the driver is given."""
        if not read_only:
            return url
        return url.set(database=f"file:{url.database}").update_query_dict({"mode": "ro", "uri": "true"})

    def prepare(self, driver: sqlite3.Connection, *, durable: bool, read_only: bool, wait_ms_max: int) -> None:
        """Tell a new connection how to keep what it is given.

        Transactions are begun by hand. FULL syncs the log at every commit; NORMAL loses the latest commits in a power cut, never
        in the end of a process, and never the file's consistency. Some builds overwrite with zeros what a page no longer holds,
        at every page that is divided: nothing here asks for that.
        """
        driver.isolation_level = None
        driver.execute(f"PRAGMA busy_timeout = {wait_ms_max}")
        driver.execute("PRAGMA foreign_keys = ON")
        driver.execute("PRAGMA recursive_triggers = ON")
        driver.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        driver.create_collation(DECIMAL_COLLATION, compare_decimal_texts)
        driver.create_aggregate(EXACT_SUM, 1, _ExactSum)
        if read_only:
            driver.execute("PRAGMA query_only = ON")
            return
        driver.execute("PRAGMA secure_delete = OFF")
        driver.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        mode = _write_ahead(driver, wait_ms_max)
        if mode != "wal":
            raise sqlite3.NotSupportedError(f"this file system has no write-ahead log for SQLite (it keeps {mode})")
        driver.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        if not durable:
            driver.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")

    def begin_writing(self, connection: Connection) -> None:
        """Take the write lock at once, so that nothing read in the transaction can be out of date."""
        connection.execution_options(**{_WRITING: True})
        connection.begin()

    def begin_reading(self, connection: Connection) -> None:
        """A snapshot, beside whoever writes."""
        connection.begin()

    def begun(self, connection: Connection) -> None:
        """Send the BEGIN that the driver leaves out."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")

    def commit_mark(self, connection: Connection) -> str | None:
        """None: a commit into a file has an outcome."""
        return None

    def was_committed(self, engine: Engine, mark: str | None) -> bool:
        """Never asked in earnest: no commit's answer gets lost."""
        return False

    def row_writer(self, dialect: Dialect) -> IRowWriter:
        """How rows are written."""
        return InsertWriter(dialect, "?")


def _write_ahead(driver: sqlite3.Connection, wait_ms_max: int) -> str:
    """Switch to the write-ahead log. SQLite does not wait by itself where another connection is just doing the same."""
    until = monotonic() + wait_ms_max / 1_000
    while True:
        try:
            return str(driver.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError:
            if monotonic() > until:
                raise
            sleep(_RETRY_S)


class _ExactSum:
    """The aggregate: a sum of decimal texts without rounding."""

    def __init__(self) -> None:
        self._sum = ZERO

    def step(self, value: Any) -> None:
        if value is not None:
            self._sum = add(self._sum, Decimal(value))

    def finalize(self) -> Any:
        return format(self._sum, "f")
