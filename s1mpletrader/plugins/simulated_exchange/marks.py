"""The prices that the venue values positions at."""

from collections.abc import Mapping
from decimal import Decimal

from s1mpletrader.api import Instant, Instrument, decimal_from_float
from s1mpletrader.plugins.simulated_exchange.book.market import Market
from s1mpletrader.plugins.simulated_exchange.path import Path


class Marks:
    """Every symbol's price on its path at the venue's present, ``at``; where there is no candle, the last one before."""

    __slots__ = ("_markets", "at")

    def __init__(self, markets: Mapping[str, Market]) -> None:
        self._markets = markets
        self.at: Instant = 0

    def instrument(self, symbol: str) -> Instrument:
        """A symbol's rules."""
        return self._markets[symbol].instrument

    def path(self, symbol: str) -> Path | None:
        """A symbol's path; None for one without candles."""
        return self._markets[symbol].path

    def price(self, symbol: str) -> Decimal | None:
        """The price now; None before the first candle."""
        path = self._markets[symbol].path
        return exact_price(path, self.at) if path is not None else None


def exact_price(path: Path, at: Instant) -> Decimal | None:
    """The price of a path at an instant as a Decimal; None before its first candle."""
    price = path.price_at(at)
    return decimal_from_float(price) if price is not None else None
