"""Money is exact: what would have to be rounded raises instead."""

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.domain.money import (
    EXACT,
    add,
    ceil_to,
    decimal_from_float,
    floor_to,
    is_multiple,
    multiply,
    plain,
    ratio,
    round_to,
    subtract,
    total,
)

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=10)
quanta = st.sampled_from([Decimal(text) for text in ("0.01", "0.5", "0.25", "1", "5", "0.00000001", "0.1")])


@given(amounts, amounts)
def test_sums_and_products_are_those_of_fractions(a: Decimal, b: Decimal) -> None:
    assert add(a, b).as_integer_ratio() == (Decimal(0) + a).__class__(EXACT.add(a, b)).as_integer_ratio()
    assert subtract(add(a, b), b) == a
    numerator, denominator = multiply(a, b).as_integer_ratio()
    (an, ad), (bn, bd) = a.as_integer_ratio(), b.as_integer_ratio()
    assert numerator * ad * bd == an * bn * denominator


def test_a_product_too_long_to_be_exact_raises() -> None:
    with pytest.raises(Inexact):
        multiply(Decimal("1." + "1" * 40), Decimal("1." + "3" * 40))


@given(st.lists(amounts))
def test_total_is_the_sum_in_any_order(values: list[Decimal]) -> None:
    assert total(values) == total(reversed(values))


@given(amounts, quanta)
def test_rounding_gives_the_multiple_on_the_named_side(value: Decimal, quantum: Decimal) -> None:
    low, high, near = floor_to(value, quantum), ceil_to(value, quantum), round_to(value, quantum)
    assert low <= value <= high
    assert high - low in (0, quantum)
    assert near in (low, high)
    assert abs(near - value) * 2 <= quantum
    assert all(is_multiple(one, quantum) for one in (low, high, near))
    assert is_multiple(value, quantum) == (low == high)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_becomes_its_shortest_text(value: float) -> None:
    assert float(decimal_from_float(value)) == value
    assert decimal_from_float(38527.1) == Decimal("38527.1")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_no_money(value: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        decimal_from_float(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E-7", "0.0000001"),
        ("1.2300", "1.23"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("0.00", "0"),
        ("-0.0", "0"),
        ("-1.50", "-1.5"),
    ],
)
def test_plain_has_no_exponent_and_no_needless_zero(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def test_a_ratio_is_derived_and_nothing_by_zero() -> None:
    assert ratio(Decimal(1), Decimal(3)) == Decimal("0.3333333333333333333333333333333333")
    assert ratio(Decimal(1), Decimal(0)) is None


@pytest.mark.parametrize(
    ("value", "quantum", "nearest"),
    [
        ("1", "2", "0"),
        ("3", "2", "4"),
        ("5", "2", "4"),
        ("-1", "2", "0"),
        ("-3", "2", "-4"),
        ("1.24", "0.25", "1.25"),
        ("0.5", "1", "0"),
        ("1.5", "1", "2"),
        ("123456789012345678901234567890.3", "0.25", "123456789012345678901234567890.25"),
        ("123456789012345678901234567890.125", "0.01", "123456789012345678901234567890.12"),
    ],
)
def test_of_two_equally_near_multiples_the_even_one_is_taken(value: str, quantum: str, nearest: str) -> None:
    assert round_to(Decimal(value), Decimal(quantum)) == Decimal(nearest)
