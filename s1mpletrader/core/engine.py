"""The engine: takes what happens next from all sources, in one declared order, until nothing is left.

The order is (instant, rank, source, sequence). Replies come before market data of the same instant, so that a decision knows what
has been filled; news, schedules and timers come after it.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from s1mpletrader.core.clock import Agenda, VirtualClock
from s1mpletrader.core.feed import Feed
from s1mpletrader.core.strategy import Seen
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.execution import IWorld

RANK_REPLY: Final = 0
RANK_MARKET: Final = 1
RANK_NEWS: Final = 2
RANK_SCHEDULE: Final = 3
END_OF_TIME: Final = 2**63 - 1


class HandlesReplies(Protocol):
    """Where replies go."""

    def run(self, replies: Sequence[VenueReply]) -> None:
        """Book them."""
        ...


class Lane(Struct, frozen=True):
    """A strategy's candles, and the flow that they start."""

    feed: Feed
    flow: SyncFlow


class Engine:
    """Drives both flows in virtual time."""

    def __init__(
        self,
        *,
        clock: VirtualClock,
        agenda: Agenda,
        world: IWorld,
        lanes: Sequence[Lane],
        replies: HandlesReplies,
        every_candle: bool = False,
        progress: Callable[[Instant], None] | None = None,
    ) -> None:
        self._clock = clock
        self._agenda = agenda
        self._world = world
        self._lanes = tuple(lanes)
        self._replies = replies
        self._every_candle = every_candle
        self._progress = progress

    def run(self) -> None:
        """Until no source has anything left."""
        while self._step():
            pass
        for lane in self._lanes:
            lane.feed.catch_up(END_OF_TIME)
            self._clock.move_to(lane.feed.strategy.facts.at)

    def _step(self) -> bool:
        agenda_key = self._agenda.next_key()
        world_at = self._world.next_at()
        before = _before(agenda_key, world_at)
        lane = self._next_lane(before)
        if lane is not None:
            self._decide(lane)
        elif agenda_key is not None and (world_at is None or agenda_key <= (world_at, RANK_REPLY)):
            self._move_to(*agenda_key)
            self._replies.run(self._agenda.pop()())
        elif world_at is not None:
            self._move_to(world_at, RANK_REPLY)
            self._replies.run((self._world.pop(),))
        else:
            return False
        return True

    def _move_to(self, at: Instant, rank: int) -> None:
        """Go to an instant. What comes after market data sees the candles that close at that very instant."""
        self._clock.move_to(at)
        for lane in self._lanes:
            lane.feed.catch_up(at if rank < RANK_MARKET else at + 1)

    def _next_lane(self, before: Instant | None) -> Lane | None:
        """The lane with the earliest instant before the given one; of equal ones the first."""
        best: Lane | None = None
        for lane in self._lanes:
            at = lane.feed.next_at(before)
            if at is not None:
                best, before = lane, at
        return best

    def _decide(self, lane: Lane) -> None:
        seen: Seen = lane.feed.take()
        at = lane.feed.strategy.facts.at
        self._clock.move_to(at)
        if seen.signals or seen.risks or self._every_candle:
            lane.flow.run(at, seen)
        if self._progress is not None:
            self._progress(at)


def _before(agenda_key: tuple[Instant, int] | None, world_at: Instant | None) -> Instant | None:
    """Market data of instants earlier than this comes first."""
    if agenda_key is None:
        return world_at
    at, rank = agenda_key
    limit = at if rank < RANK_MARKET else at + 1
    return limit if world_at is None or limit < world_at else world_at
