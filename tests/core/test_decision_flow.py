"""A flow of decision by hand: scripted answers of a planner, and every entry, order and count that comes of them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from msgspec import json
from msgspec.structs import replace

from s1mpletrader.core.batches import BatchListener
from s1mpletrader.core.execution_step import ExecutionStep
from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.flow_initiator import FlowInitiator, FlowTerminator
from s1mpletrader.core.strategy import Seen, Strategy, StrategyState
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.batches import BATCH_ALGORITHM, Batch, BatchPolicy, BatchRules, OnFailure
from s1mpletrader.domain.directives import DirectiveDraft, ExecutionPlanDraft, Refusal, RefusalDraft, SizePlanDraft
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.events import NewsItem
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction, RiskDraft, Severity, SignalDraft
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.reality import GroupOpened
from s1mpletrader.domain.reasons import BatchReasons, EntryKind, MarketSnapshot, Reasons
from s1mpletrader.ports.algorithms import Advance
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.planners import GateRefusal

from .deciding import ENTRY, EXIT, OPENING, planning
from .desk import NOON, Desk, NoMarket
from .samples import INSTRUMENT, SYMBOL
from .stage import PLACED, Script

SEES = SignalDraft(symbol=SYMBOL, direction=Direction.LONG, kind="k", confidence=0.5)
FEARS = RiskDraft(kind="k", severity=Severity.HIGH, symbol=SYMBOL, detail="d")
ADDING = replace(OPENING, confidence=0.9, reason="once more")
HELD = RefusalDraft(code="HELD", detail="there is enough")
EXECUTION = ExecutionPlanDraft(algorithm="script")


class Priced(NoMarket):
    """A market with a candle."""

    def facts(self) -> dict[str, float]:
        return {"f": 2.0}

    def snapshot(self, symbol: str) -> MarketSnapshot:
        return MarketSnapshot(symbol=symbol, reference_price=Decimal(10), volume=1.0, at=NOON)

    def prices(self) -> dict[str, Decimal]:
        return {SYMBOL: Decimal(10)}


class Deciding(Desk):
    """A desk whose strategy gives the same answers in each of its flows."""

    def __init__(
        self,
        *answers: DirectiveDraft | RefusalDraft,
        batch: BatchRules = BatchRules(),  # noqa: B008 - frozen
        gates: Sequence[GateRefusal | None] = (None,),
        advances: Sequence[Advance] = (PLACED,) * 9,
    ) -> None:
        self.refusals: list[tuple[str, Refusal]] = []
        self.flow_ids: list[str] = []
        watchers = Watchers(
            refusal=lambda *told: self.refusals.append(told), flow_terminated=lambda _, flow_id, __: self.flow_ids.append(flow_id)
        )
        market = Priced()
        algorithms: dict[str, Any] = {"script": Script(*advances), BATCH_ALGORITHM: BatchListener()}
        super().__init__(AccountType.NETTING, watchers, algorithms, market)
        self.plan = planning(answers, ENTRY, EXIT, SizePlanDraft(quantity=Decimal(2)), EXECUTION, gates)
        self.strategy = Strategy(
            name="s",
            symbols=(SYMBOL,),
            series=Series(SYMBOL, "1m"),
            facts=FactTable({}),
            workers=(),
            detectors=(),
            coupled=(),
            batch=batch,
            planning=self.plan,
            recorded_keys=(),
            price_keys={},
            state=StrategyState(coupled=[]),
        )
        step = ExecutionStep(
            market=market,
            worker=self.worker,
            recorder=self.recorder,
            outbox=cast("Any", self.sent),
            follow_up=self.follow_up,
            finder=self.finder,
            timers=self.timers,
            metrics=self.metrics,
        )
        self.decides = SyncFlow(
            self.strategy,
            market=market,
            initiator=FlowInitiator(self.ids, self.cache, watchers),
            terminator=FlowTerminator(self.cache, self.metrics, watchers),
            step=step,
            recorder=self.recorder,
            cache=self.cache,
            view=lambda: self.book.view("s"),
            open_ledger=lambda: self.ledger,
            instruments={SYMBOL: INSTRUMENT},
            metrics=self.metrics,
            watchers=watchers,
        )

    def sees(self, *signals: SignalDraft, risks: Sequence[RiskDraft] = (), at: int = NOON) -> list[Reasons]:
        """One flow: what its entries say."""
        before = len(self.kinds)
        self.now = at
        self.decides.run(at, Seen([("d", one) for one in signals], [("m", one) for one in risks]))
        self.entries = list(self.journal.entries("r"))[before:]
        return [self.reasons_of(entry) for entry in self.entries]

    @property
    def told(self) -> list[tuple[EntryKind, int | None]]:
        """The flow's entries, and how far before each of them its parent is."""
        return [(one.kind, None if one.parent_seq is None else one.seq - one.parent_seq) for one in self.entries]

    @property
    def gate(self) -> Any:
        return self.plan.gates[0].plugin


