"""Column types that keep their values exactly, on SQLite and on PostgreSQL."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

DECIMAL_COLLATION: Final = "DECIMAL"
"""The collation that every SQLite connection of these stores registers: texts compared as the numbers that they are."""

EXACT_SUM: Final = "exact_sum"
"""The aggregate that every SQLite connection of these stores registers: the sum of decimal texts, as a decimal text."""

InstantColumn: Final = BigInteger
"""Nanoseconds since the epoch."""


def plain_text(value: Decimal) -> str:
    """The number with every digit that it has, and without an exponent: what ``format`` with "f" gives, sooner."""
    text = str(value)
    return text if "E" not in text else format(value, "f")


class ExactDecimal(TypeDecorator[Decimal]):
    """A Decimal without loss: plain text on SQLite, which knows only floats, and ``numeric`` elsewhere."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text with a numeric collation on SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text(collation=DECIMAL_COLLATION))
        return dialect.type_descriptor(Numeric(asdecimal=True))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """The value in the form that the driver takes."""
        return plain_text(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        """The value as it was given."""
        return Decimal(value) if value is not None else None


def compare_decimal_texts(left: str, right: str) -> int:
    """-1, 0 or 1, as SQLite asks of a collation."""
    first, second = Decimal(left), Decimal(right)
    return (first > second) - (first < second)
