"""The journal's tables: a row for each run, and the entries as they are sealed."""

from typing import Final

from sqlalchemy import BigInteger, Index, MetaData, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from s1mpletrader.plugins.stores.types import InstantColumn


class JournalTable(SQLModel, registry=registry()):
    """What all tables of the journal's lineage share: their metadata."""


class RunRow(JournalTable, table=True):
    """A run: its place among the runs of this journal, and whether real orders depend on it."""

    __tablename__ = "run"
    number: int | None = Field(default=None, primary_key=True)
    run: str = Field(unique=True)
    lasting: bool


class DiscardingRunRow(JournalTable, table=True):
    """The run that the present transaction removes; empty at any other time."""

    __tablename__ = "discarding_run"
    run: str = Field(primary_key=True)


class EntryRow(JournalTable, table=True):
    """A SealedEntry: the narrow header, the bytes of the reasons, and the hash over both."""

    __tablename__ = "entry"
    __table_args__ = (
        Index(
            "entry_of_order",
            "order_id",
            sqlite_where=text("order_id IS NOT NULL"),
            postgresql_where=text("order_id IS NOT NULL"),
        ),
        Index("entry_of_fill", "fill_id", sqlite_where=text("fill_id IS NOT NULL"), postgresql_where=text("fill_id IS NOT NULL")),
        Index("entry_at", "at"),
    )
    run: str = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    kind: str
    parent_run: str | None
    parent_seq: int | None = Field(sa_type=BigInteger)
    order_id: str | None
    fill_id: str | None
    at: int = Field(sa_type=InstantColumn)
    payload: bytes
    hash: bytes


JOURNAL_METADATA: Final[MetaData] = JournalTable.metadata
