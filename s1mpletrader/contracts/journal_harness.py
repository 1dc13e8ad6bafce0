"""What a test gives the journal's contract."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from s1mpletrader.api import EntryRef, IJournal, SealedEntry


def _nothing() -> None:
    """A harness that holds nothing has nothing to release."""


@dataclass(frozen=True, kw_only=True)
class JournalHarness:
    """One empty journal. What is None is not declared, and the laws that need it are skipped by its name."""

    open: Callable[[], IJournal]
    """A handle on the journal, made as another reader or writer of the store would make it."""
    close: Callable[[], None] = _nothing
    """Release everything that was opened."""
    attempt_update: Callable[[EntryRef, bytes], None] | None = None
    """Give an entry another payload past the port, as a program with ordinary access would: the store has to raise."""
    attempt_delete: Callable[[EntryRef], None] | None = None
    """Delete an entry past the port, as a program with ordinary access would: the store has to raise."""
    tamper_change: Callable[[EntryRef, bytes], None] | None = None
    """Give an entry another payload by force, past every protection."""
    tamper_remove: Callable[[EntryRef], None] | None = None
    """Remove an entry by force, past every protection."""
    migrate_from_first: Callable[[], tuple[IJournal, Sequence[SealedEntry]]] | None = None
    """A store in the schema of the first release, migrated to today's: the journal, and what had been in it."""


def write(journal: IJournal, entries: Sequence[SealedEntry]) -> None:
    """The entries in one transaction."""
    with journal.begin() as tx:
        journal.write(tx, entries)
