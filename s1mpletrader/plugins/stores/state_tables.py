"""The state store's one table."""

from typing import Final

from sqlalchemy import BigInteger, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class StateTable(SQLModel, registry=registry()):
    """What all tables of the state's lineage share: their metadata."""


class ItemRow(StateTable, table=True):
    """A key's latest value; None once it is removed. The version goes on counting over a removal."""

    __tablename__ = "item"
    key: str = Field(primary_key=True)
    value: bytes | None
    version: int = Field(sa_type=BigInteger)


STATE_METADATA: Final[MetaData] = StateTable.metadata
