"""The Recorder: the only one that commits. Reality and its reasons become durable together, before anything leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from msgspec import Struct

from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.domain.errors import GateClosed
from s1mpletrader.domain.reality import LedgerChange
from s1mpletrader.domain.reasons import EntryDraft, EntryRef, SealedEntry
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger


class Step(Struct, frozen=True, gc=False):
    """What happened, and why: recorded as one."""

    reality: tuple[LedgerChange, ...]
    reasons: tuple[EntryDraft, ...]


@dataclass(frozen=True)
class CommitPolicy:
    """When steps become durable, and whether their commands wait for it."""

    steps_max: int | None
    """Commit after so many steps; None leaves it to the runtime's turn."""
    commands_wait: bool
    """Whether a step's commands leave only once it is durable."""


INLINE = CommitPolicy(steps_max=1, commands_wait=True)
"""Every step is durable when ``record`` returns."""

GROUP = CommitPolicy(steps_max=None, commands_wait=True)
"""All steps of one turn of the runtime are durable together; their commands wait for that."""


def chunk(steps_max: int) -> CommitPolicy:
    """Many steps at once, and commands do not wait: for a world that dies with this process. A failed flush voids the run."""
    return CommitPolicy(steps_max=steps_max, commands_wait=False)


class Recorder:
    """Records steps in their order. After a failed write nothing further is recorded or released.

    Once a step is durable, ``published`` hears of its changes, ``told`` of each of its entries, and then come its own notices.

    ``kept_first`` is called before every commit: what the steps came from is to be kept before they are.

    A ledger and a journal of one transaction domain share a transaction. Of two domains the journal is written first: an intent
    that only the journal has was never sent, and recovery closes it as abandoned.
    """

    def __init__(
        self,
        ledger: ILedger,
        journal: IJournal,
        writer: StrategyJournalWriter,
        policy: CommitPolicy,
        published: Callable[[Sequence[LedgerChange]], None] | None = None,
        told: Callable[[EntryDraft], None] | None = None,
        kept_first: Callable[[], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._writer = writer
        self._policy = policy
        self._published = published
        self._told = told
        self._kept_first = kept_first
        self._changes: list[LedgerChange] = []
        self._entries: list[SealedEntry] = []
        self._notices: list[Callable[[], None]] = []
        self._recorded = 0
        self._durable = 0
        self._failure: BaseException | None = None

    @property
    def recorded(self) -> int:
        """The number of steps recorded so far."""
        return self._recorded

    @property
    def released(self) -> int:
        """The number of steps whose commands may leave."""
        if self._failure is not None:
            return self._durable
        return self._durable if self._policy.commands_wait else self._recorded

    @property
    def next_ref(self) -> EntryRef:
        """The place that the next step's first entry will have."""
        return self._writer.next_ref

    def record(self, step: Step, notices: Sequence[Callable[[], None]] = ()) -> list[EntryRef]:
        """Record a step; returns the places of its entries. ``notices`` are called once it is durable.

        Raises ``GateClosed`` after an earlier failure, and whatever the stores raise when this call commits.
        """
        if self._failure is not None:
            raise GateClosed(f"an earlier write failed: {self._failure}") from self._failure
        run, first = self._writer.next_ref
        sealed = self._writer.seal(step.reasons)
        self._changes += step.reality
        self._entries += sealed
        if self._told is not None:
            self._notices += [partial(self._told, draft) for draft in step.reasons]
        self._notices += notices
        self._recorded += 1
        steps_max = self._policy.steps_max
        if steps_max is not None and self._recorded - self._durable >= steps_max:
            self.flush()
        return [EntryRef(run, seq) for seq in range(first, first + len(sealed))]

    def flush(self) -> None:
        """Make every recorded step durable, then tell those who watch."""
        if self._failure is not None:
            raise GateClosed(f"an earlier write failed: {self._failure}") from self._failure
        if self._durable == self._recorded:
            return
        try:
            fresh = self._commit()
        except BaseException as failure:
            self._failure = failure
            raise
        self._durable = self._recorded
        notices, self._notices = self._notices, []
        self._changes, self._entries = [], []
        if self._published is not None:
            self._published(fresh)
        for notice in notices:
            notice()

    def _commit(self) -> Sequence[LedgerChange]:
        if self._kept_first is not None:
            self._kept_first()
        if self._ledger.transaction_domain == self._journal.transaction_domain:
            with self._journal.begin() as tx:
                self._journal.write(tx, self._entries)
                return self._ledger.write(tx, self._changes)
        with self._journal.begin() as tx:
            self._journal.write(tx, self._entries)
        with self._ledger.begin() as tx:
            return self._ledger.write(tx, self._changes)
