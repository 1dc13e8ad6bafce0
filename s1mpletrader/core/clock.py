"""Virtual time: an instant that the engine moves, and coroutines that wait for it without an event loop."""

from collections.abc import Callable, Coroutine, Generator, Sequence
from functools import partial
from heapq import heappop, heappush
from types import coroutine
from typing import Any, TypeVar

from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import VenueReply

T = TypeVar("T")


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


Happening = Callable[[], Sequence[VenueReply]]
"""Something on the agenda: called in its turn, it gives the replies that are to be booked then."""


class Agenda:
    """What is to happen at later instants, ordered by instant, rank, source and the order of adding."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int, int, int, Happening]] = []
        self._sequence = 0

    def add(self, at: Instant, rank: int, happens: Happening, source: int = 0) -> None:
        """Put something on the agenda; ``source`` is the ordinal of where it comes from, among others of its rank."""
        self._sequence += 1
        heappush(self._heap, (at, rank, source, self._sequence, happens))

    def next_key(self) -> tuple[Instant, int] | None:
        """Instant and rank of what comes next."""
        return self._heap[0][:2] if self._heap else None

    def pop(self) -> Happening:
        """Take what comes next."""
        return heappop(self._heap)[-1]


class SteppedTasks:
    """Runs coroutines by hand: each as far as it goes without waiting, and on from there when its time has come."""

    def __init__(self, agenda: Agenda, rank: int) -> None:
        self._agenda = agenda
        self._rank = rank

    def spawn(self, task: Coroutine[Any, Any, Any], then: Callable[[Any], None]) -> None:
        """Run a coroutine to its end, now or at the instants that it sleeps until, and hand over its result."""
        try:
            wake_at = task.send(None)
        except StopIteration as end:
            result = end.value
        else:
            self._agenda.add(wake_at, self._rank, partial(self._go_on, task, then))
            return
        then(result)

    def _go_on(self, task: Coroutine[Any, Any, Any], then: Callable[[Any], None]) -> Sequence[VenueReply]:
        self.spawn(task, then)
        return ()


def finished(task: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing; one that waits is a ``Defect``."""
    try:
        task.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise Defect("a coroutine waits where nothing may wait")
