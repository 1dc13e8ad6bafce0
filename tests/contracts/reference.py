"""Correct adapters in memory: the smallest that hold the laws, and what the broken twins are made of."""

from collections import defaultdict
from pathlib import Path
from typing import get_args

import msgspec

from s1mpletrader.api import ILedger, LedgerChange
from s1mpletrader.contracts import LedgerContract, LedgerHarness
from s1mpletrader.contracts.naive_ledger import NaiveLedgerStore
from s1mpletrader.contracts.samples import Samples


def reference_ledger() -> LedgerHarness:
    books: defaultdict[str, list[LedgerChange]] = defaultdict(list)

    def migrated(book: str) -> tuple[ILedger, list[LedgerChange]]:
        held: list[LedgerChange] = list(Samples("migrated").family().changes)
        books[book].extend(held)
        return NaiveLedgerStore(book, books[book]), held

    return LedgerHarness(
        open=lambda book: NaiveLedgerStore(book, books[book]),
        columns=lambda: {
            kind.__name__: [field.name for field in msgspec.structs.fields(kind)] for kind in get_args(LedgerChange)
        },
        migrate_from_first=migrated,
    )


class ReferenceLedger(LedgerContract):
    def make_harness(self, directory: Path) -> LedgerHarness:
        return reference_ledger()
