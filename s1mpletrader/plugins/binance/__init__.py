"""Binance Spot: an account's connector, and its candles."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import ConnectorProvision, DataProvision, IExecutionConnector, IMarketStream, Plugin, hookimpl
from s1mpletrader.plugins.binance.building import build_connector
from s1mpletrader.plugins.binance.config import BinanceConfig, BinanceDataConfig
from s1mpletrader.plugins.binance.connector import BinanceSpot
from s1mpletrader.plugins.binance.market_data import BinanceMarket

__all__ = ["BinanceConfig", "BinanceDataConfig", "BinanceMarket", "BinanceSpot", "build_connector"]


@hookimpl
def s1mple_exchange_connectors() -> Sequence[Plugin[Any, ConnectorProvision, IExecutionConnector]]:
    """Register the connector."""
    return (
        Plugin(
            name="binance",
            config=BinanceConfig,
            build=build_connector,
            summary="Sends orders to Binance Spot, on the testnet or with real money.",
        ),
    )


@hookimpl
def s1mple_market_data() -> Sequence[Plugin[Any, DataProvision, IMarketStream]]:
    """Register the source of candles."""
    return (
        Plugin(
            name="binance",
            config=BinanceDataConfig,
            build=BinanceMarket,
            summary="Candles of Binance Spot: history, and as they close.",
        ),
    )
