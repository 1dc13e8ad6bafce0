"""Exact numbers from a configuration, whichever way they are written."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from s1mpletrader.api import decimal_from_float


def exact(value: Any) -> Any:
    """A float as the Decimal of its shortest text; anything else as it is."""
    return decimal_from_float(value) if isinstance(value, float) else value


Number = Annotated[Decimal, BeforeValidator(exact)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
