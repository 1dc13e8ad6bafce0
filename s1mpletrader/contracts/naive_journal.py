"""A journal over a plain list of entries: slow, obvious, and enough to stand in for a real one."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager

from s1mpletrader.api import BrokenChain, EntryRef, FillId, Instant, OrderId, SealedEntry


class NaiveJournal:
    """Reads and writes by going through all entries, each time anew."""

    def __init__(self, entries: list[SealedEntry] | None = None) -> None:
        self._stored = entries if entries is not None else []

    @property
    def transaction_domain(self) -> Hashable:
        """No other store shares its transactions."""
        return id(self._stored)

    @contextmanager
    def begin(self) -> Iterator[list[SealedEntry]]:
        """A copy to write to."""
        copy = list(self._stored)
        yield copy
        self._stored[:] = copy

    def write(self, tx: list[SealedEntry], entries: Sequence[SealedEntry]) -> None:
        """Append what is new and continues its run."""
        for entry in entries:
            present = next((other for other in tx if other.ref == entry.ref), None)
            if present == entry:
                continue
            if present is not None or entry.seq != sum(other.run == entry.run for other in tx):
                raise BrokenChain(f"{entry.ref} does not continue its run")
            if entry.parent is not None and all(other.ref != entry.parent for other in tx):
                raise BrokenChain(f"{entry.ref} names the parent {entry.parent}, which is not there")
            tx.append(entry)

    def discard(self, run: str) -> None:
        """Forget a run."""
        self._stored[:] = [entry for entry in self._stored if entry.run != run]

    def runs(self) -> Sequence[str]:
        """The runs by their first entries."""
        return list(dict.fromkeys(entry.run for entry in self._stored))

    def head(self, run: str) -> SealedEntry | None:
        """The run's last entry."""
        return next(iter(reversed(list(self.entries(run)))), None)

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        """The entry at a place."""
        return next((entry for entry in self._stored if entry.ref == ref), None)

    def entries(self, run: str) -> Iterator[SealedEntry]:
        """The run's entries."""
        return (entry for entry in self._stored if entry.run == run)

    def entries_of_order(self, order_id: OrderId) -> Sequence[SealedEntry]:
        """The order's entries."""
        return [entry for entry in self._stored if entry.order_id == order_id]

    def entry_of_fill(self, fill_id: FillId, run: str | None = None) -> SealedEntry | None:
        """The fill's entry."""
        return next((entry for entry in self._stored if entry.fill_id == fill_id and run in (None, entry.run)), None)

    def entries_between(self, first: Instant, last: Instant) -> Iterator[SealedEntry]:
        """Entries of a span of time."""
        return (entry for entry in self._stored if first <= entry.at <= last)
