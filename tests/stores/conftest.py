"""The stores under test: in memory, in a SQLite file, and in a schema of a PostgreSQL server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from s1mpletrader.api import IJournal, ILedger, IState
from s1mpletrader.plugins.stores import (
    MemoryJournal,
    MemoryLedger,
    MemoryState,
    open_journal,
    open_ledger,
    open_state,
)

_numbers = count(1)


@dataclass
class Stores:
    """One empty place for stores. A handle is opened anew with each call; in memory, a book has only one."""

    kind: str
    url: str
    opened: list[Any] = field(default_factory=list)
    books: dict[str, MemoryLedger] = field(default_factory=dict)
    memory_journal: MemoryJournal | None = None

    def ledger(self, book: str = "book", *, lasting: bool = False) -> ILedger:
        if self.kind == "memory":
            return self.books.setdefault(book, MemoryLedger(book, lasting=lasting))
        return self.keep(open_ledger(self.url, book, lasting=lasting))

    def journal(self, *, lasting: bool = False) -> IJournal:
        if self.kind == "memory":
            self.memory_journal = self.memory_journal or MemoryJournal(lasting=lasting)
            return self.memory_journal
        return self.keep(open_journal(self.url, lasting=lasting))

    def state(self) -> IState:
        return MemoryState() if self.kind == "memory" else self.keep(open_state(self.url, lasting=True))

    def keep(self, store: Any) -> Any:
        self.opened.append(store)
        return store

    def close(self) -> None:
        for store in self.opened:
            store.close()


def _schema(server: str) -> tuple[str, Callable[[], None]]:
    """A fresh schema of a server, and how to drop it: cheaper than a database."""
    name = f"test_{next(_numbers)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))

    def drop() -> None:
        with engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()

    url: URL = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
    return url.render_as_string(hide_password=False), drop


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def schema_url(postgres_url: str) -> Iterator[str]:
    """An empty schema of the PostgreSQL server."""
    url, drop = _schema(postgres_url)
    yield url
    drop()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty place in each kind of database."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "schema_url")
    return url


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Every kind of store."""
    fixtures = {"sqlite": "sqlite_url", "postgres": "schema_url"}
    url = request.getfixturevalue(fixtures[request.param]) if request.param in fixtures else ""
    stores = Stores(request.param, url)
    yield stores
    stores.close()


@pytest.fixture
def database_stores(database_url: str) -> Iterator[Stores]:
    """The stores that are in a database."""
    stores = Stores(make_url(database_url).get_backend_name(), database_url)
    yield stores
    stores.close()
