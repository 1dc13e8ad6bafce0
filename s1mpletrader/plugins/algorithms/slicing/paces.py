"""Paces: what of a target is to be placed now, and when to ask again. A pace is a value, and part of the algorithm's state."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.api import Duration, Instant, Instrument, add, multiply, subtract
from s1mpletrader.plugins.algorithms.slicing.lots import divide, lots_of, quantity_of


class Missed(StrEnum):
    """What becomes of slices whose time passed while nobody was there to place them."""

    SPREAD = "spread"
    """They are spread over the slices that are left."""
    CATCH_UP = "catch_up"
    """The next slice makes up for them."""


class Standing(NamedTuple):
    """Where the target stands when a pace is asked. Quantities are in lots."""

    at: Instant
    remaining: int
    """What has neither been filled, nor is live, nor has been refused."""
    live: bool
    """Whether any slice is live."""
    least: int
    """The smallest order that the venue takes."""
    instrument: Instrument
    volume_since: Callable[[Instant], Decimal]


class Slice(NamedTuple):
    """What to place: lots, and a price where the pace has its own."""

    lots: int
    price: Decimal | None = None


class Wish(NamedTuple):
    """A pace's answer: itself from here on, what to place now, and when it wants to be asked again."""

    pace: "Pace"
    slices: tuple[Slice, ...] = ()
    wake_at: Instant | None = None


class Schedule(Struct, frozen=True, kw_only=True, tag="schedule"):
    """Slices at given times. After an interruption there is at most one slice at a time, and never more than is due by then."""

    times: tuple[Instant, ...]
    lots: tuple[int, ...]
    missed: Missed
    passed: int = 0
    """How many of the times have passed."""

    def wish(self, standing: Standing) -> Wish:
        """The slice that is due, if the time of one has come."""
        due = sum(1 for time in self.times if time <= standing.at)
        wake_at = self.times[due] if due < len(self.times) else None
        if due == self.passed:
            return Wish(self, wake_at=wake_at)
        after = replace(self, passed=due)
        wanted = _placeable(self._due(due, standing.remaining), standing)
        return Wish(after, (Slice(wanted),) if wanted else (), wake_at)

    def resized(self, remaining: int) -> "Schedule":
        """The same times for another quantity."""
        if self.passed == len(self.times):
            return self
        return replace(self, lots=(*self.lots[: self.passed], *divide(remaining, self.lots[self.passed :])))

    def _due(self, due: int, remaining: int) -> int:
        """What has to be placed for the target to be where the schedule has it, or the part that this slice takes of it."""
        behind = max(0, remaining - sum(self.lots[due:]))
        if self.missed is Missed.CATCH_UP:
            return behind
        left = self.lots[due - 1 :]
        return min(behind, remaining * left[0] // sum(left) if any(left) else remaining // len(left))


class Participation(Struct, frozen=True, kw_only=True, tag="participation"):
    """A share of the volume that the market trades, counted at every interval."""

    rate: Decimal
    interval: Duration
    missed: Missed
    next_at: Instant
    counted_until: Instant
    allowance: Decimal = Decimal(0)
    """What the volume so far allows and has not been placed."""

    def wish(self, standing: Standing) -> Wish:
        """What the volume since the last time allows."""
        if standing.at < self.next_at:
            return Wish(self, wake_at=self.next_at)
        since = self.counted_until
        if self.missed is Missed.SPREAD:
            since = max(since, standing.at - self.interval)
        allowance = add(self.allowance, multiply(self.rate, standing.volume_since(since)))
        wanted = _placeable(min(lots_of(allowance, standing.instrument), standing.remaining), standing)
        after = replace(
            self,
            allowance=subtract(allowance, quantity_of(wanted, standing.instrument)),
            counted_until=standing.at,
            next_at=self.next_at + ((standing.at - self.next_at) // self.interval + 1) * self.interval,
        )
        return Wish(after, (Slice(wanted),) if wanted else (), after.next_at)

    def resized(self, remaining: int) -> "Participation":
        """The volume's share does not depend on the target."""
        return self


class Display(Struct, frozen=True, kw_only=True, tag="display"):
    """One slice at a time, of about equal size and never more than is shown, but where the venue takes no smaller one."""

    lots: int

    def wish(self, standing: Standing) -> Wish:
        """The next slice, once the one before has ended."""
        remaining = standing.remaining
        if standing.live or remaining < standing.least:
            return Wish(self)
        count = max(1, min(-(-remaining // self.lots), remaining // standing.least))
        return Wish(self, (Slice(-(-remaining // count)),))

    def resized(self, remaining: int) -> "Display":
        """What is shown stays."""
        return self


class Ladder(Struct, frozen=True, kw_only=True, tag="ladder"):
    """Slices at prices of their own, all at once."""

    prices: tuple[Decimal, ...]
    lots: tuple[int, ...]
    placed: bool = False

    def wish(self, standing: Standing) -> Wish:
        """All of them, once."""
        if self.placed:
            return Wish(self)
        return Wish(replace(self, placed=True), tuple(map(Slice, self.lots, self.prices)))

    def resized(self, remaining: int) -> "Ladder":
        """What has been placed is not placed anew."""
        return self


Pace: TypeAlias = Schedule | Participation | Display | Ladder


def _placeable(wanted: int, standing: Standing) -> int:
    """What can be an order and leaves nothing that could not be one; none where that has to wait for more."""
    rest = standing.remaining - wanted
    if 0 < rest < standing.least:
        wanted = standing.remaining - standing.least
    return wanted if wanted >= standing.least else 0
