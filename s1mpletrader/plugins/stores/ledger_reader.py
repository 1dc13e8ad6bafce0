"""Reading a ledger in a database: one book of it, or which books there are."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from sqlmodel import col, select

from s1mpletrader.api import (
    ExternalFill,
    Fill,
    FillId,
    FundsMoved,
    GroupAdvanced,
    GroupId,
    GroupOpened,
    LedgerChange,
    Order,
    OrderChanged,
    OrderId,
    TradeId,
    TradeOpened,
)
from s1mpletrader.plugins.stores.database import Database
from s1mpletrader.plugins.stores.ledger_queries import BookQueries
from s1mpletrader.plugins.stores.ledger_tables import BookRow, FundsRow, OrderEventRow, TradeRow


class SqlLedgerReader:
    """Reads one book. Each call sees the database as of one moment; so does each iteration, from its first value to its last."""

    def __init__(self, database: Database, book: str) -> None:
        self._database = database
        self._book = book

    @property
    def book(self) -> str:
        """The book that is read."""
        return self._book

    def get_order(self, order_id: OrderId) -> Order | None:
        """The order as its events and fills leave it."""
        with self._asking() as book:
            return book.order(order_id)

    def get_fill(self, fill_id: FillId) -> Fill | None:
        """The fill as it was booked."""
        with self._asking() as book:
            return book.one(Fill, fill_id)

    def get_group(self, group_id: GroupId) -> GroupOpened | None:
        """The group as it began."""
        with self._asking() as book:
            return book.one(GroupOpened, group_id)

    def get_group_state(self, group_id: GroupId) -> GroupAdvanced | None:
        """The group's latest state; None while it is as it began."""
        with self._asking() as book:
            return book.group_state(group_id)

    def get_trade(self, trade_id: TradeId) -> TradeOpened | None:
        """The trade as it began."""
        with self._asking() as book:
            return book.one(TradeOpened, trade_id)

    def find_order(self, *, client_order_id: str | None = None, exchange_order_id: str | None = None) -> Order | None:
        """The order that a venue's message means; the client's id counts first."""
        with self._asking() as book:
            found = book.order_of_client(client_order_id) if client_order_id is not None else None
            if found is None and exchange_order_id is not None:
                found = book.order_of_venue(exchange_order_id)
            return book.order(found) if found is not None else None

    def order_events(self, order_id: OrderId) -> Sequence[OrderChanged]:
        """The order's events by their ordinal."""
        with self._asking() as book:
            return tuple(book.some(OrderChanged, col(OrderEventRow.order_id) == order_id))

    def orders(
        self,
        *,
        strategy: str | None = None,
        trade_id: TradeId | None = None,
        group_id: GroupId | None = None,
        live: bool = False,
    ) -> Iterator[Order]:
        """Orders in the order of their intents; ``live`` leaves out the terminal ones."""
        with self._asking() as book:
            yield from book.orders(strategy, trade_id, group_id, live=live)

    def fills(self, *, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
        """Fills in the order in which they were booked."""
        with self._asking() as book:
            yield from book.fills(order_id, strategy)

    def trades(self, *, strategy: str | None = None) -> Iterator[TradeOpened]:
        """Trades in the order of their opening."""
        with self._asking() as book:
            yield from book.some(TradeOpened, *([col(TradeRow.strategy) == strategy] if strategy is not None else []))

    def funds(self, *, strategy: str | None = None) -> Iterator[FundsMoved]:
        """Movements of funds in the order in which they were booked."""
        with self._asking() as book:
            yield from book.some(FundsMoved, *([col(FundsRow.strategy) == strategy] if strategy is not None else []))

    def external_fills(self) -> Iterator[ExternalFill]:
        """Fills of orders that this ledger does not know, in the order in which they were booked."""
        with self._asking() as book:
            yield from book.some(ExternalFill)

    def active_groups(self) -> Iterator[GroupOpened]:
        """Groups that are not done, as they began."""
        with self._asking() as book:
            yield from book.active_groups()

    def changes(self) -> Iterator[LedgerChange]:
        """Every change in the order in which it was written."""
        with self._asking() as book:
            yield from book.everything()

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()

    @contextmanager
    def _asking(self) -> Iterator[BookQueries]:
        with self._database.read() as connection:
            yield BookQueries(connection, self._book)


class BookInfo(NamedTuple):
    """A book of a ledger's database."""

    book: str
    change_count: int
    lasting: bool
    """Whether real orders depend on it: then it is never discarded."""


def list_books(database: Database) -> tuple[BookInfo, ...]:
    """All books, by their names."""
    with database.read() as connection:
        rows = connection.execute(select(BookRow.book, BookRow.written, BookRow.lasting).order_by(col(BookRow.book)))
        return tuple(BookInfo(*row) for row in rows)
