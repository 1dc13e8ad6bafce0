"""A live run from its first entry to its last: reopened from the stores, warmed up, reconciled, driven, and ended.

Paper and live are the same run. What differs are the parts that it is given: the clock, the streams, the connector.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from s1mpletrader.core.book import Book
from s1mpletrader.core.commands import CancelOrder
from s1mpletrader.core.effects import Wake
from s1mpletrader.core.engine import RANK_MARKET
from s1mpletrader.core.events import RANK_OF
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.inbox import Inbox
from s1mpletrader.core.live_engine import LiveEngine
from s1mpletrader.core.live_gate import LiveGate
from s1mpletrader.core.live_lane import LiveLane
from s1mpletrader.core.live_streams import LiveStreams
from s1mpletrader.core.order_context import ContextFinder
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.real_time import LoopTasks
from s1mpletrader.core.reconciler import Reconciler
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.core.status import strategy_status, unknown_orders
from s1mpletrader.core.tenure import Tenure
from s1mpletrader.core.timers import TimerFlow
from s1mpletrader.core.vigil import NOT_RECONCILED, Vigil
from s1mpletrader.core.worker_state import WorkerStates
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.instant import SECOND_NS, Duration, Instant
from s1mpletrader.domain.reality import FundsKind, FundsMoved
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, Reasons, RunIdentity
from s1mpletrader.domain.replies import Filled, VenueReply
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.events import Event, IEventSource
from s1mpletrader.ports.execution import IExecutionConnector, IReplyStream
from s1mpletrader.ports.health import Health, IHealth
from s1mpletrader.ports.ledger import ILedger
from s1mpletrader.ports.status import LiveStatus

STOPPED: Final = "STOPPED"


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """How a live run deals with time and with its end."""

    cancels_on_stop: bool = False
    """Whether a graceful stop cancels open orders; else they are kept."""
    reconcile_every_ns: Duration = 60 * SECOND_NS
    """How often the venue is asked about live orders though all is well."""
    resolve_every_ns: Duration = 2 * SECOND_NS
    """How often while the outcome of an order is unknown."""
    settle_s_max: float = 30.0
    """How long the end waits for answers that are under way."""


class LiveRun:
    """One process's run of one or several strategies in real time."""

    def __init__(
        self,
        *,
        identity: RunIdentity,
        settings: LiveSettings,
        funds: Mapping[str, Mapping[str, Decimal]],
        clock: IClock,
        engine: LiveEngine,
        inbox: Inbox,
        gate: LiveGate,
        book: Book,
        worker: ExecutionWorker,
        contexts: ContextFinder,
        timers: TimerFlow,
        lanes: Sequence[LiveLane],
        streams: LiveStreams,
        events: Mapping[str, Sequence[IEventSource]],
        recorder: Recorder,
        outbox: Outbox,
        tasks: LoopTasks,
        ledger: ILedger,
        connector: IExecutionConnector,
        replies: IReplyStream,
        reconciler: Reconciler,
        vigil: Vigil,
        states: WorkerStates,
        tenure: Tenure,
        alarm: Callable[[str], None],
    ) -> None:
        self.identity = identity
        self._settings = settings
        self._funds = funds
        self._clock = clock
        self._engine = engine
        self._inbox = inbox
        self._gate = gate
        self._book = book
        self._worker = worker
        self._contexts = contexts
        self._timers = timers
        self._lanes = tuple(lanes)
        self._streams = streams
        self._events = events
        self._recorder = recorder
        self._outbox = outbox
        self._tasks = tasks
        self._ledger = ledger
        self._connector = connector
        self._replies = replies
        self._reconciler = reconciler
        self._vigil = vigil
        self._states = states
        self._tenure = tenure
        self._alarm = alarm
        self._listeners: list[asyncio.Task[None]] = []

    def view(self, strategy: str) -> AccountView:
        """A strategy's sub-account as it stands."""
        return self._book.view(strategy)

    def prices(self, strategy: str) -> Mapping[str, Decimal]:
        """The last close of every symbol that a strategy follows."""
        return next(lane.prices() for lane in self._lanes if lane.name == strategy)

    def equity(self, strategy: str) -> Decimal:
        """What a strategy's sub-account is worth at the last prices."""
        return self.view(strategy).equity(self.prices(strategy))

    @property
    def candle_count(self) -> int:
        """How many candles have come, history not counted; each series once."""
        return self._streams.candle_count

    def status(self) -> LiveStatus:
        """How the run stands."""
        lanes = {lane.name: lane for lane in self._lanes}
        strategies = tuple(
            strategy_status(self.view(name), lanes[name].prices(), lanes[name].quarantine) for name in self.identity.strategies
        )
        return LiveStatus(
            at=self._clock.now(),
            mode=self.identity.environment,
            account=self._connector.account,
            strategies=strategies,
            health=self._health(),
            halted=not self._gate.is_open,
            held_back=self._gate.reasons,
            unknown_orders=unknown_orders(strategies),
        )

    def _health(self) -> Health:
        """Connector and sources as one: every stream, and the connector's budget."""
        parts = [part.health() for part in (self._connector, *self._streams.sources) if isinstance(part, IHealth)]
        budget = next((part for part in parts if part.weight_used is not None), Health())
        return Health(
            streams=tuple(stream for part in parts for stream in part.streams),
            weight_used=budget.weight_used,
            weight_max=budget.weight_max,
            banned_until=max((part.banned_until for part in parts if part.banned_until is not None), default=None),
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Trade until ``stop`` is set or the market data end; raises what ended the run before."""
        self._tenure.begin()
        try:
            self._reopen()
            await self._prepare()
            await self._trade(stop)
        finally:
            await _cancelled(self._listeners)
            self._tenure.end()

    def keep_states(self) -> None:
        """Store what the strategies' workers remember, where it has changed."""
        for lane in self._lanes:
            self._states.keep(lane.feed.strategy)

    def told(self, replies: Sequence[VenueReply]) -> None:
        """The venue has said something. What it says about orders that are not in this book is only noted."""
        known = [reply for reply in replies if isinstance(reply, Filled) or self._knows(reply)]
        self._inbox.deliver(known)

    def _knows(self, reply: VenueReply) -> bool:
        order_id = getattr(reply, "order_id", None)
        if order_id is None or self._book.order(order_id) is not None:
            return True
        self._inbox.put(RANK_MARKET, lambda: self._alarm(f"the venue speaks of {order_id}, which this ledger does not know"))
        return False

    def _reopen(self) -> None:
        """Fold the ledger into the book, and write the run's first entry; a book that is new gets its opening funds."""
        at = self._clock.now()
        self._book.refold(self._ledger.changes())
        is_new = next(iter(self._ledger.changes()), None) is None
        funds = self._opening(at) if is_new else ()
        started = EntryDraft(EntryKind.RUN_STARTED, at, Reasons(v=SCHEMA_VERSION, run=self.identity))
        self._recorder.record(Step(funds, (started,)))
        self._recorder.flush()
        for moved in funds:
            self._book.apply(moved)

    def _opening(self, at: Instant) -> tuple[FundsMoved, ...]:
        return tuple(
            FundsMoved(strategy=strategy, asset=asset, amount=amount, kind=FundsKind.OPENING, at=at)
            for strategy in self.identity.strategies
            for asset, amount in sorted(self._funds[strategy].items())
        )

    async def _prepare(self) -> None:
        """Listen first, then read what was missed: history until the windows are full, and the venue's view of our orders."""
        self._listen(self._hear_replies())
        self._gate.close(NOT_RECONCILED, "the account has not been reconciled yet")
        for lane in self._lanes:
            remembers = self._states.restore(lane.feed.strategy)
            await self._streams.warm_up(lane, steps=not remembers)
        self._reconciler.doubt_what_was_under_way()
        for group in list(self._book.live_groups()):
            if group.wake_at is not None:
                self._timers.set([Wake(group.wake_at, group.opened.group_id)])

    async def _trade(self, stop: asyncio.Event) -> None:
        self._engine.begin(self.keep_states)
        self._listen(self._vigil.keep_reconciled(self._settings.reconcile_every_ns, self._settings.resolve_every_ns))
        self._listen(self._vigil.keep_watch(self.status))
        self._listen(self._vigil.keep_lease())
        number = 0
        for lane in self._lanes:
            for source in self._events[lane.name]:
                self._listen(self._hear_events(lane, source, number))
                number += 1
        market = self._listen(self._streams.run(self._lanes, self._inbox))
        stopped = asyncio.ensure_future(stop.wait())
        try:
            waits: set[asyncio.Future[Any]] = {stopped, self._engine.failure, market}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            await self._end()
        if self._engine.failure.done():
            self._engine.failure.result()

    async def _end(self) -> None:
        """Hear nothing new, let what is under way come back, and write the last entry, as far as the stores allow."""
        has_failed = self._engine.failure.done()
        hearing, *others = self._listeners
        await _cancelled(others)
        if not has_failed and self._settings.cancels_on_stop:
            self._inbox.put(RANK_MARKET, self._cancel_all)
            await asyncio.sleep(0)
        self._gate.close(STOPPED, "the run is stopping")
        if not has_failed:
            await asyncio.sleep(0)
        await self._tasks.settle(self._settings.settle_s_max)
        await _cancelled([hearing])
        await self._engine.end()
        if not self._engine.failure.done():
            self.keep_states()
            self._record_end()

    def _record_end(self) -> None:
        prices = {symbol: price for lane in self._lanes for symbol, price in lane.prices().items()}
        reasons = Reasons(v=SCHEMA_VERSION, text="the run has ended", prices=prices)
        self._recorder.record(Step((), (EntryDraft(EntryKind.RUN_ENDED, self._clock.now(), reasons),)))
        self._recorder.flush()

    def _cancel_all(self) -> None:
        at = self._clock.now()
        effects = self._worker.cancel_all("the run stops")
        drafts = []
        for command in effects.commands:
            if isinstance(command, CancelOrder):
                context = self._contexts.find(command.order.order_id)
                parent = context.last if context is not None else None
                reasons = Reasons(v=SCHEMA_VERSION, text="CANCEL: the run stops")
                drafts.append(EntryDraft(EntryKind.COMMANDED, at, reasons, parent, command.order.order_id))
        self._recorder.record(Step(tuple(effects.reality), tuple(drafts)))
        self._outbox.put(self._recorder.recorded, effects.commands)

    def _listen(self, listening: Awaitable[None]) -> "asyncio.Task[None]":
        """Run something beside the flows; what goes wrong in it ends the run."""

        async def guarded() -> None:
            try:
                await listening
            except Exception as fault:  # noqa: BLE001 - whatever it is, the run ends with it
                self._inbox.fail(fault)

        task = asyncio.ensure_future(guarded())
        self._listeners.append(task)
        return task

    async def _hear_replies(self) -> None:
        async for reply in self._replies.replies():
            self.told([reply])

    async def _hear_events(self, lane: LiveLane, source: IEventSource, number: int) -> None:
        async for event in source.events(self._clock.now()):
            self._inbox.put(RANK_OF[event.kind], _taking(lane, event), number)


def _taking(lane: LiveLane, event: Event) -> Callable[[], None]:
    return lambda: lane.take_event(event)


async def _cancelled(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """End these tasks; whoever waits for that may itself be cancelled."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
