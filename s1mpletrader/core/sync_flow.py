"""The sync flow: closed candles become signals and risks, these a decision, and the decision an order with its reason."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from s1mpletrader.core.decision import Answered, Verdict, ask_planner, is_leg, judge, refuse_together
from s1mpletrader.core.execution_step import ExecutionStep, Pages
from s1mpletrader.core.flow_initiator import Flow, FlowInitiator, FlowTerminator
from s1mpletrader.core.market import Market
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.core.strategy import Seen, Strategy
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.batches import BatchPolicy
from s1mpletrader.domain.directives import Refusal
from s1mpletrader.domain.facts import FactValues, Series
from s1mpletrader.domain.ids import IdKind, RiskId, SignalId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.opinion import Risk, Severity, Signal, SignalDraft
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.reasons import EntryDraft, EntryKind
from s1mpletrader.ports.cache import ICache
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.ledger import ILedgerReader
from s1mpletrader.ports.planners import Situation

LEGS_MIN: Final = 2
"""How many directives make a batch."""

# Looking a member up in its enumeration costs as much as three calls.
_TICK: Final = OriginKind.TICK
_SIGNAL: Final = IdKind.SIGNAL


class SyncFlow:
    """Runs one strategy's decisions. Everything between the candle and the outbox is one step without a wait."""

    def __init__(
        self,
        strategy: Strategy,
        *,
        market: Market,
        initiator: FlowInitiator,
        terminator: FlowTerminator,
        step: ExecutionStep,
        recorder: Recorder,
        cache: ICache,
        view: Callable[[], AccountView],
        open_ledger: Callable[[], ILedgerReader],
        instruments: Mapping[str, Instrument],
        metrics: Metrics,
        watchers: Watchers,
    ) -> None:
        self._strategy = strategy
        self._initiator = initiator
        self._terminator = terminator
        self._step = step
        self._recorder = recorder
        self._cache = cache
        self._view = view
        self._open_ledger = open_ledger
        self._instruments = instruments
        self._metrics = metrics
        self._watchers = watchers
        self._market = market

    def run(self, at: Instant, seen: Seen) -> None:
        """The flow of an instant at which candles have closed."""
        self._run(self._initiator.start(self._strategy.name, _TICK, str(at), at, "candles", self._candles()), seen)

    def run_event(self, event: Event, signals: Sequence[tuple[str, SignalDraft]]) -> None:
        """The flow of a piece of news, or of a schedule's tick."""
        anchor = f"{event.source}:{event.anchor}"
        flow = self._initiator.start(self._strategy.name, event.kind, anchor, event.at, event.source, event.payload)
        self._run(flow, Seen(signals, ()), event)

    def _run(self, flow: Flow, seen: Seen, event: Event | None = None) -> None:
        """Decided, recorded, sent off, and ended, also where something in it fails."""
        try:
            self._decide(flow, seen, event)
        finally:
            self._terminator.end(flow.strategy, flow.origin.id, flow.origin.at)

    def _decide(self, flow: Flow, seen: Seen, event: Event | None) -> None:
        signals = _signals(flow, seen)
        raised = self._raise_risks(flow, seen)
        self._metrics.signals += len(signals)
        self._metrics.risks += len(raised)
        payload = event.payload if event is not None else None
        pages = Pages(flow, signals, raised, self._standing(raised), self._market.facts(), payload)
        self._cache.put(flow.origin.id, "facts", FactValues(tuple(pages.facts.items())), at=flow.origin.at)
        situation = self._situation(flow, signals)
        answers = ask_planner(self._strategy.planning, situation)
        if len(answers) < LEGS_MIN or self._strategy.batch.policy is BatchPolicy.INDEPENDENT:
            self._one_by_one(answers, situation, flow, signals, pages)
        else:
            self._together(answers, situation, flow, pages)
        if raised and not answers:
            reasons = pages.page()
            self._recorder.record(Step((), (EntryDraft(EntryKind.OBSERVED, flow.origin.at, reasons),)))

    def _one_by_one(
        self, answers: Sequence[Answered], situation: Situation, flow: Flow, signals: tuple[Signal, ...], pages: Pages
    ) -> None:
        """Each answer is judged by the account as the one before it has left it."""
        has_acted = False
        for answer in answers:
            if has_acted:
                situation = self._situation(flow, signals)
            verdict = judge(self._strategy.planning, answer, situation, flow.ids, flow.strategy)
            self._carry_out(verdict, pages)
            has_acted = verdict.approved is not None

    def _together(self, answers: Sequence[Answered], situation: Situation, flow: Flow, pages: Pages) -> None:
        """All answers are judged first: legs of a coordinated batch go together, or none goes."""
        rules = self._strategy.batch
        verdicts = [judge(self._strategy.planning, answer, situation, flow.ids, flow.strategy) for answer in answers]
        if rules.policy is BatchPolicy.COORDINATED:
            verdicts = refuse_together(verdicts, flow.ids)
        legs = [verdict.approved for verdict in verdicts if is_leg(verdict)]
        is_batch = len(legs) >= LEGS_MIN
        for verdict in verdicts:
            if not (is_batch and is_leg(verdict)):
                self._carry_out(verdict, pages)
        if is_batch:
            self._metrics.directives += len(legs)
            self._step.run([leg for leg in legs if leg is not None], pages, rules)

    def _carry_out(self, verdict: Verdict, pages: Pages) -> None:
        if verdict.approved is not None:
            self._metrics.directives += 1
            self._step.run([verdict.approved], pages)
        elif verdict.refusal is not None:
            self._refuse(verdict.refusal, pages)

    def _refuse(self, refusal: Refusal, pages: "Pages") -> None:
        self._metrics.refusals += 1
        symbol = refusal.directive.symbol if refusal.directive is not None else self._strategy.series.symbol
        parent = pages.parent
        reasons = pages.page(refusals=(refusal,), market=self._market.snapshot(symbol))
        draft = EntryDraft(EntryKind.REFUSED, pages.flow.origin.at, reasons, parent)
        watching = self._watchers.refusal
        notices = [partial(watching, self._strategy.name, refusal)] if watching is not None else []
        pages.recorded(self._recorder.record(Step((), (draft,)), notices))

    def _raise_risks(self, flow: Flow, seen: Seen) -> tuple[Risk, ...]:
        if not seen.risks:
            return ()
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
        return tuple([(series, cursor.total) for series, cursor in self._strategy.facts.cursors.items()])


def _signals(flow: Flow, seen: Seen) -> tuple[Signal, ...]:
    """What the detectors saw, with ids."""
    signals = []
    for name, draft in seen.signals:
        signal = Signal(
            id=SignalId(flow.ids.make(_SIGNAL)),
            detector=name,
            symbol=draft.symbol,
            direction=draft.direction,
            kind=draft.kind,
            confidence=draft.confidence,
        )
        signals.append(signal)
    return tuple(signals)
