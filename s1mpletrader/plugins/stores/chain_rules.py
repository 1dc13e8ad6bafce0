"""The laws of the journal on writing, for each of its stores: no gap, no other entry in a place, no parent that is not there."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final, NamedTuple, Protocol

from s1mpletrader.api import GENESIS, BrokenChain, EntryRef, SealedEntry, continues


class Head(NamedTuple):
    """Where a run stands: the sequence that comes next, and the hash that it continues."""

    next_seq: int
    hash: bytes


NO_ENTRY: Final = Head(0, GENESIS)


class IStoredChain(Protocol):
    """The journal as it stands within the transaction that is being written."""

    def head(self, run: str) -> Head:
        """Where a run stands; ``NO_ENTRY`` for one that is not there."""
        ...

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        """The entry at a place."""
        ...


class ChainRules:
    """What a journal asks before it stores anything.

    It remembers where the runs that were written stand. ``forget`` is always safe: call it when a transaction is undone.
    """

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}

    def forget(self) -> None:
        """Remember nothing."""
        self._heads.clear()

    def sift(self, entries: Iterable[SealedEntry], stored: IStoredChain) -> list[SealedEntry]:
        """The entries that are new, in their order; ``BrokenChain`` where one cannot stand in its place."""
        fresh: list[SealedEntry] = []
        try:
            for run, of_run in groupby(entries, attrgetter("run")):
                self._heads[run] = self._follow(self._head(run, stored), of_run, fresh, stored)
        except BaseException:
            self.forget()
            raise
        return fresh

    def _head(self, run: str, stored: IStoredChain) -> Head:
        head = self._heads.get(run)
        return head if head is not None else stored.head(run)

    def _follow(self, head: Head, entries: Iterable[SealedEntry], fresh: list[SealedEntry], stored: IStoredChain) -> Head:
        """The run's head after these entries.

        Only the first new one is checked to continue the head's hash: those after it were sealed together with it.
        """
        next_seq, latest = head.next_seq, None
        for entry in entries:
            seq, parent_seq = entry.seq, entry.parent_seq
            if seq != next_seq:
                _require_repetition(entry, next_seq, fresh, stored)
                continue
            if latest is None:
                _require_continuation(entry, head)
            if parent_seq is not None and (entry.parent_run is not None or not 0 <= parent_seq < seq):
                self._require_parent(entry, stored)
            fresh.append(entry)
            latest = entry
            next_seq += 1
        return head if latest is None else Head(next_seq, latest.hash)

    def _require_parent(self, entry: SealedEntry, stored: IStoredChain) -> None:
        run, seq = entry.parent_run, entry.parent_seq
        end = entry.seq if run is None or run == entry.run else self._head(run, stored).next_seq
        if seq is not None and not 0 <= seq < end:
            raise BrokenChain(f"{entry.run}: entry {entry.seq} names the parent {entry.parent}, which is not there")


def _require_repetition(entry: SealedEntry, next_seq: int, fresh: Sequence[SealedEntry], stored: IStoredChain) -> None:
    if entry.seq > next_seq:
        raise BrokenChain(f"{entry.run}: entry {entry.seq} leaves a gap, {next_seq} comes next")
    known = next((other for other in fresh if other.ref == entry.ref), None) or stored.entry(entry.ref)
    if known != entry:
        raise BrokenChain(f"{entry.run}: another entry stands in the place {entry.seq}")


def _require_continuation(entry: SealedEntry, head: Head) -> None:
    if not continues(entry, head.hash):
        raise BrokenChain(f"{entry.run}: entry {entry.seq} does not continue the hash of the one before it")
