"""The public trades of a symbol: read off its path at regular instants, the same for everybody who asks."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.instant import MINUTE_NS, Instant, timeframe_ns
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import DERIVED, decimal_from_float, multiply, round_to, subtract
from s1mpletrader.plugins.simulated_exchange.path import Path

_TRADES_PER_CANDLE: Final = 60
_TRADES_PER_SHORT_CANDLE: Final = 3
"""Both are multiples of three, so that a candle's extremes are traded."""


class PublicTrade(NamedTuple):
    """A trade of others."""

    trade_id: int
    at: Instant
    price: Decimal
    quantity: Decimal
    buyer_is_maker: bool


class Tape:
    """Trades at equal steps within each candle, and one at its close; together they are the candle's volume."""

    def __init__(self, candles: Candles, path: Path, instrument: Instrument) -> None:
        self._candles, self._path, self._instrument = candles, path, instrument
        self._duration = timeframe_ns(candles.series.timeframe)
        self._steps = _TRADES_PER_CANDLE if self._duration >= MINUTE_NS else _TRADES_PER_SHORT_CANDLE

    @property
    def trades_per_candle(self) -> int:
        """How many trades a candle has, unless its volume is too small for all of them."""
        return self._steps + 1

    def between(self, after: Instant, until: Instant) -> Iterator[PublicTrade]:
        """The trades later than ``after``, up to and including ``until``, oldest first."""
        first = max(self._path.candle_at(after), 0)
        for candle in range(first, self._path.candle_at(until) + 1):
            yield from self._trades(candle, after, until)

    def last(self, until: Instant, count: int) -> list[PublicTrade]:
        """The last trades up to an instant, oldest first."""
        found: list[PublicTrade] = []
        candle = self._path.candle_at(until)
        while candle >= 0 and len(found) < count:
            found = [*self._trades(candle, 0, until), *found]
            candle -= 1
        return found[-count:] if count else []

    def from_id(self, trade_id: int, until: Instant, count: int) -> list[PublicTrade]:
        """So many trades from an id on, up to an instant."""
        found: list[PublicTrade] = []
        candle, last = max(trade_id - 1, 0) // (self._steps + 1), self._path.candle_at(until)
        while candle <= last and len(found) < count:
            found += [trade for trade in self._trades(candle, 0, until) if trade.trade_id >= trade_id]
            candle += 1
        return found[:count]

    def _trades(self, candle: int, after: Instant, until: Instant) -> Iterator[PublicTrade]:
        """A candle's trades that are later than ``after`` and not later than ``until``."""
        opened = int(self._candles.opened_at[candle])
        volume = self._instrument.quantity_down(decimal_from_float(self._candles.volume[candle]))
        each = self._instrument.quantity_down(DERIVED.divide(volume, Decimal(self._steps + 1)))
        rest = subtract(volume, multiply(each, Decimal(self._steps)))
        for step in range(self._steps + 1):
            at = opened + step * self._duration // self._steps if step < self._steps else opened + self._duration - 1
            quantity = each if step < self._steps else rest
            if not quantity or not after < at <= until:
                continue
            point = self._path.point_at(candle, at)
            if point is not None:
                trade_id = candle * (self._steps + 1) + step + 1
                price = round_to(decimal_from_float(point.price), self._instrument.price_tick)
                yield PublicTrade(trade_id, at, price, quantity, trade_id % 2 == 0)
