"""What reaches the flows is recorded before they see it."""

from collections.abc import Callable, Sequence

from s1mpletrader.core.engine import HandlesReplies
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.market_data import Candle
from s1mpletrader.ports.recording import Datum, IRecording


class Intake:
    """Puts candles, events and replies into the recording, with the instant at which they were taken in."""

    def __init__(self, recording: IRecording, now: Callable[[], Instant]) -> None:
        self._recording = recording
        self._now = now

    def candles(self, strategy: str, candles: Sequence[Candle], *, is_warm_up: bool = False) -> None:
        """A strategy takes closed candles in."""
        at = self._now()
        for candle in candles:
            self._recording.put(Datum(taken_at=at, strategy=strategy, candle=candle, is_warm_up=is_warm_up))

    def event(self, strategy: str, event: Event) -> None:
        """A strategy hears of an event."""
        self._recording.put(Datum(taken_at=self._now(), strategy=strategy, event=event))

    def reply(self, reply: VenueReply) -> None:
        """The venue has said something."""
        self._recording.put(Datum(taken_at=self._now(), reply=reply))


class RecordedReplies:
    """The flow of replies, each recorded before it."""

    def __init__(self, intake: Intake, flow: HandlesReplies) -> None:
        self._intake = intake
        self._flow = flow

    def run(self, replies: Sequence[VenueReply]) -> None:
        """Record the replies, and book them."""
        for reply in replies:
            self._intake.reply(reply)
        self._flow.run(replies)