def test_a_decision_is_one_entry_that_keeps_all_of_it() -> None:
    desk = Deciding(OPENING)
    (reasons,) = desk.sees(SEES, risks=[FEARS])
    assert desk.told == [(EntryKind.INTENDED, None)]
    ((directive, _),) = desk.gate.checked
    (signal,), (risk,) = reasons.signals, reasons.risks
    assert (signal.detector, signal.symbol, signal.direction, signal.kind, signal.confidence) == ("d", SYMBOL, "LONG", "k", 0.5)
    assert (risk.monitor, risk.kind, risk.severity, risk.symbol, risk.detail) == ("m", "k", Severity.HIGH, SYMBOL, "d")
    assert (reasons.directive, reasons.plans) == (directive.directive, directive.plans)
    assert (reasons.execution_directive_id, reasons.gates) == (directive.id, ("gate0",))
    assert (reasons.strategy, reasons.facts, reasons.role) == ("s", {"f": 2.0}, "a")
    assert (reasons.market, reasons.standing_risk_ids, reasons.event) == (Priced().snapshot(SYMBOL), (), None)
    assert reasons.origin is not None
    assert (reasons.origin.kind, reasons.origin.at) == (OriginKind.TICK, NOON)
    assert desk.flow_ids == [reasons.origin.id]
    counts = desk.metrics
    assert (counts.signals, counts.risks, counts.directives, counts.orders, counts.trades, counts.refusals) == (1, 1, 1, 1, 1, 0)
    assert desk.sent.steps == [desk.recorder.recorded]


def test_each_answer_meets_the_account_as_the_one_before_it_has_left_it() -> None:
    desk = Deciding(OPENING, ADDING)
    first, second = desk.sees(SEES)
    assert desk.told == [(EntryKind.INTENDED, None), (EntryKind.INTENDED, 1)]
    assert (second.strategy, second.signals, second.facts, second.origin) == (None, (), None, None)
    assert second.directive is not None
    assert second.directive.reason == "once more"
    (_, before), (_, after) = desk.gate.checked
    assert before.signals == after.signals == first.signals
    assert (len(before.view.open_orders), len(after.view.open_orders)) == (0, 1)
    assert (after.at, after.prices, after.instruments) == (NOON, {SYMBOL: Decimal(10)}, {SYMBOL: INSTRUMENT})
    assert (after.facts, after.open_ledger()) == (desk.strategy.facts, desk.ledger)
    assert desk.metrics.directives == 2


def test_a_refusal_has_the_market_of_what_it_is_about_and_whoever_watches_is_told() -> None:
    desk = Deciding(replace(HELD, withheld=OPENING), HELD)
    first, second = desk.sees(SEES)
    assert desk.told == [(EntryKind.REFUSED, None), (EntryKind.REFUSED, 1)]
    assert first.market == second.market == Priced().snapshot(SYMBOL)
    assert desk.refusals == [("s", first.refusals[0]), ("s", second.refusals[0])]
    assert desk.metrics.refusals == 2
    assert desk.sent.commands == []


