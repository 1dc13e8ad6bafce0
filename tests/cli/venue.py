"""A venue that a doctor can ask: a connector that changes nothing, and answers as it is told."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from s1mpletrader.api import (
    CANDLE_FIELDS,
    Balance,
    Candle,
    Candles,
    ConnectorProvision,
    IClock,
    Instant,
    Instrument,
    KeyPermissions,
    NoConfig,
    OrderSnapshot,
    Plugin,
    PluginConfig,
    Refused,
    Series,
    hookimpl,
    timeframe_ns,
)
from s1mpletrader.core.plugin_manager import PluginManager

MS_NS = 1_000_000
BTC = Instrument(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    settlement="USDT",
    price_tick=Decimal("0.01"),
    quantity_lot=Decimal("0.0001"),
    notional_min=Decimal(5),
)


TRADES_ONLY = KeyPermissions(trading=True, withdrawals=False, bound_to_addresses=True)


class VenueConfig(PluginConfig):
    """Where the key would be."""

    credentials: str = "environment"
    key_variable: Annotated[str, Field(min_length=1)] = "VENUE_API_KEY"


@dataclass
class AskedVenue:
    """The connector, and how its venue behaves."""

    clock: IClock | None = None
    venue: str = "somewhere"
    account: str = "main"
    outlives_process: bool = True
    is_production: bool = False
    offset_ms: int = 3
    permissions: KeyPermissions = TRADES_ONLY
    held: Sequence[Balance] = (Balance(asset="USDT", free=Decimal(90_000), locked=Decimal(10_000)),)
    resting: Sequence[OrderSnapshot] = ()
    faults: Mapping[str, BaseException] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.faults:
            raise self.faults[name]

    async def open(self) -> None:
        self._called("open")

    async def close(self) -> None:
        self._called("close")

    async def server_time(self) -> int:
        self._called("server_time")
        assert self.clock is not None
        return self.clock.now() + self.offset_ms * MS_NS

    async def key_permissions(self) -> KeyPermissions:
        self._called("key_permissions")
        return self.permissions

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        self._called("instruments")
        if any(symbol != BTC.symbol for symbol in symbols):
            raise Refused(f"there is no symbol {symbols[0]}")
        return {BTC.symbol: BTC}

    async def balances(self) -> Sequence[Balance]:
        self._called("balances")
        return self.held

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        self._called("open_orders")
        return self.resting


@dataclass
class AskedSource:
    """A live source of candles: flat ones, as many as it is told, or a fault."""

    count: int = 3
    fault: BaseException | None = None
    calls: list[str] = field(default_factory=list)

    async def open(self) -> None:
        self.calls.append("open")

    async def past(self, series: Series, start: Instant, end: Instant) -> Candles:
        self.calls.append("past")
        if self.fault is not None:
            raise self.fault
        step_ns = timeframe_ns(series.timeframe)
        first = -(-start // step_ns) * step_ns
        opened_at = np.array([first + number * step_ns for number in range(self.count)], dtype=np.int64)
        flat = np.ones(self.count)
        columns = {name: flat.copy() for name in CANDLE_FIELDS}
        return Candles(series=series, opened_at=opened_at, **columns)

    def candles(self, series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
        raise NotImplementedError

    async def close(self) -> None:
        self.calls.append("close")


class SourcePlugin:
    """The source as a plugin."""

    def __init__(self, source: AskedSource) -> None:
        self._source = source

    @hookimpl
    def s1mple_market_data(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [Plugin(name="asked", config=NoConfig, build=lambda *_: self._source, summary="Candles that a test makes.")]


class VenuePlugin:
    """The connector as a plugin."""

    def __init__(self, build: Callable[[VenueConfig, ConnectorProvision], Any]) -> None:
        self._build = build

    @hookimpl
    def s1mple_exchange_connectors(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [Plugin(name="asked", config=VenueConfig, build=self._build, summary="A venue that a test makes.")]


def with_source(source: AskedSource, venue: Any = None) -> Callable[[Sequence[str] | None], PluginManager]:
    """The installed plugins, this source, and this venue, or a healthy one."""

    def load_plugins(allow: Sequence[str] | None) -> PluginManager:
        manager = with_venue(venue or AskedVenue())(allow)
        manager.register(SourcePlugin(source), "source")
        return manager

    return load_plugins


def with_venue(venue: Any) -> Callable[[Sequence[str] | None], PluginManager]:
    """The installed plugins, and this venue."""

    def build(_config: VenueConfig, given: ConnectorProvision) -> Any:
        venue.clock = given.clock
        return venue

    return with_builder(build)


def with_builder(build: Callable[[VenueConfig, ConnectorProvision], Any]) -> Callable[[Sequence[str] | None], PluginManager]:
    """The installed plugins, and a venue that is built so."""

    def load_plugins(allow: Sequence[str] | None) -> PluginManager:
        manager = PluginManager.load(allow)
        manager.register(VenuePlugin(build), "asked")
        return manager

    return load_plugins
