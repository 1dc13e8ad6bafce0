"""Shares add up to what is shared, to the last decimal."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from s1mpletrader.core.sharing import lots_taken, shares
from s1mpletrader.domain.money import total

QUANTUM = Decimal("0.01")


def decimals(text: str) -> list[Decimal]:
    return [Decimal(word) for word in text.split()]


@pytest.mark.parametrize(
    ("amount", "weights", "expected"),
    [
        ("-1", "5", "-1"),
        ("-1", "1 1", "-0.50 -0.50"),
        ("1", "1 1 1", "0.34 0.33 0.33"),
        # Rounded down, a share of what is paid is a little more.
        ("-1", "1 1 1", "-0.32 -0.34 -0.34"),
        # Who stands against the rest receives where they pay.
        ("-2", "3 -1", "-3.00 1.00"),
        ("0.001", "1 1", "0.001 0.00"),
    ],
)
def test_an_amount_is_shared_by_weight_and_the_first_takes_the_remainder(amount: str, weights: str, expected: str) -> None:
    assert shares(Decimal(amount), decimals(weights), QUANTUM) == decimals(expected)


@pytest.mark.parametrize(
    ("quantity", "held", "expected"),
    [
        ("3", "3", "3"),
        ("1", "3 3", "0.5 0.5"),
        ("1", "3 3 3", "0.4 0.3 0.3"),
        ("0.1", "3 3 3", "0.1 0 0"),
        ("8.9", "3 3 3", "3 3 2.9"),
        # The first has no more than it has.
        ("1", "0.1 5 5", "0.1 0.5 0.4"),
    ],
)
def test_lots_are_taken_in_proportion(quantity: str, held: str, expected: str) -> None:
    assert lots_taken(Decimal(quantity), decimals(held), Decimal("0.1")) == decimals(expected)


cents = st.integers(-(10**9), 10**9).map(lambda number: Decimal(number) / 100)
lots = st.integers(1, 10**6).map(lambda number: Decimal(number) / 10)


@given(cents, st.lists(cents, min_size=1, max_size=6))
def test_the_shares_are_the_amount(amount: Decimal, weights: list[Decimal]) -> None:
    assume(total(weights))
    found = shares(amount, weights, QUANTUM)
    assert total(found) == amount
    for share, weight in zip(found[1:], weights[1:], strict=True):
        assert abs(share - amount * weight / total(weights)) <= QUANTUM


@given(st.lists(lots, min_size=1, max_size=6), st.integers(1, 10**6))
def test_what_is_taken_is_there_and_is_the_quantity(held: list[Decimal], part: int) -> None:
    quantity = min(Decimal(part) / 10, total(held))
    taken = lots_taken(quantity, held, Decimal("0.1"))
    assert total(taken) == quantity
    assert all(0 <= one <= most and one % Decimal("0.1") == 0 for one, most in zip(taken, held, strict=True))
