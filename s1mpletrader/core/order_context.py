"""Finding a live order's context: from the cache, or where the cache has lost it, again from ledger and journal."""

from collections.abc import Callable
from typing import Final

from s1mpletrader.core.book import Book
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.ports.cache import CacheMiss, ICache, OrderContext
from s1mpletrader.ports.journal import IJournalReader

_NO_ANSWERS: Final = frozenset({EntryKind.RECORDED, EntryKind.FILLED, EntryKind.ALARM})


class ContextFinder:
    """Order contexts, rebuilt where they are missing: after a restart, after an eviction, or when an ended order stirs."""

    def __init__(self, cache: ICache, book: Book, settled_journal: Callable[[], StrategyJournal]) -> None:
        self._cache = cache
        self._book = book
        self._settled_journal = settled_journal

    def find(self, order_id: OrderId) -> OrderContext | None:
        """The order's context; None for an order that is not ours."""
        try:
            return self._cache.get_context(order_id)
        except CacheMiss:
            order = self._book.order(order_id)
        if order is None:
            return None
        context = rebuild_context(self._settled_journal(), order)
        if order.live:
            self._cache.put_context(context)
        return context


def is_unanswered(journal: IJournalReader, order_id: OrderId) -> bool:
    """Whether an order was to be cancelled or changed, and the journal has no answer to that. A fill is none."""
    kinds = [entry.kind for entry in journal.entries_of_order(order_id) if entry.kind not in _NO_ANSWERS]
    return bool(kinds) and kinds[-1] is EntryKind.COMMANDED


def rebuild_context(journal: StrategyJournal, order: Order) -> OrderContext:
    """The context that the order's flow had put into the cache.

    A command follows from another decision than the order does: what comes after it goes on from the entry before it.
    """
    entries = journal.reader.entries_of_order(order.order_id)
    if not entries:
        raise Defect(f"the ledger has {order.order_id}, and the journal has no entry of it")
    lineage = [(entry, read_reasons(entry)) for entry in journal.lineage(entries[0])]
    decision, reasons = next((pair for pair in lineage if pair[1].directive is not None), lineage[-1])
    flow_facts = next((link.facts for _, link in lineage if link.origin is not None), None)
    return OrderContext(
        order_id=order.order_id,
        strategy=order.intent.strategy,
        causality=journal.causality(entries[0]),
        order_details=order.details,
        status=order.state,
        fills=order.fill_ids,
        facts=reasons.facts or flow_facts or {},
        reference_price=order.intent.reference_price,
        decision=decision.ref,
        last=next(entry.ref for entry in reversed(entries) if entry.kind is not EntryKind.COMMANDED),
    )
