"""Candles from a file of trades."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from s1mpletrader.api import BadData, BoolArray, Candles, DataProvision, FloatArray, PluginConfig, Series, timeframe_ns
from s1mpletrader.plugins.market_data.resampling import candles_from_trades
from s1mpletrader.plugins.market_data.tables import find_table, read_table


class TradesConfig(PluginConfig):
    """A CSV, Parquet or Feather file with the columns timestamp (or date), trade_id, price and quantity, in the order of time."""

    path: str
    """Where it lies, from the TOML file's directory or else the working directory."""


class TradesSource:
    """One instrument's trades in one file, as candles of one timeframe.

    The last candle is left out, since nothing in the file shows that it has ended; a time without trades has no candle.
    """

    def __init__(self, config: TradesConfig, provision: DataProvision) -> None:
        self._series = provision.series
        self._path = find_table(config.path, provision.directory)
        timeframe_ns(self._series.timeframe)

    @property
    def series(self) -> Sequence[Series]:
        """The one series."""
        return (self._series,)

    def history(self, series: Series) -> Candles:
        """The candles of the file's trades; ``BadData`` names the line of the first row that is no trade, or out of order."""
        if series != self._series:
            raise BadData(f"{self._path} has {self._series}, not {series}")
        table = read_table(self._path, ("trade_id", "price", "quantity"))
        at, price, quantity = table.times(), table.numbers("price"), table.numbers("quantity")
        checks = (
            (_not_positive(price), "price is not above zero"),
            (_not_positive(quantity), "quantity is not above zero"),
            (np.diff(at, prepend=at[:1]) < 0, "the time is before that of the row before"),
            *_identity_checks(table.frame["trade_id"]),
        )
        faults = [(int(np.argmax(bad)), reason) for bad, reason in checks if bad.any()]
        if faults:
            table.fail(*min(faults))
        candles = candles_from_trades(series, at, price, quantity)
        if not len(candles):
            raise BadData(f"{self._path}: {len(at)} trades make no whole candle of {series}")
        return candles


def _not_positive(values: FloatArray) -> BoolArray:
    bad: BoolArray = ~(np.isfinite(values) & (values > 0))
    return bad


def _identity_checks(ids: pl.Series) -> tuple[tuple[BoolArray, str], ...]:
    """Ids must be there and distinct. Where all are numbers they count the trades, so that they must also grow."""
    missing = ids.is_null().to_numpy()
    repeated = (~ids.is_first_distinct()).to_numpy() & ~missing
    checks = [(missing, "trade_id is missing"), (repeated, "the trade_id has been there before")]
    numbers = ids.cast(pl.Int64, strict=False)
    if not numbers.has_nulls():
        values = numbers.to_numpy()
        checks.append((np.diff(values, prepend=values[:1]) < 0, "the trade_id is below that of the row before"))
    return tuple(checks)
