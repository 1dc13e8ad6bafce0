"""The candles' intervals, and where each begins."""

from datetime import UTC, datetime
from typing import Final

from s1mpletrader.domain.instant import DAY_NS, Instant, datetime_from_instant, instant_from_datetime, timeframe_ns
from s1mpletrader.exchange.errors import ApiError

INTERVALS: Final = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
_MONTH: Final = "1M"
_WEEK_NS: Final = 7 * DAY_NS
_FIRST_MONDAY_NS: Final = 4 * DAY_NS


def check_interval(interval: str) -> str:
    """The interval itself; ``ApiError`` for one that there is not."""
    if interval not in INTERVALS:
        raise ApiError(-1120, "Invalid interval.")
    return interval


def interval_start(interval: str, at: Instant) -> Instant:
    """When the candle opened in which an instant lies. Weeks begin on Mondays."""
    if interval == _MONTH:
        moment = datetime_from_instant(at)
        return instant_from_datetime(datetime(moment.year, moment.month, 1, tzinfo=UTC))
    length = timeframe_ns(interval)
    shift = _FIRST_MONDAY_NS if length == _WEEK_NS else 0
    return at - (at - shift) % length


def interval_end(interval: str, start: Instant) -> Instant:
    """When the next candle opens, after one that opened at ``start``."""
    if interval == _MONTH:
        return interval_start(_MONTH, start + 32 * DAY_NS)
    return start + timeframe_ns(interval)
