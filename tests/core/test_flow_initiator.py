"""Both flows begin and end here: what the cache holds meanwhile, and what outsiders hear."""

import pytest

from s1mpletrader.core.flow_initiator import Flow, FlowInitiator, FlowTerminator
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.core.watchers import NOBODY, Watchers
from s1mpletrader.domain.ids import IdKind, IdSpace
from s1mpletrader.domain.origin import Origin, OriginKind, PlatformData
from s1mpletrader.plugins.caches import MemoryCache, MemoryCacheConfig
from s1mpletrader.ports.cache import CacheMiss, LaterThanAnchor

from .desk import NOON, accepted
from .samples import order_id

REPLY = accepted(order_id(1))


def listening(heard: list[object]) -> Watchers:
    return Watchers(
        flow_started=lambda *what: heard.append(("started", *what)),
        flow_terminated=lambda *what: heard.append(("terminated", *what)),
        candle_stream_data_ready=lambda *what: heard.append(("candles", *what)),
        exchange_reply=lambda *what: heard.append(("reply", *what)),
    )


class Room:
    """A cache with the two that open and close its flows, and what they told."""

    def __init__(self, *, listens: bool = True) -> None:
        self.heard: list[object] = []
        self.cache = MemoryCache(MemoryCacheConfig())
        self.metrics = Metrics()
        watchers = listening(self.heard) if listens else NOBODY
        self.initiator = FlowInitiator(IdSpace("n"), self.cache, watchers)
        self.terminator = FlowTerminator(self.cache, self.metrics, watchers)

    def start(self, kind: OriginKind, anchor: str = "x") -> Flow:
        return self.initiator.start("s", kind, anchor, NOON, "the file", {"close": 1.0})

    def end(self, flow_id: str) -> None:
        self.terminator.end("s", flow_id, NOON)


@pytest.mark.parametrize(
    ("kind", "id_kind"),
    [
        (OriginKind.TICK, IdKind.TICK),
        (OriginKind.NEWS, IdKind.NEWS),
        (OriginKind.SCHEDULE, IdKind.SCHEDULE),
        (OriginKind.EXTERNAL, IdKind.EXTERNAL),
    ],
)
def test_a_flow_of_decision_has_an_origin_and_its_datum_until_it_ends(kind: OriginKind, id_kind: IdKind) -> None:
    room = Room()
    flow = room.start(kind)
    made = IdSpace("n").flow("s", f"{kind}:x", NOON)
    origin = Origin(id=made.make(id_kind), kind=kind, at=NOON)  # type: ignore[arg-type]
    data = PlatformData(origin=origin, source="the file", payload={"close": 1.0})
    assert (flow.strategy, flow.origin) == ("s", origin)
    assert flow.ids.make(IdKind.SIGNAL) == made.make(IdKind.SIGNAL)
    assert room.cache.get(origin.id, "platform_data") == data
    with pytest.raises(LaterThanAnchor):
        room.cache.put(origin.id, "later", 1, at=NOON + 1)
    room.end(origin.id)
    with pytest.raises(CacheMiss):
        room.cache.get(origin.id, "platform_data")
    candles = [("candles", "s", data)] if kind is OriginKind.TICK else []
    assert room.heard == [("started", "s", origin.id, NOON), *candles, ("terminated", "s", origin.id, NOON)]
    assert room.metrics == Metrics(flows=1)


def test_anchors_tell_the_flows_of_one_instant_apart() -> None:
    room = Room()
    origins = [room.start(kind, anchor).origin.id for kind, anchor in ((OriginKind.NEWS, "x"), (OriginKind.NEWS, "y"))]
    assert len(set(origins)) == 2


def test_a_reply_is_there_for_as_long_as_it_takes_to_book_it() -> None:
    room = Room()
    room.initiator.start_reply("s", "f", REPLY)
    assert room.cache.get("f", "platform_data") == REPLY
    with pytest.raises(LaterThanAnchor):
        room.cache.put("f", "later", 1, at=REPLY.at + 1)
    room.end("f")
    assert room.heard == [("started", "s", "f", REPLY.at), ("reply", REPLY), ("terminated", "s", "f", NOON)]


def test_a_timer_begins_a_flow_without_a_datum() -> None:
    room = Room()
    room.initiator.start_timer("s", "f", NOON)
    with pytest.raises(CacheMiss):
        room.cache.get("f", "platform_data")
    room.cache.put("f", "something", 1, at=NOON)
    with pytest.raises(LaterThanAnchor):
        room.cache.put("f", "later", 1, at=NOON + 1)
    room.end("f")
    assert room.heard == [("started", "s", "f", NOON), ("terminated", "s", "f", NOON)]


def test_where_nobody_listens_flows_begin_and_end_all_the_same() -> None:
    room = Room(listens=False)
    room.end(room.start(OriginKind.TICK).origin.id)
    room.initiator.start_reply("s", "r", REPLY)
    room.end("r")
    room.initiator.start_timer("s", "t", NOON)
    room.end("t")
    assert room.metrics.flows == 3
