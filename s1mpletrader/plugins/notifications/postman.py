"""Sending without being waited for: a bounded queue, and a thread that empties it."""

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic
from typing import Final, NamedTuple

_log: Final = logging.getLogger(__name__)

LINES_MAX: Final = 20
"""How many lines that wait are sent as one message."""
ATTEMPTS_MAX: Final = 2


class Parcel(NamedTuple):
    """A line to be told."""

    text: str
    keep: bool
    """Whether it goes before others when there is no room for all."""
    urgent: bool


class Postman:
    """Takes lines at once and sends them in their order, as many as wait in one message.

    Where more lines wait than there is room for, the oldest that need not be kept are dropped, then the oldest of all; the next
    message says how many. A message that cannot be sent is tried once more, then logged and given up.
    """

    def __init__(self, send: Callable[[str, bool], bool], *, queue_max: int, close_s_max: float) -> None:
        self._send = send
        self._queue_max = queue_max
        self._close_s_max = close_s_max
        self._queue: deque[Parcel] = deque()
        self._dropped = 0
        self._changed = Condition()
        self._closing_until: float | None = None
        self._thread = Thread(target=self._work, name="notifications", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many lines are not yet on their way."""
        with self._changed:
            return len(self._queue)

    def put(self, parcel: Parcel) -> None:
        """Queue a line; after ``close`` it is dropped."""
        with self._changed:
            if self._closing_until is not None:
                return
            if len(self._queue) >= self._queue_max:
                self._drop_one()
            self._queue.append(parcel)
            self._changed.notify()

    def close(self) -> None:
        """Send what waits, within the time there is for it, and end the thread."""
        with self._changed:
            if self._closing_until is None:
                self._closing_until = monotonic() + self._close_s_max
            self._changed.notify()
        self._thread.join(max(self._closing_until - monotonic(), 0.0))
        with self._changed:
            unsent, self._queue = len(self._queue), deque()
        if unsent or self._thread.is_alive():
            _log.warning("the run has ended before all notifications were sent: at least %d lines are lost", max(unsent, 1))

    def _drop_one(self) -> None:
        index = next((index for index, parcel in enumerate(self._queue) if not parcel.keep), 0)
        del self._queue[index]
        self._dropped += 1

    def _work(self) -> None:
        while (taken := self._take()) is not None:
            self._deliver(*taken)

    def _take(self) -> tuple[list[Parcel], int] | None:
        """The lines of the next message, and how many were dropped before them; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing_until is not None)
            if not self._queue:
                return None
            parcels = [self._queue.popleft() for _ in range(min(len(self._queue), LINES_MAX))]
            dropped, self._dropped = self._dropped, 0
            return parcels, dropped

    def _deliver(self, parcels: list[Parcel], dropped: int) -> None:
        lines = [parcel.text for parcel in parcels]
        if dropped:
            lines.insert(0, f"({dropped} earlier lines were dropped: more happened than could be sent)")
        urgent = any(parcel.urgent for parcel in parcels)
        for _ in range(ATTEMPTS_MAX):
            try:
                if self._send("\n".join(lines), urgent):
                    return
            except Exception as fault:  # noqa: BLE001  A service's client may raise anything, and the thread must go on.
                # The fault's text may hold the address.
                _log.warning("a notification failed: %s", type(fault).__name__)
        _log.warning("a notification of %d lines could not be sent to everybody", len(parcels))
