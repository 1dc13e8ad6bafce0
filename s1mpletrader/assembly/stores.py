"""Ledger, journal, state, cache and recording, as a configuration asks for them."""

from s1mpletrader.configuration import Portfolio
from s1mpletrader.configuration.configuration import StoreTable
from s1mpletrader.core.plugin_manager import PluginKind, UnknownPlugin
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.reasons import RunIdentity
from s1mpletrader.ports.cache import ICache
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger
from s1mpletrader.ports.plugin import CacheProvision, RecordingProvision, StoreProvision
from s1mpletrader.ports.recording import IRecording
from s1mpletrader.ports.state import IState


def build_ledger(portfolio: Portfolio, outlives_process: bool, book: str) -> ILedger:
    """The run's book of the ledger."""
    ledger: ILedger = portfolio.ledger.table.build(_provision(portfolio.ledger, outlives_process, book))
    return ledger


def build_journal(portfolio: Portfolio, outlives_process: bool, book: str) -> IJournal:
    """The journal."""
    journal: IJournal = portfolio.journal.table.build(_provision(portfolio.journal, outlives_process, book))
    return journal


def build_state(portfolio: Portfolio, outlives_process: bool, book: str) -> IState:
    """The state store beside the ledger: of the same plugin, at the same URL."""
    store = portfolio.ledger
    try:
        plugin = portfolio.plugins.find(PluginKind.STATE, store.table.plugin.name).plugin
        state: IState = plugin.build(plugin.config(), _provision(store, outlives_process, book))
    except (UnknownPlugin, ValueError) as fault:
        raise ConfigurationError(store.table.place, f"no state store lies beside this ledger: {fault}") from fault
    return state


def build_cache(portfolio: Portfolio, identity: RunIdentity) -> ICache:
    """The StrategyCache."""
    cache: ICache = portfolio.cache.build(CacheProvision(run=identity.run))
    return cache


def build_recording(portfolio: Portfolio, run: str) -> IRecording:
    """Where what reaches a run's flows is written."""
    recording: IRecording = portfolio.recording.build(RecordingProvision(run=run, directory=str(portfolio.path.parent)))
    return recording


def _provision(store: StoreTable, outlives_process: bool, book: str) -> StoreProvision:
    return StoreProvision(url=store.url, book=book, outlives_process=outlives_process)
