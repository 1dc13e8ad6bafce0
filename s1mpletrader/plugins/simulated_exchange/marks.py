"""The prices that the venue values positions at."""

from collections.abc import Mapping
from decimal import Decimal

from s1mpletrader.api import ZERO, Instant, Instrument, decimal_from_float
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

    def path(self, symbol: str) -> Path:
        """A symbol's path."""
        return self._markets[symbol].path

    def price(self, symbol: str) -> Decimal | None:
        """The price now; None before the first candle."""
        return self._markets[symbol].price_at(self.at)


def exact_price(path: Path, at: Instant) -> Decimal:
    """The price of a path at an instant as a Decimal; zero before its first candle, where nothing can be held."""
    price = path.price_at(at)
    return decimal_from_float(price) if price is not None else ZERO
