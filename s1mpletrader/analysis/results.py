"""The results of a book, with instruments, currency and last prices as the journal tells them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import json

from s1mpletrader.analysis.profit import AccountProfit, ProfitReport
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.reasons import EntryKind, RunIdentity
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.ledger import ILedgerReader


def results_of(
    ledger: ILedgerReader, journal: IJournalReader, currency: str | None = None, prices: Mapping[str, Decimal] | None = None
) -> AccountProfit:
    """Sum up a book. Given prices come before the last ones of its latest run."""
    identity, last_prices = _latest(ledger.book, journal)
    instruments = {instrument.symbol: instrument for instrument in identity.instruments}
    return ProfitReport(ledger, instruments, {**last_prices, **(prices or {})}, currency or _currency(identity)).account()


def _latest(book: str, journal: IJournalReader) -> tuple[RunIdentity, Mapping[str, Decimal]]:
    found: RunIdentity | None = None
    prices: Mapping[str, Decimal] = {}
    for run in journal.runs():
        first, last = next(journal.entries(run), None), journal.head(run)
        identity = read_reasons(first).run if first is not None else None
        if identity is None or identity.book != book or last is None:
            continue
        found = identity
        if last.kind is EntryKind.RUN_ENDED:
            prices = read_reasons(last).prices or {}
    if found is None:
        raise UnknownId(f"the journal has no run of the book {book}")
    return found, prices


def _currency(identity: RunIdentity) -> str:
    content: Any = json.decode(identity.configuration)
    first = content[0] if isinstance(content, list) else content
    return str(first["account"]["currency"])
