"""The sync flow: closed candles become signals and risks, these a decision, and the decision an order with its reason."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from s1mpletrader.core.decision import Verdict, ask_planner, judge
from s1mpletrader.core.effects import Effects, Intent
from s1mpletrader.core.execution_worker import ExecutionWorker
from s1mpletrader.core.flow_initiator import Flow, FlowInitiator, FlowTerminator
from s1mpletrader.core.follow_up import Cause, FollowUp
from s1mpletrader.core.group_reasons import GroupReasons, GroupReasonsFinder
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.core.strategy import Seen, Strategy
from s1mpletrader.core.timers import TimerFlow
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.directives import Approved, ExecutionDirective, Refusal, Scope
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.ids import IdKind, RiskId, SignalId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Risk, Severity, Signal, SignalDraft
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, EntryRef, Reasons
from s1mpletrader.ports.cache import ICache
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.ledger import ILedgerReader
from s1mpletrader.ports.planners import Situation


class SyncFlow:
    """Runs one strategy's decisions. Everything between the candle and the outbox is one step without a wait."""

    def __init__(
        self,
        strategy: Strategy,
        *,
        market: Market,
        initiator: FlowInitiator,
        terminator: FlowTerminator,
        worker: ExecutionWorker,
        recorder: Recorder,
        outbox: Outbox,
        cache: ICache,
        follow_up: FollowUp,
        finder: GroupReasonsFinder,
        timers: TimerFlow,
        view: Callable[[], AccountView],
        open_ledger: Callable[[], ILedgerReader],
        instruments: Mapping[str, Instrument],
        metrics: Metrics,
        watchers: Watchers,
    ) -> None:
        self._strategy = strategy
        self._initiator = initiator
        self._terminator = terminator
        self._worker = worker
        self._recorder = recorder
        self._outbox = outbox
        self._cache = cache
        self._follow_up = follow_up
        self._finder = finder
        self._timers = timers
        self._view = view
        self._open_ledger = open_ledger
        self._instruments = instruments
        self._metrics = metrics
        self._watchers = watchers
        self._market = market

    def run(self, at: Instant, seen: Seen) -> None:
        """The flow of an instant at which candles have closed."""
        self._run(self._initiator.start(self._strategy.name, OriginKind.TICK, str(at), at, "candles", self._candles()), seen)

    def run_event(self, event: Event, signals: Sequence[tuple[str, SignalDraft]]) -> None:
        """The flow of a piece of news, or of a schedule's tick."""
        anchor = f"{event.source}:{event.anchor}"
        flow = self._initiator.start(self._strategy.name, event.kind, anchor, event.at, event.source, event.payload)
        self._run(flow, Seen(signals, ()))

    def _run(self, flow: Flow, seen: Seen) -> None:
        """Decided, recorded, sent off, and ended, also where something in it fails."""
        try:
            self._decide(flow, seen)
        finally:
            self._terminator.end(flow.strategy, flow.origin.id, flow.origin.at)

    def _decide(self, flow: Flow, seen: Seen) -> None:
        signals = _signals(flow, seen)
        raised = self._raise_risks(flow, seen)
        self._metrics.signals += len(signals)
        self._metrics.risks += len(raised)
        pages = Pages(flow, signals, raised, self._standing(raised), self._market.facts())
        self._cache.put(flow.origin.id, "facts", tuple(pages.facts.items()), at=flow.origin.at)
        situation = self._situation(flow, signals)
        has_acted = False
        answers = ask_planner(self._strategy.planning, situation)
        for answer in answers:
            if has_acted:
                situation = self._situation(flow, signals)
            verdict = judge(self._strategy.planning, answer, situation, flow.ids, flow.strategy)
            self._carry_out(verdict, pages)
            has_acted = verdict.approved is not None
        if raised and not answers:
            reasons = pages.page()
            self._recorder.record(Step((), (EntryDraft(EntryKind.OBSERVED, flow.origin.at, reasons),)))

    def _carry_out(self, verdict: Verdict, pages: "Pages") -> None:
        self._metrics.directives += verdict.approved is not None
        if verdict.approved is not None:
            self._execute(verdict.approved, pages)
        elif verdict.refusal is not None:
            self._refuse(verdict.refusal, pages)

    def _execute(self, approved: Approved, pages: "Pages") -> None:
        directive = approved.directive
        effects = self._worker.execute(approved)
        merged = effects.intents[0] if effects.intents and effects.intents[0].intent.group_id == effects.group_id else None
        first = pages.page(
            directive=directive.directive,
            plans=directive.plans,
            execution_directive_id=directive.id,
            gates=approved.gates,
            market=self._market.snapshot(directive.directive.symbol),
            role=merged.role if merged is not None else None,
        )
        reasons = GroupReasons(
            strategy=directive.strategy,
            causality=_chain(approved, pages.flow),
            facts=pages.facts,
            decision=self._recorder.next_ref,
        )
        cause = Cause(0, effects.group_id, reasons)
        drafts = [self._decision(first, merged, pages)]
        rest = effects.intents if merged is None else effects.intents[1:]
        drafts += self._follow_up.drafts(effects, rest, pages.flow.origin.at, cause)
        notices = self._follow_up.notices(effects, drafts)
        refs = self._recorder.record(Step(tuple(effects.reality), tuple(drafts)), notices)
        pages.ref = pages.ref or refs[0]
        self._count(directive, effects)
        if effects.group_id is not None and self._worker.listens(effects.group_id):
            self._finder.put(effects.group_id, reasons)
        self._follow_up.remember(effects, drafts, refs, cause)
        self._timers.set(effects.wakes)
        self._outbox.put(self._recorder.recorded, effects.commands)
        self._outbox.release(self._recorder.released)

    def _decision(self, first: Reasons, merged: Intent | None, pages: "Pages") -> EntryDraft:
        """The decision's own entry; it is that of its first order, too."""
        kind = EntryKind.INTENDED if merged is not None else EntryKind.COMMANDED
        order_id = merged.intent.order_id if merged is not None else None
        return EntryDraft(kind, pages.flow.origin.at, first, pages.ref, order_id)

    def _count(self, directive: ExecutionDirective, effects: Effects) -> None:
        self._metrics.orders += len(effects.intents)
        self._metrics.trades += directive.directive.scope is Scope.NEW_TRADE
        self._metrics.refusals += len(effects.given_up)

    def _refuse(self, refusal: Refusal, pages: "Pages") -> None:
        self._metrics.refusals += 1
        symbol = refusal.directive.symbol if refusal.directive is not None else self._strategy.series.symbol
        reasons = pages.page(refusals=(refusal,), market=self._market.snapshot(symbol))
        draft = EntryDraft(EntryKind.REFUSED, pages.flow.origin.at, reasons, pages.ref)
        watching = self._watchers.refusal
        notices = [partial(watching, self._strategy.name, refusal)] if watching is not None else []
        refs = self._recorder.record(Step((), (draft,)), notices)
        pages.ref = pages.ref or refs[0]

    def _raise_risks(self, flow: Flow, seen: Seen) -> tuple[Risk, ...]:
        standing = self._strategy.state.standing
        raised = []
        for name, draft in seen.risks:
            risk = Risk(
                id=RiskId(flow.ids.make(IdKind.RISK)),
                monitor=name,
                kind=draft.kind,
                severity=draft.severity,
                symbol=draft.symbol,
                detail=draft.detail,
            )
            raised.append(risk)
            place = (name, draft.kind, draft.symbol)
            if draft.severity is Severity.LIFTED:
                standing.pop(place, None)
            else:
                standing[place] = risk
        return tuple(raised)

    def _standing(self, raised: tuple[Risk, ...]) -> tuple[RiskId, ...]:
        if not self._strategy.state.standing:
            return ()
        new = {risk.id for risk in raised}
        return tuple(risk.id for risk in self._strategy.state.standing.values() if risk.id not in new)

    def _situation(self, flow: Flow, signals: tuple[Signal, ...]) -> Situation:
        return Situation(
            at=flow.origin.at,
            signals=signals,
            risks=tuple(self._strategy.state.standing.values()),
            facts=self._strategy.facts,
            view=self._view(),
            open_ledger=self._open_ledger,
            instruments=self._instruments,
            prices=self._market.prices(),
        )

    def _candles(self) -> tuple[tuple[Series, int], ...]:
        """How many candles of each series have closed: what the flow can see of them."""
        return tuple([(series, cursor.count) for series, cursor in self._strategy.facts.cursors.items()])


