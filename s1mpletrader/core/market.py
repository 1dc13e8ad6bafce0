"""The market as a decision sees it: last prices and the snapshot that an intent's entry keeps."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import log, sqrt
from typing import Final

from s1mpletrader.core.facts import FactTable
from s1mpletrader.domain.facts import Key
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import decimal_from_float
from s1mpletrader.domain.reasons import MarketSnapshot

VOLATILITY_WINDOW: Final = 20
"""Over how many log returns the realised volatility is taken."""


class Market:
    """Prices of a strategy's symbols as of its facts' cursor."""

    def __init__(self, facts: FactTable, price_keys: Mapping[str, Key], recorded_keys: Sequence[Key]) -> None:
        self._facts = facts
        self._price_keys = price_keys
        self._recorded = tuple((str(key), key) for key in recorded_keys)

    @property
    def at(self) -> Instant:
        """When the last candle closed."""
        return self._facts.at

    def facts(self) -> dict[str, float]:
        """The facts that an entry keeps, by key."""
        return {name: self._facts.value(key) for name, key in self._recorded if self._facts.has(key, 1)}

    def price(self, symbol: str) -> Decimal | None:
        """The last close of a symbol; None before the first, or where the strategy does not follow it."""
        key = self._price_keys.get(symbol)
        if key is None or not self._facts.has(key, 1):
            return None
        return decimal_from_float(self._facts.value(key))

    def prices(self) -> dict[str, Decimal]:
        """The last close of every symbol that has one."""
        found = {symbol: self.price(symbol) for symbol in self._price_keys}
        return {symbol: price for symbol, price in found.items() if price is not None}

    def snapshot(self, symbol: str) -> MarketSnapshot | None:
        """Reference price, last volume and realised volatility; None before the symbol's first candle."""
        price = self.price(symbol)
        if price is None:
            return None
        key = self._price_keys[symbol]
        return MarketSnapshot(
            symbol=symbol,
            reference_price=price,
            volume=self._facts.value(key._replace(name="volume")),
            volatility=self._volatility(key),
            at=self._facts.at,
        )

    def _volatility(self, key: Key) -> float | None:
        """Sample standard deviation of the last log returns, per candle."""
        if not self._facts.has(key, VOLATILITY_WINDOW + 1):
            return None
        logs = [log(close) for close in self._facts.window(key, VOLATILITY_WINDOW + 1).tolist()]
        returns = [after - before for before, after in pairwise(logs)]
        mean = sum(returns) / VOLATILITY_WINDOW
        return sqrt(sum((value - mean) ** 2 for value in returns) / (VOLATILITY_WINDOW - 1))
