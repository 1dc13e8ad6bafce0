"""The market as a decision sees it: last prices and the snapshot that an intent's entry keeps."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite, log, sqrt
from operator import sub
from types import MappingProxyType
from typing import Final

import numpy as np

from s1mpletrader.core.facts import Column, FactTable
from s1mpletrader.domain.facts import Key
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import decimal_from_float, total
from s1mpletrader.domain.reasons import MarketSnapshot

VOLATILITY_WINDOW: Final = 20
"""Over how many log returns the realised volatility is taken."""


class Market:
    """Prices of a strategy's symbols as of its facts' cursor."""

    def __init__(self, facts: FactTable, price_keys: Mapping[str, Key], recorded_keys: Sequence[Key]) -> None:
        self._facts = facts
        self._recorded = tuple((str(key), facts.column(key)) for key in recorded_keys)
        self._closes = {symbol: facts.column(key) for symbol, key in price_keys.items()}
        self._volumes = {symbol: facts.column(key._replace(name="volume")) for symbol, key in price_keys.items()}
        self._closed_at = {symbol: facts.candles[key.series].closed_at for symbol, key in price_keys.items()}
        self._prices: Mapping[str, Decimal] = {}
        self._priced_at: Instant | None = None
        self._snapshots: dict[str, MarketSnapshot] = {}

    @property
    def at(self) -> Instant:
        """When the last candle closed."""
        return self._facts.at

    def facts(self) -> dict[str, float]:
        """The facts that an entry keeps, by key; one that is no finite number, as where its worker has failed, is left out."""
        found: dict[str, float] = {}
        for name, column in self._recorded:
            value = column.latest()
            if value is not None and isfinite(value):
                found[name] = value
        return found

    def price(self, symbol: str) -> Decimal | None:
        """The last close of a symbol; None before the first, or where the strategy does not follow it."""
        return self.prices().get(symbol)

    def prices(self) -> Mapping[str, Decimal]:
        """The last close of every symbol that has one; made once for each instant that is looked at."""
        if self._facts.at != self._priced_at:
            closes = [(symbol, column.latest()) for symbol, column in self._closes.items()]
            found = {symbol: decimal_from_float(close) for symbol, close in closes if close is not None}
            self._prices, self._priced_at = MappingProxyType(found), self._facts.at
            self._snapshots = {}
        return self._prices

    def volume_since(self, symbol: str, at: Instant) -> Decimal:
        """The exact sum of the volumes of the candles that closed after an instant, of the symbol's shortest series."""
        volumes, closed_at = self._volumes[symbol], self._closed_at[symbol]
        first = int(np.searchsorted(closed_at[: volumes.count], at, side="right"))
        return total(decimal_from_float(volume) for volume in volumes.tail(volumes.count - first).tolist())

    def snapshot(self, symbol: str) -> MarketSnapshot | None:
        """Reference price, last volume and realised volatility; None before the symbol's first candle."""
        price = self.prices().get(symbol)
        if price is None:
            return None
        found = self._snapshots.get(symbol)
        if found is None:
            volume, volatility = self._volumes[symbol].last(), _volatility(self._closes[symbol])
            found = MarketSnapshot(symbol=symbol, reference_price=price, volume=volume, volatility=volatility, at=self._facts.at)
            self._snapshots[symbol] = found
        return found


def _volatility(closes: Column) -> float | None:
    """Sample standard deviation of the last log returns, per candle; None while there are too few."""
    if closes.count <= VOLATILITY_WINDOW:
        return None
    logs = list(map(log, closes.tail(VOLATILITY_WINDOW + 1).tolist()))
    returns = list(map(sub, logs[1:], logs))
    mean = sum(returns) / VOLATILITY_WINDOW
    return sqrt(sum([(value - mean) ** 2.0 for value in returns]) / (VOLATILITY_WINDOW - 1))
