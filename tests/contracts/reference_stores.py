"""Correct stores: the smallest that hold the laws, and what the broken twins are made of."""

import copy
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, get_args

import msgspec

from s1mpletrader.api import (
    CacheFull,
    CacheMiss,
    EntryRef,
    ILedger,
    Instant,
    LaterThanAnchor,
    LedgerChange,
    OrderContext,
    OrderId,
    SealedEntry,
)
from s1mpletrader.contracts import (
    CacheContract,
    CacheHarness,
    JournalContract,
    JournalHarness,
    LedgerContract,
    LedgerHarness,
)
from s1mpletrader.contracts.naive_journal import NaiveJournal
from s1mpletrader.contracts.naive_ledger import NaiveLedgerStore
from s1mpletrader.contracts.samples import Samples


class FileLedger(NaiveLedgerStore):
    """The naive ledger, saved to a file with every commit."""

    def __init__(self, path: Path, book: str, changes: list[LedgerChange]) -> None:
        super().__init__(book, changes)
        self.path = path

    @contextmanager
    def begin(self) -> Iterator[list[LedgerChange]]:
        with super().begin() as tx:
            yield tx
        self.save()

    def save(self) -> None:
        """Put the whole in place of what is there, so that who reads meanwhile sees the one or the other."""
        beside = self.path.with_suffix(f".{threading.get_ident()}")
        beside.write_bytes(msgspec.msgpack.encode(self._stored))
        beside.replace(self.path)


def load(path: Path) -> list[LedgerChange]:
    return msgspec.msgpack.decode(path.read_bytes(), type=list[LedgerChange]) if path.exists() else []


def open_file(kind: type[FileLedger], directory: Path, book: str) -> ILedger:
    path = directory / book
    return kind(path, book, load(path))


class ReferenceLedger(LedgerContract):
    store: type[FileLedger] = FileLedger

    def make_harness(self, directory: Path) -> LedgerHarness:
        books: dict[str, list[LedgerChange]] = {}

        def open_book(book: str) -> ILedger:
            if book not in books:
                books[book] = load(directory / book)
            return self.store(directory / book, book, books[book])

        def migrated(book: str) -> tuple[ILedger, list[LedgerChange]]:
            held: list[LedgerChange] = list(Samples("migrated").family().changes)
            books[book] = self.migrate(held)
            return open_book(book), held

        return LedgerHarness(
            open=open_book,
            crash_opener=partial(open_file, self.store, directory),
            columns=self.columns,
            migrate_from_first=migrated,
        )

    def columns(self) -> dict[str, list[str]]:
        return {kind.__name__: [field.name for field in msgspec.structs.fields(kind)] for kind in get_args(LedgerChange)}

    def migrate(self, held: list[LedgerChange]) -> list[LedgerChange]:
        return list(held)


class ReferenceJournal(JournalContract):
    store: type[NaiveJournal] = NaiveJournal

    def make_harness(self, directory: Path) -> JournalHarness:
        entries: list[SealedEntry] = []

        def place(ref: EntryRef) -> int:
            return next(index for index, entry in enumerate(entries) if entry.ref == ref)

        def change(ref: EntryRef, payload: bytes) -> None:
            entries[place(ref)] = entries[place(ref)]._replace(payload=payload)

        def remove(ref: EntryRef) -> None:
            del entries[place(ref)]

        return JournalHarness(
            open=lambda: self.store(entries),
            attempt_update=self.attempt_update,
            attempt_delete=self.attempt_delete,
            tamper_change=change,
            tamper_remove=remove,
        )

    def attempt_update(self, ref: EntryRef, payload: bytes) -> None:
        raise PermissionError("nothing is updated")

    def attempt_delete(self, ref: EntryRef) -> None:
        raise PermissionError("nothing is deleted")


class MemoryCache:
    """A cache of dictionaries."""

    def __init__(self, flow_limit: int, context_limit: int) -> None:
        self.flow_limit, self.context_limit = flow_limit, context_limit
        self.anchors: dict[str, Instant] = {}
        self.facts: dict[tuple[str, str], Any] = {}
        self.contexts: OrderedDict[OrderId, OrderContext] = OrderedDict()

    def open_flow(self, flow_id: str, strategy: str, at: Instant) -> None:
        if len(self.anchors) >= self.flow_limit:
            raise CacheFull(f"{len(self.anchors)} flows are open")
        self.anchors[flow_id] = at

    def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
        if at > self.anchors[flow_id]:
            raise LaterThanAnchor(f"{key} is of {at}, the flow of {self.anchors[flow_id]}")
        self.facts[flow_id, key] = copy.deepcopy(value)

    def get(self, flow_id: str, key: str) -> Any:
        if (flow_id, key) not in self.facts:
            raise CacheMiss(key)
        return self.facts[flow_id, key]

    def close_flow(self, flow_id: str) -> None:
        self.anchors.pop(flow_id, None)
        self.facts = {place: value for place, value in list(self.facts.items()) if place[0] != flow_id}

    def put_context(self, context: OrderContext) -> None:
        self.contexts[context.order_id] = msgspec.structs.replace(context, facts=dict(context.facts))
        if len(self.contexts) > self.context_limit:
            self.contexts.popitem(last=False)

    def get_context(self, order_id: OrderId) -> OrderContext:
        if order_id not in self.contexts:
            raise CacheMiss(order_id)
        return self.contexts[order_id]

    def drop_context(self, order_id: OrderId) -> None:
        self.contexts.pop(order_id, None)


class ReferenceCache(CacheContract):
    store: type[MemoryCache] = MemoryCache

    def make_harness(self, directory: Path) -> CacheHarness:
        return CacheHarness(open=lambda: self.store(4, 4), flow_limit=4, context_limit=4)
