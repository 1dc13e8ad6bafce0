"""When an account's equity first falls below its maintenance margin: a pure search along the paths.

Equity less maintenance margin, the headroom, is the cash plus, for every position, a constant factor times its price. So where
all prices move linearly it moves linearly, and as long as no price reaches a certain bound it stays above zero: whole candles,
and whole years of them, are passed without a look at their points.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import inf
from typing import Final, NamedTuple

from s1mpletrader.api import DERIVED, Instant, add, multiply
from s1mpletrader.plugins.simulated_exchange.marks import exact_price
from s1mpletrader.plugins.simulated_exchange.path import Path

_NOISE: Final = 1e-9
"""By which part of itself a bound is drawn nearer, so that no binary fraction's noise hides that it is reached."""


class Weight(NamedTuple):
    """A position as the headroom sees it: its path, and how much the headroom changes with each unit of its price."""

    path: Path
    factor: Decimal


def headroom(cash: Decimal, weights: Sequence[Weight], at: Instant) -> Decimal:
    """Equity less maintenance margin at an instant."""
    result = cash
    for path, factor in weights:
        result = add(result, multiply(factor, exact_price(path, at)))
    return result


def first_shortfall(cash: Decimal, weights: Sequence[Weight], at: Instant, until: Instant | None) -> Instant | None:
    """The first instant from ``at`` on, and not after ``until``, at which the headroom is below zero."""
    room = headroom(cash, weights, at)
    while room >= 0:
        later = _looks_again_at(weights, room, at, until)
        if later is None or (until is not None and later > until):
            later = until
        if later is None or later <= at:
            return None
        room = headroom(cash, weights, later)
        if room < 0:
            return _crossing(cash, weights, at, later)
        at = later
    return at


def _looks_again_at(weights: Sequence[Weight], room: Decimal, at: Instant, until: Instant | None) -> Instant | None:
    """A later instant before which the headroom stays above zero, or moves linearly; None where it stays so to the end.

    The room is shared out: no price alone takes more than its part before it reaches its bound.
    """
    shared = DERIVED.divide(room, Decimal(len(weights)))
    near = [path.nears_at(at, *_bounds(path, factor, shared, at), until) for path, factor in weights]
    found = min((instant for instant in near if instant is not None), default=None)
    if found != at:
        return found
    return min((turn for path, _ in weights if (turn := path.turn_after(at)) is not None), default=None)


def _bounds(path: Path, factor: Decimal, shared: Decimal, at: Instant) -> tuple[float, float]:
    """Below and above which price this position may take more than its share of the room."""
    price = exact_price(path, at)
    bound = float(DERIVED.subtract(price, DERIVED.divide(shared, factor)))
    bound += _NOISE * float(price) * (1 if factor > 0 else -1)
    return (bound, inf) if factor > 0 else (-inf, bound)


def _crossing(cash: Decimal, weights: Sequence[Weight], start: Instant, end: Instant) -> Instant:
    """The first instant after ``start`` with a headroom below zero, which it is at ``end``."""
    while end - start > 1:
        middle = (start + end) // 2
        if headroom(cash, weights, middle) < 0:
            end = middle
        else:
            start = middle
    return end
