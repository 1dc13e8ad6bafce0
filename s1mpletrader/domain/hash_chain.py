"""The journal's hash chain: each entry's hash covers the hash before it, the header and the payload, byte for byte as stored."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from s1mpletrader.domain.ids import FillId, OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.reasons import EntryKind, SealedEntry

GENESIS: Final = bytes(32)
"""What stands before the first entry of a run."""

_FRESH: Final = sha256()
"""Copied for every digest and never fed: finding the algorithm anew would cost as much as a short entry's hash."""


def seal(
    previous_hash: bytes,
    run: str,
    seq: int,
    kind: EntryKind,
    parent_run: str | None,
    parent_seq: int | None,
    order_id: OrderId | None,
    fill_id: FillId | None,
    at: Instant,
    payload: bytes,
) -> SealedEntry:
    """The entry with its hash."""
    digest = _digest(previous_hash, run, seq, kind, parent_run, parent_seq, order_id, fill_id, at, payload)
    return SealedEntry(run, seq, kind, parent_run, parent_seq, order_id, fill_id, at, payload, digest)


def continues(entry: SealedEntry, previous_hash: bytes) -> bool:
    """Whether the entry's hash is that of its content, after the entry with this hash."""
    run, seq, kind, parent_run, parent_seq, order_id, fill_id, at, payload, digest = entry
    return _digest(previous_hash, run, seq, kind, parent_run, parent_seq, order_id, fill_id, at, payload) == digest


def _digest(
    previous_hash: bytes,
    run: str,
    seq: int,
    kind: EntryKind,
    parent_run: str | None,
    parent_seq: int | None,
    order_id: OrderId | None,
    fill_id: FillId | None,
    at: Instant,
    payload: bytes,
) -> bytes:
    header = (
        f"{run}\x1f{seq!s}\x1f{kind._value_}\x1f{parent_run!s}\x1f{parent_seq!s}\x1f{order_id!s}\x1f{fill_id!s}\x1f{at!s}\x1e"
    )
    hashed = _FRESH.copy()
    hashed.update(previous_hash + header.encode() + payload)
    return hashed.digest()


def chain_faults(entries: Iterable[SealedEntry]) -> Iterator[str]:
    """A sentence for every entry of one run, in the order of its sequence, that does not follow from the one before it.

    A removed, changed, added or reordered entry is named. Entries cut off at the end are not seen here: a run's last entry is its
    RUN_ENDED, and the next run names the head that it found.
    """
    expected, previous = 0, GENESIS
    for entry in entries:
        if entry.seq != expected:
            yield f"{entry.run}: sequence {expected} is missing, found {entry.seq}"
            expected, previous = entry.seq + 1, entry.hash
            continue
        if not continues(entry, previous):
            yield f"{entry.run}: entry {entry.seq} does not match its hash"
        expected, previous = entry.seq + 1, entry.hash
