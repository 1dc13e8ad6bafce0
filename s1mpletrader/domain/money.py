"""Exact money.

Only sums and products are ever booked, in a context that raises when a result would need rounding. Quotients (an average price,
a return) are derived for people and never stored. A market price that arrives as a float becomes a Decimal through its shortest
text, so that ``38527.1`` is exactly that.
"""

from collections.abc import Iterable
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import Final

EXACT: Final = Context(prec=60, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""The context of everything that is booked: 60 digits, and an error instead of a rounded result."""

DERIVED: Final = Context(prec=34, traps=[InvalidOperation, Overflow])
"""The context of what is computed for people: 34 digits, rounded."""

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)

add: Final = EXACT.add
subtract: Final = EXACT.subtract
multiply: Final = EXACT.multiply
remainder: Final = EXACT.remainder


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero of nothing."""
    result = ZERO
    for amount in amounts:
        result = add(result, amount)
    return result


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    """A derived quotient of 34 digits, or ``None`` where the denominator is zero. Never booked."""
    return DERIVED.divide(numerator, denominator) if denominator else None


def decimal_from_float(value: float) -> Decimal:
    """The Decimal of a float's shortest text; a value that is not finite raises ``ValueError``."""
    result = Decimal(repr(float(value)))
    if not result.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return result


def floor_to(value: Decimal, quantum: Decimal) -> Decimal:
    """The largest multiple of ``quantum`` that is not above ``value``."""
    return _to_multiple(value, quantum, ROUND_FLOOR)


def ceil_to(value: Decimal, quantum: Decimal) -> Decimal:
    """The smallest multiple of ``quantum`` that is not below ``value``."""
    return _to_multiple(value, quantum, ROUND_CEILING)


def round_to(value: Decimal, quantum: Decimal) -> Decimal:
    """The multiple of ``quantum`` nearest to ``value``, the even one of two equally near."""
    return _to_multiple(value, quantum, ROUND_HALF_EVEN)


def is_multiple(value: Decimal, quantum: Decimal) -> bool:
    """Whether ``value`` is a whole number of quanta."""
    return not remainder(value, quantum)


def plain(value: Decimal) -> str:
    """The number without an exponent and without needless zeros, as venues and people read it."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _to_multiple(value: Decimal, quantum: Decimal, rounding: str) -> Decimal:
    """A multiple, with as many places as the quantum has."""
    if str(quantum) in _POWERS_OF_TEN:
        return value.quantize(quantum, rounding, EXACT_ROUNDING)
    return _multiple_near(value, quantum, rounding).quantize(quantum, ROUND_HALF_EVEN, EXACT_ROUNDING)


def _multiple_near(value: Decimal, quantum: Decimal, rounding: str) -> Decimal:
    rest = remainder(value, quantum)
    if rest < 0:
        rest = add(rest, quantum)
    below = subtract(value, rest)
    if not rest or rounding == ROUND_FLOOR:
        return below
    doubled = add(rest, rest)
    to_even = doubled == quantum and remainder(below, add(quantum, quantum)) != 0
    if rounding == ROUND_CEILING or doubled > quantum or to_even:
        return add(below, quantum)
    return below


_POWERS_OF_TEN: Final = frozenset(str(ONE.scaleb(exponent)) for exponent in range(-60, 61))
"""Quanta with the one digit 1, as text: rounding to their places is rounding to a multiple of them."""

EXACT_ROUNDING: Final = Context(prec=60, traps=[InvalidOperation, Overflow])
"""As ``EXACT``, for the one deliberate step of rounding to a quantum."""
