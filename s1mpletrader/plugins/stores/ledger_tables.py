"""The ledger's tables. No column knows why.

Every row is keyed by its book and its own id; ``written`` is its place in the order of writing, one running number for each book.
No other index begins with the book: a planner that knows nothing yet of a new table might take it to find an order by its key.
"""

from decimal import Decimal
from typing import Final

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from s1mpletrader.plugins.stores.types import ExactDecimal, InstantColumn

_WITHOUT_ROWID: Final = {"sqlite_with_rowid": False}


class LedgerTable(SQLModel, registry=registry()):
    """What all tables of the ledger's lineage share: their metadata."""


class BookRow(LedgerTable, table=True):
    """A book: how much has been written to it, and whether real orders depend on it."""

    __tablename__ = "book"
    book: str = Field(primary_key=True)
    written: int = Field(sa_type=BigInteger)
    lasting: bool


class DiscardingBookRow(LedgerTable, table=True):
    """The book that the present transaction removes; empty at any other time."""

    __tablename__ = "discarding_book"
    book: str = Field(primary_key=True)


class FundsRow(LedgerTable, table=True):
    """A FundsMoved."""

    __tablename__ = "funds"
    __table_args__ = (_WITHOUT_ROWID,)
    book: str = Field(primary_key=True)
    strategy: str = Field(primary_key=True)
    asset: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=InstantColumn)
    ordinal: int = Field(primary_key=True, sa_type=BigInteger)
    written: int = Field(sa_type=BigInteger)
    amount: Decimal = Field(sa_type=ExactDecimal)


class TradeRow(LedgerTable, table=True):
    """A TradeOpened."""

    __tablename__ = "trade"
    __table_args__ = (_WITHOUT_ROWID,)
    book: str = Field(primary_key=True)
    trade_id: str = Field(primary_key=True)
    written: int = Field(sa_type=BigInteger)
    strategy: str
    symbol: str
    direction: str
    at: int = Field(sa_type=InstantColumn)


class GroupRow(LedgerTable, table=True):
    """A GroupOpened."""

    __tablename__ = "execution_group"
    __table_args__ = (
        ForeignKeyConstraint(["book", "trade_id"], ["trade.book", "trade.trade_id"]),
        Index("execution_group_of_trade", "trade_id", "book"),
        _WITHOUT_ROWID,
    )
    book: str = Field(primary_key=True)
    group_id: str = Field(primary_key=True)
    written: int = Field(sa_type=BigInteger)
    trade_id: str
    action: str
    algorithm: str
    at: int = Field(sa_type=InstantColumn)
    state: bytes
    wake_at: int | None = Field(sa_type=InstantColumn)
    done: bool


class GroupEventRow(LedgerTable, table=True):
    """A GroupAdvanced."""

    __tablename__ = "group_event"
    __table_args__ = (
        ForeignKeyConstraint(["book", "group_id"], ["execution_group.book", "execution_group.group_id"]),
        _WITHOUT_ROWID,
    )
    book: str = Field(primary_key=True)
    group_id: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True, sa_type=BigInteger)
    written: int = Field(sa_type=BigInteger)
    at: int = Field(sa_type=InstantColumn)
    state: bytes
    wake_at: int | None = Field(sa_type=InstantColumn)
    done: bool