def test_risks_that_nothing_is_decided_about_are_observed() -> None:
    desk = Deciding()
    (reasons,) = desk.sees(risks=[FEARS])
    assert desk.told == [(EntryKind.OBSERVED, None)]
    assert (len(reasons.risks), reasons.facts, reasons.strategy) == (1, {"f": 2.0}, "s")
    assert desk.sees(at=NOON + 1) == []
    assert desk.metrics.risks == 1


def test_a_risk_stands_until_it_is_lifted() -> None:
    desk = Deciding(HELD)
    other = replace(FEARS, kind="other")
    (first,) = desk.sees(risks=[FEARS])
    (second,) = desk.sees(risks=[other], at=NOON + 1)
    (third,) = desk.sees(SEES, at=NOON + 2)
    (fourth,) = desk.sees(risks=[replace(FEARS, severity=Severity.LIFTED)], at=NOON + 3)
    one, two = first.risks[0].id, second.risks[0].id
    assert [it.standing_risk_ids for it in (first, second, third, fourth)] == [(), (one,), (one, two), (two,)]
    assert desk.strategy.state.standing == {("m", "other", SYMBOL): second.risks[0]}


def test_news_are_kept_in_the_entry_of_what_was_decided_about_them() -> None:
    desk, item = Deciding(OPENING), NewsItem(headline="h")
    event = Event(kind=OriginKind.NEWS, source="wire", at=NOON, anchor="a", payload=item)
    desk.decides.run_event(event, [("d", SEES)])
    (entry,) = desk.journal.entries("r")
    reasons = desk.reasons_of(entry)
    assert reasons.event == item
    assert reasons.origin is not None
    assert (reasons.origin.kind, reasons.origin.at, [one.detector for one in reasons.signals]) == (OriginKind.NEWS, NOON, ["d"])


def test_legs_that_go_together_are_one_step_and_a_batch_that_names_them() -> None:
    rules = BatchRules(policy=BatchPolicy.COORDINATED, on_failure=OnFailure.CANCEL, time_limit_ns=60)
    desk = Deciding(OPENING, HELD, ADDING, batch=rules)
    refused, first, second, batched = desk.sees(SEES)
    assert desk.told == [
        (EntryKind.REFUSED, None),
        (EntryKind.INTENDED, 1),
        (EntryKind.INTENDED, 2),
        (EntryKind.BATCHED, 3),
    ]
    assert [one.code for one in refused.refusals] == ["HELD"]
    directives: Any = (first.execution_directive_id, second.execution_directive_id)
    expected = BatchReasons(
        policy=BatchPolicy.COORDINATED,
        on_failure=OnFailure.CANCEL,
        deadline=NOON + 60,
        execution_directive_ids=directives,
    )
    assert batched.batch == expected
    (group,) = [one for one in desk.ledger.changes() if isinstance(one, GroupOpened) and one.algorithm == BATCH_ALGORITHM]
    batch = json.decode(group.state, type=Batch)
    assert (batch.policy, batch.on_failure, batch.deadline, batch.deferred) == (rules.policy, rules.on_failure, NOON + 60, ())
    orders = list(desk.ledger.orders())
    assert [(leg.group_id, leg.trade_id, leg.target) for leg in batch.legs] == [
        (order.group_id, order.trade_id, Decimal(2)) for order in orders
    ]
    counts = desk.metrics
    assert (counts.directives, counts.orders, counts.trades, counts.refusals) == (2, 2, 2, 1)
    assert [at for at, _, _ in desk.alarms] == [NOON + 60]
    reasons = desk.finder.find(group.group_id)
    assert (reasons.strategy, reasons.facts, reasons.decision) == ("s", {"f": 2.0}, desk.entries[-1].ref)
    assert reasons.causality.signal_ids == refused.refusals[0].signal_ids
    assert [desk.cache.get_context(order.order_id).last for order in orders] == [desk.entries[1].ref, desk.entries[2].ref]


