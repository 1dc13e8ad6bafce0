"""Sources and detectors of events that break one law each. The name of a twin begins with the law that it breaks."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from s1mpletrader.api import DAY_NS, Direction, Event, Facts, Instant, Key, NewsItem, OriginKind, SignalDraft, WorkerProvision
from s1mpletrader.contracts import EventDetectorContract, EventSourceContract
from s1mpletrader.contracts.events import SPAN

from .twins_workers import earlier


def news(number: int) -> Event:
    at = SPAN[0] + number * DAY_NS
    payload = NewsItem(headline="good" if number % 2 else "bad")
    return Event(kind=OriginKind.NEWS, source="wire", at=at, anchor=f"{number}", payload=payload)


class Daily:
    """A piece of news each day."""

    asked = 0

    def history(self, start: Instant, end: Instant) -> Sequence[Event]:
        self.asked += 1
        return [event for event in map(news, range(40)) if start <= event.at < end]

    async def events(self, after: Instant) -> AsyncIterator[Event]:
        for number in range(40):
            yield news(number)


class ReferenceSource(EventSourceContract):
    source_class: type[Daily] = Daily

    def make_source(self, directory: Path) -> Daily:
        return self.source_class()


class SourceLaw01TellsTheEndToo(ReferenceSource):
    class source_class(Daily):
        def history(self, start: Instant, end: Instant) -> Sequence[Event]:
            return super().history(start, end + 1)


class SourceLaw01TellsTheLatestFirst(ReferenceSource):
    class source_class(Daily):
        def history(self, start: Instant, end: Instant) -> Sequence[Event]:
            return super().history(start, end)[::-1]


class SourceLaw02CountsFromTheBeginning(ReferenceSource):
    class source_class(Daily):
        def history(self, start: Instant, end: Instant) -> Sequence[Event]:
            return [replace(event, anchor=f"{number}") for number, event in enumerate(super().history(start, end))]


class SourceLaw03NamesAllTheSame(ReferenceSource):
    class source_class(Daily):
        def history(self, start: Instant, end: Instant) -> Sequence[Event]:
            return [replace(event, anchor="news") for event in super().history(start, end)]


class SourceLaw04TiresOfAnswering(ReferenceSource):
    class source_class(Daily):
        def history(self, start: Instant, end: Instant) -> Sequence[Event]:
            found = super().history(start, end)
            return found if self.asked == 1 else found[1:]


class Optimist:
    """A signal at good news: right."""

    sources: tuple[str, ...] = ("wire",)
    window = 1

    def __init__(self, provision: WorkerProvision) -> None:
        self.symbol = provision.series.symbol
        self.close = Key(*provision.series, "close")
        self.needs: tuple[Key, ...] = (self.close,)

    def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
        return self.signals(isinstance(event.payload, NewsItem) and event.payload.headline == "good")

    def signals(self, sees: bool) -> Sequence[SignalDraft]:
        return (SignalDraft(symbol=self.symbol, direction=Direction.LONG, kind="news"),) if sees else ()


class ReferenceEventDetector(EventDetectorContract):
    detector_class: type[Optimist] = Optimist

    def make_detector(self, provision: WorkerProvision) -> Optimist:
        return self.detector_class(provision)

    def make_events(self) -> Sequence[Event]:
        return [news(number) for number in range(6)]


class EventDetectorLaw03LooksFurtherBack(ReferenceEventDetector):
    class detector_class(Optimist):
        def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
            earlier(at, self.close)
            return super().detect(event, at)


class EventDetectorLaw04RemembersWhatItHeard(ReferenceEventDetector):
    class detector_class(Optimist):
        heard = 0

        def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
            self.heard += 1
            return self.signals(self.heard % 3 == 0)


class EventDetectorLaw05ReadsWhatItDoesNotDeclare(ReferenceEventDetector):
    class detector_class(Optimist):
        def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
            at.value(self.close._replace(name="open"))
            return super().detect(event, at)


SOURCES = [twin for name, twin in sorted(globals().items()) if name.startswith("SourceLaw")]
DETECTORS = [twin for name, twin in sorted(globals().items()) if name.startswith("EventDetectorLaw")]
