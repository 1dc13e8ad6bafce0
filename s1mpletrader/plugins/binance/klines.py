"""Closed candles, by request and from the stream."""

import logging
from collections.abc import Sequence
from math import isfinite
from typing import Final

import msgspec
import numpy as np

from s1mpletrader.api import (
    CANDLE_FIELDS,
    MINUTE_NS,
    Candle,
    Candles,
    IClock,
    Instant,
    RateLimited,
    Series,
    timeframe_ns,
)
from s1mpletrader.plugins.binance.market_messages import KlineBody
from s1mpletrader.plugins.binance.messages import MS_NS, decode, instant
from s1mpletrader.plugins.binance.rest import NoAnswer, Rest

_log: Final = logging.getLogger(__name__)

_INTERVALS: Final = {
    timeframe_ns(name): name
    for name in ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
}
_PATH: Final = "/api/v3/klines"
_WEIGHT: Final = 2
_PAGE: Final = 1_000
_ROW_LENGTH_MIN: Final = 7
_PATIENCE_NS: Final = 2 * MINUTE_NS
"""A longer wait is a ban, and not for this reader to sit out."""


def interval_of(timeframe: str) -> str:
    """The venue's name of a timeframe; ``ValueError`` where it has no such candles."""
    found = _INTERVALS.get(timeframe_ns(timeframe))
    if found is None:
        raise ValueError(f"binance has no candles of {timeframe}; it has {', '.join(_INTERVALS.values())}")
    return found


def venue_symbol(symbol: str) -> str:
    """The venue's name of a symbol that is written BASE/QUOTE; ``ValueError`` for any other text."""
    base, stroke, quote = symbol.partition("/")
    if not (stroke and base.isalnum() and quote.isalnum()):
        raise ValueError(f"{symbol!r} is no symbol of binance; write it like BTC/USDT")
    return f"{base}{quote}".upper()


class Klines:
    """Reads a series' closed candles, page by page."""

    def __init__(self, rest: Rest, clock: IClock) -> None:
        self._rest = rest
        self._clock = clock

    async def closed(self, series: Series, start: Instant, end: Instant | None = None) -> list[Candle]:
        """The candles with ``start <= opened_at`` that have closed, by ``end`` and by the venue's own clock."""
        await self._rest.time.refresh()
        found: list[Candle] = []
        next_ms = -(-start // MS_NS)
        step_ms = timeframe_ns(series.timeframe) // MS_NS
        limit = min(self._rest.time.now(), end) if end is not None else self._rest.time.now()
        while next_ms * MS_NS < limit:
            rows = await self._patient_page(series, next_ms, limit // MS_NS)
            candles = [_candle_of_row(series, row) for row in rows]
            found += [candle for candle in candles if candle is not None and _is_closed(candle, limit)]
            # A page may end before the span does where there are no candles for a while.
            opened_ms = max((_opened_ms(row) for row in rows), default=0)
            next_ms = opened_ms + step_ms if opened_ms >= next_ms else next_ms + _PAGE * step_ms
        return found

    async def _patient_page(self, series: Series, start_ms: int, end_ms: int) -> list[list[int | str]]:
        """A page, after a pause where the weight of this minute is used up: a long history needs many."""
        try:
            return await self._page(series, start_ms, end_ms)
        except RateLimited as limited:
            if limited.retry_at - self._clock.now() > _PATIENCE_NS:
                raise
            await self._clock.sleep_until(limited.retry_at)
        return await self._page(series, start_ms, end_ms)

    async def _page(self, series: Series, start_ms: int, end_ms: int) -> list[list[int | str]]:
        parameters = {
            "symbol": venue_symbol(series.symbol),
            "interval": interval_of(series.timeframe),
            "startTime": str(start_ms),
            "endTime": str(end_ms),
            "limit": str(_PAGE),
        }
        body = await self._rest.public(_PATH, parameters, _WEIGHT)
        try:
            return decode(body, list[list[int | str]])
        except (msgspec.MsgspecError, ValueError):
            raise NoAnswer(f"the candles of {series} cannot be read") from None


def candle_of_kline(series: Series, body: KlineBody) -> Candle | None:
    """A candle of the stream; None where it is none."""
    return _checked(series, body.opened_ms, (body.open, body.high, body.low, body.close, body.volume))


def columns_of(series: Series, candles: Sequence[Candle]) -> Candles:
    """Candles as columns, in their order and each once."""
    by_time = {candle.opened_at: candle for candle in candles}
    ordered = [by_time[at] for at in sorted(by_time)]
    columns = {name: np.array([getattr(candle, name) for candle in ordered], dtype=np.float64) for name in CANDLE_FIELDS}
    opened_at = np.array([candle.opened_at for candle in ordered], dtype=np.int64)
    return Candles(series=series, opened_at=opened_at, **columns)


def _candle_of_row(series: Series, row: list[int | str]) -> Candle | None:
    if len(row) < _ROW_LENGTH_MIN:
        _log.warning("binance: a candle of %s was put aside: it is too short", series)
        return None
    return _checked(series, row[0], row[1:6])


def _checked(series: Series, opened_ms: int | str, numbers: Sequence[int | str]) -> Candle | None:
    """The candle, if its numbers can be those of one; anything else is put aside, and logged."""
    try:
        opened_at = instant(int(opened_ms))
        open_, high, low, close, volume = (float(number) for number in numbers)
    except (ValueError, OverflowError):
        _log.warning("binance: a candle of %s was put aside: it has something else than numbers", series)
        return None
    sound = all(map(isfinite, (open_, high, low, close, volume))) and volume >= 0
    if not (sound and 0 < low <= min(open_, close) and max(open_, close) <= high):
        _log.warning("binance: the candle of %s at %s was put aside: its numbers contradict each other", series, opened_ms)
        return None
    return Candle(series=series, opened_at=opened_at, open=open_, high=high, low=low, close=close, volume=volume)


def _is_closed(candle: Candle, by: Instant) -> bool:
    return candle.opened_at + timeframe_ns(candle.series.timeframe) <= by


def _opened_ms(row: list[int | str]) -> int:
    return row[0] if row and isinstance(row[0], int) else 0
