"""Candles as they close: from the stream, and by request where the stream has left something out or is late."""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from s1mpletrader.api import MINUTE_NS, SECOND_NS, Candle, Duration, IClock, Instant, S1mpleTraderError, Series, timeframe_ns
from s1mpletrader.plugins.binance.klines import Klines, candle_of_kline, interval_of, venue_symbol
from s1mpletrader.plugins.binance.market_messages import KlineEvent
from s1mpletrader.plugins.binance.market_stream import Latest, MarketStream
from s1mpletrader.plugins.binance.messages import decode

_log: Final = logging.getLogger(__name__)

_QUEUE_MAX: Final = 4_096
_PAUSE_NS_MIN: Final = SECOND_NS
_PAUSE_NS_MAX: Final = MINUTE_NS


@dataclass(slots=True)
class Cursor:
    """How far a series has been told."""

    series: Series
    length_ns: Duration
    after: Instant
    """Candles that closed by then are not wanted."""
    last: Instant | None = None
    """When the latest that was told opened."""
    suspect: bool = True
    """Whether something may be missing, so that nothing newer is told before it has been asked for."""
    ask_at: Instant = 0
    pause_ns: Duration = _PAUSE_NS_MIN

    @property
    def start(self) -> Instant:
        """Where the next request begins."""
        return self.after - self.length_ns + 1 if self.last is None else self.last + 1

    def is_next(self, opened_at: Instant) -> bool:
        """Whether a candle has not been told, and is wanted."""
        return opened_at + self.length_ns > self.after and (self.last is None or opened_at > self.last)

    def skips(self, opened_at: Instant) -> bool:
        """Whether there should be another one before this."""
        return self.last is not None and opened_at > self.last + self.length_ns


class _Restored:
    """The connection is another one: anything may be missing."""


class _Closed:
    """There will be no more."""


_Item = Candle | _Restored | _Closed


class _Ear:
    """Hears the streams of some series, and puts closed candles into a queue."""

    def __init__(self, queue: Latest[_Item], streams: dict[str, Series]) -> None:
        self._queue = queue
        self._streams = streams

    def heard(self, stream: str, data: bytes) -> None:
        """A candle as it stands; kept if it has closed."""
        try:
            event = decode(data, KlineEvent)
        except msgspec.MsgspecError as error:
            raise ValueError(f"{stream}: {error}") from None
        candle = candle_of_kline(self._streams[stream], event.body) if event.body.closed else None
        if candle is not None:
            self._queue.put(candle)

    def restored(self) -> None:
        """Anything may be missing."""
        self._queue.put(_Restored())

    def closed(self) -> None:
        """There will be no more."""
        self._queue.put(_Closed())


class CandleFeed:
    """Tells each candle once, and those of a series in their order."""

    def __init__(self, stream: MarketStream, klines: Klines, clock: IClock, late_ns: Duration) -> None:
        self._stream = stream
        self._klines = klines
        self._clock = clock
        self._late_ns = late_ns

    async def candles(self, series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
        """Candles that close after an instant, until the source is closed."""
        queue: Latest[_Item] = Latest(self._clock, _QUEUE_MAX)
        cursors = {one: Cursor(one, timeframe_ns(one.timeframe), after) for one in series}
        ear = _Ear(queue, {stream_name(one): one for one in series})
        await self._stream.listen([stream_name(one) for one in series], ear)
        try:
            dropped = 0
            while True:
                for cursor in cursors.values():
                    if self._is_due(cursor):
                        for candle in await self._asked(cursor):
                            yield candle
                item = await queue.get(min(cursor.ask_at for cursor in cursors.values()))
                if isinstance(item, _Closed):
                    return
                if isinstance(item, _Restored) or queue.dropped_count != dropped:
                    dropped = queue.dropped_count
                    self._suspect_all(cursors.values())
                elif item is not None and self._take(cursors[item.series], item):
                    yield item
        finally:
            await self._leave(ear)

    def _take(self, cursor: Cursor, candle: Candle) -> bool:
        """Whether a streamed candle is the next to be told; one that comes too soon waits for a request."""
        if cursor.suspect or not cursor.is_next(candle.opened_at):
            return False
        if cursor.skips(candle.opened_at):
            cursor.suspect, cursor.ask_at = True, self._clock.now()
            return False
        self._told(cursor, candle.opened_at)
        return True

    def _is_due(self, cursor: Cursor) -> bool:
        return cursor.ask_at <= self._clock.now()

    def _suspect_all(self, cursors: Iterable[Cursor]) -> None:
        for cursor in cursors:
            cursor.suspect, cursor.ask_at = True, self._clock.now()

    async def _asked(self, cursor: Cursor) -> list[Candle]:
        """What has closed since the last one told, by request; it is tried again later where that fails."""
        try:
            found = await self._klines.closed(cursor.series, cursor.start)
        except S1mpleTraderError as error:
            _log.warning("binance: the candles of %s could not be asked for: %s", cursor.series, error)
            cursor.ask_at = self._clock.now() + cursor.pause_ns
            cursor.pause_ns = min(cursor.pause_ns * 2, _PAUSE_NS_MAX)
            return []
        new = [candle for candle in found if cursor.is_next(candle.opened_at)]
        cursor.suspect = False
        for candle in new:
            self._told(cursor, candle.opened_at)
        if not new:
            cursor.ask_at = self._late_at(cursor, self._clock.now())
        return new

    def _told(self, cursor: Cursor, opened_at: Instant) -> None:
        cursor.last = opened_at
        cursor.pause_ns = _PAUSE_NS_MIN
        cursor.ask_at = opened_at + 2 * cursor.length_ns + self._late_ns

    def _late_at(self, cursor: Cursor, now: Instant) -> Instant:
        """When to ask next although nothing was found: after the next close, or after a growing pause where one is overdue."""
        if cursor.last is None:
            return (now // cursor.length_ns + 1) * cursor.length_ns + self._late_ns
        planned = cursor.last + 2 * cursor.length_ns + self._late_ns
        if planned > now:
            return planned
        pause = cursor.pause_ns
        cursor.pause_ns = min(pause * 2, _PAUSE_NS_MAX)
        return now + pause

    async def _leave(self, ear: _Ear) -> None:
        try:
            await self._stream.leave(ear)
        except S1mpleTraderError as error:
            _log.info("binance: not unsubscribed: %s", error)


def stream_name(series: Series) -> str:
    """The stream of a series' candles."""
    return f"{venue_symbol(series.symbol).lower()}@kline_{interval_of(series.timeframe)}"
