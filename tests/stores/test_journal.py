"""What a journal does beyond the contract."""

from collections.abc import Sequence

import pytest

from s1mpletrader.api import BrokenChain, EntryKind, EntryRef, FillId, IJournal, OrderId, Refused, SealedEntry, seal
from s1mpletrader.contracts.story import START, Story

from .conftest import Stores


def write(journal: IJournal, entries: Sequence[SealedEntry]) -> None:
    with journal.begin() as tx:
        journal.write(tx, entries)


def following(last: SealedEntry, *, previous_hash: bytes | None = None, parent: EntryRef | None = None) -> SealedEntry:
    return seal(
        last.hash if previous_hash is None else previous_hash,
        run=last.run,
        seq=last.seq + 1,
        kind=EntryKind.ALARM,
        parent_run=parent.run if parent is not None else None,
        parent_seq=parent.seq if parent is not None else None,
        order_id=None,
        fill_id=None,
        at=last.at,
        payload=b"{}",
    )


def test_an_entry_that_continues_another_hash_is_refused(stores: Stores) -> None:
    journal, entries = stores.journal(), Story().whole()
    write(journal, entries)
    with pytest.raises(BrokenChain):
        write(journal, [following(entries[-1], previous_hash=entries[0].hash)])
    write(journal, [following(entries[-1])])
    assert len(list(journal.entries("run-1"))) == len(entries) + 1


def test_a_failed_transaction_leaves_no_entry_and_the_chain_goes_on_from_what_is_stored(stores: Stores) -> None:
    journal, entries = stores.journal(), Story().whole()
    write(journal, entries[:2])
    with pytest.raises(RuntimeError), journal.begin() as tx:  # noqa: PT012 - what fails is the transaction as a whole
        journal.write(tx, entries[2:4])
        journal.write(tx, entries[4:])
        raise RuntimeError
    assert list(journal.entries("run-1")) == list(entries[:2])
    assert journal.entry_of_fill(entries[3].fill_id or FillId("")) is None
    with pytest.raises(BrokenChain):
        write(journal, entries[4:])
    write(journal, entries[1:])
    assert list(journal.entries("run-1")) == list(entries)
    assert journal.head("run-1") == entries[-1]


def test_runs_may_take_turns_in_one_write_and_keep_their_order(stores: Stores) -> None:
    journal = stores.journal()
    first, second = Story("z-first").whole(), Story("a-second", START + 1).whole()
    mixed = [entry for pair in zip(first, second, strict=True) for entry in pair]
    write(journal, mixed)
    assert journal.runs() == ("z-first", "a-second")
    assert list(journal.entries_between(START, START + 10**12)) == [*first, *second]
    assert [list(journal.entries(run)) for run in journal.runs()] == [list(first), list(second)]


def test_a_parent_may_be_in_another_run_that_is_there(stores: Stores) -> None:
    journal, before, after = stores.journal(), Story("before").whole(), Story("after").whole()
    write(journal, before)
    write(journal, after)
    child = following(after[-1], parent=before[-1].ref)
    for missing in (EntryRef("before", len(before)), EntryRef("never", 0), EntryRef("before", -1)):
        with pytest.raises(BrokenChain):
            write(journal, [following(after[-1], parent=missing)])
    write(journal, [child])
    found = journal.entry(child.ref)
    assert found is not None
    assert found.parent == before[-1].ref


def test_an_order_of_several_runs_is_found_in_all_of_them(stores: Stores) -> None:
    journal = stores.journal()
    stories = [Story(run) for run in ("second", "first")]
    stories[1].order_id, stories[1].fill_ids = stories[0].order_id, stories[0].fill_ids
    for story in stories:
        write(journal, story.whole())
    about = journal.entries_of_order(stories[0].order_id)
    assert [(entry.run, entry.seq) for entry in about] == [(run, seq) for run in ("second", "first") for seq in (1, 2, 3, 4)]
    assert journal.entry_of_fill(stories[0].fill_ids[1]) == stories[0].entries[4]
    assert journal.entry_of_fill(stories[0].fill_ids[1], "first") == stories[1].entries[4]
    assert journal.entries_of_order(OrderId("ORD_nobody")) == ()


def test_two_writers_of_one_run_cannot_both_go_on(database_stores: Stores) -> None:
    one, other, entries = database_stores.journal(), database_stores.journal(), Story().whole()
    write(one, entries[:3])
    write(other, entries[:3])
    write(other, [following(entries[2])])
    with pytest.raises(BrokenChain):
        write(one, entries[3:])
    assert [entry.seq for entry in one.entries("run-1")] == [0, 1, 2, 3]


def test_many_entries_come_back_byte_for_byte(stores: Stores) -> None:
    journal, story = stores.journal(), Story()
    story.begin()
    story.intend(signals=30)
    for _ in range(2_500):
        story.follow(EntryKind.ADVANCED)
    write(journal, story.entries)
    assert list(journal.entries("run-1")) == story.entries
    reading = journal.entries("run-1")
    assert next(reading) == story.entries[0]


def test_discarding_removes_one_run_and_lets_it_be_written_anew(stores: Stores) -> None:
    journal, kept, repeated = stores.journal(), Story("kept").whole(), Story("repeated").whole()
    write(journal, repeated)
    write(journal, kept)
    journal.discard("repeated")
    journal.discard("never")
    assert journal.runs() == ("kept",)
    assert list(journal.entries("repeated")) == []
    assert list(journal.entries("kept")) == list(kept)
    write(journal, repeated)
    assert list(journal.entries("repeated")) == list(repeated)


def test_a_run_of_real_orders_is_never_discarded(stores: Stores) -> None:
    journal, entries = stores.journal(lasting=True), Story().whole()
    write(journal, entries)
    with pytest.raises(Refused):
        journal.discard("run-1")
    if stores.kind != "memory":
        with pytest.raises(Refused):
            stores.journal(lasting=False).discard("run-1")
    assert list(journal.entries("run-1")) == list(entries)
