"""A schedule by a cron expression, in a time zone."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import field_validator

from s1mpletrader.api import SECOND_NS, Event, EventProvision, Instant, OriginKind, PluginConfig, ScheduleTick

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CronConfig(PluginConfig):
    """When it is due."""

    at: str
    """Minute, hour, day of month, month, day of week: ``"0 9 * * MON"`` is Mondays at nine."""
    time_zone: str = "UTC"
    """Where the clock hangs. What is skipped in spring is due after the change, what comes twice in autumn only once."""

    @field_validator("at")
    @classmethod
    def _is_cron(cls, text: str) -> str:
        try:
            CronSim(text, _EPOCH)
        except CronSimError as fault:
            raise ValueError(f"{text!r} is no cron expression: {fault}") from fault
        return text

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, text: str) -> str:
        try:
            ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError) as fault:
            raise ValueError(f"there is no time zone {text!r}; write one like 'Europe/Amsterdam'") from fault
        return text


class Cron:
    """Ticks of a schedule; the instant is what tells one from the others."""

    def __init__(self, config: CronConfig, provision: EventProvision) -> None:
        self._config = config
        self._source = provision.name
        self._clock = provision.clock

    def history(self, start: Instant, end: Instant) -> Sequence[Event]:
        """Every time that it is due from ``start`` on, and before ``end``."""
        ticks: list[Event] = []
        for at in self._due(start - SECOND_NS):
            if at >= end:
                break
            if at >= start:
                ticks.append(self._event(at))
        return ticks

    async def events(self, after: Instant) -> AsyncIterator[Event]:
        """Each time that it is due, when it is due."""
        for at in self._due(after):
            await self._clock.sleep_until(at)
            yield self._event(at)

    def _due(self, after: Instant) -> Iterator[Instant]:
        zone = ZoneInfo(self._config.time_zone)
        start = datetime.fromtimestamp(after // SECOND_NS, UTC).astimezone(zone)
        last = after
        for due in CronSim(self._config.at, start):
            at = int(due.timestamp()) * SECOND_NS
            if at > last:
                last = at
                yield at

    def _event(self, at: Instant) -> Event:
        return Event(kind=OriginKind.SCHEDULE, source=self._source, at=at, anchor=str(at), payload=ScheduleTick(due_at=at))
