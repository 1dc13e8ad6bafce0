"""The composition root: the one place where parts are wired to each other.

Nothing else imports dependency_injector, and nothing is injected by name or annotation: every part gets what it needs through its
constructor, and the container says what that is.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from dependency_injector import containers, providers

from s1mpletrader.assembly import (
    assemble_strategies,
    build_algorithms,
    build_cache,
    build_connector,
    build_journal,
    build_ledger,
    build_state,
    listed_instruments,
    load_all_candles,
    load_all_events,
    namespaces,
    run_identity,
    venue_candles,
)
from s1mpletrader.assembly.events import EventsOf
from s1mpletrader.configuration import Portfolio
from s1mpletrader.core.backtest import Backtest
from s1mpletrader.core.batches import BatchListener
from s1mpletrader.core.book import Book, LiveGroup
from s1mpletrader.core.clock import Agenda, SteppedTasks, VirtualClock
from s1mpletrader.core.deferred import DeferredDirectives
from s1mpletrader.core.engine import RANK_REPLY, Engine, Lane
from s1mpletrader.core.events import EventLane
from s1mpletrader.core.events import Schedule as SourceSchedule
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.execution_step import ExecutionStep
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.feed import DenseFeed, SkippingFeed, can_skip
from s1mpletrader.core.flow_initiator import FlowInitiator, FlowTerminator
from s1mpletrader.core.follow_up import FollowUp
from s1mpletrader.core.group_reasons import GroupReasonsFinder
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.order_context import ContextFinder
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.recorder import INLINE, CommitPolicy, Recorder, chunk
from s1mpletrader.core.reply_flow import ReplyFlow
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.core.timers import Schedule, TimerFlow
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.batches import BATCH_ALGORITHM
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import LedgerChange
from s1mpletrader.domain.reasons import EntryRef
from s1mpletrader.domain.replies import ExchangeReply
from s1mpletrader.ports.algorithms import ExecutionAlgorithm
from s1mpletrader.ports.execution import IExecutionConnector
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger, ILedgerReader


def _clock(candles: dict[Series, Candles]) -> VirtualClock:
    """The run begins when its first candle opens."""
    return VirtualClock(min(data.opened_at.item(0) for data in candles.values()))


def _policy(configuration: Portfolio, connector: IExecutionConnector) -> CommitPolicy:
    return INLINE if connector.outlives_process else chunk(configuration.engine.commit_steps)


def _published(watchers: Watchers) -> Callable[[Sequence[LedgerChange]], None] | None:
    watch = watchers.strategy_ledger_updated
    if watch is None:
        return None

    def published(changes: Sequence[LedgerChange]) -> None:
        for change in changes:
            watch(change)

    return published


def _settled_ledger(recorder: Recorder, ledger: ILedger) -> Callable[[], ILedgerReader]:
    def settled() -> ILedgerReader:
        recorder.flush()
        return ledger

    return settled


def _settled_journal(recorder: Recorder, journal: IJournal) -> Callable[[], StrategyJournal]:
    def settled() -> StrategyJournal:
        recorder.flush()
        return StrategyJournal(journal)

    return settled


def _find_order(settled: Callable[[], ILedgerReader]) -> Callable[[str | None, str | None], Order | None]:
    return lambda client, exchange: settled().find_order(client_order_id=client, exchange_order_id=exchange)


def _deliver(agenda: Agenda, clock: VirtualClock) -> Callable[[Sequence[ExchangeReply]], None]:
    """Outcomes re-enter as events at the present instant, before any market data of it."""
    return lambda replies: agenda.add(clock.now(), RANK_REPLY, lambda: replies)


def _schedule(agenda: Agenda) -> Schedule:
    def schedule(at: Instant, rank: int, call: Callable[[], None], source: int = 0) -> None:
        def happens() -> Sequence[ExchangeReply]:
            call()
            return ()

        agenda.add(at, rank, happens, source)

    return schedule


def _markets(strategies: dict[str, Strategy]) -> dict[str, Market]:
    return {name: Market(one.facts, one.price_keys, one.recorded_keys) for name, one in strategies.items()}


def _listens_to_candles(watchers: Watchers) -> bool:
    return watchers.candle_stream_data_ready is not None


def _watchers(configuration: Portfolio) -> Watchers:
    return configuration.plugins.watchers()


def _lanes(
    configuration: Portfolio,
    strategies: dict[str, Strategy],
    markets: dict[str, Market],
    watchers: Watchers,
    book: Book,
    step: Callable[..., ExecutionStep],
    sync_flow: Callable[..., SyncFlow],
) -> list[Lane]:
    """A lane for each strategy, in the order of their turns."""
    lanes = []
    for name, strategy in strategies.items():
        view = partial(book.view, name)
        skips = configuration.engine.skip and not _listens_to_candles(watchers) and can_skip(strategy)
        feed = SkippingFeed(strategy, view) if skips else DenseFeed(strategy, view)
        lanes.append(Lane(feed, sync_flow(strategy, market=markets[name], step=step(market=markets[name]), view=view)))
    return lanes


def _next_ref(recorder: Recorder) -> Callable[[], EntryRef]:
    return lambda: recorder.next_ref


def _is_shared(configuration: Portfolio) -> bool:
    return len(configuration.strategies) > 1


def _event_lanes(
    events: EventsOf, strategies: dict[str, Strategy], lanes: Sequence[Lane], schedule: SourceSchedule
) -> list[EventLane]:
    """The news and schedules of each strategy; sources are counted through all of them."""
    found: list[EventLane] = []
    first_source = 0
    for lane, (name, strategy) in zip(lanes, strategies.items(), strict=True):
        sources = list(events[name].values())
        found.append(
            EventLane(
                sources=sources,
                first_source=first_source,
                detectors=strategy.event_detectors,
                facts=strategy.facts,
                flow=lane.flow,
                schedule=schedule,
            )
        )
        first_source += len(sources)
    return found


def _strategy_of(book: Book) -> Callable[[LiveGroup], str]:
    def strategy_of(group: LiveGroup) -> str:
        trade = book.trade(group.opened.trade_id)
        return trade.opened.strategy if trade is not None else ""

    return strategy_of


def _with_batches(algorithms: dict[str, ExecutionAlgorithm]) -> dict[str, ExecutionAlgorithm]:
    return {**algorithms, BATCH_ALGORITHM: BatchListener()}


def _funds(configuration: Portfolio) -> dict[str, dict[str, Decimal]]:
    return {one.strategy.name: one.account.funds for one in configuration.strategies}


class BacktestContainer(containers.DeclarativeContainer):
    """One or several strategies against a simulated venue in virtual time."""

    configuration: providers.Provider[Portfolio] = providers.Dependency(instance_of=Portfolio)
    progress: providers.Provider[Callable[[Instant], None] | None] = providers.Object(None)

    candles_of = providers.Singleton(load_all_candles, configuration)
    candles = providers.Singleton(venue_candles, configuration, candles_of)
    clock = providers.Singleton(_clock, candles)
    agenda = providers.Singleton(Agenda)
    metrics = providers.Singleton(Metrics)
    watchers = providers.Singleton(_watchers, configuration)
    # A simulated venue begins empty with every run, so that no earlier run can have submitted to it.
    connector = providers.Singleton(build_connector, configuration, clock, candles, providers.Object(lambda _: False))
    instruments = providers.Singleton(listed_instruments, configuration, connector)
    events_of = providers.Singleton(load_all_events, configuration, candles_of, clock.provider)
    identity = providers.Singleton(run_identity, configuration, candles_of, events_of, instruments)
    ids = providers.Singleton(namespaces, configuration, candles_of, events_of)
    state = providers.Singleton(build_state, configuration, connector, identity)
    strategies = providers.Singleton(assemble_strategies, configuration, candles_of, instruments, state.provider)
    algorithms = providers.Singleton(build_algorithms, configuration)

    ledger = providers.Singleton(build_ledger, configuration, connector, identity)
    journal = providers.Singleton(build_journal, configuration, connector, identity)
    cache = providers.Singleton(build_cache, configuration, identity)
    writer = providers.Singleton(StrategyJournalWriter, identity.provided.run)
    recorder = providers.Singleton(
        Recorder,
        ledger,
        journal,
        writer,
        providers.Singleton(_policy, configuration, connector),
        providers.Singleton(_published, watchers),
    )
    settled_ledger = providers.Singleton(_settled_ledger, recorder, ledger)
    settled_journal = providers.Singleton(_settled_journal, recorder, journal)

    book = providers.Singleton(
        Book, configuration.provided.account.type, configuration.provided.account.currency, instruments, settled_ledger
    )
    markets = providers.Singleton(_markets, strategies)
    groups = providers.Singleton(
        ExecutionGroups,
        book=book,
        algorithms=providers.Singleton(_with_batches, algorithms),
        instruments=instruments,
        venue=connector,
        markets=markets,
        now=clock.provided.now,
        is_shared=providers.Singleton(_is_shared, configuration),
    )
    worker = providers.Singleton(
        ExecutionWorker,
        book=book,
        ids=ids,
        groups=groups,
        venue=connector.provided.venue,
        account=connector.provided.account,
        now=clock.provided.now,
        find_order=providers.Singleton(_find_order, settled_ledger),
        find_deferred=providers.Singleton(
            DeferredDirectives, settled_journal, providers.Singleton(_strategy_of, book)
        ).provided.find,
    )
    initiator = providers.Singleton(FlowInitiator, ids, cache, watchers)
    terminator = providers.Singleton(FlowTerminator, cache, metrics, watchers)
    contexts = providers.Singleton(ContextFinder, cache, book, settled_journal)
    outbox = providers.Singleton(
        Outbox,
        connector,
        providers.Singleton(SteppedTasks, agenda, RANK_REPLY).provided.spawn,
        providers.Singleton(_deliver, agenda, clock),
        clock.provided.now,
    )
    finder = providers.Singleton(GroupReasonsFinder, settled_ledger, settled_journal)
    follow_up = providers.Singleton(
        FollowUp,
        ids=ids,
        cache=cache,
        finder=finder,
        markets=markets,
        watchers=watchers,
        next_ref=providers.Singleton(_next_ref, recorder),
    )
    schedule = providers.Singleton(_schedule, agenda)
    timers = providers.Singleton(
        TimerFlow,
        initiator=initiator,
        terminator=terminator,
        worker=worker,
        recorder=recorder,
        outbox=outbox,
        follow_up=follow_up,
        finder=finder,
        schedule=schedule,
        metrics=metrics,
        now=clock.provided.now,
    )
    reply_flow = providers.Singleton(
        ReplyFlow,
        ids=ids,
        initiator=initiator,
        terminator=terminator,
        worker=worker,
        recorder=recorder,
        outbox=outbox,
        cache=cache,
        contexts=contexts,
        follow_up=follow_up,
        timers=timers,
        markets=markets,
        metrics=metrics,
        watchers=watchers,
    )
    step = providers.Factory(
        ExecutionStep,
        worker=worker,
        recorder=recorder,
        outbox=outbox,
        follow_up=follow_up,
        finder=finder,
        timers=timers,
        metrics=metrics,
    )
    sync_flow = providers.Factory(
        SyncFlow,
        initiator=initiator,
        terminator=terminator,
        recorder=recorder,
        cache=cache,
        open_ledger=settled_ledger,
        instruments=instruments,
        metrics=metrics,
        watchers=watchers,
    )
    lanes = providers.Singleton(_lanes, configuration, strategies, markets, watchers, book, step.provider, sync_flow.provider)
    engine = providers.Singleton(
        Engine,
        clock=clock,
        agenda=agenda,
        world=connector,
        lanes=lanes,
        replies=reply_flow,
        every_candle=providers.Singleton(_listens_to_candles, watchers),
        progress=progress,
    )
    backtest = providers.Singleton(
        Backtest,
        identity=identity,
        funds=providers.Singleton(_funds, configuration),
        engine=engine,
        book=book,
        markets=markets,
        events=providers.Singleton(_event_lanes, events_of, strategies, lanes, schedule),
        recorder=recorder,
        ledger=ledger,
        journal=journal,
        clock=clock,
    )
