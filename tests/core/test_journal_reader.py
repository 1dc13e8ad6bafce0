"""Reading reasons back: every body by its id, every entry with the ids that led to it, and plain words where one is missing."""

from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from s1mpletrader.core.journal_reader import JournalEntry, StrategyJournal, bodies, read_reasons
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.directives import Plans
from s1mpletrader.domain.errors import Defect, UnknownId
from s1mpletrader.domain.ids import FillId, IdKind, IdSpace, OrderId, SignalId
from s1mpletrader.domain.instant import SECOND_NS, Instant
from s1mpletrader.domain.opinion import Direction, Risk, Severity, Signal
from s1mpletrader.domain.origin import Origin, OriginKind
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, EntryRef, Reasons, SealedEntry
from tests.running import MEMORY, Finished, finished

from .samples import order_id

NOON = 1_641_038_400 * SECOND_NS


class Pile:
    """Entries in the order of writing."""

    def __init__(self, *drafts: EntryDraft) -> None:
        self.sealed = StrategyJournalWriter("r").seal(drafts)

    def runs(self) -> Sequence[str]:
        return ["r"]

    def head(self, run: str) -> SealedEntry | None:
        return self.sealed[-1]

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        return next((one for one in self.sealed if one.ref == ref), None)

    def entries(self, run: str) -> Iterator[SealedEntry]:
        return iter(self.sealed)

    def entries_of_order(self, order_id: OrderId) -> Sequence[SealedEntry]:
        return [one for one in self.sealed if one.order_id == order_id]

    def entry_of_fill(self, fill_id: FillId, run: str | None = None) -> SealedEntry | None:
        return next((one for one in self.sealed if one.fill_id == fill_id), None)

    def entries_between(self, first: Instant, last: Instant) -> Iterator[SealedEntry]:
        return (one for one in self.sealed if first <= one.at <= last)


def ids(kind: IdKind, at: Instant = NOON) -> str:
    return IdSpace("n").flow("s", "a", at).make(kind)


def signal(at: Instant = NOON) -> Signal:
    return Signal(
        id=SignalId(ids(IdKind.SIGNAL, at)), detector="d", symbol="BTC/USDT", direction=Direction.LONG, kind="k", confidence=1.0
    )


RISK = Risk(id=ids(IdKind.RISK), monitor="m", kind="k", severity=Severity.HIGH, symbol=None, detail="")  # type: ignore[arg-type]
ORIGIN = Origin(id=ids(IdKind.TICK), kind=OriginKind.TICK, at=NOON)  # type: ignore[arg-type]
EMPTY = Reasons(v=SCHEMA_VERSION)


@pytest.fixture(scope="module")
def run() -> Finished:
    return finished("breakout.toml", *MEMORY, "data.candles=250", "risk.1.limit=0.0045")


def test_every_body_of_a_run_is_found_by_its_id_in_the_entry_that_keeps_it(run: Finished) -> None:
    kept = [(entry, body) for entry in run.entries for body in bodies(read_reasons(entry))]
    assert {type(body).__name__ for _, body in kept} == {
        *("Signal", "Risk", "StrategyDirective", "Refusal"),
        *("EntryPlan", "SizePlan", "ExitPlan", "ExecutionPlan"),
    }
    assert len({body.id for _, body in kept}) == len(kept)
    for entry, body in kept:
        assert run.reasons.find(body.id) == (entry, body)
        assert run.reasons.get(body.id) == body


def test_an_entry_of_an_order_or_a_fill_is_read_back_whole(run: Finished) -> None:
    for order in run.ledger.orders():
        intended = run.journal.entries_of_order(order.order_id)[0]
        assert run.reasons.get_entry(order_id=order.order_id) == JournalEntry(
            ref=intended.ref,
            kind=EntryKind.INTENDED,
            reasons=read_reasons(intended),
            causality=run.reasons.causality(intended),
            order_id=order.order_id,
            fill_ids=order.fill_ids,
            facts=decision_of(run, intended).facts or {},
        )
        for fill_id in order.fill_ids:
            booked = run.reasons.get_entry(fill_id=fill_id)
            assert (booked.kind, booked.order_id, booked.fill_ids) == (EntryKind.FILLED, order.order_id, order.fill_ids)
            assert booked.facts == decision_of(run, intended).facts


def decision_of(run: Finished, entry: SealedEntry) -> Reasons:
    """The reasons of the entry that began the flow: a decision of these runs is its first."""
    return read_reasons(run.reasons.lineage(entry)[-1])


def test_the_causality_of_an_order_names_what_its_decision_named(run: Finished) -> None:
    for order in run.ledger.orders():
        intended = run.journal.entries_of_order(order.order_id)[0]
        decision = decision_of(run, intended)
        assert decision.directive is not None
        assert decision.plans is not None
        assert run.reasons.causality(intended) == CausalityChain(
            origin=decision.origin,  # type: ignore[arg-type]
            signal_ids=tuple(one.id for one in decision.signals),
            risk_ids=decision.directive.risk_ids,
            strategy_directive_id=decision.directive.id,
            plan_ids=decision.plans.ids,
            execution_directive_id=decision.execution_directive_id,
            order_ids=(order.order_id,),
            fill_ids=order.fill_ids,
        )


