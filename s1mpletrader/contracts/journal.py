"""The laws of IJournal."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from s1mpletrader.api import (
    SCHEMA_VERSION,
    BrokenChain,
    EntryDraft,
    EntryKind,
    FillId,
    GateClosed,
    OrderId,
    Reasons,
    S1mpleTraderError,
    SealedEntry,
    chain_faults,
    seal,
)
from s1mpletrader.contracts.abilities import need
from s1mpletrader.contracts.journal_harness import JournalHarness, write
from s1mpletrader.contracts.naive_ledger import NaiveLedgerStore
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.contracts.story import FIRST_RELEASE_PAYLOAD, START, Story
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.core.recorder import GROUP, INLINE, Recorder, Step


class JournalContract:
    """Subclass it with ``make_harness``: a harness around one empty journal."""

    contract_port: ClassVar[str] = "IJournal"

    def make_harness(self, directory: Path) -> JournalHarness:
        """A harness around one empty journal; files may go to the directory."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_harness(directory)")

    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[JournalHarness]:
        """The journal of one test."""
        harness = self.make_harness(tmp_path)
        yield harness
        harness.close()

    def test_law_01_nothing_is_updated_or_deleted_and_no_sequence_has_a_gap(self, harness: JournalHarness) -> None:
        """An entry can be neither replaced, changed nor deleted, and one that does not continue its run is refused."""
        journal, story = harness.open(), Story()
        entries = story.whole()
        write(journal, entries[:3])
        impostor = _resealed(entries[2], payload=b'{"v":1}')
        for wrong in ([entries[4]], [entries[3], entries[5]], [impostor], [Story("run-2").whole()[1]]):
            with pytest.raises(BrokenChain):
                write(journal, wrong)
            assert _stored(harness, "run-1") == list(entries[:3])
            assert list(journal.runs()) == ["run-1"]
        write(journal, entries[3:])
        assert [entry.seq for entry in journal.entries("run-1")] == list(range(len(entries)))
        update = need(harness.attempt_update, "attempt_update")
        delete = need(harness.attempt_delete, "attempt_delete")
        with pytest.raises(Exception):  # noqa: B017, PT011 - a store raises what its driver raises.
            update(entries[1].ref, b'{"v":1}')
        with pytest.raises(Exception):  # noqa: B017, PT011 - a store raises what its driver raises.
            delete(entries[-1].ref)
        assert _stored(harness, "run-1") == list(entries)

    def test_law_02_every_parent_exists_without_cycles_and_each_decision_has_one_origin(self, harness: JournalHarness) -> None:
        """An entry whose parent is missing, later or itself is refused; the parents of each entry lead to one origin."""
        journal, story = harness.open(), Story()
        entries = story.whole()
        write(journal, entries)
        last = entries[-1]
        for run, seq in ((None, last.seq + 1), (None, last.seq + 2), (None, 10_000), ("no-such-run", 0)):
            orphan = _continuing(last, parent_run=run, parent_seq=seq)
            with pytest.raises(S1mpleTraderError):
                write(journal, [orphan])
            assert _stored(harness, story.run) == list(entries)
        reader = StrategyJournal(harness.open())
        for entry in _stored(harness, story.run)[1:]:
            lineage = reader.lineage(entry)
            assert len({link.ref for link in lineage}) == len(lineage)
            assert sum(read_reasons(link).origin is not None for link in lineage) == 1
            assert lineage[-1].parent is None

    def test_law_03_an_intent_is_durable_before_it_is_released(self, harness: JournalHarness) -> None:
        """Commands are released once another handle can read their entry; a failed write releases nothing, for good."""
        journal, story, family = harness.open(), Story(), Samples().family()
        ledger = NaiveLedgerStore("book", [])
        recorder = Recorder(ledger, journal, story.writer, INLINE)
        recorder.record(Step(family.changes, (_draft(EntryKind.INTENDED),)))
        assert recorder.released == 1
        assert len(_stored(harness, story.run)) == 1
        grouped = Recorder(ledger, journal, story.writer, GROUP)
        grouped.record(Step((), (_draft(EntryKind.OBSERVED),)))
        assert grouped.released == 0
        grouped.flush()
        assert grouped.released == 1
        assert len(_stored(harness, story.run)) == 2
        intruder = _continuing(_stored(harness, story.run)[-1])
        write(harness.open(), [intruder])
        grouped.record(Step((), (_draft(EntryKind.ALARM),)))
        with pytest.raises(S1mpleTraderError):
            grouped.flush()
        with pytest.raises(GateClosed):
            grouped.record(Step((), (_draft(EntryKind.ALARM),)))
        assert grouped.released == 1
        assert _stored(harness, story.run)[2:] == [intruder]

    def test_law_04_a_rejected_signal_is_kept_without_an_order(self, harness: JournalHarness) -> None:
        """A refusal is stored with its reason, its signals and the ids of the risks that led to it, and with no order id."""
        story = Story()
        write(harness.open(), story.whole())
        journal = harness.open()
        reader = StrategyJournal(journal)
        assert reader.get(story.refusal.id) == story.refusal
        kept = reader.find(story.refused_signals[0].id)
        assert kept is not None
        entry, signal = kept
        assert signal == story.refused_signals[0]
        assert (entry.kind, entry.order_id, entry.fill_id) == (EntryKind.REFUSED, None, None)
        assert reader.causality(entry).risk_ids == tuple(risk.id for risk in story.refusing_risks)
        assert read_reasons(entry).refusals[0].detail == "the drawdown limit is near"

    def test_law_05_a_directive_may_have_many_signals_and_many_risks(self, harness: JournalHarness) -> None:
        """A directive keeps every signal and every risk that it answers, in their order."""
        story = Story()
        story.begin()
        story.intend(signals=40, risks=30)
        write(harness.open(), story.entries)
        found = StrategyJournal(harness.open()).get_entry(order_id=story.order_id)
        assert found.reasons.signals == story.signals
        assert found.reasons.risks == story.risks
        assert found.causality.signal_ids == tuple(signal.id for signal in story.signals)
        assert found.causality.risk_ids == tuple(risk.id for risk in story.risks)

    def test_law_06_a_fill_leads_to_its_origin_and_a_signal_to_its_fills(self, harness: JournalHarness) -> None:
        """From a fill the parents lead to the origin and the signals; from a signal its order's entries lead to the fills."""
        journal = harness.open()
        stories = [Story("run-1"), Story("run-2", START + 1)]
        for story in stories:
            write(journal, story.whole())
        reader = StrategyJournal(harness.open())
        for story in stories:
            for fill in story.fill_ids:
                causality = reader.get_entry(fill_id=fill).causality
                assert causality.origin == story.origin
                assert causality.signal_ids == tuple(signal.id for signal in story.signals)
                assert causality.order_ids == (story.order_id,)
            found = reader.find(story.signals[-1].id)
            assert found is not None
            order_id = found[0].order_id
            assert order_id == story.order_id
            about = reader.reader.entries_of_order(order_id)
            assert tuple(entry.fill_id for entry in about if entry.fill_id is not None) == story.fill_ids
            assert list(about) == [entry for entry in story.entries if entry.order_id == order_id]
        assert reader.reader.entry_of_fill(FillId("FIL_20200101_000000_0000000000000000")) is None
        assert list(reader.reader.entries_of_order(OrderId("ORD_20200101_000000_0000000000000000"))) == []

    def test_law_07_delivering_again_adds_nothing(self, harness: JournalHarness) -> None:
        """Entries that are there already are passed over, also where new ones follow them in the same write."""
        journal, story = harness.open(), Story()
        entries = list(story.whole())
        write(journal, entries[:4])
        write(journal, entries[:4])
        assert _stored(harness, story.run) == entries[:4]
        write(harness.open(), entries[2:])
        write(journal, entries)
        assert _stored(harness, story.run) == entries
        assert journal.head(story.run) == entries[-1]
        assert len(journal.entries_of_order(story.order_id)) == 4

    def test_law_08_a_reply_after_a_restart_joins_its_original_flow(self, harness: JournalHarness) -> None:
        """An entry of a later run may have its parent in an earlier one, and its causality is the original's."""
        first, second = Story("run-1"), Story("run-2", START + 1)
        first.begin()
        (intended,) = first.intend()
        write(harness.open(), first.entries)
        second.begin()
        second.order_id = first.order_id
        second.follow(EntryKind.RECORDED, parent=intended.ref)
        second.follow(EntryKind.FILLED, fill=second.fill_ids[0])
        write(harness.open(), second.entries)
        reader = StrategyJournal(harness.open())
        found = reader.get_entry(fill_id=second.fill_ids[0])
        assert found.ref.run == "run-2"
        assert found.causality.origin == first.origin
        assert found.causality.signal_ids == tuple(signal.id for signal in first.signals)
        assert [entry.ref.run for entry in reader.reader.entries_of_order(first.order_id)] == ["run-1", "run-2", "run-2"]
        assert list(reader.reader.runs()) == ["run-1", "run-2"]

    def test_law_09_entries_of_older_schemas_stay_readable(self, harness: JournalHarness) -> None:
        """A body comes back byte for byte, whatever wrote it, and what it says can still be read after every migration."""
        first = _sealed(None, FIRST_RELEASE_PAYLOAD)
        write(harness.open(), [first])
        found = harness.open().entry(first.ref)
        assert found == first
        assert read_reasons(found).facts == {"BTC/USDT 1m ema": 38527.1}
        if harness.migrate_from_first is not None:
            migrated, held = harness.migrate_from_first()
            for run in {entry.run for entry in held}:
                stored = list(migrated.entries(run))
                assert stored == [entry for entry in held if entry.run == run]
                assert list(chain_faults(stored)) == []

    def test_law_10_an_identical_replay_gives_an_identical_graph(self, harness: JournalHarness, tmp_path: Path) -> None:
        """The same run, written to another empty journal in other portions, is the same in every byte."""
        entries = list(Story().whole())
        write(harness.open(), entries)
        first = _stored(harness, "run-1")
        harness.close()
        directory = tmp_path / "replay"
        directory.mkdir()
        replay = self.make_harness(directory)
        for entry in Story().whole():
            write(replay.open(), [entry])
        second = _stored(replay, "run-1")
        replay.close()
        assert first == second == entries

    def test_law_11_the_verifier_detects_a_removed_or_changed_entry(self, harness: JournalHarness) -> None:
        """What the store gives back is what lies in it: after tampering, the chain of hashes names the entry."""
        change = need(harness.tamper_change, "tamper_change")
        remove = need(harness.tamper_remove, "tamper_remove")
        changed, shortened = Story("run-1"), Story("run-2", START + 1)
        for story in (changed, shortened):
            write(harness.open(), story.whole())
            assert list(chain_faults(_stored(harness, story.run))) == []
        change(changed.entries[1].ref, b'{"v":1,"strategy":"somebody else"}')
        remove(shortened.entries[2].ref)
        assert any("entry 1" in fault for fault in chain_faults(_stored(harness, "run-1")))
        assert any("sequence 2 is missing" in fault for fault in chain_faults(_stored(harness, "run-2")))


