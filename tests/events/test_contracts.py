"""Every built-in source and detector of events keeps the laws of its kind."""

from collections.abc import Sequence
from pathlib import Path

from s1mpletrader.api import Direction, Event, EventProvision, NewsItem, OriginKind, ScheduleTick, WorkerProvision, iso
from s1mpletrader.contracts import EventDetectorContract, EventSourceContract
from s1mpletrader.contracts.events import SPAN
from s1mpletrader.plugins.events.cron import Cron, CronConfig
from s1mpletrader.plugins.events.json_lines import JsonLines, JsonLinesConfig
from s1mpletrader.plugins.workers.event_detectors import Headline, HeadlineConfig, Scheduled, ScheduledConfig
from tests.events.test_cron import Clock


class TestCron(EventSourceContract):
    def make_source(self, directory: Path) -> Cron:
        provision = EventProvision(name="mine", directory=str(directory), clock=Clock())
        return Cron(CronConfig(at="*/37 */5 * * *", time_zone="Europe/Amsterdam"), provision)


class TestJsonLines(EventSourceContract):
    def make_source(self, directory: Path) -> JsonLines:
        moments = [SPAN[0] + number * 10**14 for number in (3, 1, 2, 2, 7)]
        rows = [f'{{"at": "{iso(at)}", "headline": "{number}"}}' for number, at in enumerate(moments)]
        (directory / "news.jsonl").write_text("".join(f"{row}\n" for row in rows))
        return JsonLines(JsonLinesConfig(path="news.jsonl"), EventProvision(name="wire", directory=str(directory), clock=Clock()))


class TestScheduled(EventDetectorContract):
    def make_detector(self, provision: WorkerProvision) -> Scheduled:
        return Scheduled(ScheduledConfig(schedule="mine"), provision)

    def make_events(self) -> Sequence[Event]:
        return [
            Event(kind=OriginKind.SCHEDULE, source="mine", at=at, anchor=f"{at}", payload=ScheduleTick(due_at=at))
            for at in range(5)
        ]


class TestHeadline(EventDetectorContract):
    def make_detector(self, provision: WorkerProvision) -> Headline:
        return Headline(HeadlineConfig(news="wire", pattern="rises", direction=Direction.LONG), provision)

    def make_events(self) -> Sequence[Event]:
        items = [
            NewsItem(headline="it rises"),
            NewsItem(headline="it falls"),
            NewsItem(headline="it rises", symbols=("BTC/USDT", "XYZ")),
            NewsItem(headline="it rises", symbols=("XYZ",)),
        ]
        return [Event(kind=OriginKind.NEWS, source="wire", at=at, anchor=f"{at}", payload=item) for at, item in enumerate(items)]
