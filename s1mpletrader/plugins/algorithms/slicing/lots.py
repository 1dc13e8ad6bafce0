"""Quantities as whole numbers of lots, so that what is divided always sums up again."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from s1mpletrader.api import EXACT, ZERO, Instant, Instrument, multiply


def lots_of(quantity: Decimal, instrument: Instrument) -> int:
    """How many whole lots a quantity has; none where it is below zero."""
    return int(EXACT.divide_int(max(quantity, ZERO), instrument.quantity_lot))


def quantity_of(lots: int, instrument: Instrument) -> Decimal:
    """The quantity of so many lots."""
    return multiply(Decimal(lots), instrument.quantity_lot)


def lots_min(instrument: Instrument, price: Decimal | None) -> int:
    """The smallest order that the venue takes at a price, in lots; without a price its value is not looked at."""
    least = max(1, _ceiling(instrument.quantity_min, instrument.quantity_lot))
    if price is None or not instrument.notional_min:
        return least
    value_of_lot = multiply(multiply(price, instrument.multiplier), instrument.quantity_lot)
    return max(least, _ceiling(instrument.notional_min, value_of_lot))


def lots_max(instrument: Instrument) -> int | None:
    """The largest order that the venue takes, in lots; ``None`` where it takes any."""
    return None if instrument.quantity_max is None else lots_of(instrument.quantity_max, instrument)


def divide(lots: int, weights: Sequence[Decimal | int]) -> tuple[int, ...]:
    """Divide lots by weight: what has been given out never exceeds its share by then, and in the end it is all of them."""
    whole = sum(map(Fraction, weights))
    given, weight, parts = 0, Fraction(0), []
    for each in weights:
        weight += Fraction(each)
        parts.append(int(lots * weight / whole) - given)
        given += parts[-1]
    return tuple(parts)


def split(lots: int, least: int, most: int | None) -> tuple[int, ...]:
    """The lots of one slice as equal orders that are not above the venue's largest; what cannot be one is left out."""
    if lots < least or (most is not None and most < least):
        return ()
    if most is None or lots <= most:
        return (lots,)
    parts = divide(lots, (1,) * -(-lots // most))
    return parts if min(parts) >= least else (most,) * (lots // most)


def merge(times: Sequence[Instant], parts: Sequence[int], least: int) -> tuple[tuple[Instant, ...], tuple[int, ...]]:
    """Slices of at least so many lots: one that is too small waits for the next, the last takes what is left over."""
    at, merged, carried = [], [], 0
    for time, part in zip(times, parts, strict=True):
        carried += part
        if carried >= least:
            at.append(time)
            merged.append(carried)
            carried = 0
    if carried and merged:
        at[-1] = times[-1]
        merged[-1] += carried
    return tuple(at), tuple(merged)


def _ceiling(amount: Decimal, unit: Decimal) -> int:
    if amount <= unit:
        return int(amount > ZERO)
    whole = EXACT.divide_int(amount, unit)
    return int(whole) + (multiply(whole, unit) < amount)
