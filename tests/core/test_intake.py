"""What reaches the flows is in the recording, whole, before they see it."""

from collections.abc import Sequence

from s1mpletrader.core.intake import Intake, RecordedReplies
from s1mpletrader.domain.events import NewsItem
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.market_data import Candle
from s1mpletrader.ports.recording import Datum

from .desk import NOON, accepted, filled
from .samples import order_id

CANDLES = [
    Candle(series=Series("BTC/USDT", "1m"), opened_at=at, open=1.0, high=2.0, low=0.5, close=1.5, volume=3.0) for at in (0, 60)
]
EVENT = Event(kind=OriginKind.NEWS, source="wire", at=7, anchor="a", payload=NewsItem(headline="h"))


class Kept:
    """A recording in memory."""

    def __init__(self) -> None:
        self.data: list[Datum] = []

    def put(self, datum: Datum) -> None:
        self.data.append(datum)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_everything_is_recorded_with_who_took_it_in_and_when() -> None:
    kept = Kept()
    instants = iter([NOON, NOON + 1, NOON + 2, NOON + 3])
    intake = Intake(kept, lambda: next(instants))
    intake.candles("s", CANDLES, is_warm_up=True)
    intake.candles("s", CANDLES[:1])
    intake.event("t", EVENT)
    intake.reply(accepted(order_id(1)))
    assert kept.data == [
        Datum(taken_at=NOON, strategy="s", candle=CANDLES[0], is_warm_up=True),
        Datum(taken_at=NOON, strategy="s", candle=CANDLES[1], is_warm_up=True),
        Datum(taken_at=NOON + 1, strategy="s", candle=CANDLES[0]),
        Datum(taken_at=NOON + 2, strategy="t", event=EVENT),
        Datum(taken_at=NOON + 3, reply=accepted(order_id(1))),
    ]


def test_replies_are_recorded_before_they_are_booked() -> None:
    kept = Kept()
    seen: list[tuple[Sequence[VenueReply], int]] = []

    class Books:
        def run(self, replies: Sequence[VenueReply]) -> None:
            seen.append((replies, len(kept.data)))

    replies: list[VenueReply] = [accepted(order_id(1)), filled(order_id(1), 2)]
    RecordedReplies(Intake(kept, lambda: NOON), Books()).run(replies)
    assert [datum.reply for datum in kept.data] == replies
    assert seen == [(replies, 2)]
