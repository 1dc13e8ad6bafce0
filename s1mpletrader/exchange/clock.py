"""The exchange's time: the machine's, as fast as is asked for; or one that a test moves."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from s1mpletrader.domain.instant import SECOND_NS, Duration, Instant

MILLISECOND_NS: Final = 1_000_000


def milliseconds(at: Instant) -> int:
    """An instant as the venue tells it: milliseconds since 1970."""
    return at // MILLISECOND_NS


class ScaledClock:
    """Begins at an instant and then runs ``speed`` times as fast as the machine's monotonic clock."""

    def __init__(
        self, start: Instant | None = None, speed: float = 1.0, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._start = time.time_ns() if start is None else start
        self._speed = speed
        self._monotonic_ns = monotonic_ns
        self._began = monotonic_ns()

    def now(self) -> Instant:
        """The present of the exchange."""
        return self._start + int((self._monotonic_ns() - self._began) * self._speed)

    async def sleep_until(self, at: Instant) -> None:
        """Return once the instant has come."""
        left = at - self.now()
        while left > 0:
            await asyncio.sleep(left / self._speed / SECOND_NS)
            left = at - self.now()


class ManualClock:
    """A clock that stands still until it is moved, and never goes back."""

    def __init__(self, start: Instant) -> None:
        self._now = start
        self._sleepers: list[tuple[Instant, asyncio.Future[None]]] = []

    def now(self) -> Instant:
        """The present of the exchange."""
        return self._now

    def next_at(self) -> Instant | None:
        """When the next sleeper is to be woken; None where nobody sleeps."""
        return min((at for at, sleeper in self._sleepers if not sleeper.done()), default=None)

    def move(self, duration: Duration) -> None:
        """Go on by a duration in nanoseconds, and wake whoever has slept long enough."""
        self._now += max(duration, 0)
        for at, sleeper in self._sleepers:
            if at <= self._now and not sleeper.done():
                sleeper.set_result(None)
        self._sleepers = [(at, sleeper) for at, sleeper in self._sleepers if not sleeper.done()]

    async def sleep_until(self, at: Instant) -> None:
        """Return once the clock has been moved to the instant."""
        if at > self._now:
            sleeper = asyncio.get_running_loop().create_future()
            self._sleepers.append((at, sleeper))
            await sleeper