class OrderRow(LedgerTable, table=True):
    """An OrderIntended, its details among its columns. The row itself is the state INTENDED."""

    __tablename__ = "order_intent"
    __table_args__ = (
        ForeignKeyConstraint(["book", "group_id"], ["execution_group.book", "execution_group.group_id"]),
        ForeignKeyConstraint(["book", "replaces"], ["order_intent.book", "order_intent.order_id"]),
        Index("order_intent_of_group", "group_id", "book"),
        Index(
            "order_intent_replacing",
            "replaces",
            "book",
            sqlite_where=text("replaces IS NOT NULL"),
            postgresql_where=text("replaces IS NOT NULL"),
        ),
        Index(
            "order_intent_of_client",
            "client_order_id",
            "book",
            sqlite_where=text("client_order_id <> order_id"),
            postgresql_where=text("client_order_id <> order_id"),
        ),
        _WITHOUT_ROWID,
    )
    book: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    written: int = Field(sa_type=BigInteger)
    group_id: str
    trade_id: str
    strategy: str
    venue: str
    account: str
    client_order_id: str
    symbol: str
    side: str
    type: str
    quantity: Decimal = Field(sa_type=ExactDecimal)
    price: Decimal | None = Field(sa_type=ExactDecimal)
    stop_price: Decimal | None = Field(sa_type=ExactDecimal)
    time_in_force: str
    reduce_only: bool
    decided_at: int = Field(sa_type=InstantColumn)
    list_kind: str
    list_id: str | None
    replaces: str | None
    reference_price: Decimal | None = Field(sa_type=ExactDecimal)


class OrderEventRow(LedgerTable, table=True):
    """An OrderChanged."""

    __tablename__ = "order_event"
    __table_args__ = (
        ForeignKeyConstraint(["book", "order_id"], ["order_intent.book", "order_intent.order_id"]),
        Index(
            "order_event_of_venue",
            "exchange_order_id",
            "book",
            sqlite_where=text("exchange_order_id IS NOT NULL"),
            postgresql_where=text("exchange_order_id IS NOT NULL"),
        ),
        _WITHOUT_ROWID,
    )
    book: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True, sa_type=BigInteger)
    written: int = Field(sa_type=BigInteger)
    kind: str
    at: int = Field(sa_type=InstantColumn)
    submitted_at: int | None = Field(sa_type=InstantColumn)
    venue_at: int | None = Field(sa_type=InstantColumn)
    exchange_order_id: str | None
    rejection_reason: str | None
    evidence: str | None
    quantity: Decimal | None = Field(sa_type=ExactDecimal)
    price: Decimal | None = Field(sa_type=ExactDecimal)


class FillRow(LedgerTable, table=True):
    """A Fill."""

    __tablename__ = "fill"
    __table_args__ = (
        ForeignKeyConstraint(["book", "order_id"], ["order_intent.book", "order_intent.order_id"]),
        Index("fill_of_order", "order_id", "book"),
        _WITHOUT_ROWID,
    )
    book: str = Field(primary_key=True)
    fill_id: str = Field(primary_key=True)
    written: int = Field(sa_type=BigInteger)
    order_id: str
    venue: str
    account: str
    symbol: str
    venue_trade_id: str
    side: str
    price: Decimal = Field(sa_type=ExactDecimal)
    quantity: Decimal = Field(sa_type=ExactDecimal)
    fee: Decimal = Field(sa_type=ExactDecimal)
    fee_currency: str
    liquidity: str
    venue_at: int = Field(sa_type=InstantColumn)
    at: int = Field(sa_type=InstantColumn)
    source: str


class ExternalFillRow(LedgerTable, table=True):
    """An ExternalFill."""

    __tablename__ = "external_fill"
    __table_args__ = (_WITHOUT_ROWID,)
    book: str = Field(primary_key=True)
    fill_id: str = Field(primary_key=True)
    written: int = Field(sa_type=BigInteger)
    client_order_id: str | None
    exchange_order_id: str | None
    venue: str
    account: str
    symbol: str
    venue_trade_id: str
    side: str
    price: Decimal = Field(sa_type=ExactDecimal)
    quantity: Decimal = Field(sa_type=ExactDecimal)
    fee: Decimal = Field(sa_type=ExactDecimal)
    fee_currency: str
    liquidity: str
    venue_at: int = Field(sa_type=InstantColumn)
    at: int = Field(sa_type=InstantColumn)
    source: str


LEDGER_METADATA: Final[MetaData] = LedgerTable.metadata
