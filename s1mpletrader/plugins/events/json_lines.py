"""News from a file: one JSON object a line, each with the time of its receipt."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
from msgspec import DecodeError, json
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from s1mpletrader.api import (
    SECOND_NS,
    BadData,
    Event,
    EventProvision,
    Instant,
    NewsItem,
    OriginKind,
    PluginConfig,
    instant_from_datetime,
)

_log = structlog.get_logger(__name__)


class JsonLinesConfig(PluginConfig):
    """Where the file is."""

    path: str
    """Each line has ``at`` (ISO 8601 with a zone) and ``headline``; it may have ``id``, ``body``, ``symbols``, ``url``,
    ``published_at``.
    """
    poll_s: Annotated[float, Field(gt=0)] = 1.0
    """How often a running strategy looks for new lines."""


class Line(BaseModel):
    """One line, as it is written."""

    model_config = ConfigDict(extra="forbid", strict=True)

    at: str
    headline: Annotated[str, Field(min_length=1)]
    id: str | None = None
    body: str = ""
    symbols: list[str] = Field(default_factory=list)
    url: str = ""
    published_at: str | None = None


class JsonLines:
    """Reads the whole file for a backtest, and what is appended to it while a strategy runs."""

    def __init__(self, config: JsonLinesConfig, provision: EventProvision) -> None:
        own = Path(provision.directory) / config.path
        self._path = own if own.exists() else Path(config.path)
        self._poll_ns = round(config.poll_s * SECOND_NS)
        self._source = provision.name
        self._clock = provision.clock

    def history(self, start: Instant, end: Instant) -> Sequence[Event]:
        """The news of a span, by their time and then their line; ``BadData`` names the line that is none."""
        events: dict[str, Event] = {}
        for number, raw in enumerate(self._lines(), 1):
            if raw.strip():
                event = self._event(number, raw)
                events.setdefault(event.anchor, event)
        return sorted((event for event in events.values() if start <= event.at < end), key=lambda event: event.at)

    async def events(self, after: Instant) -> AsyncIterator[Event]:
        """News as they are appended, each once, and none before its time. A line that is no news is logged and passed over."""
        seen: set[str] = set()
        waiting: list[Event] = []
        read = 0
        while True:
            lines = self._lines()
            for number, raw in enumerate(lines[read:], read + 1):
                event = self._event_or_none(number, raw) if raw.strip() else None
                if event is not None and event.anchor not in seen and event.at > after:
                    seen.add(event.anchor)
                    waiting.append(event)
            read = len(lines)
            waiting.sort(key=lambda event: event.at)
            look_again_at = self._clock.now() + self._poll_ns
            while waiting and waiting[0].at <= look_again_at:
                await self._clock.sleep_until(waiting[0].at)
                yield waiting.pop(0)
            await self._clock.sleep_until(look_again_at)

    def _lines(self) -> list[bytes]:
        try:
            data = self._path.read_bytes()
        except OSError as fault:
            raise BadData(f"{self._path} cannot be read: {fault.strerror}") from fault
        whole, _, rest = data.rpartition(b"\n")
        # A last line without its end may still be being written.
        return [*whole.split(b"\n"), rest] if rest.endswith(b"}") else whole.split(b"\n")

    def _event_or_none(self, number: int, raw: bytes) -> Event | None:
        try:
            return self._event(number, raw)
        except BadData as bad:
            _log.warning("news_refused", source=self._source, reason=str(bad))
            return None

    def _event(self, number: int, raw: bytes) -> Event:
        try:
            content: Any = json.decode(raw)
            line = Line.model_validate(content)
            at = _instant(line.at)
            published_at = None if line.published_at is None else _instant(line.published_at)
        except DecodeError as fault:
            raise BadData(f"{self._path}: line {number} is no JSON: {fault}") from None
        except ValidationError as fault:
            error = fault.errors(include_url=False)[0]
            place = ".".join(map(str, error["loc"])) or "the line"
            raise BadData(f"{self._path}: line {number}: {place}: {error['msg']}") from None
        except ValueError as fault:
            raise BadData(f"{self._path}: line {number}: {fault}") from None
        item = NewsItem(
            headline=line.headline, body=line.body, symbols=tuple(line.symbols), url=line.url, published_at=published_at
        )
        return Event(kind=OriginKind.NEWS, source=self._source, at=at, anchor=line.id or f"line {number}", payload=item)


def _instant(text: str) -> Instant:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write it like '2022-01-01T09:00:00Z'")
    return instant_from_datetime(moment)
