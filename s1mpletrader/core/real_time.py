"""Real time: clocks that go by themselves, the instant that holds still for a turn, and tasks on the event loop."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

from s1mpletrader.domain.instant import SECOND_NS, Instant
from s1mpletrader.ports.clock import IClock

NAP_S_MAX: Final = 3600.0
"""No sleep is longer in one piece, so that a clock that was set is noticed."""


class SystemClock:
    """The machine's time. It never goes back: where the machine's does, it stands still until that has caught up."""

    def __init__(self) -> None:
        self._last: Instant = 0

    def now(self) -> Instant:
        """The present instant, UTC."""
        self._last = max(self._last, time.time_ns())
        return self._last

    async def sleep_until(self, at: Instant) -> None:
        """Wait for the instant."""
        while (left := at - self.now()) > 0:  # noqa: ASYNC110 - nothing tells when the machine's clock is set
            await asyncio.sleep(min(left / SECOND_NS, NAP_S_MAX))


class ScaledClock:
    """A time of its own: it begins at an instant, and goes ``speed`` times as fast as the event loop's."""

    def __init__(self, start: Instant, speed: float = 1.0) -> None:
        self._start = start
        self._speed = speed
        self._begun_s: float | None = None

    def begin_at(self, start: Instant) -> None:
        """Begin at another instant, from now on."""
        self._start, self._begun_s = start, None

    def now(self) -> Instant:
        """The present instant of this time; it stands at its beginning until somebody asks within a loop."""
        try:
            loop_s = asyncio.get_running_loop().time()
        except RuntimeError:
            return self._start
        if self._begun_s is None:
            self._begun_s = loop_s
        return self._start + int((loop_s - self._begun_s) * self._speed * SECOND_NS)

    async def sleep_until(self, at: Instant) -> None:
        """Wait for the instant."""
        while (left := at - self.now()) > 0:  # noqa: ASYNC110 - the loop's time is no event, and sleeps are rounded
            await asyncio.sleep(min(left / SECOND_NS / self._speed, NAP_S_MAX))


class TurnClock:
    """The clock of the flows: within a turn it stands still, so that all of a flow happens at one instant.

    ``moment`` moves it on by the smallest step, so that two decisions of one turn have different instants.
    """

    def __init__(self, clock: IClock) -> None:
        self._clock = clock
        self._turn: Instant | None = None

    def now(self) -> Instant:
        """The turn's instant, or outside of turns the present one."""
        return self._clock.now() if self._turn is None else self._turn

    def begin_turn(self) -> Instant:
        """Let time stand still."""
        self._turn = self._clock.now()
        return self._turn

    def moment(self) -> Instant:
        """The next instant of the turn, later than every one before."""
        if self._turn is None:
            return self._clock.now()
        self._turn += 1
        return self._turn

    def end_turn(self) -> None:
        """Let it go on."""
        self._turn = None

    async def sleep_until(self, at: Instant) -> None:
        """Wait for the instant."""
        await self._clock.sleep_until(at)


class LoopTasks:
    """Runs coroutines on the event loop. What one raises beyond its result is handed to ``failed``."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, task: Coroutine[Any, Any, Any], then: Callable[[Any], None]) -> None:
        """Run a coroutine to its end, and hand over its result."""
        running = asyncio.get_running_loop().create_task(task)
        self._tasks.add(running)
        running.add_done_callback(lambda done: self._ended(done, then))

    async def settle(self, timeout_s: float) -> bool:
        """Wait for everything that runs; False where something still does after the timeout, and is cancelled."""
        if not self._tasks:
            return True
        _, left = await asyncio.wait(set(self._tasks), timeout=timeout_s)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return not left

    def _ended(self, done: asyncio.Task[Any], then: Callable[[Any], None]) -> None:
        self._tasks.discard(done)
        if done.cancelled():
            return
        failure = done.exception()
        if failure is not None:
            self._failed(failure)
            return
        try:
            then(done.result())
        except BaseException as fault:  # noqa: BLE001 - whatever it was, it ends the run and not only a callback
            self._failed(fault)
