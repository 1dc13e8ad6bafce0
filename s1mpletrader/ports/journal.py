"""The journal: reason, append-only, in one gap-free hash chain for each run."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import FillId, OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.reasons import EntryRef, SealedEntry
from s1mpletrader.ports.transaction import ITransactional, Tx


class BrokenChain(Defect):
    """An entry does not continue the run's sequence, or another stands in its place."""


class IJournalReader(Protocol):
    """Reads entries as they are stored. What is not there is ``None`` or empty."""

    def runs(self) -> Sequence[str]:
        """All runs, in the order in which they began to be written."""
        ...

    def head(self, run: str) -> SealedEntry | None:
        """The run's last entry."""
        ...

    def entry(self, ref: EntryRef) -> SealedEntry | None:
        """The entry at a place."""
        ...

    def entries(self, run: str) -> Iterator[SealedEntry]:
        """The run's entries by their sequence."""
        ...

    def entries_of_order(self, order_id: OrderId) -> Sequence[SealedEntry]:
        """Every entry that bears the order's id, of all runs, in the order of writing."""
        ...

    def entry_of_fill(self, fill_id: FillId, run: str | None = None) -> SealedEntry | None:
        """The entry that bears the fill's id; in several backtests of one store the same id may occur once in each run."""
        ...

    def entries_between(self, first: Instant, last: Instant) -> Iterator[SealedEntry]:
        """Entries with ``first <= at <= last``, of all runs: how a signal or a plan is found by the second in its id."""
        ...


class IJournal(ITransactional, IJournalReader, Protocol):
    """The writing side, held by the Recorder alone.

    Laws:

    - Entries continue their run's sequence without a gap, else ``BrokenChain``; delivering an entry again adds nothing.
    - Nothing stored is ever updated or deleted; an attempt past this port is refused by the store.
    - A parent must be in the journal or earlier in the same write.
    """

    def write(self, tx: Tx, entries: Sequence[SealedEntry]) -> None:
        """Append the entries within a transaction."""
        ...

    def discard(self, run: str) -> None:
        """Remove a whole run, as a repeated backtest asks. A run of real orders raises ``Refused``."""
        ...
