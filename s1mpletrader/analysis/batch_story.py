"""The batches of a trade: all of their legs, how far each came, and how a batch that failed was taken back."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from s1mpletrader.analysis.trade_entries import Told, deciding_entry
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.domain.batches import BatchPolicy, OnFailure
from s1mpletrader.domain.directives import Refusal, StrategyDirective
from s1mpletrader.domain.ids import DirectiveId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ratio, total
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import opening_side
from s1mpletrader.domain.reasons import BatchReasons, EntryKind, EntryRef
from s1mpletrader.ports.ledger import ILedgerReader


class LegStanding(StrEnum):
    """How far a leg came."""

    WAITING = "WAITING"
    """It has not begun: the leg before it has not succeeded."""
    OPEN = "OPEN"
    SUCCEEDED = "SUCCEEDED"
    """All of its size has been entered."""
    FAILED = "FAILED"
    REFUSED = "REFUSED"
    """It was not begun: a risk gate said no when its turn came, or the batch had failed before."""


class LegStory(Struct, frozen=True, kw_only=True):
    """One leg of a batch."""

    execution_directive_id: DirectiveId
    symbol: str
    direction: Direction
    standing: LegStanding
    trade_id: TradeId | None
    """None where nothing was begun."""
    target: Decimal | None
    entered: Decimal
    average_price: Decimal | None
    """Derived: the mean price of what was entered."""
    refusal: Refusal | None


class BatchStory(Struct, frozen=True, kw_only=True):
    """Directives that were decided together."""

    ref: EntryRef
    at: Instant
    policy: BatchPolicy
    on_failure: OnFailure
    deadline: Instant | None
    legs: tuple[LegStory, ...]
    failures: tuple[str, ...]
    """Why it failed; empty while it has not."""
    taken_back: tuple[TradeId, ...]
    """The trades that it ended by directives of its own."""


class BatchTeller:
    """Puts the story of a batch together from its entry, those that follow from it, and the ledger."""

    def __init__(self, journal: StrategyJournal, ledger: ILedgerReader) -> None:
        self._journal = journal
        self._ledger = ledger

    def tell(self, batches: Iterable[Sequence[Told]]) -> tuple[BatchStory, ...]:
        """Each batch from its entry and those that followed from it."""
        return tuple(self._batch(told, told.reasons.batch, own) for told, *own in batches if told.reasons.batch is not None)

    def _batch(self, told: Told, batch: BatchReasons, own: Sequence[Told]) -> BatchStory:
        refusals = [refusal for one in own for refusal in one.reasons.refusals]
        ended = [one.reasons.directive.trade_id for one in own if one.reasons.directive is not None]
        return BatchStory(
            ref=told.entry.ref,
            at=told.entry.at,
            policy=batch.policy,
            on_failure=batch.on_failure,
            deadline=batch.deadline,
            legs=tuple(self._legs(told, batch, own, refusals)),
            failures=tuple(dict.fromkeys(f"{refusal.code}: {refusal.detail}" for refusal in refusals)),
            taken_back=tuple(trade_id for trade_id in ended if trade_id is not None),
        )

    def _legs(self, told: Told, batch: BatchReasons, own: Iterable[Told], refusals: Sequence[Refusal]) -> Iterator[LegStory]:
        """The legs in their order: as decided with the batch, or as begun later."""
        at = told.entry.at
        wanted = set(batch.execution_directive_ids)
        known: dict[DirectiveId, Told] = {}
        for one in (*self._decided(at), *own):
            if one.reasons.execution_directive_id in wanted and not one.reasons.refusals:
                known[one.reasons.execution_directive_id] = one
        for directive_id in batch.execution_directive_ids:
            decided = known.get(directive_id)
            if decided is not None and decided.reasons.directive is not None:
                yield self._leg(directive_id, decided, decided.reasons.directive, refusals)

    def _decided(self, at: Instant) -> Iterator[Told]:
        return (Told(entry, read_reasons(entry)) for entry in self._journal.reader.entries_between(at, at))

    def _leg(
        self, directive_id: DirectiveId, decided: Told, directive: StrategyDirective, refusals: Sequence[Refusal]
    ) -> LegStory:
        size = decided.reasons.plans.size if decided.reasons.plans is not None else None
        is_begun = decided.entry.kind is not EntryKind.DEFERRED
        trade_id = self._trade_of(decided, directive) if is_begun else None
        orders = [*self._orders(decided, directive, trade_id)] if trade_id is not None else []
        entered = total(order.filled_quantity for order in orders)
        refusal = next((one for one in refusals if one.directive is not None and one.directive.id == directive.id), None)
        if refusal is not None:
            standing = LegStanding.REFUSED
        elif size is not None and entered >= size.quantity:
            standing = LegStanding.SUCCEEDED
        elif not is_begun:
            standing = LegStanding.WAITING
        else:
            standing = LegStanding.OPEN if not refusals and any(order.live for order in orders) else LegStanding.FAILED
        return LegStory(
            execution_directive_id=directive_id,
            symbol=directive.symbol,
            direction=directive.direction,
            standing=standing,
            trade_id=trade_id,
            target=size.quantity if size is not None else None,
            entered=entered,
            average_price=ratio(total(order.filled_notional for order in orders), entered),
            refusal=refusal,
        )

    def _trade_of(self, decided: Told, directive: StrategyDirective) -> TradeId | None:
        """The trade that a leg opened at its own instant, or adds to."""
        if directive.trade_id is not None:
            return directive.trade_id
        at, symbol, direction = decided.entry.at, directive.symbol, directive.direction
        trades = (one for one in self._ledger.trades() if (one.at, one.symbol, one.direction) == (at, symbol, direction))
        for trade in trades:
            orders = list(self._ledger.orders(trade_id=trade.trade_id))
            if not orders or any(self._is_of(order, decided) for order in orders):
                return trade.trade_id
        return None

    def _orders(self, decided: Told, directive: StrategyDirective, trade_id: TradeId) -> Iterator[Order]:
        """The orders by which a leg enters."""
        side = opening_side(directive.direction)
        for order in self._ledger.orders(trade_id=trade_id):
            if order.details.side is side and self._is_of(order, decided):
                yield order

    def _is_of(self, order: Order, decided: Told) -> bool:
        entries = self._journal.reader.entries_of_order(order.order_id)
        return bool(entries) and deciding_entry(self._journal, entries[0]).ref == decided.entry.ref
