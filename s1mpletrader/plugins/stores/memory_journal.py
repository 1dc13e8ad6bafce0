"""A journal for as long as the process lives, with the laws of one that lasts."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager

from s1mpletrader.api import EntryRef, FillId, Instant, OrderId, Refused, SealedEntry
from s1mpletrader.plugins.stores.chain_rules import NO_ENTRY, ChainRules, Head
from s1mpletrader.plugins.stores.memory_transaction import MEMORY_DOMAIN, MemoryTransaction, begin_in_memory


class MemoryJournal:
    """Keeps the entries of each run in a list."""

    def __init__(self, *, lasting: bool = False) -> None:
        self._lasting = lasting
        self._runs: dict[str, list[SealedEntry]] = {}
        self._of_order: dict[OrderId, list[EntryRef]] = {}
        self._of_fill: dict[FillId, list[EntryRef]] = {}
        self._rules = ChainRules()

    @property
    def transaction_domain(self) -> Hashable:
        """The same for all stores in memory."""
        return MEMORY_DOMAIN

    def begin(self) -> AbstractContextManager[MemoryTransaction]:
        """A transaction."""
        return begin_in_memory()

    def write(self, tx: MemoryTransaction, entries: Sequence[SealedEntry]) -> None:
        """Append the entries that are new; ``BrokenChain`` where one cannot stand in its place."""
        fresh = self._rules.sift(entries, _Places(self._runs))
        tx.when_undone(lambda: self._take_back(fresh))
        for entry in fresh:
            self._runs.setdefault(entry.run, []).append(entry)
            if entry.order_id is not None:
                self._of_order.setdefault(entry.order_id, []).append(entry.ref)
            if entry.fill_id is not None:
                self._of_fill.setdefault(entry.fill_id, []).append(entry.ref)

    def discard(self, run: str) -> None:
        """Remove a run whole; ``Refused`` where real orders depend on it."""
        if self._lasting:
            raise Refused(f"real orders depend on the run {run}: it is never discarded")
        self._take_back(self._runs.get(run, [])[:])

    def runs(self) -> Sequence[str]:
        """All runs, in the order in which they began to be written."""
        return tuple(self._runs)

    def head(self, run: str) -> SealedEntry | None:
        """The run's last entry."""
        entries = self._runs.get(run)
        return entries[-1] if entries else None

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        """The entry at a place."""
        return _Places(self._runs).entry(ref)

    def entries(self, run: str) -> Iterator[SealedEntry]:
        """The run's entries by their sequence."""
        return iter(self._runs.get(run, ())[:])

    def entries_of_order(self, order_id: OrderId) -> Sequence[SealedEntry]:
        """Every entry that bears the order's id: the runs in their order, each by its sequence."""
        refs = self._of_order.get(order_id, ())
        return tuple(self._runs[run][seq] for run in self._runs for of_run, seq in refs if of_run == run)

    def entry_of_fill(self, fill_id: FillId, run: str | None = None) -> SealedEntry | None:
        """The first entry that bears the fill's id, of all runs or of one."""
        refs = [ref for ref in self._of_fill.get(fill_id, ()) if run in (None, ref.run)]
        return next((self._runs[name][seq] for name in self._runs for of_run, seq in refs if of_run == name), None)

    def entries_between(self, first: Instant, last: Instant) -> Iterator[SealedEntry]:
        """Entries with ``first <= at <= last``: the runs in their order, each by its sequence."""
        return iter([entry for entries in self._runs.values() for entry in entries if first <= entry.at <= last])

    def _take_back(self, entries: Sequence[SealedEntry]) -> None:
        self._rules.forget()
        for entry in reversed(entries):
            of_run = self._runs[entry.run]
            of_run.pop()
            if not of_run:
                del self._runs[entry.run]
            if entry.order_id is not None:
                self._of_order[entry.order_id].remove(entry.ref)
            if entry.fill_id is not None:
                self._of_fill[entry.fill_id].remove(entry.ref)


class _Places:
    """The stored chain, as the rules ask it."""

    def __init__(self, runs: dict[str, list[SealedEntry]]) -> None:
        self._runs = runs

    def head(self, run: str) -> Head:
        entries = self._runs.get(run)
        return Head(len(entries), entries[-1].hash) if entries else NO_ENTRY

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        entries = self._runs.get(ref.run, ())
        return entries[ref.seq] if 0 <= ref.seq < len(entries) else None
