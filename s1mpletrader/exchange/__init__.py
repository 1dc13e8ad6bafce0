"""The local exchange: Binance Spot's REST, WebSocket API and streams over the simulated exchange's matching engine."""

from s1mpletrader.exchange.clock import ManualClock, ScaledClock
from s1mpletrader.exchange.config import AccountConfig, ExchangeConfig, KeyConfig, LimitsConfig, SymbolConfig
from s1mpletrader.exchange.exchange import LocalExchange
from s1mpletrader.exchange.faults import Fault, FaultScript, Fired
from s1mpletrader.exchange.loopback import LoopbackTransport
from s1mpletrader.exchange.request_log import Request, RequestLog
from s1mpletrader.exchange.server import RunningExchange, serve

__all__ = [
    "AccountConfig",
    "ExchangeConfig",
    "Fault",
    "FaultScript",
    "Fired",
    "KeyConfig",
    "LimitsConfig",
    "LocalExchange",
    "LoopbackTransport",
    "ManualClock",
    "Request",
    "RequestLog",
    "RunningExchange",
    "ScaledClock",
    "SymbolConfig",
    "serve",
]
