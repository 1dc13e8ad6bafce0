"""What is written stays as it is, whoever asks the database."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from s1mpletrader.api import GroupAdvanced, OrderEventKind
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.contracts.story import Story

from .conftest import Stores

TABLES = ["funds", "trade", "execution_group", "group_event", "order_intent", "order_event", "fill", "external_fill", "entry"]


@pytest.fixture
def engine(database_stores: Stores) -> Iterator[Engine]:
    """A database with a row in each table, as any other program reaches it."""
    samples = Samples()
    family = samples.family()
    ledger, journal = database_stores.ledger(lasting=True), database_stores.journal(lasting=True)
    with ledger.begin() as tx:
        journal.write(tx, Story().whole())
        ledger.write(
            tx,
            [
                samples.funds(),
                *family.changes,
                samples.event(family.intent, 1, OrderEventKind.ACCEPTED),
                samples.fill(family.intent, Decimal(1)),
                GroupAdvanced(group_id=family.group.group_id, ordinal=1, at=samples.next_at()),
                replace(samples.external_fill(), fee=Decimal(0)),
            ],
        )
    engine = create_engine(database_stores.url)
    yield engine
    engine.dispose()


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_changed_or_removed(engine: Engine, table: str) -> None:
    with engine.connect() as connection:
        before = connection.execute(text(f"SELECT * FROM {table}")).all()
    assert before
    column = "at" if table != "order_intent" else "decided_at"
    for statement in (
        f"UPDATE {table} SET {column} = {column} + 1",
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
    ):
        with pytest.raises(DBAPIError, match="refused"):
            run(engine, statement)
    if engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="refused"):
            run(engine, f"TRUNCATE {table} CASCADE")
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT * FROM {table}")).all() == before


@pytest.mark.parametrize(("table", "key", "value"), [("book", "book", "book"), ("run", "run", "run-1")])
def test_what_real_orders_depend_on_cannot_be_listed_for_discarding_or_lowered(
    engine: Engine, table: str, key: str, value: str
) -> None:
    with pytest.raises(DBAPIError, match="real orders"):
        run(engine, f"INSERT INTO discarding_{table} VALUES ('{value}')")
    for statement in (f"UPDATE {table} SET lasting = false", f"UPDATE {table} SET {key} = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="refused"):
            run(engine, statement)


def test_the_number_of_changes_never_falls(engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="refused"):
        run(engine, "UPDATE book SET written = written - 1")


def test_a_child_without_its_parent_is_refused_by_the_database(engine: Engine) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
            connection.execute(
                text(
                    "INSERT INTO group_event (book, group_id, ordinal, written, at, state, done) "
                    "VALUES ('book', 'EXG_nobody', 1, 99, 1, :state, false)"
                ),
                {"state": b""},
            )
