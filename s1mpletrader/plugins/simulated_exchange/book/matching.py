"""Which order acts next, and where on the path: a pure search."""

from collections.abc import Callable, Sequence
from math import inf
from operator import attrgetter
from typing import NamedTuple

from s1mpletrader.plugins.simulated_exchange.book.order import VenueOrder
from s1mpletrader.plugins.simulated_exchange.path import Path, Point, Turn, reached_at


class Hit(NamedTuple):
    """An order that acts, and the point of the path where it does."""

    order: VenueOrder
    point: Point


def next_hit(
    path: Path, orders: Sequence[VenueOrder], point: Point | None, candle: int, has_volume: Callable[[int], bool]
) -> Hit | None:
    """The first order that acts at ``point`` or later on the path.

    Without a point (there is no candle now) the search starts with ``candle``, as it does when the point's candle is done.
    ``has_volume`` tells whether a candle has volume left.
    """
    if point is not None:
        hit = _hit_in_candle(path, _able(orders, point.candle, has_volume), point)
        if hit is not None:
            return hit
    down = max((order.level for order in orders if order.down), default=-inf)
    up = min((order.level for order in orders if not order.down), default=inf)
    found = path.first_reaching(candle, down, up)
    while found is not None:
        hit = _hit_in_candle(path, _able(orders, found, has_volume), path.opening(found))
        if hit is not None:
            return hit
        found = path.first_reaching(found + 1, down, up)
    return None


def _able(orders: Sequence[VenueOrder], candle: int, has_volume: Callable[[int], bool]) -> Sequence[VenueOrder]:
    return orders if has_volume(candle) else [order for order in orders if not order.needs_volume]


def _hit_in_candle(path: Path, orders: Sequence[VenueOrder], point: Point) -> Hit | None:
    """The first order that acts from a point to the end of its candle."""
    acting = [order for order in orders if order.acts_at(point.price)]
    if acting:
        return Hit(min(acting, key=lambda order: order.priority(point.price)), point)
    if not orders:
        return None
    here: Turn = (point.at, point.price)
    turns = path.turns(point.candle)
    for segment in range(point.segment, len(turns)):
        order = _first_on_the_way(orders, here[1], turns[segment][1])
        if order is not None:
            at = reached_at(here, turns[segment], order.level)
            return Hit(order, Point(point.candle, segment, at, order.level))
        here = turns[segment]
    return None


def _first_on_the_way(orders: Sequence[VenueOrder], start: float, end: float) -> VenueOrder | None:
    """The order whose level a continuous move reaches first; the earlier of two at the same level."""
    if end < start:
        falling = [order for order in orders if order.down and order.level >= end]
        return min(falling, key=lambda order: (-order.level, order.sequence), default=None)
    rising = [order for order in orders if not order.down and order.level <= end]
    return min(rising, key=attrgetter("level", "sequence"), default=None)
