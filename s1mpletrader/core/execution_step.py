"""From approved directives to a recorded step: what they come to, why, and the commands that leave once it is durable."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from s1mpletrader.core.batches import leg_of
from s1mpletrader.core.effects import Effects
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.flow_initiator import Flow
from s1mpletrader.core.follow_up import Cause, FollowUp, chain_of
from s1mpletrader.core.group_reasons import GroupReasons, GroupReasonsFinder
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.core.timers import TimerFlow
from s1mpletrader.domain.batches import Batch, BatchPolicy, BatchRules, Leg
from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.directives import Approved, Plans, Refusal, Scope, StrategyDirective
from s1mpletrader.domain.events import NewsItem, ScheduleTick
from s1mpletrader.domain.ids import DirectiveId, RiskId
from s1mpletrader.domain.opinion import Risk, Signal
from s1mpletrader.domain.reality import LedgerChange
from s1mpletrader.domain.reasons import (
    SCHEMA_VERSION,
    BatchReasons,
    EntryDraft,
    EntryKind,
    EntryRef,
    MarketSnapshot,
    Reasons,
)

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every order.
_NEW_TRADE: Final = Scope.NEW_TRADE
_INTENDED: Final = EntryKind.INTENDED
_COMMANDED: Final = EntryKind.COMMANDED


class Pages(Struct, gc=False):
    """A flow's entries as they are written: the first keeps what the flow saw, the later ones refer to it."""

    flow: Flow
    signals: tuple[Signal, ...]
    raised: tuple[Risk, ...]
    standing_risk_ids: tuple[RiskId, ...]
    facts: Mapping[str, float]
    event: NewsItem | ScheduleTick | None = None
    parent: EntryRef | int | None = None
    """The flow's first entry: its place, or 0 while it is the first of a step that is being written."""

    def page(
        self,
        *,
        directive: StrategyDirective | None = None,
        plans: Plans | None = None,
        execution_directive_id: DirectiveId | None = None,
        gates: tuple[str, ...] = (),
        refusals: tuple[Refusal, ...] = (),
        market: MarketSnapshot | None = None,
        role: str | None = None,
    ) -> Reasons:
        """The reasons of the next entry: what is its own, and what the flow saw if none has told it yet."""
        is_first = self.parent is None
        if is_first:
            self.parent = 0
        return Reasons(
            v=SCHEMA_VERSION,
            strategy=self.flow.strategy if is_first else None,
            origin=self.flow.origin if is_first else None,
            signals=self.signals if is_first else (),
            risks=self.raised if is_first else (),
            standing_risk_ids=self.standing_risk_ids if is_first else (),
            directive=directive,
            plans=plans,
            execution_directive_id=execution_directive_id,
            gates=gates,
            refusals=refusals,
            facts=self.facts if is_first else None,
            market=market,
            role=role,
            event=self.event if is_first else None,
        )

    def recorded(self, refs: Sequence[EntryRef]) -> None:
        """The step is recorded: later ones refer to where its first entry is."""
        if not isinstance(self.parent, EntryRef):
            self.parent = refs[0]


class Part(Struct, frozen=True, gc=False):
    """What one directive of a step came to, or the batch of them, and why."""

    effects: Effects
    cause: Cause


