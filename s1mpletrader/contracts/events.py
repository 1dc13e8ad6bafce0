"""The laws of sources of events, and of the detectors that listen to them."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from s1mpletrader.api import (
    DAY_NS,
    Event,
    EventDetector,
    IEventSource,
    Instant,
    Key,
    NewsItem,
    OriginKind,
    ScheduleTick,
    SignalDraft,
    WorkerProvision,
)
from s1mpletrader.contracts.generated import PROVISION, SERIES, START, WatchedFacts, make_world, ready_rows

SPAN: tuple[Instant, Instant] = (START, START + 30 * DAY_NS)
"""The span that sources are asked for, unless their test names another."""


class EventSourceContract:
    """Subclass it with ``make_source``: a source that has events within ``span``."""

    contract_port: ClassVar[str] = "IEventSource"
    span: ClassVar[tuple[Instant, Instant]] = SPAN

    def make_source(self, directory: Path) -> IEventSource:
        """A fresh source, always the same one; files may go to the directory."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_source(directory)")

    @pytest.fixture
    def source(self, tmp_path: Path) -> IEventSource:
        """The source of one test."""
        return self.make_source(tmp_path)

    def test_law_01_a_history_is_in_order_and_within_its_span(self, source: IEventSource) -> None:
        """Every event lies in the span that was asked for, the end left out, and none before an earlier one."""
        start, end = self.span
        events = source.history(start, end)
        assert events, "there is no event in the span"
        assert all(start <= event.at < end for event in events)
        assert [event.at for event in events] == sorted(event.at for event in events)

    def test_law_02_a_part_of_a_span_gives_a_part_of_the_history(self, source: IEventSource) -> None:
        """Asked in two parts it tells the same events, each once: nothing depends on what comes later, or was asked before."""
        start, end = self.span
        whole = list(source.history(start, end))
        for border in sorted({event.at for event in whole} | {(start + end) // 2})[:20]:
            assert [*source.history(start, border), *source.history(border, end)] == whole

    def test_law_03_an_anchor_names_one_event(self, source: IEventSource) -> None:
        """Events of a source are told apart by their anchors, and bear the same source and kind."""
        events = source.history(*self.span)
        assert len({event.anchor for event in events}) == len(events)
        assert len({(event.source, event.kind) for event in events}) == 1
        expected = {OriginKind.NEWS: NewsItem, OriginKind.SCHEDULE: ScheduleTick}
        assert all(isinstance(event.payload, expected[event.kind]) for event in events)

    def test_law_04_the_same_again(self, source: IEventSource, tmp_path: Path) -> None:
        """Asked again, and asked of a fresh source, the history is equal."""
        first = list(source.history(*self.span))
        assert list(source.history(*self.span)) == first
        assert list(self.make_source(tmp_path).history(*self.span)) == first


class EventDetectorContract:
    """Subclass it with ``make_detector`` and ``make_events``, some of which the detector makes something of."""

    contract_port: ClassVar[str] = "EventDetector"

    def make_detector(self, provision: WorkerProvision) -> EventDetector:
        """A fresh detector, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_detector(provision)")

    def make_events(self) -> Sequence[Event]:
        """Events of the sources that it listens to."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_events()")

    @pytest.fixture
    def detector(self) -> EventDetector:
        """The detector of one test."""
        return self.make_detector(PROVISION)

    def test_law_03_it_looks_back_no_further_than_its_window(self, detector: EventDetector) -> None:
        """It names the sources that it listens to, and looks no further back than it says."""
        assert detector.sources
        assert detector.window >= 1
        for facts, _ in self._asked(detector):
            assert facts.too_far == []

    def test_law_04_same_input_same_output(self, detector: EventDetector) -> None:
        """What it makes of an event does not depend on what it was asked before."""
        seen = [drafts for _, drafts in self._asked(detector)]
        assert any(seen), "it made nothing of any event"
        assert [drafts for _, drafts in self._asked(detector)] == seen
        assert [drafts for _, drafts in self._asked(self.make_detector(PROVISION))] == seen
        backwards = [drafts for _, drafts in self._asked(self.make_detector(PROVISION), -1)]
        assert backwards[::-1] == seen

    def test_law_05_declared_inputs_and_outputs_are_the_ones_used(self, detector: EventDetector) -> None:
        """It reads no key that it does not declare, and gives signal drafts for symbols of its strategy."""
        for facts, drafts in self._asked(detector):
            assert facts.undeclared == []
            assert all(isinstance(draft, SignalDraft) and draft.symbol in PROVISION.symbols for draft in drafts)

    def _asked(self, detector: EventDetector, step: int = 1) -> list[tuple[WatchedFacts, tuple[SignalDraft, ...]]]:
        needs = detector.needs or (Key(*SERIES, "close"),)
        world = make_world(needs, 3 * detector.window + 50)
        table = world.table()
        next(ready_rows(world, table, detector.window))
        answers = []
        for event in list(self.make_events())[::step]:
            facts = WatchedFacts(table, detector.needs, detector.window)
            answers.append((facts, tuple(detector.detect(event, facts))))
        return answers
