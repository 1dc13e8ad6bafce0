"""A validated configuration: what a container is built from. One strategy, or several on one account."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from s1mpletrader.configuration.models import AccountTable, BatchTable, EngineTable, EnvironmentTable, StrategyTable
from s1mpletrader.configuration.ranges import WHOLE, ConfidenceRange
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager, RegisteredPlugin
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.facts import Series
from s1mpletrader.ports.plugin import PluginConfig


@dataclass(frozen=True, kw_only=True)
class PluginTable:
    """A table that names a plugin, validated."""

    kind: PluginKind
    name: str
    """Its name in the strategy: ``name`` in the table, else the plugin's."""
    place: str
    """Where it stands, for an error: ``FILE: [[table]] #2``."""
    plugin: RegisteredPlugin
    config: PluginConfig
    series: Series
    """What a reference without symbol or timeframe means."""
    confidence: ConfidenceRange = WHOLE

    def build(self, provision: Any) -> Any:
        """The plugin's object. A ``ValueError`` becomes a ``ConfigurationError`` at this table."""
        try:
            return self.plugin.plugin.build(self.config, provision)
        except ValidationError as fault:
            raise ConfigurationError(self.place, fault.errors(include_url=False)[0]["msg"]) from fault
        except ValueError as fault:
            raise ConfigurationError(self.place, str(fault)) from fault


@dataclass(frozen=True, kw_only=True)
class StoreTable:
    """A ledger or a journal, and where it lies."""

    table: PluginTable
    url: str


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """One strategy with everything that it runs on. Tables keep the order of the file."""

    path: Path
    strategy: StrategyTable
    environment: EnvironmentTable
    account: AccountTable
    engine: EngineTable
    batch: BatchTable
    plugins: PluginManager
    data: tuple[PluginTable, ...]
    exchange: PluginTable
    ledger: StoreTable
    journal: StoreTable
    cache: PluginTable
    recording: PluginTable
    context: tuple[PluginTable, ...]
    signal: tuple[PluginTable, ...]
    risk: tuple[PluginTable, ...]
    planner: PluginTable
    entry: tuple[PluginTable, ...]
    size: tuple[PluginTable, ...]
    exit: tuple[PluginTable, ...]
    execution: tuple[PluginTable, ...]
    gate: tuple[PluginTable, ...]
    news: tuple[PluginTable, ...]
    schedule: tuple[PluginTable, ...]
    watch: tuple[PluginTable, ...]

    @property
    def directory(self) -> str:
        """Where the file lies: its relative paths start here."""
        return str(self.path.parent)

    @property
    def series(self) -> Series:
        """The strategy's first symbol and timeframe."""
        return Series(self.strategy.symbols[0], self.strategy.timeframes[0])

    @property
    def deciding_tables(self) -> tuple[PluginTable, ...]:
        """The tables that decide what a run does: all but data, stores, cache, recording and watchers."""
        return (
            self.exchange,
            *self.context,
            *self.signal,
            *self.risk,
            self.planner,
            *self.entry,
            *self.size,
            *self.exit,
            *self.execution,
            *self.gate,
            *self.news,
            *self.schedule,
        )


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """Strategies that share an account, a venue and stores; a file with one strategy is a portfolio of one."""

    path: Path
    name: str
    strategies: tuple[Configuration, ...]
    """In the order of the file, which is that of their turns. Each one's account holds its own funds only."""
    environment: EnvironmentTable
    account: AccountTable
    """With the funds of all."""
    engine: EngineTable
    plugins: PluginManager
    exchange: PluginTable
    ledger: StoreTable
    journal: StoreTable
    cache: PluginTable
    recording: PluginTable
    watch: tuple[PluginTable, ...]

    @classmethod
    def of_one(cls, strategy: Configuration) -> "Portfolio":
        """A strategy that has the account to itself."""
        return cls(
            path=strategy.path,
            name=strategy.strategy.name,
            strategies=(strategy,),
            environment=strategy.environment,
            account=strategy.account,
            engine=strategy.engine,
            plugins=strategy.plugins,
            exchange=strategy.exchange,
            ledger=strategy.ledger,
            journal=strategy.journal,
            cache=strategy.cache,
            recording=strategy.recording,
            watch=strategy.watch,
        )

    @property
    def symbols(self) -> tuple[str, ...]:
        """What any of the strategies follows, each symbol once."""
        return tuple(dict.fromkeys(symbol for strategy in self.strategies for symbol in strategy.strategy.symbols))
