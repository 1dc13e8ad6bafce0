"""The recording of a paper or live run: everything that reached its flows, so that any decision can be replayed."""

from typing import Protocol

from msgspec import Struct

from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import VenueReply
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.market_data import Candle


class Datum(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that reached a flow: a candle, an event or a reply."""

    taken_at: Instant
    """The instant, by the run's clock, at which it was taken in."""
    strategy: str = ""
    """The strategy that took it in; empty for a reply, which names its order or belongs to the account."""
    candle: Candle | None = None
    is_warm_up: bool = False
    """Whether the candle was history that was read before the run decided anything: facts come from it, and no decision."""
    event: Event | None = None
    """News, or a schedule's tick, at the instant from which on it was available to the strategy."""
    reply: VenueReply | None = None


class IRecording(Protocol):
    """Where a run's data are written, in the order in which they were taken in."""

    def put(self, datum: Datum) -> None:
        """Add a datum; it need not be written before ``flush``."""
        ...

    def flush(self) -> None:
        """Hand everything to the operating system, so that it outlives this process. What this raises ends the run."""
        ...

    def close(self) -> None:
        """Write what is left, and release everything. Closing twice does nothing."""
        ...