def _stored(harness: JournalHarness, run: str) -> list[SealedEntry]:
    """The run's entries as another reader finds them."""
    return list(harness.open().entries(run))


def _draft(kind: EntryKind) -> EntryDraft:
    return EntryDraft(kind, START, Reasons(v=SCHEMA_VERSION, text=str(kind)))


def _sealed(previous: SealedEntry | None, payload: bytes, parent: tuple[str | None, int | None] = (None, None)) -> SealedEntry:
    return seal(
        previous.hash if previous is not None else bytes(32),
        run=previous.run if previous is not None else "run-1",
        seq=previous.seq + 1 if previous is not None else 0,
        kind=EntryKind.OBSERVED,
        parent_run=parent[0],
        parent_seq=parent[1],
        order_id=None,
        fill_id=None,
        at=START,
        payload=payload,
    )


def _continuing(last: SealedEntry, *, parent_run: str | None = None, parent_seq: int | None = None) -> SealedEntry:
    """An entry that continues a run after its last one."""
    return _sealed(last, b'{"v":1,"text":"continuing"}', (parent_run, parent_seq))


def _resealed(entry: SealedEntry, *, payload: bytes) -> SealedEntry:
    """Another entry at the same place."""
    return entry._replace(payload=payload, hash=bytes(32))
