"""From a model to its table."""

from sqlalchemy import Table
from sqlmodel import SQLModel


def table_of(model: type[SQLModel]) -> Table:
    """The table that a model declares."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel leaves its metaclass's attribute untyped
    return table
