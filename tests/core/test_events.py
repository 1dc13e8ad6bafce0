"""News and schedules in virtual time: whose turn it is, and which detectors are asked."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.engine import RANK_NEWS, RANK_SCHEDULE
from s1mpletrader.core.events import EventDesk, EventLane
from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.strategy import BoundEventDetector
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.events import NewsItem, ScheduleTick
from s1mpletrader.domain.facts import Facts, Key, Series
from s1mpletrader.domain.instant import MINUTE_NS
from s1mpletrader.domain.opinion import Direction, SignalDraft
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.ports.events import Event

SERIES = Series("BTC/USDT", "1m")
CLOSE = Key(*SERIES, "close")


def news(source: str, at: int) -> Event:
    return Event(kind=OriginKind.NEWS, source=source, at=at, anchor=f"{at}", payload=NewsItem(headline="h"))


def tick(source: str, at: int) -> Event:
    return Event(kind=OriginKind.SCHEDULE, source=source, at=at, anchor=f"{at}", payload=ScheduleTick(due_at=at))


def signal(kind: str) -> SignalDraft:
    return SignalDraft(symbol="BTC/USDT", direction=Direction.LONG, kind=kind)


class Loud:
    """A detector that sees two things in every event of its sources."""

    def __init__(self, *sources: str, needs: tuple[Key, ...] = (), window: int = 1) -> None:
        self.sources, self.needs, self.window = sources, needs, window

    def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
        assert all(len(at.window(key, self.window)) == self.window for key in self.needs)
        return [signal(f"{event.source} one"), signal(f"{event.source} two")]


class Room:
    """Detectors, three candles, and the flows that were started."""

    def __init__(self, *detectors: Loud, closed: int = 3, every_event: bool = False) -> None:
        column = np.ones(3)
        opened_at = np.arange(3, dtype=np.int64) * MINUTE_NS
        candles = Candles(series=SERIES, opened_at=opened_at, open=column, high=column, low=column, close=column, volume=column)
        facts = FactTable({SERIES: candles})
        facts.cursors[SERIES].count = closed
        self.flows: list[tuple[Event, list[tuple[str, str]]]] = []
        bound = [BoundEventDetector(f"d{number}", one) for number, one in enumerate(detectors)]
        self.desk = EventDesk(detectors=bound, facts=facts, flow=self, every_event=every_event)  # type: ignore[arg-type]

    def run_event(self, event: Event, signals: Sequence[tuple[str, SignalDraft]]) -> None:
        self.flows.append((event, [(name, draft.kind) for name, draft in signals]))


def test_only_those_who_listen_to_a_source_are_asked() -> None:
    room = Room(Loud("wire"), Loud("other"), Loud("other", "wire"))
    event = news("wire", 5)
    room.desk.take(event)
    room.desk.take(news("nobody's", 6))
    assert room.flows == [(event, [("d0", "wire one"), ("d0", "wire two"), ("d2", "wire one"), ("d2", "wire two")])]


@pytest.mark.parametrize(("window", "closed", "asked"), [(3, 3, True), (3, 2, False), (1, 0, False), (1, 1, True)])
def test_a_detector_is_asked_once_its_facts_are_there(window: int, closed: int, *, asked: bool) -> None:
    room = Room(Loud("wire", needs=(CLOSE,), window=window), closed=closed)
    room.desk.take(news("wire", 5))
    assert bool(room.flows) is asked


def test_an_event_that_nobody_makes_anything_of_starts_a_flow_only_where_all_are_to_be_seen() -> None:
    event = news("wire", 5)
    for every_event in (False, True):
        room = Room(every_event=every_event)
        room.desk.take(event)
        assert room.flows == [(event, [])] * every_event


def test_sources_take_turns_by_instant_rank_and_place() -> None:
    room = Room(Loud("wire", "feed", "daily"))
    agenda, told = Agenda(), list[tuple[int, int, int]]()

    def schedule(at: int, rank: int, call: Callable[[], None], source: int) -> None:
        told.append((at, rank, source))

        def happens() -> tuple[()]:
            call()
            return ()

        agenda.add(at, rank, happens, source)

    sources: list[Any] = [[tick("daily", 10), tick("daily", 20)], [news("wire", 10), news("wire", 10), news("wire", 30)], []]
    sources.append([news("feed", 10)])
    EventLane(desk=room.desk, sources=sources, first_source=4, schedule=schedule).begin()
    assert told == [(10, RANK_SCHEDULE, 4), (10, RANK_NEWS, 5), (10, RANK_NEWS, 7)]
    while agenda.next_key() is not None:
        agenda.pop()()
    assert [(event.source, event.at) for event, _ in room.flows] == [
        ("wire", 10),
        ("wire", 10),
        ("feed", 10),
        ("daily", 10),
        ("daily", 20),
        ("wire", 30),
    ]
