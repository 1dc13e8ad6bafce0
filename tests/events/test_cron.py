"""Schedules: when they are due, in which zone, and what no expression is."""

import asyncio
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from s1mpletrader.api import EventProvision, Instant, OriginKind, ScheduleTick, instant_from_datetime, iso
from s1mpletrader.plugins.events.cron import Cron, CronConfig


class Clock:
    """A clock that jumps to where somebody waits."""

    def __init__(self, at: Instant = 0) -> None:
        self.at = at

    def now(self) -> Instant:
        return self.at

    async def sleep_until(self, at: Instant) -> None:
        self.at = max(self.at, at)


def moment(text: str) -> Instant:
    return instant_from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def cron(at: str, zone: str = "UTC", clock: Clock | None = None) -> Cron:
    provision = EventProvision(name="mine", directory=".", clock=clock or Clock())
    return Cron(CronConfig(at=at, time_zone=zone), provision)


@pytest.mark.parametrize(
    ("at", "zone", "start", "end", "due"),
    [
        ("0 9 * * *", "UTC", "2022-01-01", "2022-01-03", ["2022-01-01T09:00:00Z", "2022-01-02T09:00:00Z"]),
        ("0 9 * * *", "UTC", "2022-01-01T09:00", "2022-01-02T09:00", ["2022-01-01T09:00:00Z"]),
        ("0 9 * * *", "UTC", "2022-01-01T09:00:01", "2022-01-02T09:00", []),
        ("0 9 * * *", "Europe/Amsterdam", "2022-07-01", "2022-07-02", ["2022-07-01T07:00:00Z"]),
        ("0 12 * * MON", "UTC", "2022-01-01", "2022-01-12", ["2022-01-03T12:00:00Z", "2022-01-10T12:00:00Z"]),
        # 02:30 does not exist on the day on which the clocks go forward, and comes twice on the one on which they go back.
        ("30 2 * * *", "Europe/Amsterdam", "2022-03-27", "2022-03-27T23:00", ["2022-03-27T01:00:00Z"]),
        ("30 2 * * *", "Europe/Amsterdam", "2022-10-30", "2022-10-30T23:00", ["2022-10-30T00:30:00Z"]),
        ("0 * * * *", "Europe/Amsterdam", "2022-10-30T00:00", "2022-10-30T02:01", ["00", "01", "02"]),
    ],
)
def test_it_is_due_when_the_clock_on_the_wall_says_so(at: str, zone: str, start: str, end: str, due: list[str]) -> None:
    ticks = cron(at, zone).history(moment(start), moment(end))
    told = [iso(tick.at) for tick in ticks]
    assert told == due or [text[11:13] for text in told] == due
    assert [tick.kind for tick in ticks] == [OriginKind.SCHEDULE] * len(ticks)
    assert all(tick.payload == ScheduleTick(due_at=tick.at) and tick.anchor == str(tick.at) for tick in ticks)
    assert {tick.source for tick in ticks} <= {"mine"}


def test_while_it_runs_it_ticks_on_the_injected_clock() -> None:
    clock = Clock(moment("2022-01-01T08:59"))

    async def first(count: int) -> list[str]:
        told: list[str] = []
        async for tick in cron("0 9 * * *", clock=clock).events(clock.now()):
            assert clock.now() == tick.at
            told.append(iso(tick.at))
            if len(told) == count:
                break
        return told

    assert asyncio.run(first(2)) == ["2022-01-01T09:00:00Z", "2022-01-02T09:00:00Z"]


def test_a_history_is_what_a_run_would_have_told() -> None:
    clock = Clock(moment("2022-03-20"))
    source = cron("*/90 */3 * * *", "Europe/Amsterdam", clock)
    history = source.history(clock.now() + 1, moment("2022-04-03"))

    async def told() -> list[Instant]:
        ticks: list[Instant] = []
        async for tick in source.events(clock.now()):
            if len(ticks) == len(history):
                break
            ticks.append(tick.at)
        return ticks

    assert asyncio.run(told()) == [tick.at for tick in history]


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [({"at": "9 o'clock"}, "no cron expression"), ({"at": "* * * * *", "time_zone": "Mars/Base"}, "no time zone")],
)
def test_a_mistake_is_named(keys: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        CronConfig.model_validate(keys)
