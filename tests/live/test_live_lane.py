"""A live strategy's bars and events: taken in, recorded, told where they are late, and decided upon instant by instant."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from s1mpletrader.core.bar_join import BarJoin
from s1mpletrader.core.intake import Intake
from s1mpletrader.core.live_lane import LiveLane
from s1mpletrader.core.quarantine import Quarantine
from s1mpletrader.core.strategy import Seen
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.events import NewsItem
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import MINUTE_NS
from s1mpletrader.domain.opinion import Direction, RiskDraft, Severity, SignalDraft
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.market_data import Candle
from s1mpletrader.ports.recording import Datum

BTC, ETH, STRANGE = Series("BTC/USDT", "1m"), Series("ETH/USDT", "1m"), Series("LTC/USDT", "1m")
GRACE_NS = 5
NOTHING = Seen([], [])
SIGNAL = Seen([("d", SignalDraft(symbol="BTC/USDT", direction=Direction.LONG, kind="k"))], [])
RISK = Seen([], [("m", RiskDraft(kind="k", severity=Severity.HIGH, symbol=None, detail=""))])
NEWS = Event(kind=OriginKind.NEWS, source="wire", at=7, anchor="a", payload=NewsItem(headline="h"))
PRICES = {"BTC/USDT": Decimal(1)}


def bar(minute: int, series: Series = BTC) -> Candle:
    """A candle that closes at this minute."""
    return Candle(series=series, opened_at=(minute - 1) * MINUTE_NS, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)


class Named(NamedTuple):
    """A strategy as the lane looks at it."""

    name: str
    facts: Any


class Facts(NamedTuple):
    cursors: dict[Series, None]


class Feed:
    """What the strategy sees is given beforehand; what it was asked is kept."""

    def __init__(self, *series: Series) -> None:
        self.strategy = Named("s", Facts(dict.fromkeys(series)))
        self.sees = NOTHING
        self.known: list[Candle] = []
        self.asked: list[tuple[str, tuple[Series, ...]]] = []
        self.breaks: set[str] = set()

    def append(self, candle: Candle) -> bool:
        self._break("append")
        is_new = candle not in self.known
        self.known += [candle] if is_new else []
        return is_new

    def look(self, closed: Sequence[Series]) -> Seen:
        self.asked.append(("look", tuple(closed)))
        self._break("look")
        return self.sees

    def warm_up(self, closed: Sequence[Series]) -> None:
        self.asked.append(("warm up", tuple(closed)))
        self._break("warm up")

    def closed_to(self, series: Series) -> int | None:
        return 99 if series == BTC else None

    def _break(self, name: str) -> None:
        if name in self.breaks:
            raise PluginFailed(name, LookupError("where?"))


class Around:
    """A lane, and everything that hears of it."""

    def __init__(self, *series: Series, every_candle: bool = False) -> None:
        self.now = 0
        self.recorded: list[Datum] = []
        self.flows: list[tuple[int, Seen]] = []
        self.events: list[Event] = []
        self.late: list[tuple[str, int, Sequence[Series]]] = []
        self.alarms: list[str] = []
        self.agenda: list[tuple[int, Any]] = []
        self.feed = Feed(*(series or (BTC,)))
        self.lane = LiveLane(
            feed=cast("Any", self.feed),
            join=BarJoin(series or (BTC,), GRACE_NS),
            flow=cast("Any", self),
            events=cast("Any", self),
            market=cast("Any", self),
            intake=Intake(cast("Any", self), lambda: self.now),
            moment=lambda: self.now,
            schedule=lambda at, call: self.agenda.append((at, call)),
            told_late=lambda name, at, late: self.late.append((name, at, late)),
            quarantine=Quarantine(self.alarms.append),
            every_candle=every_candle,
        )

    def run(self, at: int, seen: Seen) -> None:
        self.flows.append((at, seen))

    def take(self, event: Event) -> None:
        if "events" in self.feed.breaks:
            raise PluginFailed("events", LookupError("where?"))
        self.events.append(event)

    def put(self, datum: Datum) -> None:
        self.recorded.append(datum)

    def prices(self) -> dict[str, Decimal]:
        return PRICES

    def came(self, *bars: Candle, late_ns: int = 1) -> None:
        """Bars come, each shortly after its close."""
        for one in bars:
            self.now = max(self.now, one.opened_at + MINUTE_NS + late_ns)
            self.lane.take(one)


def test_it_is_named_as_its_strategy_and_knows_what_it_follows() -> None:
    lane = Around(BTC, ETH).lane
    assert (lane.name, lane.quarantine, lane.prices()) == ("s", None, PRICES)
    assert [lane.follows(series) for series in (BTC, ETH, STRANGE)] == [True, True, False]
    assert [lane.closed_to(series) for series in (BTC, ETH)] == [99, 0]


def test_a_bar_is_recorded_and_decided_upon_when_it_comes() -> None:
    around = Around()
    around.feed.sees = SIGNAL
    around.came(bar(1))
    assert around.recorded == [Datum(taken_at=MINUTE_NS + 1, strategy="s", candle=bar(1))]
    assert around.feed.asked == [("look", (BTC,))]
    assert around.flows == [(MINUTE_NS + 1, SIGNAL)]
    assert (around.late, around.agenda, around.alarms) == ([], [], [])


def test_a_flow_begins_where_something_is_seen_or_somebody_wants_every_candle() -> None:
    for sees, every_candle, begins in (
        (NOTHING, False, False),
        (NOTHING, True, True),
        (SIGNAL, False, True),
        (RISK, False, True),
    ):
        around = Around(every_candle=every_candle)
        around.feed.sees = sees
        around.came(bar(1))
        assert [seen for _, seen in around.flows] == ([sees] if begins else [])


def test_a_bar_of_a_series_that_others_follow_is_none_of_its_own() -> None:
    around = Around()
    around.came(bar(1, STRANGE))
    assert (around.recorded, around.feed.asked) == ([], [])


def test_an_instant_waits_for_its_bars_and_is_then_decided_upon_once() -> None:
    around = Around(BTC, ETH)
    around.came(bar(1))
    assert around.feed.asked == []
    ((at, call),) = around.agenda
    assert at == MINUTE_NS + 1 + GRACE_NS
    around.came(bar(1, ETH), late_ns=3)
    assert around.feed.asked == [("look", (BTC, ETH))]
    around.now = at
    call()
    assert len(around.feed.asked) == 1
    assert around.late == []


def test_what_has_waited_long_enough_is_decided_upon_and_told() -> None:
    around = Around(BTC, ETH)
    around.came(bar(1))
    ((around.now, call),) = around.agenda
    call()
    assert around.feed.asked == [("look", (BTC,))]
    assert around.late == [("s", MINUTE_NS, (ETH,))]
    assert [datum.taken_at for datum in around.recorded] == [MINUTE_NS + 1 + GRACE_NS]


def test_a_bar_that_is_known_already_is_not_recorded_once_more() -> None:
    around = Around()
    around.feed.known.append(bar(1))
    around.came(bar(1))
    assert around.recorded == []
    assert around.feed.asked == [("look", ())]


def test_history_is_recorded_as_such_asked_about_and_decides_nothing() -> None:
    around = Around(BTC, ETH)
    around.feed.sees = SIGNAL
    around.now = 500
    around.lane.warm_up([bar(1), bar(1, ETH)])
    assert around.recorded == [Datum(taken_at=500, strategy="s", candle=one, is_warm_up=True) for one in (bar(1), bar(1, ETH))]
    assert around.feed.known == [bar(1), bar(1, ETH)]
    assert around.feed.asked == [("warm up", (BTC, ETH))]
    around.lane.warm_up([bar(2)], steps=False)
    assert len(around.feed.asked) == 1
    around.came(bar(2), bar(1, ETH))
    assert (len(around.recorded), around.flows) == (3, []), "what is history already is not decided upon"


def test_an_event_is_available_from_when_it_came() -> None:
    around = Around()
    around.now = 50
    around.lane.take_event(NEWS)
    came = replace(NEWS, at=50)
    assert around.recorded == [Datum(taken_at=50, strategy="s", event=came)]
    assert around.events == [came]


def test_of_a_plugin_that_fails_an_alarm_is_raised_once_and_nobody_is_asked_any_more() -> None:
    for broken in ("append", "look", "warm up", "events"):
        around = Around()
        around.feed.sees = SIGNAL
        around.feed.breaks = {broken}
        around.lane.warm_up([bar(1)])
        around.lane.take_event(NEWS)
        around.came(bar(2))
        around.feed.breaks = {"append", "look", "warm up", "events"}
        around.came(bar(3))
        assert around.lane.quarantine == f"{PluginFailed(broken, LookupError('where?'))}"
        assert around.alarms == [f"s decides nothing any more: {around.lane.quarantine}"]
        assert around.flows == []
        assert around.recorded[-1].candle == bar(3), "its bars are taken in, for its algorithms"
