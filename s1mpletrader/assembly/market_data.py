"""The candles that a run reads, for each strategy and for the venue."""

from collections.abc import Mapping

import numpy as np

from s1mpletrader.configuration import Configuration, Portfolio
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import ConfigurationError, Refused
from s1mpletrader.domain.facts import Series
from s1mpletrader.ports.plugin import DataProvision


def load_all_candles(portfolio: Portfolio) -> dict[str, dict[Series, Candles]]:
    """Every strategy's candles, by its name."""
    return {one.strategy.name: load_candles(one) for one in portfolio.strategies}


def venue_candles(portfolio: Portfolio, by_strategy: Mapping[str, Mapping[Series, Candles]]) -> dict[Series, Candles]:
    """What the simulated venue trades on: all series, of which strategies that name the same one must have the same candles."""
    merged: dict[Series, Candles] = {}
    for name, candles in by_strategy.items():
        for series, data in candles.items():
            if any(_contradict(data, other) for other in merged.values() if other.series.symbol == series.symbol):
                problem = f"{name} reads other prices of {series.symbol} than a strategy before it"
                raise ConfigurationError(str(portfolio.path), problem, "give them the same source")
            merged.setdefault(series, data)
    return merged


def _contradict(one: Candles, other: Candles) -> bool:
    """Whether two series of a symbol close at one instant at different prices."""
    _, mine, theirs = np.intersect1d(one.closed_at, other.closed_at, assume_unique=True, return_indices=True)
    return not np.array_equal(one.close[mine], other.close[theirs])


def load_candles(configuration: Configuration) -> dict[Series, Candles]:
    """Every series of the strategy, from its ``[[data]]`` tables; a series without one is a ``ConfigurationError``."""
    candles: dict[Series, Candles] = {}
    for table in configuration.data:
        provision = DataProvision(
            series=table.series,
            seed=configuration.strategy.seed,
            directory=configuration.directory,
            strategy=configuration.strategy.name,
        )
        source = table.build(provision)
        try:
            candles[table.series] = source.history(table.series)
        except Refused as refused:
            raise ConfigurationError(table.place, str(refused)) from refused
        if not len(candles[table.series]):
            raise ConfigurationError(table.place, f"there is no candle of {table.series}")
    for symbol in configuration.strategy.symbols:
        for timeframe in configuration.strategy.timeframes:
            if Series(symbol, timeframe) not in candles:
                place = f"{configuration.path}: [[data]]"
                raise ConfigurationError(place, f"no table gives the candles of {symbol} {timeframe}")
    return candles
