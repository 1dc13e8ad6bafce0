"""PostgreSQL: what a session is told, and what became of a commit whose answer was lost."""

import time
from typing import Any, Final

from sqlalchemy import URL, Connection, Dialect, Engine, text
from sqlalchemy.exc import DBAPIError

from s1mpletrader.api import UnknownOutcome
from s1mpletrader.plugins.stores.row_writer import CopyWriter, IRowWriter

_ASK_MAX: Final = 20
_ASK_PAUSE_S: Final = 0.25


class Postgres:
    """A server. Writers of one book take turns at the book's row; readers see a snapshot."""

    options: Final[dict[str, Any]] = {
        "pool_pre_ping": True,
        "paramstyle": "format",
        "connect_args": {"connect_timeout": 10},
    }

    def engine_url(self, url: URL, *, read_only: bool) -> URL:
        """What the driver is given."""
        return url

    def prepare(self, driver: Any, *, durable: bool, read_only: bool, wait_ms_max: int) -> None:
        """Tell a new session how to keep what it is given, and how long to wait for others.

        Without ``durable`` a crash of the server may lose the latest commits, never its consistency. A session keeps the plans by
        which it checks foreign keys: made while a table is almost empty, they would go on reading it whole when it has grown.
        """
        settings = {"lock_timeout": str(wait_ms_max), "enable_seqscan": "off"}
        if not durable:
            settings["synchronous_commit"] = "off"
        with driver.cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
            if durable:
                cursor.execute(
                    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
                )
        driver.commit()

    def begin_writing(self, connection: Connection) -> None:
        """An ordinary transaction."""
        connection.begin()

    def begin_reading(self, connection: Connection) -> None:
        """One snapshot for all queries of the reading."""
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.begin()

    def begun(self, connection: Connection) -> None:
        """The driver sends the BEGIN itself."""

    def commit_mark(self, connection: Connection) -> str | None:
        """The transaction's own number, by which the server can be asked about it; None where it wrote nothing."""
        number = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()
        return None if number is None else str(number)

    def was_committed(self, engine: Engine, mark: str | None) -> bool:
        """Ask a new session whether a transaction was committed; ``UnknownOutcome`` where it cannot be told in time."""
        if mark is None:
            return False
        for attempt in range(_ASK_MAX):
            if attempt:
                time.sleep(_ASK_PAUSE_S)
            try:
                with engine.connect() as connection:
                    status = connection.execute(text("SELECT pg_xact_status(CAST(:mark AS xid8))"), {"mark": mark}).scalar()
            except DBAPIError:
                continue
            if status in ("committed", "aborted"):
                return bool(status == "committed")
        raise UnknownOutcome(f"the database does not tell what became of the commit of transaction {mark}")

    def row_writer(self, dialect: Dialect) -> IRowWriter:
        """How rows are written."""
        return CopyWriter(dialect)
