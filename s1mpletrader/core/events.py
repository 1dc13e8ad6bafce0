"""A strategy's news and schedules: each event starts a flow where a detector makes something of it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from s1mpletrader.core.engine import RANK_NEWS, RANK_SCHEDULE
from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.returned import drafts_of
from s1mpletrader.core.strategy import BoundEventDetector
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.opinion import SignalDraft
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.ports.events import Event

RANK_OF: Final = {OriginKind.NEWS: RANK_NEWS, OriginKind.SCHEDULE: RANK_SCHEDULE}

Schedule = Callable[[Instant, int, Callable[[], None], int], None]
"""Calls something at an instant, in the turn of its rank and of its source."""


class EventDesk:
    """Where one strategy's events are looked at, whenever they come."""

    def __init__(
        self, *, detectors: Sequence[BoundEventDetector], facts: FactTable, flow: SyncFlow, every_event: bool = False
    ) -> None:
        self._detectors = tuple(detectors)
        self._facts = facts
        self._flow = flow
        self._every_event = every_event

    def take(self, event: Event) -> None:
        """Ask the detectors that listen to the event's source, and decide where one of them sees something."""
        signals: list[tuple[str, SignalDraft]] = []
        for name, detector in self._detectors:
            if event.source in detector.sources and all(self._facts.has(key, detector.window) for key in detector.needs):
                try:
                    seen = detector.detect(event, self._facts)
                except Exception as fault:
                    raise PluginFailed(name, fault) from fault
                signals += [(name, draft) for draft in drafts_of(name, "detect", seen, SignalDraft)]
        if signals or self._every_event:
            self._flow.run_event(event, signals)


class EventLane:
    """The events of one strategy's sources that are known beforehand, each source in its own order."""

    def __init__(self, *, desk: EventDesk, sources: Sequence[Sequence[Event]], first_source: int, schedule: Schedule) -> None:
        self._desk = desk
        self._sources = sources
        self._first_source = first_source
        self._schedule = schedule

    def begin(self) -> None:
        """Put the first event of every source on the agenda; each puts the one after it there."""
        for ordinal, events in enumerate(self._sources, self._first_source):
            self._next(ordinal, iter(events))

    def _next(self, ordinal: int, events: Iterator[Event]) -> None:
        event = next(events, None)
        if event is None:
            return

        def happens() -> None:
            self._next(ordinal, events)
            self._desk.take(event)

        self._schedule(event.at, RANK_OF[event.kind], happens, ordinal)
