"""The stores under test: in memory, in a SQLite file, and in a schema of a PostgreSQL server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

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
        ledger: ILedger = self.keep(open_ledger(self.url, book, lasting=lasting))
        return ledger

    def journal(self, *, lasting: bool = False) -> IJournal:
        if self.kind == "memory":
            self.memory_journal = self.memory_journal or MemoryJournal(lasting=lasting)
            return self.memory_journal
        journal: IJournal = self.keep(open_journal(self.url, lasting=lasting))
        return journal

    def state(self) -> IState:
        return MemoryState() if self.kind == "memory" else self.keep(open_state(self.url, lasting=True))

    def keep(self, store: Any) -> Any:
        self.opened.append(store)
        return store

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


@pytest.fixture
def new_schema(postgres_url: str) -> Iterator[Callable[[], str]]:
    """Makes an empty schema of the PostgreSQL server, which is cheaper than a database, and gives its URL."""
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    names: list[str] = []

    def make() -> str:
        name = f"test_{next(_numbers)}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        names.append(name)
        return make_url(postgres_url).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(False)

    yield make
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture
def schema_url(new_schema: Callable[[], str]) -> str:
    """An empty schema of the PostgreSQL server."""
    return new_schema()


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
