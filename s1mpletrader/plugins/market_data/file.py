"""Candles from a file."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from s1mpletrader.api import (
    CANDLE_FIELDS,
    BadData,
    Candles,
    DataProvision,
    InstantArray,
    NotCandles,
    PluginConfig,
    Series,
    timeframe_ns,
)
from s1mpletrader.plugins.market_data.resampling import check_timeframes, slower
from s1mpletrader.plugins.market_data.tables import Table, find_table, read_table


class FileConfig(PluginConfig):
    """A CSV, Parquet or Feather file with the columns timestamp (or date), open, high, low, close and volume."""

    path: str
    """Where it lies, from the TOML file's directory or else the working directory."""
    timestamp_is: Literal["open", "close"] = "open"
    """Whether a row's time is when its candle opened or when it closed."""
    source_timeframe: str | None = None
    """The timeframe of the file's candles, where slower ones are to be made of them."""


class FileSource:
    """One series in one file."""

    def __init__(self, config: FileConfig, provision: DataProvision) -> None:
        self._series = provision.series
        self._path = find_table(config.path, provision.directory)
        self._source = provision.series._replace(timeframe=config.source_timeframe or provision.series.timeframe)
        self._timestamp_is = config.timestamp_is
        check_timeframes(self._source.timeframe, self._series.timeframe)

    @property
    def series(self) -> Sequence[Series]:
        """The one series."""
        return (self._series,)

    def history(self, series: Series) -> Candles:
        """The file's candles; ``BadData`` names the line of the first that is none."""
        if series != self._series:
            raise BadData(f"{self._path} has {self._series}, not {series}")
        candles = self._read()
        if self._source == self._series:
            return candles
        made = slower(candles, self._series.timeframe)
        if not len(made):
            raise BadData(f"{self._path}: {len(candles)} candles of {self._source} make no whole one of {self._series}")
        return made

    def _read(self) -> Candles:
        table = read_table(self._path, CANDLE_FIELDS)
        opened_at = table.times()
        if self._timestamp_is == "close":
            opened_at = opened_at - timeframe_ns(self._source.timeframe)
        columns = {name: table.numbers(name) for name in CANDLE_FIELDS}
        try:
            candles = Candles(series=self._source, opened_at=opened_at, **columns)
        except NotCandles as fault:
            table.fail(fault.row, fault.reason)
        self._check_overlaps(table, opened_at)
        return candles

    def _check_overlaps(self, table: Table, opened_at: InstantArray) -> None:
        length = timeframe_ns(self._source.timeframe)
        early = np.diff(opened_at) < length
        if early.any():
            row = int(np.argmax(early)) + 1
            step = int(opened_at[row] - opened_at[row - 1])
            table.fail(
                row,
                f"begins {step / 1e9:g} s after the row before, within its {self._source.timeframe}; "
                "give source_timeframe where the file's candles are faster",
            )
