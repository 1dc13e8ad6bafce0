"""A listed symbol: its rules, its price, its candles, its public trades and its book at any instant."""

from decimal import Decimal
from functools import reduce
from typing import Final, NamedTuple

import numpy as np

from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.instant import MINUTE_NS, Instant, timeframe_ns
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import ZERO, add, decimal_from_float, multiply, ratio, round_to, total
from s1mpletrader.exchange.book import LEVELS, Book, book_at
from s1mpletrader.exchange.intervals import interval_end, interval_start
from s1mpletrader.exchange.rules import Rules
from s1mpletrader.exchange.tape import Tape
from s1mpletrader.plugins.simulated_exchange.config import PathOrder
from s1mpletrader.plugins.simulated_exchange.path import Path

_PLACES: Final = 8
_QUANTUM: Final = Decimal("0.00000001")
_AVERAGE_NS: Final = 5 * MINUTE_NS


class Kline(NamedTuple):
    """A candle as the venue tells it; ``end`` is when the next one opens."""

    start: Instant
    end: Instant
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int

    def followed_by(self, later: "Kline") -> "Kline":
        """The candle that both make together."""
        return Kline(
            self.start,
            later.end,
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            later.close,
            add(self.volume, later.volume),
            add(self.quote_volume, later.quote_volume),
            self.trades + later.trades,
        )


class SymbolMarket:
    """What the public sees of a symbol. Everything is a function of the instant that is asked for."""

    def __init__(self, name: str, instrument: Instrument, rules: Rules, candles: Candles, order: PathOrder) -> None:
        self.name = name
        self.instrument = instrument
        self.rules = rules
        self.candles = candles
        self._path = Path(candles, order)
        self.tape = Tape(candles, self._path, instrument)
        self._duration = timeframe_ns(candles.series.timeframe)

    def price(self, at: Instant) -> Decimal | None:
        """The price on its tick; None where the symbol does not trade at that instant."""
        point = self._path.point_at(self._path.candle_at(at), at)
        return None if point is None else self._on_tick(point.price)

    def exact_price(self, at: Instant) -> Decimal | None:
        """The price as orders meet it, which may lie between ticks."""
        point = self._path.point_at(self._path.candle_at(at), at)
        return None if point is None else decimal_from_float(point.price)

    def last_price(self, at: Instant) -> Decimal:
        """The price, or the last one before; before the first candle its open."""
        price = self.price(at)
        if price is not None:
            return price
        candle = self._path.candle_at(at)
        return self._on_tick(float(self.candles.close[candle] if candle >= 0 else self.candles.open[0]))

    def average_price(self, at: Instant) -> Decimal:
        """The mean price of the last five minutes, weighted by volume; the last price where nothing was traded."""
        traded = self._traded(at - _AVERAGE_NS + 1, at + 1)
        mean = None if traded is None else ratio(traded.quote_volume, traded.volume)
        return self.last_price(at) if mean is None else round_to(mean, _QUANTUM)

    def book(self, at: Instant, levels: int = LEVELS) -> Book:
        """The book as of the last step of the book's time."""
        price = self.exact_price(at)
        return book_at(self.instrument, self.last_price(at) if price is None else price, at, levels)

    def kline(self, interval: str, at: Instant) -> Kline:
        """The candle in which an instant lies, as it stands then."""
        start = interval_start(interval, at)
        return self.bar(start, interval_end(interval, start), at)

    def klines(self, interval: str, first: Instant, last: Instant, at: Instant) -> list[Kline]:
        """The candles that open from ``first`` to ``last``, as they stand at an instant; none from before the data begins."""
        begin = max(first, int(self.candles.opened_at[0]))
        start = interval_start(interval, begin)
        if start < begin and start < first:
            start = interval_end(interval, start)
        found = []
        while start <= min(last, at):
            end = interval_end(interval, start)
            found.append(self.bar(start, end, at))
            start = end
        return found

    def bar(self, start: Instant, end: Instant, at: Instant) -> Kline:
        """What has been traded from ``start`` until before ``end``, or until ``at``; a flat candle where nothing was."""
        stop = min(end, at + 1)
        whole = self._whole(start, stop)
        parts = (
            [self._traded(start, stop)]
            if whole is None
            else [self._traded(start, whole.start), whole, self._traded(whole.end, stop)]
        )
        traded = [part for part in parts if part is not None]
        if not traded:
            price = self.last_price(start)
            return Kline(start, end, price, price, price, price, ZERO, ZERO, 0)
        return reduce(Kline.followed_by, traded)._replace(start=start, end=end)

    def _whole(self, start: Instant, stop: Instant) -> Kline | None:
        """The source's candles that lie wholly within, as one that begins and ends with them."""
        opened = self.candles.opened_at
        first = int(np.searchsorted(opened, start, "left"))
        last = int(np.searchsorted(opened, stop - self._duration, "right"))
        if last <= first:
            return None
        chosen = slice(first, last)
        volume, close = self.candles.volume[chosen], self.candles.close[chosen]
        high, low = self.candles.high[chosen], self.candles.low[chosen]
        mean = (self.candles.open[chosen] + 2 * high + 2 * low + close) / 6  # That of the path, which turns at its extremes.
        return Kline(
            int(opened[first]),
            int(opened[last - 1]) + self._duration,
            self._on_tick(self.candles.open[first]),
            self._on_tick(high.max()),
            self._on_tick(low.min()),
            self._on_tick(close[-1]),
            _rounded(float(volume.sum())),
            _rounded(float((volume * mean).sum())),
            self.tape.trades_per_candle * (last - first),
        )

    def _traded(self, start: Instant, stop: Instant) -> Kline | None:
        """The public trades from ``start`` until before ``stop`` as one candle."""
        trades = list(self.tape.between(start - 1, stop - 1)) if start < stop else []
        if not trades:
            return None
        prices = [trade.price for trade in trades]
        return Kline(
            start,
            stop,
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
            total(trade.quantity for trade in trades),
            total(multiply(trade.price, trade.quantity) for trade in trades),
            len(trades),
        )

    def _on_tick(self, price: float) -> Decimal:
        return round_to(decimal_from_float(price), self.instrument.price_tick)


def _rounded(value: float) -> Decimal:
    return decimal_from_float(round(value, _PLACES))
