"""What was recorded keeps the laws of a source of events, as what it was recorded from does."""

from pathlib import Path
from typing import ClassVar

from s1mpletrader.contracts import EventSourceContract
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.plugins.recordings.recorded import RecordedEvents
from tests.recording.test_files import MINUTE, START, events_of, news, tick, written

DATA = [news(1), tick(1), news(2, strategy="two"), news(2), tick(4), news(3), news(5, source="other")]


def source(directory: Path, kind: OriginKind) -> RecordedEvents:
    path = directory / "run-1.jsonl"
    return events_of(path if path.exists() else written(directory, *DATA), kind)


class TestRecordedNews(EventSourceContract):
    span: ClassVar[tuple[Instant, Instant]] = (START, START + 10 * MINUTE)

    def make_source(self, directory: Path) -> RecordedEvents:
        return source(directory, OriginKind.NEWS)


class TestRecordedSchedule(EventSourceContract):
    span: ClassVar[tuple[Instant, Instant]] = (START, START + 10 * MINUTE)

    def make_source(self, directory: Path) -> RecordedEvents:
        return source(directory, OriginKind.SCHEDULE)
