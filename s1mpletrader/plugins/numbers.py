"""Exact numbers in configurations."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from s1mpletrader.api import decimal_from_float


def exact_decimal(value: Any) -> Any:
    """The number as a Decimal, a float by its shortest text; what is no finite number raises ``ValueError``."""
    if isinstance(value, bool):
        raise ValueError(f"expected a number, found {value}")  # noqa: TRY004 - the documented error of a validator
    if isinstance(value, float):
        return decimal_from_float(value)
    if isinstance(value, int | str):
        value = _from_text(str(value))
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"expected a finite number, found {value}")
    return value


def _from_text(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"expected a number, found {text!r}") from error


Number = Annotated[Decimal, BeforeValidator(exact_decimal)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]

HUNDREDTH = Decimal("0.01")
"""What a percentage is multiplied by."""
