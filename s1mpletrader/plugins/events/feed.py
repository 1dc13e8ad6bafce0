"""News from an RSS or Atom feed, asked for at intervals."""

from calendar import timegm
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Final

import aiohttp
import structlog
from pydantic import Field

from s1mpletrader.api import SECOND_NS, Event, EventProvision, Instant, NewsItem, OriginKind, PluginConfig, Refused

_log = structlog.get_logger(__name__)

BACKOFF_MAX: Final = 16
"""At most so many intervals lie between two attempts at a feed that does not answer."""
BYTES_MAX: Final = 8_000_000
"""A larger answer is no feed."""
OK: Final = 200
NOT_MODIFIED: Final = 304
SEEN_MAX: Final = 10_000
"""How many items are remembered, so that none is given twice."""


class FeedConfig(PluginConfig):
    """Where the feed is, and how often it is asked."""

    url: str
    interval_s: Annotated[float, Field(ge=1)] = 60.0
    timeout_s: Annotated[float, Field(gt=0)] = 20.0


class Feed:
    """Gives each item once, as of its receipt: what a feed says of its own times is kept, and trusted for nothing."""

    def __init__(self, config: FeedConfig, provision: EventProvision) -> None:
        try:
            import feedparser  # noqa: PLC0415 - an extra: who does not use it need not have it.
        except ImportError as missing:
            raise ValueError("the source 'feed' needs a library: pip install 's1mpletrader[news]'") from missing
        self._parse: Any = feedparser.parse
        self._config = config
        self._source = provision.name
        self._clock = provision.clock
        self._validators: dict[str, str] = {}

    def history(self, start: Instant, end: Instant) -> Sequence[Event]:
        """``Refused``: a feed does not say what it said, and when."""
        raise Refused("a feed has no history; record it, and give the file to 'json_lines'")

    async def events(self, after: Instant) -> AsyncIterator[Event]:
        """New items, in the feed's own order from old to new. What is there at the beginning is known already."""
        seen: dict[str, None] = {}
        is_first, failures = True, 0
        timeout = aiohttp.ClientTimeout(total=self._config.timeout_s)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                items = await self._fetch(session)
                failures = failures + 1 if items is None else 0
                for anchor, item in items or ():
                    if anchor in seen:
                        continue
                    seen[anchor] = None
                    if not is_first:
                        yield self._event(anchor, item)
                is_first = is_first and items is None
                for old in list(seen)[: max(0, len(seen) - SEEN_MAX)]:
                    del seen[old]
                wait = self._config.interval_s * min(2**failures, BACKOFF_MAX)
                await self._clock.sleep_until(self._clock.now() + round(wait * SECOND_NS))

    async def _fetch(self, session: aiohttp.ClientSession) -> list[tuple[str, NewsItem]] | None:
        """The feed's items from old to new; empty where nothing is new, None where it does not answer as a feed does."""
        try:
            async with session.get(self._config.url, headers=self._validators) as answer:
                return await self._read(answer)
        except (aiohttp.ClientError, TimeoutError) as fault:
            _log.warning("feed_unreachable", source=self._source, reason=str(fault) or type(fault).__name__)
            return None

    async def _read(self, answer: aiohttp.ClientResponse) -> list[tuple[str, NewsItem]] | None:
        if answer.status == NOT_MODIFIED:
            return []
        data = await answer.read() if answer.status == OK and (answer.content_length or 0) <= BYTES_MAX else None
        if data is None:
            _log.warning("feed_refused", source=self._source, status=answer.status, bytes=answer.content_length)
            return None
        found = self._parse(data)
        if found.get("bozo") and not found.entries:
            _log.warning("feed_unreadable", source=self._source, reason=str(found.get("bozo_exception")))
            return None
        self._validators = _validators(answer.headers)
        return [_item(entry) for entry in reversed(found.entries)]

    def _event(self, anchor: str, item: NewsItem) -> Event:
        return Event(kind=OriginKind.NEWS, source=self._source, at=self._clock.now(), anchor=anchor, payload=item)


def _validators(headers: Mapping[str, str]) -> dict[str, str]:
    """What the next request sends, so that an unchanged feed is not sent again."""
    pairs = (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
    return {ours: headers[theirs] for theirs, ours in pairs if theirs in headers}


def _item(entry: Mapping[str, Any]) -> tuple[str, NewsItem]:
    published = entry.get("published_parsed") or entry.get("updated_parsed")
    item = NewsItem(
        headline=str(entry.get("title", "")),
        body=str(entry.get("summary", "")),
        symbols=tuple(str(tag.get("term")) for tag in entry.get("tags", ()) if tag.get("term")),
        url=str(entry.get("link", "")),
        published_at=timegm(published) * SECOND_NS if published else None,
    )
    named = entry.get("id") or entry.get("link")
    return str(named or blake2b(repr(item).encode(), digest_size=16).hexdigest()), item
