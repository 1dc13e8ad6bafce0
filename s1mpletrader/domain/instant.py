"""Points in time and durations.

Every instant inside the framework is an ``int``: nanoseconds since 1970-01-01T00:00:00Z. One representation that is exact,
totally ordered, cheap to compare and the same in memory, in the database and on the wire leaves no room for a naive or a local
time.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

Instant: TypeAlias = int
"""Nanoseconds since the Unix epoch, UTC."""

Duration: TypeAlias = int
"""A length of time in nanoseconds."""

SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS
DAY_NS: Final = 24 * HOUR_NS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {"s": SECOND_NS, "m": MINUTE_NS, "h": HOUR_NS, "d": DAY_NS, "w": 7 * DAY_NS}
_TIMEFRAME: Final = re.compile(r"([1-9][0-9]{0,4})([smhdw])")


def instant_from_datetime(moment: datetime) -> Instant:
    """The instant of a zone-aware ``datetime``; a naive one raises ``ValueError``."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; an instant is always UTC")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def datetime_from_instant(at: Instant) -> datetime:
    """The UTC ``datetime`` of an instant, cut to its microsecond."""
    return _EPOCH + timedelta(microseconds=at // 1_000)


def iso(at: Instant) -> str:
    """ISO 8601 in UTC for people, with as many digits of the second as the instant has."""
    seconds, fraction = divmod(at, SECOND_NS)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else f"{text}Z"


def stamp(at: Instant) -> str:
    """``YYYYMMDD_HHMMSS`` in UTC: the readable part of an id."""
    return _stamp_of_second(at // SECOND_NS)


@lru_cache(maxsize=1024)
def _stamp_of_second(second: int) -> str:
    """Many ids are made within one second of a backtest, and formatting a date costs more than all else about an id."""
    minutes, second = divmod(second, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{_stamp_of_day(day)}_{hour * 10_000 + minute * 100 + second:06}"


@lru_cache(maxsize=16)
def _stamp_of_day(day: int) -> str:
    moment = _EPOCH + timedelta(days=day)
    return f"{moment.year:04}{moment.month:02}{moment.day:02}"


def instant_from_stamp(text: str) -> Instant:
    """The first instant of the second that a ``YYYYMMDD_HHMMSS`` names."""
    return instant_from_datetime(datetime.strptime(text, "%Y%m%d_%H%M%S").replace(tzinfo=UTC))


def timeframe_ns(timeframe: str) -> Duration:
    """The length of a candle such as ``"1m"``, ``"4h"`` or ``"1d"``; anything else raises ``ValueError``."""
    match = _TIMEFRAME.fullmatch(timeframe)
    if match is None:
        raise ValueError(f"{timeframe!r} is no timeframe; write a number and one of s, m, h, d, w, such as '5m'")
    return int(match[1]) * _UNITS[match[2]]