def test_the_causality_of_a_refusal_names_what_was_refused(run: Finished) -> None:
    refused = [entry for entry in run.entries if entry.kind is EntryKind.REFUSED]
    named = [(run.reasons.causality(entry), read_reasons(entry)) for entry in refused]
    assert any(chain.plan_ids for chain, _ in named) or any(chain.strategy_directive_id for chain, _ in named)
    for chain, reasons in named:
        (refusal,) = reasons.refusals
        assert chain == CausalityChain(
            origin=reasons.origin,  # type: ignore[arg-type]
            signal_ids=refusal.signal_ids,
            risk_ids=refusal.risk_ids,
            strategy_directive_id=refusal.directive.id if refusal.directive is not None else None,
            plan_ids=refusal.plans.ids,
        )


def test_the_causality_of_what_was_only_seen_names_the_signals_and_risks() -> None:
    seen = EntryDraft(EntryKind.OBSERVED, NOON, replace(EMPTY, origin=ORIGIN, signals=(signal(),), risks=(RISK,)))
    pile = Pile(seen)
    assert StrategyJournal(pile).causality(pile.sealed[0]) == CausalityChain(
        origin=ORIGIN, signal_ids=(signal().id,), risk_ids=(RISK.id,)
    )


def test_a_decision_without_plans_has_no_plan_ids(run: Finished) -> None:
    decided = next(reasons for entry in run.entries if (reasons := read_reasons(entry)).directive is not None)
    pile = Pile(EntryDraft(EntryKind.COMMANDED, NOON, replace(decided, plans=None)))
    assert StrategyJournal(pile).causality(pile.sealed[0]).plan_ids == ()


def test_a_body_is_looked_for_in_all_of_its_own_second_and_nowhere_else() -> None:
    first, last = NOON, NOON + SECOND_NS - 1
    for at, found in ((first, True), (last, True), (first - 1, False), (last + 1, False)):
        pile = Pile(EntryDraft(EntryKind.OBSERVED, at, replace(EMPTY, origin=ORIGIN, signals=(signal(),))))
        assert (StrategyJournal(pile).find(signal().id) is not None) is found


def test_an_order_without_facts_has_none() -> None:
    pile = Pile(EntryDraft(EntryKind.INTENDED, NOON, replace(EMPTY, origin=ORIGIN), None, order_id(1)))
    found = StrategyJournal(pile).get_entry(order_id=order_id(1))
    assert (found.facts, found.fill_ids, found.causality) == ({}, (), CausalityChain(origin=ORIGIN, order_ids=(order_id(1),)))


def test_bodies_come_with_the_plans_in_the_order_of_planning(run: Finished) -> None:
    decided = next(reasons for entry in run.entries if (reasons := read_reasons(entry)).plans is not None)
    plans = decided.plans
    assert plans is not None
    assert bodies(decided) == [*decided.signals, decided.directive, plans.entry, plans.size, plans.exit, plans.execution]
    assert bodies(replace(decided, plans=Plans(size=plans.size))) == [*decided.signals, decided.directive, plans.size]
    assert bodies(EMPTY) == []


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"order_id": order_id(7)}, f"the journal has no entry of {order_id(7)}"),
        ({"fill_id": ids(IdKind.FILL)}, f"the journal has no entry of {ids(IdKind.FILL)}"),
        ({"fill_id": ids(IdKind.FILL), "order_id": order_id(1)}, f"the journal has no entry of {ids(IdKind.FILL)}"),
        ({}, "the journal has no entry of None"),
    ],
)
def test_what_nobody_wrote_is_unknown(asked: dict[str, str], sentence: str) -> None:
    pile = Pile(EntryDraft(EntryKind.INTENDED, NOON, replace(EMPTY, origin=ORIGIN), None, order_id(1)))
    with pytest.raises(UnknownId) as unknown:
        StrategyJournal(pile).get_entry(**asked)  # type: ignore[arg-type]
    assert str(unknown.value) == sentence


def test_a_body_that_nobody_wrote_is_unknown() -> None:
    with pytest.raises(UnknownId) as unknown:
        StrategyJournal(Pile(EntryDraft(EntryKind.OBSERVED, NOON, EMPTY))).get(signal().id)
    assert str(unknown.value) == f"the journal has no {signal().id}"


def test_a_journal_that_contradicts_itself_says_where() -> None:
    pile = Pile(
        EntryDraft(EntryKind.OBSERVED, NOON, EMPTY),
        EntryDraft(EntryKind.OBSERVED, NOON, EMPTY, EntryRef("gone", 5)),
        EntryDraft(EntryKind.OBSERVED, NOON, EMPTY, 1),
        EntryDraft(EntryKind.OBSERVED, NOON, replace(EMPTY, v=SCHEMA_VERSION + 1)),
    )
    journal = StrategyJournal(pile)
    first, _, third, newer = pile.sealed
    for attempt, sentence in (
        (lambda: journal.causality(first), "the parents of an entry lead to no origin"),
        (lambda: journal.lineage(third), f"entry {EntryRef('r', 1)} names a parent {EntryRef('gone', 5)} that is not there"),
        (
            lambda: read_reasons(newer),
            f"entry r:3 has schema {SCHEMA_VERSION + 1}, this version reads up to {SCHEMA_VERSION}",
        ),
    ):
        with pytest.raises(Defect) as defect:
            attempt()
        assert str(defect.value) == sentence
