"""Looking something up by an id reads a few rows, however large the book is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from s1mpletrader.api import FillId, GroupId, OrderId, TradeId
from s1mpletrader.plugins.stores import open_journal, open_ledger, open_state
from s1mpletrader.plugins.stores.ledger_reader import SqlLedgerReader
from s1mpletrader.plugins.stores.sql_journal import SqlJournal
from s1mpletrader.plugins.stores.sql_ledger import SqlLedger


@pytest.fixture
def ledger(sqlite_url: str) -> Iterator[SqlLedger]:
    open_journal(sqlite_url, lasting=False).close()
    open_ledger(sqlite_url, "book", lasting=False).close()
    open_state(sqlite_url, lasting=False).close()
    ledger = open_ledger(sqlite_url, "book", lasting=False)
    yield ledger
    ledger.close()


def plan_of(store: SqlLedgerReader | SqlJournal, ask: Callable[[], Any]) -> list[str]:
    """What SQLite does for the queries of a call: each search of a table or an index."""
    steps: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            driver: Any = connection.connection.driver_connection
            steps.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    engine = store._database._engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", explain)
    return [step for step in steps if step.startswith(("SEARCH", "SCAN"))]


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.get_order(OrderId("ORD_x")),
        lambda ledger: ledger.get_fill(FillId("FIL_x")),
        lambda ledger: ledger.get_group(GroupId("EXG_x")),
        lambda ledger: ledger.get_group_state(GroupId("EXG_x")),
        lambda ledger: ledger.get_trade(TradeId("TRD_x")),
        lambda ledger: ledger.order_events(OrderId("ORD_x")),
        lambda ledger: ledger.find_order(client_order_id="x"),
        lambda ledger: ledger.find_order(exchange_order_id="x"),
        lambda ledger: list(ledger.fills(order_id=OrderId("ORD_x"))),
        lambda ledger: list(ledger.orders(group_id=GroupId("EXG_x"))),
        lambda ledger: list(ledger.orders(trade_id=TradeId("TRD_x"))),
    ],
)
def test_what_is_asked_by_an_id_is_searched_by_it(ledger: SqlLedger, ask: Callable[[SqlLedger], Any]) -> None:
    plan = plan_of(ledger, lambda: ask(ledger))
    assert plan
    assert [step for step in plan if step.count("=?") < 2] == []


def test_live_orders_are_found_by_one_pass_over_the_intents(ledger: SqlLedger) -> None:
    plan = plan_of(ledger, lambda: list(ledger.orders(live=True)))
    assert [step for step in plan if step.count("=?") < 2] == ["SEARCH order_intent USING PRIMARY KEY (book=?)"]


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda journal: journal.entries_of_order(OrderId("ORD_x")), "entry_of_order (order_id=?)"),
        (lambda journal: journal.entry_of_fill(FillId("FIL_x")), "entry_of_fill (fill_id=?)"),
        (lambda journal: list(journal.entries_between(1, 2)), "entry_at (at>? AND at<?)"),
        (lambda journal: journal.head("run"), "(run=?)"),
    ],
)
def test_entries_are_found_by_their_indexes(
    ledger: SqlLedger, sqlite_url: str, ask: Callable[[SqlJournal], Any], index: str
) -> None:
    journal = open_journal(sqlite_url, lasting=False)
    assert plan_of(journal, lambda: ask(journal))[0].endswith(index)
    journal.close()
