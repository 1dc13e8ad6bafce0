"""The hook specifications: how plugins register, and how outsiders watch.

Registering hooks return the plugins of one kind. All answers count, sorted by name; a name given twice is refused. Watching hooks
are called after the commit, only where somebody listens. What they return is ignored; what they raise is logged and changes
nothing.
"""

from collections.abc import Sequence
from typing import Any, Final

import pluggy

from s1mpletrader.domain.directives import Refusal
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.origin import PlatformData
from s1mpletrader.domain.reality import Fill, LedgerChange
from s1mpletrader.domain.reasons import EntryDraft
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.algorithms import ExecutionAlgorithm
from s1mpletrader.ports.cache import ICache
from s1mpletrader.ports.events import EventDetector, IEventSource
from s1mpletrader.ports.execution import IExecutionConnector
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger
from s1mpletrader.ports.market_data import IMarketData, IMarketStream
from s1mpletrader.ports.planners import EntryPlanner, ExecutionPlanner, ExitPlanner, RiskGate, SizePlanner, StrategyPlanner
from s1mpletrader.ports.plugin import (
    CacheProvision,
    ConnectorProvision,
    DataProvision,
    EventProvision,
    Plugin,
    RecordingProvision,
    StoreProvision,
    WatchProvision,
    WorkerProvision,
)
from s1mpletrader.ports.recording import IRecording
from s1mpletrader.ports.state import IState
from s1mpletrader.ports.status import IWatcher, LiveStatus
from s1mpletrader.ports.workers import ContextWorker, CoupledDetector, RiskMonitor, SignalDetector

PROJECT: Final = "s1mpletrader"
"""The pluggy project, and the group of the entry points by which plugins are found."""

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


class Registering:
    """One hook for each kind of plugin."""

    @hookspec
    def s1mple_context_workers(self) -> Sequence[Plugin[Any, WorkerProvision, ContextWorker]]:
        """Context workers: facts without an opinion; a ``[[context]]`` table."""
        return ()

    @hookspec
    def s1mple_signal_detectors(
        self,
    ) -> Sequence[Plugin[Any, WorkerProvision, SignalDetector | CoupledDetector[Any] | EventDetector]]:
        """Detectors of opportunities: in candles, with a state or without, or in events; a ``[[signal]]`` table."""
        return ()

    @hookspec
    def s1mple_risk_monitors(self) -> Sequence[Plugin[Any, WorkerProvision, RiskMonitor[Any]]]:
        """Monitors of danger; a ``[[risk]]`` table."""
        return ()

    @hookspec
    def s1mple_strategy_planners(self) -> Sequence[Plugin[Any, WorkerProvision, StrategyPlanner]]:
        """Strategy planners; the ``[planner]`` table."""
        return ()

    @hookspec
    def s1mple_entry_planners(self) -> Sequence[Plugin[Any, WorkerProvision, EntryPlanner]]:
        """Entry planners; an ``[[entry]]`` table."""
        return ()

    @hookspec
    def s1mple_size_planners(self) -> Sequence[Plugin[Any, WorkerProvision, SizePlanner]]:
        """Size planners; a ``[[size]]`` table."""
        return ()

    @hookspec
    def s1mple_exit_planners(self) -> Sequence[Plugin[Any, WorkerProvision, ExitPlanner]]:
        """Exit planners; an ``[[exit]]`` table."""
        return ()

    @hookspec
    def s1mple_execution_planners(self) -> Sequence[Plugin[Any, WorkerProvision, ExecutionPlanner]]:
        """Execution planners; an ``[[execution]]`` table."""
        return ()

    @hookspec
    def s1mple_risk_gates(self) -> Sequence[Plugin[Any, WorkerProvision, RiskGate]]:
        """Risk gates; a ``[[gate]]`` table."""
        return ()

    @hookspec
    def s1mple_execution_algorithms(self) -> Sequence[Plugin[Any, WorkerProvision, ExecutionAlgorithm]]:
        """Execution algorithms, named by execution planners."""
        return ()

    @hookspec
    def s1mple_exchange_connectors(self) -> Sequence[Plugin[Any, ConnectorProvision, IExecutionConnector]]:
        """Exchange connectors; the ``[exchange]`` table."""
        return ()

    @hookspec
    def s1mple_market_data(self) -> Sequence[Plugin[Any, DataProvision, IMarketData | IMarketStream]]:
        """Sources of market data, past or live; a ``[[data]]`` table."""
        return ()

    @hookspec
    def s1mple_ledgers(self) -> Sequence[Plugin[Any, StoreProvision, ILedger]]:
        """Ledgers; the ``[ledger]`` table."""
        return ()

    @hookspec
    def s1mple_journals(self) -> Sequence[Plugin[Any, StoreProvision, IJournal]]:
        """Journals; the ``[journal]`` table."""
        return ()

    @hookspec
    def s1mple_states(self) -> Sequence[Plugin[Any, StoreProvision, IState]]:
        """Stores of worker state; they lie beside the ledger."""
        return ()

    @hookspec
    def s1mple_caches(self) -> Sequence[Plugin[Any, CacheProvision, ICache]]:
        """StrategyCaches; the ``[cache]`` table."""
        return ()

    @hookspec
    def s1mple_recordings(self) -> Sequence[Plugin[Any, RecordingProvision, IRecording]]:
        """Recordings of what reaches the flows of a paper or live run; the ``[recording]`` table."""
        return ()

    @hookspec
    def s1mple_news_sources(self) -> Sequence[Plugin[Any, EventProvision, IEventSource]]:
        """Sources of news, which start flows; a ``[[news]]`` table."""
        return ()

    @hookspec
    def s1mple_schedules(self) -> Sequence[Plugin[Any, EventProvision, IEventSource]]:
        """Schedules, which start flows; a ``[[schedule]]`` table."""
        return ()

    @hookspec
    def s1mple_watchers(self) -> Sequence[Plugin[Any, WatchProvision, IWatcher]]:
        """What watches a run and tells or counts what happens; a ``[[watch]]`` table.

        What is built has methods marked ``hookimpl`` and named as the watching hooks.
        """
        return ()


