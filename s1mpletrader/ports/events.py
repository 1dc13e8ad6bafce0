"""Events: what starts a flow besides market data. News when it is received, a schedule when it is due."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from s1mpletrader.domain.events import NewsItem, ScheduleTick
from s1mpletrader.domain.facts import Facts, Key
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.opinion import SignalDraft
from s1mpletrader.domain.origin import OriginKind


class Event(Struct, frozen=True, kw_only=True):
    """One event. ``anchor`` tells it from all others of its source, however often it is delivered."""

    kind: OriginKind
    source: str
    """The name of the table that it comes from."""
    at: Instant
    """When it was available."""
    anchor: str
    payload: NewsItem | ScheduleTick


class IEventSource(Protocol):
    """A source of events."""

    def history(self, start: Instant, end: Instant) -> Sequence[Event]:
        """All events with ``start <= at < end``, in their order."""
        ...

    def events(self, after: Instant) -> AsyncIterator[Event]:
        """Events as they come, each once."""
        ...


@runtime_checkable
class EventDetector(Protocol):
    """Opinions on events."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of the tables whose events it wants."""
        ...

    @property
    def needs(self) -> tuple[Key, ...]:
        """The facts that it reads."""
        ...

    @property
    def window(self) -> int:
        """How many values of each need it looks at; it is not asked before all are there."""
        ...

    def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
        """What it makes of an event; empty for nothing."""
        ...
