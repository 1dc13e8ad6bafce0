"""The venue's clock, as seen from here."""

from collections.abc import Awaitable, Callable
from typing import Final

from s1mpletrader.api import MINUTE_NS, IClock, Instant, Unavailable
from s1mpletrader.plugins.binance.messages import MS_NS

_AGE_MAX_NS: Final = 30 * MINUTE_NS


class ServerTime:
    """The offset between the two clocks, measured by asking; a request is stamped with the venue's own time."""

    def __init__(self, clock: IClock, ask: Callable[[], Awaitable[Instant]]) -> None:
        self._clock = clock
        self._ask = ask
        self._offset_ns = 0
        self._measured_at: Instant | None = None

    def now(self) -> Instant:
        """The present by the venue's clock, as well as it is known."""
        return self._clock.now() + self._offset_ns

    def timestamp(self) -> str:
        """The same in the venue's milliseconds, never in its future by the error of the measurement."""
        return str(self.now() // MS_NS)

    async def refresh(self) -> None:
        """Measure again where the measurement is old: clocks drift. An old one is good enough where no new one can be had."""
        if self._measured_at is None:
            await self.measure()
        elif self._clock.now() - self._measured_at > _AGE_MAX_NS:
            try:
                await self.measure()
            except Unavailable:
                return

    async def measure(self) -> None:
        """Ask for the time. The answer was written somewhere between the question and its arrival."""
        asked_at = self._clock.now()
        server = await self._ask()
        answered_at = self._clock.now()
        self._offset_ns = server - (asked_at + answered_at) // 2
        self._measured_at = answered_at
