"""Every entry of the journal about one trade, also those that bear no order's id: timers, and refusals."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.domain.directives import Refusal, Stage
from s1mpletrader.domain.ids import OrderId, TradeId
from s1mpletrader.domain.reasons import EntryKind, EntryRef, Reasons, SealedEntry

END_OF_TIME: Final = 2**63 - 1

_GIVING_UP: Final = frozenset({Stage.EXECUTION_WORKER, Stage.EXPIRY})
_FOLLOWING: Final = frozenset({EntryKind.ADVANCED, EntryKind.REFUSED})


class Told(NamedTuple):
    """An entry, and its body."""

    entry: SealedEntry
    reasons: Reasons


class TradeEntries(NamedTuple):
    """What the journal tells of a trade, each in the journal's order."""

    own: tuple[Told, ...]
    """The trade's own: its orders', its algorithms', and decisions about it, also refused ones."""
    batches: tuple[tuple[Told, ...], ...] = ()
    """The batches that it is, or was, a leg of: the entry of each, and what followed from it for all of its legs."""


def gives_up(refusal: Refusal) -> bool:
    """Whether it ends what was decided before, and is no decision of its own: an algorithm's or a batch's."""
    return refusal.directive is None and refusal.stage in _GIVING_UP


def entries_of_trade(
    journal: StrategyJournal, trade_id: TradeId, order_ids: Collection[OrderId], decisions: Iterable[SealedEntry]
) -> TradeEntries:
    """Find them: from the flow that began the trade on, whatever bears its id, its orders' ids, or follows from such an entry."""
    decided = list(decisions)
    lineages = [journal.lineage(entry) for entry in decided]
    start = min(lineage[-1].at for lineage in lineages)
    finder = _Finder(trade_id, order_ids, decided)
    for entry in journal.reader.entries_between(start, END_OF_TIME):
        finder.look(entry)
    return TradeEntries(tuple(finder.own), tuple(tuple(batch) for batch in finder.batches))


class _Finder:
    """Looks at entries in the journal's order, in which causes come before what they cause."""

    def __init__(self, trade_id: TradeId, order_ids: Collection[OrderId], decisions: Iterable[SealedEntry]) -> None:
        self.own: list[Told] = []
        self.batches: list[list[Told]] = []
        self._trade = trade_id
        self._name = trade_id.encode()
        self._order_ids = set(order_ids)
        self._decisions = {entry.ref for entry in decisions}
        self._directives = {read_reasons(entry).execution_directive_id for entry in decisions} - {None}
        self._refs: set[EntryRef] = set()
        self._batch_of: dict[EntryRef, list[Told]] = {}

    def look(self, entry: SealedEntry) -> None:
        """Keep the entry if it is about the trade, or about a batch of it."""
        if entry.kind is EntryKind.BATCHED:
            reasons = read_reasons(entry)
            if reasons.batch is not None and not self._directives.isdisjoint(reasons.batch.execution_directive_ids):
                batch = self._batch_of[entry.ref] = [Told(entry, reasons)]
                self.batches.append(batch)
            return
        followed = self._batch_of.get(entry.parent) if entry.parent is not None else None
        if followed is not None:
            followed.append(Told(entry, read_reasons(entry)))
            if entry.kind is EntryKind.ADVANCED:
                self._batch_of[entry.ref] = followed
        told = self._own(entry)
        if told is not None:
            self._refs.add(entry.ref)
            self.own.append(told)
            if told.reasons.execution_directive_id is not None and not told.reasons.refusals:
                self._directives.add(told.reasons.execution_directive_id)

    def _own(self, entry: SealedEntry) -> Told | None:
        if entry.order_id is not None:
            return Told(entry, read_reasons(entry)) if entry.order_id in self._order_ids else None
        if entry.ref in self._decisions:
            return Told(entry, read_reasons(entry))
        if self._name in entry.payload:
            reasons = read_reasons(entry)
            return Told(entry, reasons) if self._trade in _trades_of(reasons) else None
        if entry.kind is EntryKind.DEFERRED:
            reasons = read_reasons(entry)
            return Told(entry, reasons) if reasons.execution_directive_id in self._directives else None
        if entry.parent in self._refs and entry.kind in _FOLLOWING:
            reasons = read_reasons(entry)
            return Told(entry, reasons) if all(gives_up(refusal) for refusal in reasons.refusals) else None
        return None


def _trades_of(reasons: Reasons) -> Iterator[TradeId | None]:
    if reasons.directive is not None:
        yield reasons.directive.trade_id
    for refusal in reasons.refusals:
        if refusal.directive is not None:
            yield refusal.directive.trade_id


def deciding_entry(journal: StrategyJournal, entry: SealedEntry) -> SealedEntry:
    """The entry with the directive that led to this one; where there is none, the one that began the flow."""
    lineage = journal.lineage(entry)
    return next((link for link in lineage if read_reasons(link).directive is not None), lineage[-1])


def decision_of_empty_trade(journal: StrategyJournal, strategy: str, symbol: str, at: int) -> SealedEntry | None:
    """The decision that opened a trade of which no order has been placed: of its instant, strategy and symbol."""
    for entry in journal.reader.entries_between(at, at):
        directive = read_reasons(entry).directive if entry.kind is EntryKind.COMMANDED else None
        if directive is not None and directive.trade_id is None and directive.symbol == symbol:
            links = [read_reasons(link) for link in journal.lineage(entry)]
            if next((link.strategy for link in links if link.strategy is not None), None) == strategy:
                return entry
    return None
