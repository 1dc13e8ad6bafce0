"""Where in the stores an id is found."""

from collections.abc import Iterator
from typing import Final

from s1mpletrader.core.journal_reader import StrategyJournal, bodies, read_reasons
from s1mpletrader.domain.ids import FillId, GroupId, IdKind, OrderId, TradeId, id_second
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reasons import SealedEntry
from s1mpletrader.ports.ledger import ILedgerReader

LEDGER_KINDS: Final = frozenset({IdKind.ORDER, IdKind.FILL, IdKind.TRADE, IdKind.GROUP})
"""Ids of what the ledger holds; all others are the journal's."""

_FLOW_KINDS: Final = frozenset({IdKind.SIGNAL, IdKind.TICK, IdKind.RISK})


def orders_of_subject(ledger: ILedgerReader, kind: IdKind, subject: str) -> list[Order]:
    """The orders that an id of the ledger means."""
    if kind is IdKind.TRADE:
        return list(ledger.orders(trade_id=TradeId(subject)))
    if kind is IdKind.GROUP:
        return list(ledger.orders(group_id=GroupId(subject)))
    if kind is IdKind.FILL:
        fill = ledger.get_fill(FillId(subject))
        subject = fill.order_id if fill is not None else ""
    order = ledger.get_order(OrderId(subject)) if subject else None
    return [order] if order is not None else []


def entries_about(journal: StrategyJournal, subject: str) -> Iterator[SealedEntry]:
    """The entries that keep the body, the origin or the execution directive of this id."""
    second = id_second(subject)
    for entry in journal.reader.entries_between(second, second + SECOND_NS - 1):
        reasons = read_reasons(entry)
        ids = {body.id for body in bodies(reasons)} | {reasons.execution_directive_id}
        if subject in ids or (reasons.origin is not None and reasons.origin.id == subject):
            yield entry


def orders_that_followed(
    journal: StrategyJournal, ledger: ILedgerReader, kind: IdKind, entries: list[SealedEntry]
) -> list[Order]:
    """The orders of the groups that came of these entries, in their flow."""
    about = [entry for entry in _flow_of(journal, entries[0]) if entry.order_id is not None]
    if kind not in _FLOW_KINDS:
        places = {entry.ref for entry in entries}
        about = [entry for entry in about if entry.ref in places]
    found = [ledger.get_order(OrderId(entry.order_id or "")) for entry in about]
    groups = dict.fromkeys(order.group_id for order in found if order is not None)
    return [order for group in groups for order in ledger.orders(group_id=group)]


def _flow_of(journal: StrategyJournal, entry: SealedEntry) -> Iterator[SealedEntry]:
    """The entries of the flow that an entry belongs to: those of its instant that lead back to the same beginning."""
    root = journal.lineage(entry)[-1].ref
    for other in journal.reader.entries_between(entry.at, entry.at):
        if journal.lineage(other)[-1].ref == root:
            yield other
