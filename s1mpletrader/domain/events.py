"""What starts a flow besides market data: a piece of news, a schedule that is due."""

from msgspec import Struct

from s1mpletrader.domain.instant import Instant


class NewsItem(Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A piece of news as it was received."""

    headline: str
    body: str = ""
    symbols: tuple[str, ...] = ()
    """What it is about, where the source says so."""
    url: str = ""
    published_at: Instant | None = None
    """When its author says it was published; it counts from its receipt on."""


class ScheduleTick(Struct, frozen=True, kw_only=True, omit_defaults=True, tag=True):
    """A schedule is due."""

    due_at: Instant
