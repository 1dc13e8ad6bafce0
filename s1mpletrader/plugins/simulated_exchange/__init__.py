"""The simulated exchange: a venue whose prices are the path through recorded candles."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import ConnectorProvision, IExecutionConnector, Plugin, hookimpl
from s1mpletrader.plugins.simulated_exchange.building import build_exchange
from s1mpletrader.plugins.simulated_exchange.config import SimulatedExchangeConfig
from s1mpletrader.plugins.simulated_exchange.connector import VENUE, SimulatedExchange

__all__ = ["SimulatedExchange", "SimulatedExchangeConfig", "build_exchange"]


@hookimpl
def s1mple_exchange_connectors() -> Sequence[Plugin[Any, ConnectorProvision, IExecutionConnector]]:
    """Register the simulated exchange."""
    return (
        Plugin(
            name=VENUE,
            config=SimulatedExchangeConfig,
            build=build_exchange,
            summary="Fills orders along the path through recorded candles, for backtests and paper trading.",
        ),
    )
