"""The composition root: the one place where parts are wired to each other.

Nothing else imports dependency_injector, and nothing is injected by name or annotation: every part gets what it needs through its
constructor, and the container says what that is.
"""

from collections.abc import Callable, Sequence

from dependency_injector import containers, providers

from s1mpletrader.assembly import assemble_strategy, build_algorithms, load_candles
from s1mpletrader.configuration import Configuration, canonical_json, configuration_hash
from s1mpletrader.core.backtest import Backtest
from s1mpletrader.core.book import Book
from s1mpletrader.core.clock import Agenda, SteppedTasks, VirtualClock, finished
from s1mpletrader.core.engine import RANK_REPLY, Engine, Lane
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.feed import DenseFeed, Feed, SkippingFeed, can_skip
from s1mpletrader.core.flow_initiator import FlowInitiator, FlowTerminator
from s1mpletrader.core.follow_up import FollowUp
from s1mpletrader.core.group_reasons import GroupReasonsFinder
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.order_context import ContextFinder
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.plugin_manager import PluginKind, UnknownPlugin
from s1mpletrader.core.recorder import INLINE, CommitPolicy, Recorder, chunk
from s1mpletrader.core.reply_flow import ReplyFlow
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.core.timers import Schedule, TimerFlow
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.ids import IdSpace
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import LedgerChange
from s1mpletrader.domain.reasons import DataIdentity, PluginIdentity, RunIdentity
from s1mpletrader.domain.replies import ExchangeReply
from s1mpletrader.ports.cache import ICache
from s1mpletrader.ports.execution import IExecutionConnector
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger, ILedgerReader
from s1mpletrader.ports.plugin import CacheProvision, ConnectorProvision, StoreProvision
from s1mpletrader.ports.state import IState


def _identity(configuration: Configuration, candles: dict[Series, Candles], instruments: dict[str, Instrument]) -> RunIdentity:
    fingerprints = {series: data.fingerprint for series, data in candles.items()}
    digest = configuration_hash(configuration, fingerprints)
    run = f"{configuration.strategy.name}-{digest[:16]}"
    return RunIdentity(
        run=run,
        book=run,
        environment=configuration.environment.mode,
        strategies=(configuration.strategy.name,),
        configuration_hash=digest,
        configuration=canonical_json(configuration, fingerprints),
        seed=configuration.strategy.seed,
        data=tuple(
            DataIdentity(
                source=table.plugin.name,
                symbol=table.series.symbol,
                timeframe=table.series.timeframe,
                fingerprint=fingerprints[table.series],
            )
            for table in configuration.data
        ),
        plugins=tuple(
            PluginIdentity(kind=table.kind, name=table.plugin.name, package=table.plugin.package, version=table.plugin.version)
            for table in (*configuration.data, *configuration.deciding_tables)
        ),
        instruments=tuple(instruments[symbol] for symbol in sorted(instruments)),
    )


def _clock(candles: dict[Series, Candles]) -> VirtualClock:
    """The run begins when its first candle opens."""
    return VirtualClock(min(data.opened_at.item(0) for data in candles.values()))


def _connector(
    configuration: Configuration, clock: VirtualClock, candles: dict[Series, Candles], is_submitted: Callable[[str], bool]
) -> IExecutionConnector:
    connector: IExecutionConnector = configuration.exchange.build(
        ConnectorProvision(
            account=configuration.account.name,
            account_type=configuration.account.type,
            funds=configuration.account.funds,
            clock=clock,
            seed=f"{configuration.strategy.seed}",
            candles=candles,
            is_submitted=is_submitted,
        )
    )
    return connector


def _instruments(configuration: Configuration, connector: IExecutionConnector) -> dict[str, Instrument]:
    return dict(finished(connector.instruments(configuration.strategy.symbols)))


def _policy(configuration: Configuration, connector: IExecutionConnector) -> CommitPolicy:
    return INLINE if connector.outlives_process else chunk(configuration.engine.commit_steps)


def _ledger(configuration: Configuration, connector: IExecutionConnector, identity: RunIdentity) -> ILedger:
    store = configuration.ledger
    provision = StoreProvision(url=store.url, book=identity.book, outlives_process=connector.outlives_process)
    ledger: ILedger = store.table.build(provision)
    return ledger


def _journal(configuration: Configuration, connector: IExecutionConnector, identity: RunIdentity) -> IJournal:
    store = configuration.journal
    provision = StoreProvision(url=store.url, book=identity.book, outlives_process=connector.outlives_process)
    journal: IJournal = store.table.build(provision)
    return journal


