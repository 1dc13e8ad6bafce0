"""Binance Spot: an account's connector, and its candles."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import ConnectorProvision, IExecutionConnector, Plugin, hookimpl
from s1mpletrader.plugins.binance.building import build_connector
from s1mpletrader.plugins.binance.config import BinanceConfig
from s1mpletrader.plugins.binance.connector import BinanceSpot

__all__ = ["BinanceConfig", "BinanceSpot", "build_connector"]


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
