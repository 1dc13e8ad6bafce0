"""Virtual time: an instant that the engine moves, and coroutines that wait for it without an event loop."""

from collections.abc import Callable, Coroutine, Generator
from heapq import heappop, heappush
from types import coroutine
from typing import Any

from s1mpletrader.domain.instant import Instant


@coroutine
def _wake_at(at: Instant) -> Generator[Instant, None, None]:
    yield at


class VirtualClock:
    """A clock that stands still until the engine moves it. It never goes back."""

    def __init__(self, start: Instant = 0) -> None:
        self._now = start

    def now(self) -> Instant:
        """The present instant of the simulation."""
        return self._now

    def move_to(self, at: Instant) -> None:
        """Go on to an instant; an earlier one changes nothing."""
        self._now = max(self._now, at)

    async def sleep_until(self, at: Instant) -> None:
        """Wait for the instant; whoever steps the coroutine is told when to go on."""
        if at > self._now:
            await _wake_at(at)


class Agenda:
    """What is to happen at later instants, ordered by instant, rank and the order of adding."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, int, Callable[[], None]]] = []
        self._sequence = 0

    def add(self, at: Instant, rank: int, happens: Callable[[], None]) -> None:
        """Put something on the agenda."""
        self._sequence += 1
        heappush(self._heap, (at, rank, self._sequence, happens))

    def next_key(self) -> tuple[Instant, int] | None:
        """Instant and rank of what comes next."""
        return self._heap[0][:2] if self._heap else None

    def pop(self) -> Callable[[], None]:
        """Take what comes next."""
        return heappop(self._heap)[3]


def step(task: Coroutine[Any, Any, Any], then: Callable[[Any], None], agenda: Agenda, rank: int) -> None:
    """Run a coroutine as far as it goes without waiting; where it sleeps, put its going on on the agenda."""
    try:
        wake_at = task.send(None)
    except StopIteration as end:
        then(end.value)
        return
    agenda.add(wake_at, rank, lambda: step(task, then, agenda, rank))
