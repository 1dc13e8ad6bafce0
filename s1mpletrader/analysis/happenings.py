"""What happened after a decision: entry by entry, as commands with their answers, and as algorithms with their timers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct

from s1mpletrader.analysis.slippage import BASIS_POINTS
from s1mpletrader.analysis.trade_entries import Told
from s1mpletrader.domain.ids import FillId, GroupId, OrderId, RefusalId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import DERIVED, ratio, total
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reasons import EntryKind, EntryRef, SealedEntry

_ANSWERS: Final = frozenset(
    {
        EntryKind.AMENDED,
        EntryKind.REPLACED,
        EntryKind.CANCELLED,
        EntryKind.EXPIRED,
        EntryKind.REJECTED,
        EntryKind.NOT_PLACED,
        EntryKind.CANCEL_REJECTED,
    }
)
"""Entries that settle a command about their order, whatever it was."""


class Happening(Struct, frozen=True, kw_only=True):
    """One entry of the journal, on the line of time."""

    ref: EntryRef
    kind: EntryKind
    at: Instant
    decision: int | None
    """Which of the story's decisions it belongs to."""
    cause: EntryRef | None
    """The entry that it followed from."""
    order_id: OrderId | None = None
    fill_id: FillId | None = None
    refusal_ids: tuple[RefusalId, ...] = ()
    role: str | None = None
    text: str | None = None


class CommandStory(Struct, frozen=True, kw_only=True):
    """An order was to be cancelled, amended or replaced."""

    order_id: OrderId
    kind: str
    """CANCEL, AMEND or REPLACE."""
    text: str
    """What was asked for, in full."""
    ref: EntryRef
    at: Instant
    decision: int | None
    """The decision that asked, or whose algorithm did."""
    cause: EntryKind | None
    """What it followed from: COMMANDED and INTENDED are decisions, ADVANCED is a timer, FILLED a fill."""
    replaced_by: OrderId | None
    answer: EntryKind | None
    """What became of it; None while nothing is known, and for an order that was filled first."""
    answer_text: str | None
    answered_at: Instant | None


class Wake(Struct, frozen=True, kw_only=True):
    """A timer that an algorithm had asked for."""

    ref: EntryRef
    at: Instant
    order_ids: tuple[OrderId, ...]
    """What it placed then."""


class AlgorithmStory(Struct, frozen=True, kw_only=True):
    """An algorithm that went on after its decision: when it was woken, and what it placed in slices."""

    decision: int
    group_id: GroupId | None
    """None where it has placed nothing yet."""
    algorithm: str
    target: Decimal | None
    """The size plan's quantity."""
    filled: Decimal
    average_price: Decimal | None
    """Derived: the mean price of the slices."""
    decision_price: Decimal | None
    """The last price known when the whole was decided, before the first slice."""
    basis_points: Decimal | None
    """Derived: by how much the slices were worse than that, in hundredths of a percent of it."""
    slices: tuple[OrderId, ...]
    wakes: tuple[Wake, ...]


class OrderFacts(NamedTuple):
    """What is known of a story's order when its entries are read."""

    order: Order
    role: str
    decision: int


class Algorithm(NamedTuple):
    """A decision's algorithm, how much it was to enter, and the last price known then."""

    name: str
    target: Decimal | None
    decision_price: Decimal | None


def happenings_of(entries: Iterable[Told], decision_of: Callable[[SealedEntry], int | None]) -> tuple[Happening, ...]:
    """The entries as they followed each other; each belongs to the decision that its parents lead to."""
    belongs: dict[EntryRef, int | None] = {}
    found = []
    for entry, reasons in entries:
        decision = belongs.get(entry.parent) if entry.parent is not None and reasons.directive is None else None
        decision = belongs[entry.ref] = decision_of(entry) if decision is None or reasons.refusals else decision
        found.append(
            Happening(
                ref=entry.ref,
                kind=entry.kind,
                at=entry.at,
                decision=decision,
                cause=entry.parent,
                order_id=entry.order_id,
                fill_id=entry.fill_id,
                refusal_ids=tuple(refusal.id for refusal in reasons.refusals),
                role=reasons.role,
                text=reasons.text,
            )
        )
    return tuple(found)


def commands_of(happenings: Sequence[Happening]) -> tuple[CommandStory, ...]:
    """Every command about an order, with the answer that settled it; commands about one order are answered in their turn."""
    kinds = {one.ref: one.kind for one in happenings}
    settled: set[EntryRef] = set()
    found = []
    for number, one in enumerate(happenings):
        if one.kind is not EntryKind.COMMANDED or one.order_id is None or one.text is None:
            continue
        answer = next((it for it in happenings[number + 1 :] if _answers(it, one) and it.ref not in settled), None)
        if answer is not None:
            settled.add(answer.ref)
        kind = one.text.split()[0]
        found.append(
            CommandStory(
                order_id=one.order_id,
                kind=kind,
                text=one.text,
                ref=one.ref,
                at=one.at,
                decision=one.decision,
                cause=kinds.get(one.cause) if one.cause is not None else None,
                replaced_by=OrderId(one.text.split()[-1]) if kind == "REPLACE" else None,
                answer=answer.kind if answer is not None else None,
                answer_text=answer.text if answer is not None else None,
                answered_at=answer.at if answer is not None else None,
            )
        )
    return tuple(found)


def algorithms_of(
    happenings: Sequence[Happening], orders: Sequence[OrderFacts], algorithms: Mapping[int, Algorithm]
) -> tuple[AlgorithmStory, ...]:
    """The algorithms that were woken, or that placed slices, by their decisions."""
    found = []
    for decision, (name, target, price) in algorithms.items():
        own = [one for one in orders if one.decision == decision]
        slices = [one for one in own if one.role == "slice"]
        wakes = tuple(_wake(one, happenings) for one in happenings if one.kind is EntryKind.ADVANCED and one.decision == decision)
        if slices or wakes:
            found.append(
                AlgorithmStory(
                    decision=decision,
                    group_id=own[0].order.group_id if own else None,
                    algorithm=name,
                    target=target,
                    filled=total(one.order.filled_quantity for one in slices),
                    average_price=_average_price(slices),
                    decision_price=price,
                    basis_points=_basis_points(slices, price),
                    slices=tuple(one.order.order_id for one in slices),
                    wakes=wakes,
                )
            )
    return tuple(found)


def _average_price(slices: Sequence[OrderFacts]) -> Decimal | None:
    notional = total(one.order.filled_notional for one in slices)
    return ratio(notional, total(one.order.filled_quantity for one in slices))


def _basis_points(slices: Sequence[OrderFacts], price: Decimal | None) -> Decimal | None:
    average = _average_price(slices)
    if average is None or price is None:
        return None
    worse = DERIVED.subtract(average, price) * slices[0].order.details.side.sign
    return ratio(worse * BASIS_POINTS, price)


def _answers(candidate: Happening, command: Happening) -> bool:
    return candidate.order_id == command.order_id and candidate.kind in _ANSWERS


def _wake(timer: Happening, happenings: Sequence[Happening]) -> Wake:
    placed = [it.order_id for it in happenings if it.kind is EntryKind.INTENDED and it.cause == timer.ref]
    return Wake(ref=timer.ref, at=timer.at, order_ids=tuple(order_id for order_id in placed if order_id is not None))
