"""A backtest: virtual time, a simulated venue, and stores that take many steps at once."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from dependency_injector import containers, providers

from s1mpletrader.assembly import (
    assemble_strategies,
    build_connector,
    build_journal,
    build_state,
    listed_instruments,
    load_all_candles,
    load_all_events,
    namespaces,
    run_identity,
    venue_candles,
)
from s1mpletrader.assembly.events import EventsOf
from s1mpletrader.assembly.wiring import delivery, scheduling
from s1mpletrader.configuration import Portfolio
from s1mpletrader.container.flows import FlowContainer
from s1mpletrader.core.backtest import Backtest
from s1mpletrader.core.book import Book
from s1mpletrader.core.clock import Agenda, SteppedTasks, VirtualClock
from s1mpletrader.core.engine import RANK_REPLY, Engine, Lane
from s1mpletrader.core.events import EventDesk, EventLane
from s1mpletrader.core.events import Schedule as SourceSchedule
from s1mpletrader.core.execution_step import ExecutionStep
from s1mpletrader.core.feed import DenseFeed, SkippingFeed, can_skip
from s1mpletrader.core.market import Market
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.recorder import INLINE, CommitPolicy, chunk
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import Instant
from s1mpletrader.ports.execution import IExecutionConnector


def _clock(candles: dict[Series, Candles]) -> VirtualClock:
    """The run begins when its first candle opens."""
    return VirtualClock(min(data.opened_at.item(0) for data in candles.values()))


def _policy(configuration: Portfolio, connector: IExecutionConnector) -> CommitPolicy:
    return INLINE if connector.outlives_process else chunk(configuration.engine.commit_steps)


def _lanes(
    configuration: Portfolio,
    strategies: dict[str, Strategy],
    markets: Mapping[str, Market],
    every_candle: bool,
    book: Book,
    step: Callable[..., ExecutionStep],
    sync_flow: Callable[..., SyncFlow],
) -> list[Lane]:
    """A lane for each strategy, in the order of their turns."""
    lanes = []
    for name, strategy in strategies.items():
        view = partial(book.view, name)
        skips = configuration.engine.skip and not every_candle and can_skip(strategy)
        feed = SkippingFeed(strategy, view) if skips else DenseFeed(strategy, view)
        lanes.append(Lane(feed, sync_flow(strategy, market=markets[name], step=step(market=markets[name]), view=view)))
    return lanes


def _event_lanes(
    events: EventsOf, strategies: dict[str, Strategy], lanes: Sequence[Lane], schedule: SourceSchedule
) -> list[EventLane]:
    """The news and schedules of each strategy; sources are counted through all of them."""
    found: list[EventLane] = []
    first_source = 0
    for lane, (name, strategy) in zip(lanes, strategies.items(), strict=True):
        sources = list(events[name].values())
        desk = EventDesk(detectors=strategy.event_detectors, facts=strategy.facts, flow=lane.flow)
        found.append(EventLane(desk=desk, sources=sources, first_source=first_source, schedule=schedule))
        first_source += len(sources)
    return found


class BacktestContainer(containers.DeclarativeContainer):
    """One or several strategies against a simulated venue in virtual time."""

    configuration: providers.Provider[Portfolio] = providers.Dependency(instance_of=Portfolio)
    watching: providers.Provider[Mapping[str, object]] = providers.Object({})
    """What the ``[[watch]]`` tables have built."""
    progress: providers.Provider[Callable[[Instant], None] | None] = providers.Object(None)

    candles_of = providers.Singleton(load_all_candles, configuration)
    candles = providers.Singleton(venue_candles, configuration, candles_of)
    clock = providers.Singleton(_clock, candles)
    agenda = providers.Singleton(Agenda)
    # A simulated venue begins empty with every run, so that no earlier run can have submitted to it.
    connector = providers.Singleton(build_connector, configuration, clock, candles, providers.Object(lambda _: False))
    instruments = providers.Singleton(listed_instruments, configuration, connector)
    events_of = providers.Singleton(load_all_events, configuration, candles_of, clock.provider)
    identity = providers.Singleton(run_identity, configuration, candles_of, events_of, instruments)
    state = providers.Singleton(build_state, configuration, connector.provided.outlives_process, identity.provided.book)
    strategies = providers.Singleton(assemble_strategies, configuration, candles_of, instruments, state.provider)
    outbox = providers.Singleton(
        Outbox,
        connector,
        providers.Singleton(SteppedTasks, agenda, RANK_REPLY).provided.spawn,
        providers.Singleton(delivery, agenda, clock),
        clock.provided.now,
    )
    schedule = providers.Singleton(scheduling, agenda)
    journal = providers.Singleton(build_journal, configuration, connector.provided.outlives_process, identity.provided.book)
    flows = providers.Container(
        FlowContainer,
        configuration=configuration,
        watching=watching,
        agenda=agenda,
        clock=clock,
        connector=connector,
        instruments=instruments,
        identity=identity,
        book_name=identity.provided.book,
        ids=providers.Singleton(namespaces, configuration, candles_of, events_of),
        strategies=strategies,
        policy=providers.Singleton(_policy, configuration, connector),
        outbox=outbox,
        schedule=schedule,
        journal=journal,
    )
    algorithms = flows.algorithms
    book = flows.book
    cache = flows.cache
    initiator = flows.initiator
    ledger = flows.ledger
    markets = flows.markets
    metrics = flows.metrics
    recorder = flows.recorder
    reply_flow = flows.reply_flow
    step = flows.step
    sync_flow = flows.sync_flow
    terminator = flows.terminator
    timers = flows.timers
    worker = flows.worker
    watchers = flows.watchers
    lanes = providers.Singleton(
        _lanes,
        configuration,
        strategies,
        markets,
        flows.every_candle,
        book,
        step.provider,
        sync_flow.provider,
    )
    engine = providers.Singleton(
        Engine,
        clock=clock,
        agenda=agenda,
        world=connector,
        lanes=lanes,
        replies=reply_flow,
        every_candle=flows.every_candle,
        progress=progress,
    )
    backtest = providers.Singleton(
        Backtest,
        identity=identity,
        funds=flows.funds,
        engine=engine,
        book=book,
        markets=markets,
        events=providers.Singleton(_event_lanes, events_of, strategies, lanes, schedule),
        recorder=recorder,
        ledger=ledger,
        journal=journal,
        clock=clock,
    )
