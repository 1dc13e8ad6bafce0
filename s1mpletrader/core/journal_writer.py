"""The StrategyJournalWriter: the one that writes the journal. It gives each entry its place and its hash."""

from collections.abc import Sequence

from msgspec import json

from s1mpletrader.domain.hash_chain import GENESIS, seal
from s1mpletrader.domain.reasons import EntryDraft, EntryRef, SealedEntry


class StrategyJournalWriter:
    """Seals entry drafts into the hash chain of one run."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._seq = 0
        self._head = GENESIS
        self._encode = json.Encoder(order="deterministic", decimal_format="string").encode

    @property
    def next_ref(self) -> EntryRef:
        """The place that the next entry will have."""
        return EntryRef(self.run, self._seq)

    def seal(self, drafts: Sequence[EntryDraft]) -> list[SealedEntry]:
        """The drafts of one step, sealed in their order; a parent given as an index is an earlier draft of the same step."""
        run, first_seq, head = self.run, self._seq, self._head
        sealed = []
        for seq, draft in enumerate(drafts, first_seq):
            parent_run, parent_seq = self._parent(draft.parent, first_seq)
            payload = self._encode(draft.reasons)
            entry = seal(head, run, seq, draft.kind, parent_run, parent_seq, draft.order_id, draft.fill_id, draft.at, payload)
            head = entry.hash
            sealed.append(entry)
        self._seq, self._head = first_seq + len(sealed), head
        return sealed

    def _parent(self, parent: EntryRef | int | None, first_seq: int) -> tuple[str | None, int | None]:
        if parent is None:
            return None, None
        if isinstance(parent, EntryRef):
            return (None if parent.run == self.run else parent.run), parent.seq
        return None, first_seq + parent
