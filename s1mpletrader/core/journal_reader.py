"""Reading reasons back: entries by order or fill, and the causality that their parents add up to."""

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct, json

from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.directives import (
    EntryPlan,
    ExecutionPlan,
    ExitPlan,
    Refusal,
    SizePlan,
    StrategyDirective,
)
from s1mpletrader.domain.errors import Defect, UnknownId
from s1mpletrader.domain.ids import FillId, OrderId, id_second
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.opinion import Risk, Signal
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryKind, EntryRef, Reasons, SealedEntry
from s1mpletrader.ports.journal import IJournalReader

Body = Signal | Risk | StrategyDirective | Refusal | EntryPlan | SizePlan | ExitPlan | ExecutionPlan
"""What the journal keeps once, under an id of its own."""

B = TypeVar("B")

_decode: Final = json.Decoder(Reasons).decode


def read_reasons(entry: SealedEntry) -> Reasons:
    """The body of an entry, of any schema version so far; a newer one raises ``Defect``."""
    reasons = _decode(entry.payload)
    if reasons.v > SCHEMA_VERSION:
        raise Defect(f"entry {entry.run}:{entry.seq} has schema {reasons.v}, this version reads up to {SCHEMA_VERSION}")
    return reasons


class JournalEntry(Struct, frozen=True, kw_only=True):
    """An entry read back, with the causality that leads to it and on from it."""

    ref: EntryRef
    kind: EntryKind
    reasons: Reasons
    causality: CausalityChain
    order_id: OrderId | None
    fill_ids: tuple[FillId, ...]
    """Every fill of the order so far, in the order of their entries."""
    facts: Mapping[str, float]
    """The decision's facts."""


class StrategyJournal:
    """The journal as a person asks it."""

    def __init__(self, reader: IJournalReader) -> None:
        self.reader = reader

    def get_entry(self, *, order_id: OrderId | None = None, fill_id: FillId | None = None) -> JournalEntry:
        """The entry that intended an order, or that booked a fill; ``UnknownId`` where there is none."""
        if fill_id is not None:
            found = self.reader.entry_of_fill(fill_id)
        else:
            found = next(iter(self.reader.entries_of_order(order_id)), None) if order_id is not None else None
        if found is None:
            raise UnknownId(f"the journal has no entry of {fill_id or order_id}")
        return self._entry(found)

    def get(self, body_id: str) -> Body:
        """The signal, risk, directive, refusal or plan with this id; ``UnknownId`` where there is none."""
        found = self.find(body_id)
        if found is None:
            raise UnknownId(f"the journal has no {body_id}")
        return found[1]

    def find(self, body_id: str) -> tuple[SealedEntry, Body] | None:
        """The body with this id, and the entry that keeps it. The id's own second tells where to look."""
        second = id_second(body_id)
        for entry in self.reader.entries_between(second, second + SECOND_NS - 1):
            for body in bodies(read_reasons(entry)):
                if body.id == body_id:
                    return entry, body
        return None

    def lineage(self, entry: SealedEntry) -> list[SealedEntry]:
        """The entry and its parents, the latest first, back to the one that began the flow."""
        chain = [entry]
        while (parent := chain[-1].parent) is not None:
            found = self.reader.entry(parent)
            if found is None:
                raise Defect(f"entry {chain[-1].ref} names a parent {parent} that is not there")
            chain.append(found)
        return chain

    def causality(self, entry: SealedEntry) -> CausalityChain:
        """The ids from the origin to this entry's order and fills, computed from the parents."""
        return _chain([read_reasons(link) for link in self.lineage(entry)], *self._order_and_fills(entry))

    def _order_and_fills(self, entry: SealedEntry) -> tuple[tuple[OrderId, ...], tuple[FillId, ...]]:
        if entry.order_id is None:
            return (), ()
        about = self.reader.entries_of_order(entry.order_id)
        return (entry.order_id,), tuple(other.fill_id for other in about if other.fill_id is not None)

    def _entry(self, found: SealedEntry) -> JournalEntry:
        reasons = read_reasons(found)
        causality = self.causality(found)
        lineage = [read_reasons(link) for link in self.lineage(found)]
        return JournalEntry(
            ref=found.ref,
            kind=found.kind,
            reasons=reasons,
            causality=causality,
            order_id=found.order_id,
            fill_ids=causality.fill_ids,
            facts=next((link.facts for link in lineage if link.directive and link.facts), {}),
        )


def bodies(reasons: Reasons) -> list[Body]:
    """Everything in an entry that has an id of its own."""
    found: list[Body] = [*reasons.signals, *reasons.risks, *reasons.refusals]
    holders = [(reasons.directive, reasons.plans), *((refusal.directive, refusal.plans) for refusal in reasons.refusals)]
    for directive, plans in holders:
        if directive is not None:
            found.append(directive)
        if plans is not None:
            found += [plan for plan in (plans.entry, plans.size, plans.exit, plans.execution) if plan is not None]
    return found


def _chain(links: list[Reasons], order_ids: tuple[OrderId, ...], fill_ids: tuple[FillId, ...]) -> CausalityChain:
    origin = next((link.origin for link in links if link.origin is not None), None)
    if origin is None:
        raise Defect("the parents of an entry lead to no origin")
    decision = next((link for link in links if link.directive is not None), None)
    refusal = links[0].refusals[0] if links[0].refusals else None
    if decision is None or decision.directive is None:
        return CausalityChain(
            origin=origin,
            signal_ids=refusal.signal_ids if refusal else tuple(signal.id for signal in links[0].signals),
            risk_ids=refusal.risk_ids if refusal else tuple(risk.id for risk in links[0].risks),
            strategy_directive_id=refusal.directive.id if refusal and refusal.directive else None,
            plan_ids=refusal.plans.ids if refusal else (),
            order_ids=order_ids,
            fill_ids=fill_ids,
        )
    return CausalityChain(
        origin=origin,
        signal_ids=decision.directive.signal_ids,
        risk_ids=decision.directive.risk_ids,
        strategy_directive_id=decision.directive.id,
        plan_ids=decision.plans.ids if decision.plans is not None else (),
        execution_directive_id=decision.execution_directive_id,
        order_ids=order_ids,
        fill_ids=fill_ids,
    )