class ExecutionStep:
    """Carries out what a flow has decided: a directive for itself, or the legs of a batch in one step."""

    def __init__(
        self,
        *,
        market: Market,
        worker: ExecutionWorker,
        recorder: Recorder,
        outbox: Outbox,
        follow_up: FollowUp,
        finder: GroupReasonsFinder,
        timers: TimerFlow,
        metrics: Metrics,
    ) -> None:
        self._market = market
        self._worker = worker
        self._recorder = recorder
        self._outbox = outbox
        self._follow_up = follow_up
        self._finder = finder
        self._timers = timers
        self._metrics = metrics

    def run(self, approvals: Sequence[Approved], pages: Pages, rules: BatchRules | None = None) -> None:
        """Execute, record, and send. With ``rules`` the directives are a batch."""
        is_sequence = rules is not None and rules.policy is BatchPolicy.SEQUENTIAL
        first, later = (approvals[:1], approvals[1:]) if is_sequence else (approvals, ())
        drafts: list[EntryDraft] = []
        parts: list[Part] = []
        for approved in first:
            effects = self._worker.execute(approved)
            cause = Cause(len(drafts), effects.group_id, self._reasons(approved, pages, len(drafts)))
            drafts += self._decision_drafts(approved, effects, cause, pages)
            parts.append(Part(effects, cause))
            self._metrics.trades += approved.directive.directive.scope is _NEW_TRADE
        if rules is not None:
            drafts += [self._deferred(approved, pages) for approved in later]
            legs = tuple(_leg(approved, part.effects) for approved, part in zip(first, parts, strict=True))
            batch_effects = self._open_batch(rules, legs, approvals, later, pages)
            parts.append(Part(batch_effects, self._batch_cause(batch_effects, approvals, pages, len(drafts))))
            drafts.append(self._batched(rules, approvals, pages))
        self._record(drafts, parts, pages)

    def _record(self, drafts: list[EntryDraft], parts: Sequence[Part], pages: Pages) -> None:
        reality: list[LedgerChange] = []
        notices: list[Callable[[], None]] = []
        for part in parts:
            reality += part.effects.reality
            notices += self._follow_up.notices(part.effects, drafts, part.cause)
        refs = self._recorder.record(Step(tuple(reality), tuple(drafts)), notices)
        pages.recorded(refs)
        for part in parts:
            self._release(part.effects, part.cause, drafts, refs)
        self._outbox.release(self._recorder.released)

    def _release(self, effects: Effects, cause: Cause, drafts: Sequence[EntryDraft], refs: Sequence[EntryRef]) -> None:
        """Count what is recorded, remember it, and let its commands go."""
        self._metrics.count(effects)
        if cause.group_id is not None and self._worker.listens(cause.group_id):
            self._finder.put(cause.group_id, cause.reasons)
        self._follow_up.remember(effects, drafts, refs, cause)
        self._timers.set(effects.wakes)
        self._outbox.put(self._recorder.recorded, effects.commands)

    def _decision_drafts(self, approved: Approved, effects: Effects, cause: Cause, pages: Pages) -> list[EntryDraft]:
        """The decision's own entry, which is that of its first order, too; then what follows from it."""
        directive, at, parent, intents = approved.directive, pages.flow.origin.at, pages.parent, effects.intents
        role, order_id, kind = None, None, _COMMANDED
        if intents and intents[0].intent.group_id == effects.group_id:
            role, order_id, kind = intents[0].role, intents[0].intent.order_id, _INTENDED
            intents = intents[1:]
        reasons = pages.page(
            directive=directive.directive,
            plans=directive.plans,
            execution_directive_id=directive.id,
            gates=approved.gates,
            market=self._market.snapshot(directive.directive.symbol),
            role=role,
        )
        own = EntryDraft(kind, at, reasons, parent, order_id)
        return [own, *self._follow_up.drafts(effects, intents, at, cause, start=cause.entry + 1)]

    def _reasons(self, approved: Approved, pages: Pages, entry: int) -> GroupReasons:
        chain = chain_of(pages.flow.origin, approved.directive)
        return GroupReasons(strategy=approved.directive.strategy, causality=chain, facts=pages.facts, decision=self._place(entry))

    def _place(self, entry: int) -> EntryRef:
        first = self._recorder.next_ref
        return EntryRef(first.run, first.seq + entry) if entry else first

    def _deferred(self, approved: Approved, pages: Pages) -> EntryDraft:
        directive = approved.directive
        parent = pages.parent
        reasons = pages.page(
            directive=directive.directive,
            plans=directive.plans,
            execution_directive_id=directive.id,
            gates=approved.gates,
        )
        return EntryDraft(EntryKind.DEFERRED, pages.flow.origin.at, reasons, parent)

    def _open_batch(
        self,
        rules: BatchRules,
        legs: tuple[Leg, ...],
        approvals: Sequence[Approved],
        later: Sequence[Approved],
        pages: Pages,
    ) -> Effects:
        batch = Batch(
            policy=rules.policy,
            on_failure=rules.on_failure,
            deadline=_deadline(rules, pages.flow),
            legs=legs,
            deferred=tuple(approved.directive.id for approved in later),
        )
        return self._worker.open_batch(batch, approvals[0].directive.strategy)

    def _batched(self, rules: BatchRules, approvals: Sequence[Approved], pages: Pages) -> EntryDraft:
        batch = BatchReasons(
            policy=rules.policy,
            on_failure=rules.on_failure,
            deadline=_deadline(rules, pages.flow),
            execution_directive_ids=tuple(approved.directive.id for approved in approvals),
        )
        return EntryDraft(EntryKind.BATCHED, pages.flow.origin.at, Reasons(v=SCHEMA_VERSION, batch=batch), pages.parent)

    def _batch_cause(self, effects: Effects, approvals: Sequence[Approved], pages: Pages, entry: int) -> Cause:
        directives = [approved.directive.directive for approved in approvals]
        chain = CausalityChain(
            origin=pages.flow.origin,
            signal_ids=tuple(dict.fromkeys(one for directive in directives for one in directive.signal_ids)),
            risk_ids=tuple(dict.fromkeys(one for directive in directives for one in directive.risk_ids)),
        )
        reasons = GroupReasons(
            strategy=approvals[0].directive.strategy, causality=chain, facts=pages.facts, decision=self._place(entry)
        )
        return Cause(entry, effects.group_id, reasons)


def _leg(approved: Approved, effects: Effects) -> Leg:
    if effects.group_id is None or effects.trade_id is None:
        raise TypeError(f"{approved.directive.id} has opened no group")
    return leg_of(approved.directive, effects.group_id, effects.trade_id)


def _deadline(rules: BatchRules, flow: Flow) -> int | None:
    return None if rules.time_limit_ns is None else flow.origin.at + rules.time_limit_ns