class Watching:
    """One hook for each thing that outsiders may watch."""

    @hookspec
    def s1mple_flow_started(self, strategy: str, flow_id: str, at: Instant) -> None:
        """A flow has begun."""

    @hookspec
    def s1mple_flow_terminated(self, strategy: str, flow_id: str, at: Instant) -> None:
        """A flow has ended: recorded, or with nothing to record."""

    @hookspec
    def s1mple_candle_stream_data_ready(self, strategy: str, data: PlatformData) -> None:
        """CANDLE_STREAM_DATA_READY: candles have closed, and a flow sees them. A listener makes every candle a flow."""

    @hookspec
    def s1mple_exchange_reply(self, reply: VenueReply) -> None:
        """EXCHANGE_REPLY: the venue has said something about an order, or about the account itself."""

    @hookspec
    def s1mple_strategy_ledger_updated(self, change: LedgerChange) -> None:
        """STRATEGY_LEDGER_UPDATED: a change is durable in the ledger; once for each."""

    @hookspec
    def s1mple_strategy_journal_updated(self, entry: EntryDraft) -> None:
        """STRATEGY_JOURNAL_UPDATED: an entry is durable in the journal; once for each, before what else is told of its step."""

    @hookspec
    def s1mple_order(self, order: Order) -> None:
        """An order has come to a new state; its change is durable."""

    @hookspec
    def s1mple_fill(self, fill: Fill) -> None:
        """A fill is durable."""

    @hookspec
    def s1mple_refusal(self, strategy: str, refusal: Refusal) -> None:
        """A decision not to trade is durable."""

    @hookspec
    def s1mple_status(self, status: LiveStatus) -> None:
        """How a paper or live run stands, told now and then."""
