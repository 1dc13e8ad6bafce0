"""A database as the stores use it: how to connect, and transactions that end as the ports promise."""

import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Dialect, create_engine, event
from sqlalchemy.exc import DBAPIError

from s1mpletrader.api import Refused
from s1mpletrader.plugins.stores.faults import ours
from s1mpletrader.plugins.stores.postgres import Postgres
from s1mpletrader.plugins.stores.row_writer import IRowWriter
from s1mpletrader.plugins.stores.sqlite import Sqlite

WAIT_MS_MAX: Final = 5_000
"""How long a busy database is waited for."""


class Transaction:
    """An open transaction that writes."""

    __slots__ = ("_undone", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._undone: list[Callable[[], None]] = []

    def when_undone(self, call: Callable[[], None]) -> None:
        """Call this if the transaction is rolled back, before anybody else may write."""
        self._undone.append(call)

    def tell_undone(self) -> None:
        """Make the calls."""
        for call in self._undone:
            call()


class Database:
    """One database, written in transactions and read in snapshots.

    ``durable`` says that a commit has to survive a power cut; without it a commit survives the end of the process. ``read_only``
    refuses every write, and never makes a file. Transactions of one ``domain`` serve every store in it, whichever began them. The
    connections are closed by ``close``, or together with the object.
    """

    def __init__(self, url: URL, *, durable: bool, read_only: bool = False, wait_ms_max: int = WAIT_MS_MAX) -> None:
        self.url = url
        self._kind = Sqlite() if url.drivername == "sqlite" else Postgres()
        self._durable = durable
        self._read_only = read_only
        self._engine = create_engine(self._kind.engine_url(url, read_only=read_only), **self._kind.options)
        weakref.finalize(self, self._engine.dispose)
        self._prepare(wait_ms_max)
        self.rows: IRowWriter = self._kind.row_writer(self._engine.dialect)

    @property
    def _name(self) -> str:
        """What a message calls it: the password is left out."""
        return f"the store {self.url.render_as_string()}"

    @property
    def domain(self) -> Hashable:
        """Equal for two that write to the same place with the same promise."""
        return "sql", self.url.render_as_string(), self._durable

    @property
    def dialect(self) -> Dialect:
        """What SQL is spoken here."""
        return self._engine.dialect

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that writes; committed when left without an exception, else undone.

        Raises ``Unavailable`` where the database is busy, full or out of reach: then nothing of the transaction remains. Raises
        ``UnknownOutcome`` where a commit was sent, its answer lost, and the database cannot be asked what became of it, and
        ``Refused`` where the database was opened only to be read.
        """
        if self._read_only:
            raise Refused(f"{self.url.render_as_string()} was opened to be read")
        with ours(self._name), self._engine.connect() as connection:
            self._kind.begin_writing(connection)
            transaction = Transaction(connection)
            try:
                yield transaction
                self._commit(connection)
            except BaseException:
                transaction.tell_undone()
                _roll_back(connection)
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees the database as of one moment, and cannot write."""
        with ours(self._name), self._engine.connect() as connection:
            self._kind.begin_reading(connection)
            try:
                yield connection
            finally:
                _roll_back(connection)

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()

    def _prepare(self, wait_ms_max: int) -> None:
        kind, durable, read_only = self._kind, self._durable, self._read_only

        @event.listens_for(self._engine, "connect")
        def connected(driver: Any, _record: object) -> None:
            kind.prepare(driver, durable=durable, read_only=read_only, wait_ms_max=wait_ms_max)

        @event.listens_for(self._engine, "begin")
        def begun(connection: Connection) -> None:
            kind.begun(connection)

    def _commit(self, connection: Connection) -> None:
        mark = self._kind.commit_mark(connection)
        try:
            connection.commit()
        except DBAPIError as failure:
            if not (failure.connection_invalidated and self._kind.was_committed(self._engine, mark)):
                raise


@contextmanager
def savepoint(connection: Connection, forget: Callable[[], None]) -> Iterator[None]:
    """Undo a part of a transaction that ends with an exception, and forget what is remembered of it.

    Where the database has undone the whole of it already (a full disk), the connection is given up, so that nothing can be
    written outside a transaction.
    """
    try:
        point = connection.begin_nested()
        try:
            yield
        except BaseException:
            try:
                point.rollback()
            except DBAPIError:
                connection.invalidate()
            raise
        point.commit()
    except BaseException:
        forget()
        raise


def _roll_back(connection: Connection) -> None:
    """Undo, where there is still something to undo: a lost connection has been undone by the database."""
    try:
        connection.rollback()
    except DBAPIError:
        connection.invalidate()
