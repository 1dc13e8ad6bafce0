"""Timers of execution groups: stored with the group as ``wake_at``, and set anew after a restart."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from s1mpletrader.core.effects import Effects, Wake
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.flow_initiator import FlowInitiator, FlowTerminator
from s1mpletrader.core.follow_up import Cause, FollowUp
from s1mpletrader.core.group_reasons import GroupReasonsFinder
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.domain.ids import GroupId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, Reasons

RANK_TIMER: Final = 4
"""Timers come after everything else of their instant."""

Schedule = Callable[[Instant, int, Callable[[], None]], None]
"""Calls something at an instant, in the turn of its rank."""


class TimerFlow:
    """Sets the timers that algorithms ask for; wakes them, and records and sends what they wish."""

    def __init__(
        self,
        *,
        initiator: FlowInitiator,
        terminator: FlowTerminator,
        worker: ExecutionWorker,
        recorder: Recorder,
        outbox: Outbox,
        follow_up: FollowUp,
        finder: GroupReasonsFinder,
        schedule: Schedule,
        metrics: Metrics,
        now: Callable[[], Instant],
    ) -> None:
        self._initiator = initiator
        self._terminator = terminator
        self._worker = worker
        self._recorder = recorder
        self._outbox = outbox
        self._follow_up = follow_up
        self._finder = finder
        self._schedule = schedule
        self._metrics = metrics
        self._now = now

    def set(self, wakes: Iterable[Wake]) -> None:
        """Set timers; one that is overdue rings at once, in its turn."""
        for at, group_id in wakes:
            self._schedule(max(at, self._now()), RANK_TIMER, partial(self.run, group_id, at))

    def run(self, group_id: GroupId, wake_at: Instant) -> None:
        """One flow, unless the algorithm has changed its mind about this timer."""
        effects = self._worker.on_timer(group_id, wake_at)
        if effects.group_id is None:
            return
        at = self._now()
        reasons = self._finder.find(group_id)
        flow_id = f"{group_id}:{wake_at}"
        self._initiator.start_timer(reasons.strategy, flow_id, at)
        try:
            self._carry_out(effects, at, Cause(0, group_id, reasons))
        finally:
            self._terminator.end(reasons.strategy, flow_id, at)

    def _carry_out(self, effects: Effects, at: Instant, cause: Cause) -> None:
        own = EntryDraft(EntryKind.ADVANCED, at, Reasons(v=SCHEMA_VERSION), cause.reasons.decision)
        drafts = [own, *self._follow_up.drafts(effects, effects.intents, at, cause, start=1)]
        notices = self._follow_up.notices(effects, drafts, cause)
        refs = self._recorder.record(Step(tuple(effects.reality), tuple(drafts)), notices)
        self._follow_up.remember(effects, drafts, refs, cause)
        self._metrics.count(effects)
        self.set(effects.wakes)
        self._outbox.put(self._recorder.recorded, effects.commands)
        self._outbox.release(self._recorder.released)