def _state(configuration: Configuration, connector: IExecutionConnector, identity: RunIdentity) -> IState:
    """The state store beside the ledger: of the same plugin, at the same URL."""
    store = configuration.ledger
    provision = StoreProvision(url=store.url, book=identity.book, outlives_process=connector.outlives_process)
    try:
        plugin = configuration.plugins.find(PluginKind.STATE, store.table.plugin.name).plugin
        state: IState = plugin.build(plugin.config(), provision)
    except (UnknownPlugin, ValueError) as fault:
        raise ConfigurationError(store.table.place, f"no state store lies beside this ledger: {fault}") from fault
    return state


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
    def schedule(at: Instant, rank: int, call: Callable[[], None]) -> None:
        def happens() -> Sequence[ExchangeReply]:
            call()
            return ()

        agenda.add(at, rank, happens)

    return schedule


def _view(book: Book, strategy: Strategy) -> Callable[[], AccountView]:
    return lambda: book.view(strategy.name)


def _markets(strategy: Strategy, market: Market) -> dict[str, Market]:
    return {strategy.name: market}


def _listens_to_candles(watchers: Watchers) -> bool:
    return watchers.candle_stream_data_ready is not None


def _watchers(configuration: Configuration) -> Watchers:
    return configuration.plugins.watchers()


def _cache(configuration: Configuration, identity: RunIdentity) -> ICache:
    cache: ICache = configuration.cache.build(CacheProvision(run=identity.run))
    return cache


def _feed(configuration: Configuration, strategy: Strategy, watchers: Watchers, view: Callable[[], AccountView]) -> Feed:
    skips = configuration.engine.skip and not _listens_to_candles(watchers) and can_skip(strategy)
    return SkippingFeed(strategy, view) if skips else DenseFeed(strategy, view)


class BacktestContainer(containers.DeclarativeContainer):
    """One strategy against a simulated venue in virtual time."""

    configuration: providers.Provider[Configuration] = providers.Dependency(instance_of=Configuration)
    progress: providers.Provider[Callable[[Instant], None] | None] = providers.Object(None)

    candles = providers.Singleton(load_candles, configuration)
    clock = providers.Singleton(_clock, candles)
    agenda = providers.Singleton(Agenda)
    metrics = providers.Singleton(Metrics)
    watchers = providers.Singleton(_watchers, configuration)
    # A simulated venue begins empty with every run, so that no earlier run can have submitted to it.
    connector = providers.Singleton(_connector, configuration, clock, candles, providers.Object(lambda _: False))
    instruments = providers.Singleton(_instruments, configuration, connector)
    identity = providers.Singleton(_identity, configuration, candles, instruments)
    ids = providers.Singleton(IdSpace, identity.provided.configuration_hash)
    state = providers.Singleton(_state, configuration, connector, identity)
    strategy = providers.Singleton(assemble_strategy, configuration, candles, instruments, state.provider)
    algorithms = providers.Singleton(build_algorithms, configuration)

    ledger = providers.Singleton(_ledger, configuration, connector, identity)
    journal = providers.Singleton(_journal, configuration, connector, identity)
    cache = providers.Singleton(_cache, configuration, identity)
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
    view = providers.Singleton(_view, book, strategy)
    market = providers.Singleton(Market, strategy.provided.facts, strategy.provided.price_keys, strategy.provided.recorded_keys)
    markets = providers.Singleton(_markets, strategy, market)
    groups = providers.Singleton(
        ExecutionGroups,
        book=book,
        algorithms=algorithms,
        instruments=instruments,
        venue=connector,
        markets=markets,
        now=clock.provided.now,
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
    follow_up = providers.Singleton(FollowUp, ids=ids, cache=cache, finder=finder, markets=markets, watchers=watchers)
    timers = providers.Singleton(
        TimerFlow,
        initiator=initiator,
        terminator=terminator,
        worker=worker,
        recorder=recorder,
        outbox=outbox,
        follow_up=follow_up,
        finder=finder,
        schedule=providers.Singleton(_schedule, agenda),
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
    sync_flow = providers.Singleton(
        SyncFlow,
        strategy,
        market=market,
        initiator=initiator,
        terminator=terminator,
        worker=worker,
        recorder=recorder,
        outbox=outbox,
        cache=cache,
        follow_up=follow_up,
        finder=finder,
        timers=timers,
        view=view,
        open_ledger=settled_ledger,
        instruments=instruments,
        metrics=metrics,
        watchers=watchers,
    )
    feed = providers.Singleton(_feed, configuration, strategy, watchers, view)
    engine = providers.Singleton(
        Engine,
        clock=clock,
        agenda=agenda,
        world=connector,
        lanes=providers.List(providers.Factory(Lane, feed, sync_flow)),
        replies=reply_flow,
        every_candle=providers.Singleton(_listens_to_candles, watchers),
        progress=progress,
    )
    backtest = providers.Singleton(
        Backtest,
        identity=identity,
        funds=configuration.provided.account.funds,
        engine=engine,
        book=book,
        market=market,
        recorder=recorder,
        ledger=ledger,
        journal=journal,
        clock=clock,
    )