def test_a_leg_that_is_refused_takes_the_other_with_it() -> None:
    desk = Deciding(OPENING, ADDING, batch=BatchRules(policy=BatchPolicy.COORDINATED), gates=[GateRefusal(code="FULL")])
    desk.sees(SEES)
    assert [kind for kind, _ in desk.told] == [EntryKind.REFUSED] * 2
    assert [refusal.code for _, refusal in desk.refusals] == ["FULL", "FULL"]


def test_of_a_sequence_the_first_leg_begins_and_the_others_wait_whole() -> None:
    desk = Deciding(OPENING, ADDING, batch=BatchRules(policy=BatchPolicy.SEQUENTIAL))
    first, second, batched = desk.sees(SEES)
    assert desk.told == [(EntryKind.INTENDED, None), (EntryKind.DEFERRED, 1), (EntryKind.BATCHED, 2)]
    _, (directive, _) = desk.gate.checked
    assert (second.directive, second.plans) == (directive.directive, directive.plans)
    assert (second.execution_directive_id, second.gates) == (directive.id, ("gate0",))
    assert batched.batch is not None
    assert batched.batch.execution_directive_ids == (first.execution_directive_id, directive.id)
    assert batched.batch.deadline is None
    (group,) = [one for one in desk.ledger.changes() if isinstance(one, GroupOpened) and one.algorithm == BATCH_ALGORITHM]
    assert json.decode(group.state, type=Batch).deferred == (directive.id,)
    counts = desk.metrics
    assert (counts.directives, counts.orders, counts.trades) == (2, 1, 1)


def test_one_answer_alone_is_no_batch() -> None:
    desk = Deciding(OPENING, batch=BatchRules(policy=BatchPolicy.COORDINATED))
    desk.sees(SEES)
    assert desk.told == [(EntryKind.INTENDED, None)]


def test_an_algorithm_that_places_nothing_at_once_is_a_command_and_gives_its_reasons_later() -> None:
    desk = Deciding(OPENING, advances=[Advance(wake_at=NOON + 5, alarm="look here", given_up=HELD)])
    commanded, refused, alarm = desk.sees(SEES)
    assert desk.told == [(EntryKind.COMMANDED, None), (EntryKind.REFUSED, 1), (EntryKind.ALARM, 2)]
    assert (commanded.role, alarm.text, refused.refusals[0].code) == (None, "look here", "HELD")
    (group,) = [one for one in desk.ledger.changes() if isinstance(one, GroupOpened)]
    assert desk.finder.find(group.group_id).decision == desk.entries[0].ref
    assert (desk.metrics.alarms, desk.metrics.refusals, [at for at, _, _ in desk.alarms]) == (1, 1, [NOON + 5])
    assert desk.refusals == [("s", refused.refusals[0])]


def test_of_legs_that_go_together_each_may_give_something_up_at_once() -> None:
    gives_up = Advance(given_up=HELD, done=True)
    desk = Deciding(OPENING, ADDING, batch=BatchRules(policy=BatchPolicy.COORDINATED), advances=[gives_up, PLACED])
    _, first, *_ = desk.sees(SEES)
    assert [kind for kind, _ in desk.told] == [EntryKind.COMMANDED, EntryKind.REFUSED, EntryKind.INTENDED, EntryKind.BATCHED]
    assert desk.refusals == [("s", first.refusals[0])]


@pytest.mark.parametrize("policy", [BatchPolicy.INDEPENDENT, BatchPolicy.COORDINATED])
def test_a_flow_ends_also_where_something_in_it_fails(policy: BatchPolicy) -> None:
    desk = Deciding(OPENING, ADDING, batch=BatchRules(policy=policy), advances=[])
    with pytest.raises(PluginFailed):
        desk.sees(SEES)
    assert len(desk.flow_ids) == 1
