"""Every exchange of ccxt, for trading and for candles: the extra ``s1mpletrader[ccxt]``. ccxt is imported when one is built."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import ConnectorProvision, DataProvision, IExecutionConnector, Plugin, hookimpl
from s1mpletrader.plugins.ccxt_exchange.building import build_exchange, build_market_stream
from s1mpletrader.plugins.ccxt_exchange.config import CcxtConfig, CcxtDataConfig
from s1mpletrader.plugins.ccxt_exchange.connector import CcxtExchange
from s1mpletrader.plugins.ccxt_exchange.market_stream import CcxtMarketStream

__all__ = ["CcxtConfig", "CcxtDataConfig", "CcxtExchange", "CcxtMarketStream", "build_exchange", "build_market_stream"]

NAME = "ccxt"


@hookimpl
def s1mple_exchange_connectors() -> Sequence[Plugin[Any, ConnectorProvision, IExecutionConnector]]:
    """Register the connector."""
    return (
        Plugin(
            name=NAME,
            config=CcxtConfig,
            build=build_exchange,
            summary="An account at any exchange that ccxt knows.",
        ),
    )


@hookimpl
def s1mple_market_data() -> Sequence[Plugin[Any, DataProvision, CcxtMarketStream]]:
    """Register the source of candles."""
    return (
        Plugin(
            name=NAME,
            config=CcxtDataConfig,
            build=build_market_stream,
            summary="Candles of any exchange that ccxt knows, past and live.",
        ),
    )
