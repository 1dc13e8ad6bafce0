"""Built-in market data: ``file``, ``trades`` and ``generator``."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import DataProvision, IMarketData, Plugin, hookimpl
from s1mpletrader.plugins.market_data.file import FileConfig, FileSource
from s1mpletrader.plugins.market_data.generator import GeneratorConfig, GeneratorSource
from s1mpletrader.plugins.market_data.trades import TradesConfig, TradesSource


@hookimpl
def s1mple_market_data() -> Sequence[Plugin[Any, DataProvision, IMarketData]]:
    """The sources of recorded and of made-up history."""
    return (
        Plugin(
            name="file",
            config=FileConfig,
            build=FileSource,
            summary="Candles from a CSV, Parquet or Feather file.",
        ),
        Plugin(
            name="trades",
            config=TradesConfig,
            build=TradesSource,
            summary="Candles made from a CSV, Parquet or Feather file of trades.",
        ),
        Plugin(
            name="generator",
            config=GeneratorConfig,
            build=GeneratorSource,
            summary="A random market from a seed: the same every time, and like no real one.",
        ),
    )
