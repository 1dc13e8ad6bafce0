"""What every run has: both flows, and everything that they pass through."""

from collections.abc import Callable, Mapping

from dependency_injector import containers, providers

from s1mpletrader.assembly import build_algorithms, build_cache, build_ledger
from s1mpletrader.assembly.wiring import (
    find_watchers,
    funds_of,
    is_shared,
    listens_to_candles,
    markets_of,
    order_finder,
    place_of_next,
    published_changes,
    quarantine_by,
    recorded_alarm,
    settled_journal,
    settled_ledger,
    strategy_finder,
    with_batches,
)
from s1mpletrader.configuration import Portfolio
from s1mpletrader.core.book import Book
from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.deferred import DeferredDirectives
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.execution_step import ExecutionStep
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.flow_initiator import FlowInitiator, FlowTerminator
from s1mpletrader.core.follow_up import FollowUp
from s1mpletrader.core.group_reasons import GroupReasonsFinder
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.order_context import ContextFinder
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.planned import planned_by
from s1mpletrader.core.quarantine import Isolation, end_the_run
from s1mpletrader.core.recorder import CommitPolicy, Recorder
from s1mpletrader.core.reply_flow import ReplyFlow
from s1mpletrader.core.second_look import SecondLook
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.core.timers import Schedule, TimerFlow
from s1mpletrader.domain.ids import MakesIds
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.reasons import RunIdentity
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import IExecutionConnector
from s1mpletrader.ports.journal import IJournal


class FlowContainer(containers.DeclarativeContainer):
    """Both flows of one or several strategies. What is declared as a dependency, a run of a certain kind provides."""

    configuration: providers.Provider[Portfolio] = providers.Dependency(instance_of=Portfolio)
    watching: providers.Provider[Mapping[str, object]] = providers.Dependency()
    agenda: providers.Provider[Agenda] = providers.Dependency()
    clock: providers.Provider[IClock] = providers.Dependency()
    connector: providers.Provider[IExecutionConnector] = providers.Dependency()
    instruments: providers.Provider[Mapping[str, Instrument]] = providers.Dependency()
    identity: providers.Provider[RunIdentity] = providers.Dependency()
    book_name: providers.Provider[str] = providers.Dependency()
    ids: providers.Provider[MakesIds] = providers.Dependency()
    strategies: providers.Provider[dict[str, Strategy]] = providers.Dependency()
    policy: providers.Provider[CommitPolicy] = providers.Dependency()
    outbox: providers.Provider[Outbox] = providers.Dependency()
    schedule: providers.Provider[Schedule] = providers.Dependency()
    journal: providers.Provider[IJournal] = providers.Dependency()
    isolation: providers.Provider[Isolation] = providers.Object(end_the_run)
    """What becomes of a strategy one of whose plugins has failed."""
    kept_first: providers.Provider[Callable[[], None] | None] = providers.Object(None)
    """What is to be done before every commit."""

    metrics = providers.Singleton(Metrics)
    watchers = providers.Singleton(find_watchers, configuration, watching)
    algorithms = providers.Singleton(build_algorithms, configuration)
    funds = providers.Singleton(funds_of, configuration)

    ledger = providers.Singleton(build_ledger, configuration, connector.provided.outlives_process, book_name)
    cache = providers.Singleton(build_cache, configuration, identity)
    writer = providers.Singleton(StrategyJournalWriter, identity.provided.run)
    recorder = providers.Singleton(
        Recorder,
        ledger,
        journal,
        writer,
        policy,
        providers.Singleton(published_changes, watchers),
        watchers.provided.strategy_journal_updated,
        kept_first,
    )
    alarm = providers.Singleton(recorded_alarm, recorder, clock, metrics)
    quarantine = providers.Singleton(quarantine_by, isolation, alarm)
    ledger_settled = providers.Singleton(settled_ledger, recorder, ledger)
    journal_settled = providers.Singleton(settled_journal, recorder, journal)

    find_order = providers.Singleton(order_finder, ledger_settled)
    book = providers.Singleton(
        Book,
        configuration.provided.account.type,
        configuration.provided.account.currency,
        instruments,
        ledger_settled,
        providers.Singleton(planned_by, algorithms),
    )
    markets = providers.Singleton(markets_of, strategies)
    groups = providers.Singleton(
        ExecutionGroups,
        book=book,
        algorithms=providers.Singleton(with_batches, algorithms),
        instruments=instruments,
        venue=connector,
        markets=markets,
        now=clock.provided.now,
        quarantine=quarantine,
        is_shared=providers.Singleton(is_shared, configuration),
    )
    second_look = providers.Singleton(
        SecondLook,
        strategies=strategies,
        markets=markets,
        view=book.provided.view,
        open_ledger=ledger_settled,
        instruments=instruments,
        ids=ids,
        now=clock.provided.now,
        quarantine=quarantine,
    )
    worker = providers.Singleton(
        ExecutionWorker,
        book=book,
        ids=ids,
        groups=groups,
        venue=connector.provided.venue,
        account=connector.provided.account,
        now=clock.provided.now,
        find_order=find_order,
        find_deferred=providers.Singleton(
            DeferredDirectives,
            journal_settled,
            providers.Singleton(strategy_finder, book),
            second_look.provided.look_again,
            second_look.provided.withdraw,
        ).provided.find,
    )
    initiator = providers.Singleton(FlowInitiator, ids, cache, watchers)
    terminator = providers.Singleton(FlowTerminator, cache, metrics, watchers)
    contexts = providers.Singleton(ContextFinder, cache, book, journal_settled)
    finder = providers.Singleton(GroupReasonsFinder, ledger_settled, journal_settled)
    follow_up = providers.Singleton(
        FollowUp,
        ids=ids,
        cache=cache,
        finder=finder,
        markets=markets,
        watchers=watchers,
        next_ref=providers.Singleton(place_of_next, recorder),
    )
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
        open_ledger=ledger_settled,
        instruments=instruments,
        metrics=metrics,
        watchers=watchers,
    )
    every_candle = providers.Singleton(listens_to_candles, watchers)
