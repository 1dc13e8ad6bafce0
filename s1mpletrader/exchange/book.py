"""The public order book of a symbol: made up around its price, the same for everybody who asks at one instant."""

from decimal import Decimal
from hashlib import blake2b
from typing import Final, NamedTuple

from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import add, multiply, subtract
from s1mpletrader.exchange.clock import MILLISECOND_NS

STEP_NS: Final = 100 * MILLISECOND_NS
"""The book changes at multiples of this."""

LEVELS: Final = 50
_REFRESH_STEPS: Final = 50
"""A level's quantity stays for so many steps."""
_LOTS_MAX: Final = 100_000

Levels = dict[Decimal, Decimal]


class Book(NamedTuple):
    """Bids from the highest, asks from the lowest, and the number of the last update in them."""

    update_id: int
    bids: Levels
    asks: Levels


class BookChange(NamedTuple):
    """What is new from one book to another: absolute quantities, zero where a level is gone."""

    bids: Levels
    asks: Levels


def update_id(at: Instant) -> int:
    """The number of the book's last update at an instant."""
    return at // STEP_NS


def book_at(instrument: Instrument, price: Decimal, at: Instant, levels: int = LEVELS) -> Book:
    """The book around a price."""
    step = update_id(at)
    best_bid = instrument.price_down(price)
    best_ask = instrument.price_up(price)
    if best_ask == best_bid:
        best_ask = add(best_ask, instrument.price_tick)
    bids, asks = {}, {}
    for level in range(levels):
        distance = multiply(instrument.price_tick, Decimal(level))
        bid, ask = subtract(best_bid, distance), add(best_ask, distance)
        if bid > 0:
            bids[bid] = _quantity(instrument, bid, step)
        asks[ask] = _quantity(instrument, ask, step)
    return Book(step, bids, asks)


def changes(before: Book, after: Book) -> BookChange:
    """What has to be told of the second book to who knows the first."""
    return BookChange(_changed(before.bids, after.bids), _changed(before.asks, after.asks))


def _changed(before: Levels, after: Levels) -> Levels:
    changed = {price: quantity for price, quantity in after.items() if before.get(price) != quantity}
    gone = {price: Decimal(0) for price in before if price not in after}
    return changed | gone


def _quantity(instrument: Instrument, price: Decimal, step: int) -> Decimal:
    """A quantity derived from symbol, price and time; levels change at different steps."""
    offset = _draw(f"{instrument.symbol}\x1f{price}") % _REFRESH_STEPS
    lots = 1 + _draw(f"{instrument.symbol}\x1f{price}\x1f{(step + offset) // _REFRESH_STEPS}") % _LOTS_MAX
    return multiply(instrument.quantity_lot, Decimal(lots))


def _draw(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())
