"""Decimals as the stores write them."""

from decimal import Decimal

import pytest

from s1mpletrader.plugins.stores.types import plain_text


@pytest.mark.parametrize(
    ("value", "text"),
    [("12.50", "12.50"), ("-0", "-0"), ("0E-8", "0.00000000"), ("1E+3", "1000"), ("-1.5E-9", "-0.0000000015"), ("7E+0", "7")],
)
def test_a_decimal_is_written_digit_by_digit(value: str, text: str) -> None:
    assert plain_text(Decimal(value)) == text == format(Decimal(value), "f")