def _signals(flow: Flow, seen: Seen) -> tuple[Signal, ...]:
    """What the detectors saw, with ids."""
    signals = [
        Signal(
            id=SignalId(flow.ids.make(IdKind.SIGNAL)),
            detector=name,
            symbol=draft.symbol,
            direction=draft.direction,
            kind=draft.kind,
            confidence=draft.confidence,
        )
        for name, draft in seen.signals
    ]
    return tuple(signals)


class Pages:
    """A flow's entries as they are written: the first keeps what the flow saw, the later ones refer to it."""

    def __init__(
        self,
        flow: Flow,
        signals: tuple[Signal, ...],
        raised: tuple[Risk, ...],
        standing_risk_ids: tuple[RiskId, ...],
        facts: Mapping[str, float],
    ) -> None:
        self.flow = flow
        self.facts = facts
        self.ref: EntryRef | None = None
        """The flow's first entry, once it is recorded."""
        self._signals = signals
        self._raised = raised
        self._standing_risk_ids = standing_risk_ids

    def page(self, **own: object) -> Reasons:
        """The reasons of the next entry: what is its own, and what the flow saw if none has told it yet."""
        if self.ref is not None:
            return Reasons(v=SCHEMA_VERSION, **own)  # type: ignore[arg-type]
        return Reasons(
            v=SCHEMA_VERSION,
            strategy=self.flow.strategy,
            origin=self.flow.origin,
            signals=self._signals,
            risks=self._raised,
            standing_risk_ids=self._standing_risk_ids,
            facts=self.facts,
            **own,  # type: ignore[arg-type]
        )


def _chain(approved: Approved, flow: Flow) -> CausalityChain:
    directive = approved.directive.directive
    return CausalityChain(
        origin=flow.origin,
        signal_ids=directive.signal_ids,
        risk_ids=directive.risk_ids,
        strategy_directive_id=directive.id,
        plan_ids=approved.directive.plans.ids,
        execution_directive_id=approved.directive.id,
    )
