"""How a plugin describes itself, and what it is given when it is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instrument import AccountType, Instrument
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.state import IState
from s1mpletrader.ports.transport import ITransport


class PluginConfig(BaseModel):
    """The base of a plugin's configuration model: frozen, and an unknown key is an error.

    Its fields are the keys that the plugin's table in the TOML may have beside ``plugin`` and ``name``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class NoConfig(PluginConfig):
    """For a plugin that has nothing to configure."""


C = TypeVar("C", bound=PluginConfig)
P = TypeVar("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Plugin(Generic[C, P, T]):
    """A plugin of one kind: the name that a TOML file uses, the model of its keys, and how to build it.

    ``build`` takes the validated configuration and what this kind of plugin is provided with. A ``ValueError`` that it raises is
    reported as a mistake in the plugin's table.
    """

    name: str
    config: type[C]
    build: Callable[[C, P], T]
    summary: str


@dataclass(frozen=True, kw_only=True)
class WorkerProvision:
    """What a worker, planner, gate or algorithm is built with."""

    name: str
    """Its name in the strategy: ``name`` in its table, else the plugin's."""
    strategy: str
    series: Series
    """What a reference without symbol or timeframe means."""
    symbols: tuple[str, ...]
    instruments: Mapping[str, Instrument]
    account_type: AccountType
    seed: int
    account: str = "main"
    """The account's name, from ``[account]``."""
    open_state: Callable[[], IState] | None = None
    """The state store, opened when it is asked for first; None where there is none."""


@dataclass(frozen=True, kw_only=True)
class DataProvision:
    """What a market data source is built with."""

    series: Series
    """The series it is asked for: ``symbol`` and ``timeframe`` of its table, else the strategy's first."""
    seed: int
    directory: str
    """Where the TOML file lies: relative paths start here, or in the working directory."""
    clock: IClock | None = None
    """The present, for a live source; None in a backtest."""
    transport: ITransport | None = None
    """What a live source sends with, where it is not to make its own."""
    strategy: str = ""
    """The strategy that asks."""


@dataclass(frozen=True, kw_only=True)
class EventProvision:
    """What a source of news or a schedule is built with."""

    name: str
    """The table's name: the source of every event, by which detectors listen."""
    directory: str
    """Where the TOML file lies: relative paths start here, or in the working directory."""
    clock: IClock
    strategy: str = ""
    """The strategy that listens."""


@dataclass(frozen=True, kw_only=True)
class ConnectorProvision:
    """What an exchange connector is built with."""

    account: str
    account_type: AccountType
    funds: Mapping[str, Any]
    """Opening balances by asset, for a simulated venue."""
    clock: IClock
    seed: str
    """Where a simulated venue derives its draws from."""
    candles: Mapping[Series, Candles]
    """The market's history, for a simulated venue."""
    is_submitted: Callable[[OrderId], bool]
    """Whether the ledger knows that this order has been submitted before."""
    transport: ITransport | None = None
    """What a network connector sends with, where it is not to make its own."""
    open_state: Callable[[], IState] | None = None
    """The state store, for what must survive a restart: bans, a simulated world. None where there is none."""
    directory: str = "."
    """Where the TOML file lies: relative paths start here, or in the working directory."""


@dataclass(frozen=True, kw_only=True)
class StoreProvision:
    """What a ledger, a journal or a state store is built with."""

    url: str
    book: str
    """The ledger's book."""
    outlives_process: bool
    """Whether real orders depend on it: then nothing may be lost, even to a power cut, and nothing may be discarded."""
    instruments: Mapping[str, Instrument] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CacheProvision:
    """What a cache is built with."""

    run: str


@dataclass(frozen=True, kw_only=True)
class RecordingProvision:
    """What the recording of a run is built with."""

    run: str
    """The run's id, which no other run has."""
    directory: str
    """Where the TOML file lies: relative paths start here."""


@dataclass(frozen=True, kw_only=True)
class WatchProvision:
    """What a watcher of a run is built with."""

    name: str
    """The table's name, else the plugin's."""
    run: str
    """The run's id; empty where it is not known yet."""
    mode: str
    """``backtest``, ``paper`` or ``live``."""
    account: str
    strategies: tuple[str, ...]
    directory: str
    """Where the TOML file lies: relative paths start here, or in the working directory."""
    clock: IClock
