"""Time, injected."""

from typing import Protocol

from s1mpletrader.domain.instant import Instant


class IClock(Protocol):
    """The one source of the present. Virtual in a backtest, the machine's in paper and live."""

    def now(self) -> Instant:
        """The present instant, UTC."""
        ...

    async def sleep_until(self, at: Instant) -> None:
        """Return once ``now() >= at``; at once where that is so already."""
        ...
