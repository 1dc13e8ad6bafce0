"""The Recorder: reality and reason together, and nothing further after a failure."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.recorder import GROUP, INLINE, CommitPolicy, Recorder, Step, chunk
from s1mpletrader.domain.errors import GateClosed, Unavailable
from s1mpletrader.domain.hash_chain import chain_faults
from s1mpletrader.domain.reality import LedgerChange
from s1mpletrader.domain.reasons import EntryKind, EntryRef
from s1mpletrader.plugins.stores import MemoryJournal, MemoryLedger

from .samples import draft, intent, opening, order_id


class Room:
    """A recorder over memory stores, and what it told."""

    def __init__(self, policy: CommitPolicy, journal: Any = None, ledger: Any = None) -> None:
        self.ledger = ledger or MemoryLedger("b", lasting=False)
        self.journal = journal or MemoryJournal(lasting=False)
        self.published: list[LedgerChange] = []
        self.recorder = Recorder(self.ledger, self.journal, StrategyJournalWriter("r"), policy, self.published.extend)

    def step(self, number: int) -> list[EntryRef]:
        return self.recorder.record(Step((*opening(number), intent(number)), (draft(number),)))

    @property
    def stored(self) -> tuple[int, int]:
        return len(list(self.ledger.changes())), len(list(self.journal.entries("r")))


def test_inline_is_durable_when_the_call_returns() -> None:
    room = Room(INLINE)
    assert room.step(1) == [EntryRef("r", 0)]
    assert room.stored == (3, 1)
    assert (room.recorder.recorded, room.recorder.released) == (1, 1)


def test_group_holds_commands_back_until_the_turn_ends() -> None:
    room = Room(GROUP)
    room.step(1)
    room.step(2)
    assert room.stored == (0, 0)
    assert (room.recorder.recorded, room.recorder.released) == (2, 0)
    room.recorder.flush()
    assert room.stored == (6, 2)
    assert room.recorder.released == 2


def test_a_chunk_lets_commands_go_at_once_and_commits_when_it_is_full() -> None:
    room = Room(chunk(2))
    room.step(1)
    assert (room.stored, room.recorder.released) == ((0, 0), 1)
    room.step(2)
    assert (room.stored, room.recorder.released) == ((6, 2), 2)
    room.step(3)
    assert room.stored == (6, 2)
    room.recorder.flush()
    assert room.stored == (9, 3)


def test_flushing_nothing_writes_nothing() -> None:
    room = Room(INLINE)
    room.recorder.flush()
    assert room.stored == (0, 0)


def test_each_change_is_published_once_and_only_when_it_is_durable() -> None:
    room = Room(GROUP)
    room.step(1)
    assert room.published == []
    room.recorder.flush()
    assert room.published == [*opening(1), intent(1)]
    room.recorder.record(Step((intent(1),), (draft(1),)))
    room.recorder.flush()
    assert len(room.published) == 3


def test_notices_are_given_after_the_commit() -> None:
    room = Room(GROUP)
    seen: list[tuple[int, int]] = []
    room.recorder.record(Step((*opening(1), intent(1)), (draft(1),)), [lambda: seen.append(room.stored)])
    assert seen == []
    room.recorder.flush()
    assert seen == [(3, 1)]


def test_each_entry_is_told_once_it_is_durable_and_before_what_its_step_has_to_say() -> None:
    heard: list[object] = []
    room = Room(GROUP)
    recorder = Recorder(room.ledger, room.journal, StrategyJournalWriter("r"), GROUP, None, heard.append)
    first, second, third = draft(1), draft(None, EntryKind.REFUSED), draft(None, EntryKind.ALARM)
    recorder.record(Step((*opening(1), intent(1)), (first, second)), [lambda: heard.append("notice")])
    recorder.record(Step((), (third,)))
    assert heard == []
    recorder.flush()
    assert heard == [first, second, "notice", third]
    recorder.flush()
    assert len(heard) == 4


def test_entries_are_chained_and_a_parent_may_be_of_the_same_step() -> None:
    room = Room(INLINE)
    room.step(1)
    room.recorder.record(Step((), (draft(None, EntryKind.REFUSED), draft(None, EntryKind.OBSERVED, parent=0))))
    entries = list(room.journal.entries("r"))
    assert [entry.seq for entry in entries] == [0, 1, 2]
    assert [entry.parent for entry in entries] == [None, None, EntryRef("r", 1)]
    assert list(chain_faults(entries)) == []


class Failing:
    """A store that fails at its next write, once."""

    def __init__(self, inner: Any, domain: str | None = None) -> None:
        self.inner = inner
        self.domain = domain
        self.fails = False

    @property
    def transaction_domain(self) -> Any:
        return self.domain or self.inner.transaction_domain

    def begin(self) -> Any:
        return self.inner.begin()

    def write(self, tx: Any, things: Sequence[Any]) -> Any:
        if self.fails:
            self.fails = False
            raise Unavailable("the disk is full")
        return self.inner.write(tx, things)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.mark.parametrize("which", ["ledger", "journal"])
def test_after_a_failed_write_the_gate_stays_closed(which: str) -> None:
    room = Room(INLINE, journal=Failing(MemoryJournal(lasting=False)), ledger=Failing(MemoryLedger("b", lasting=False)))
    room.step(1)
    getattr(room, which).fails = True
    with pytest.raises(Unavailable):
        room.step(2)
    assert room.recorder.released == 1
    with pytest.raises(GateClosed, match="the disk is full"):
        room.step(3)
    with pytest.raises(GateClosed, match="an earlier write failed: the disk is full"):
        room.recorder.flush()
    assert room.recorder.released == 1


def test_a_failed_chunk_releases_nothing_further() -> None:
    ledger = Failing(MemoryLedger("b", lasting=False))
    room = Room(chunk(2), ledger=ledger)
    room.step(1)
    ledger.fails = True
    with pytest.raises(Unavailable):
        room.step(2)
    assert room.recorder.released == 0
    assert room.published == []


class Watched:
    """Records in which order two stores of different domains are written."""

    def __init__(self, inner: Any, name: str, log: list[str]) -> None:
        self.inner, self.name, self.log = inner, name, log

    @property
    def transaction_domain(self) -> str:
        return self.name

    @contextmanager
    def begin(self) -> Iterator[Any]:
        with self.inner.begin() as tx:
            yield tx
        self.log.append(f"{self.name} durable")

    def write(self, tx: Any, things: Sequence[Any]) -> Any:
        self.log.append(f"{self.name} written")
        return self.inner.write(tx, things)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_of_two_domains_the_journal_is_durable_before_the_ledger_is_written() -> None:
    log: list[str] = []
    journal = Watched(MemoryJournal(lasting=False), "journal", log)
    ledger = Watched(MemoryLedger("b", lasting=False), "ledger", log)
    room = Room(INLINE, journal=journal, ledger=ledger)
    room.step(1)
    assert log == ["journal written", "journal durable", "ledger written", "ledger durable"]
    assert room.published[-1] == intent(1)
    assert order_id(1) == intent(1).order_id
