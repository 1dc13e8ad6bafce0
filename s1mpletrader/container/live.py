"""A live run, or one on paper: real time, streams, and a venue that answers when it answers."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from dependency_injector import containers, providers

from s1mpletrader.assembly import build_connector, build_journal, build_recording, build_state
from s1mpletrader.assembly.live import (
    LiveSources,
    SubmittedOrders,
    assemble_live,
    bar_join,
    build_sources,
    is_dead,
    lasting_book,
    live_events,
    live_identity,
    live_ids,
    live_settings,
    owner_of_this_process,
    run_name,
)
from s1mpletrader.configuration import Portfolio
from s1mpletrader.container.flows import FlowContainer
from s1mpletrader.core.book import Book
from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.engine import RANK_MARKET
from s1mpletrader.core.events import EventDesk
from s1mpletrader.core.evidence import EvidenceRules
from s1mpletrader.core.execution_step import ExecutionStep
from s1mpletrader.core.facts import SeriesData
from s1mpletrader.core.growing_candles import GrowingCandles
from s1mpletrader.core.inbox import Inbox
from s1mpletrader.core.intake import Intake, RecordedReplies
from s1mpletrader.core.live import LiveRun
from s1mpletrader.core.live_engine import LiveEngine
from s1mpletrader.core.live_feed import LiveFeed
from s1mpletrader.core.live_gate import LiveGate
from s1mpletrader.core.live_lane import LiveLane
from s1mpletrader.core.live_streams import LiveStreams
from s1mpletrader.core.market import Market
from s1mpletrader.core.order_context import is_unanswered
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.patience import PatientConnector
from s1mpletrader.core.quarantine import IQuarantine, Isolation, Quarantine
from s1mpletrader.core.real_time import LoopTasks, TurnClock
from s1mpletrader.core.reconciler import Reconciler
from s1mpletrader.core.recorder import GROUP
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.core.tenure import Tenure
from s1mpletrader.core.timers import Schedule
from s1mpletrader.core.vigil import Vigil
from s1mpletrader.core.worker_state import WorkerStates
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import Instant, iso
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.market_data import Candle


def _schedule(inbox: Inbox) -> Schedule:
    return lambda at, rank, call: inbox.put(rank, call, at=at)


def _growing(data: SeriesData) -> GrowingCandles:
    if not isinstance(data, GrowingCandles):
        raise TypeError("a live strategy is assembled onto columns that grow")
    return data


def _lanes(
    configuration: Portfolio,
    strategies: Mapping[str, Strategy],
    markets: Mapping[str, Market],
    every_candle: bool,
    book: Book,
    inbox: Inbox,
    clock: TurnClock,
    intake: Intake,
    alarm: Callable[[str], None],
    quarantine: IQuarantine,
    step: Callable[..., ExecutionStep],
    sync_flow: Callable[..., SyncFlow],
) -> list[LiveLane]:
    """A lane for each strategy, in the order of their turns."""

    def told_late(name: str, at: Instant, series: Sequence[Series]) -> None:
        alarm(f"{name}: decided without the bar of {', '.join(map(str, series))} that closed at {iso(at)}")

    lanes = []
    for name, strategy in strategies.items():
        view, market = partial(book.view, name), markets[name]
        candles = {series: _growing(data) for series, data in strategy.facts.candles.items()}
        flow = sync_flow(strategy, market=market, step=step(market=market), view=view)
        lanes.append(
            LiveLane(
                feed=LiveFeed(strategy, candles, view),
                join=bar_join(configuration, strategy),
                market=market,
                intake=intake,
                flow=flow,
                events=EventDesk(detectors=strategy.event_detectors, facts=strategy.facts, flow=flow),
                moment=clock.moment,
                schedule=lambda at, call: inbox.put(RANK_MARKET, call, at=at),
                told_late=told_late,
                quarantine=quarantine,
                every_candle=every_candle,
            )
        )
    return lanes


def _isolation(inbox: Inbox) -> Isolation:
    """A strategy one of whose plugins has failed is asked no more. The alarm waits for its turn: a step may be under way."""
    return lambda alarm: Quarantine(lambda text: inbox.put(RANK_MARKET, partial(alarm, text)))


def _is_open(gate: LiveGate) -> Callable[[], bool]:
    return lambda: gate.is_open


class LiveContainer(containers.DeclarativeContainer):
    """One or several strategies in real time. ``instruments`` are what the connector lists, once it is open."""

    configuration: providers.Provider[Portfolio] = providers.Dependency(instance_of=Portfolio)
    watching: providers.Provider[Mapping[str, object]] = providers.Object({})
    """What the ``[[watch]]`` tables have built."""
    real_clock: providers.Provider[IClock] = providers.Dependency()
    instruments: providers.Provider[Mapping[str, Instrument]] = providers.Dependency()
    candle_came: providers.Provider[Callable[[Candle], None] | None] = providers.Object(None)
    venue_candles: providers.Provider[Mapping[Series, Candles]] = providers.Object({})
    """What a simulated venue knows of its market."""

    agenda = providers.Singleton(Agenda)
    clock = providers.Singleton(TurnClock, real_clock)
    inbox = providers.Singleton(Inbox, clock, agenda)
    gate = providers.Singleton(LiveGate, inbox.provided.look)
    sources: providers.Provider[LiveSources] = providers.Singleton(build_sources, configuration, real_clock)
    book_name = providers.Singleton(lasting_book, configuration)
    state = providers.Singleton(build_state, configuration, providers.Object(True), book_name)
    submitted = providers.Singleton(SubmittedOrders)
    connector = providers.Singleton(build_connector, configuration, real_clock, venue_candles, submitted, state.provider)
    run_name = providers.Singleton(run_name, configuration, providers.Object(time.time_ns))
    journal = providers.Singleton(build_journal, configuration, providers.Object(True), book_name)
    identity = providers.Singleton(live_identity, configuration, run_name, book_name, journal, instruments)
    strategies = providers.Singleton(assemble_live, configuration, instruments, state.provider, gate)
    recording = providers.Singleton(build_recording, configuration, run_name)
    intake = providers.Singleton(Intake, recording, clock.provided.now)
    tasks = providers.Singleton(LoopTasks, inbox.provided.fail)
    patient = providers.Singleton(
        PatientConnector,
        connector,
        real_clock,
        configuration.provided.environment.reply_deadline_ns,
        inbox.provided.deliver,
    )
    outbox = providers.Singleton(
        Outbox, patient, tasks.provided.spawn, inbox.provided.deliver, clock.provided.now, providers.Singleton(_is_open, gate)
    )
    flows = providers.Container(
        FlowContainer,
        configuration=configuration,
        watching=watching,
        agenda=agenda,
        clock=clock,
        connector=connector,
        instruments=instruments,
        identity=identity,
        book_name=book_name,
        ids=providers.Singleton(live_ids, configuration, run_name),
        strategies=strategies,
        policy=providers.Object(GROUP),
        outbox=outbox,
        schedule=providers.Singleton(_schedule, inbox),
        journal=journal,
        isolation=providers.Singleton(_isolation, inbox),
        kept_first=recording.provided.flush,
    )
    ledger = flows.ledger
    metrics = flows.metrics
    recorder = flows.recorder
    alarm = flows.alarm
    states = providers.Singleton(WorkerStates, state, book_name, alarm)
    lanes = providers.Singleton(
        _lanes,
        configuration,
        strategies,
        flows.markets,
        flows.every_candle,
        flows.book,
        inbox,
        clock,
        intake,
        alarm,
        flows.quarantine,
        flows.step.provider,
        flows.sync_flow.provider,
    )
    tenure = providers.Singleton(
        Tenure,
        state,
        book_name,
        providers.Singleton(owner_of_this_process),
        providers.Object(time.time_ns),
        providers.Object(is_dead),
    )
    reconciler = providers.Singleton(
        Reconciler,
        connector=connector,
        book=flows.book,
        clock=clock,
        deliver=inbox.provided.deliver,
        alarm=alarm,
        is_busy=outbox.provided.is_busy,
        is_unanswered=providers.Callable(partial, is_unanswered, journal),
        find_order=flows.find_order,
        rules=providers.Singleton(EvidenceRules),
    )
    run = providers.Singleton(
        LiveRun,
        identity=identity,
        settings=providers.Singleton(live_settings, configuration),
        funds=flows.funds,
        clock=clock,
        engine=providers.Singleton(
            LiveEngine,
            clock=clock,
            agenda=agenda,
            inbox=inbox,
            replies=providers.Singleton(RecordedReplies, intake, flows.reply_flow),
            recording=recording,
            recorder=recorder,
            outbox=outbox,
        ),
        inbox=inbox,
        gate=gate,
        book=flows.book,
        worker=flows.worker,
        contexts=flows.contexts,
        timers=flows.timers,
        lanes=lanes,
        streams=providers.Singleton(
            LiveStreams,
            sources.provided.streams,
            real_clock,
            configuration.provided.environment.warm_up_ns,
            candle_came,
        ),
        events=providers.Singleton(live_events, configuration, real_clock),
        recorder=recorder,
        outbox=outbox,
        tasks=tasks,
        ledger=ledger,
        connector=connector,
        replies=connector,
        reconciler=reconciler,
        vigil=providers.Singleton(
            Vigil,
            clock=clock,
            gate=gate,
            book=flows.book,
            connector=connector,
            reconciler=reconciler,
            tenure=tenure,
            watches=flows.watchers.provided.status,
        ),
        states=states,
        tenure=tenure,
        alarm=alarm,
    )
