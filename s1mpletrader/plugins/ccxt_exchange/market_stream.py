"""An exchange's candles: the past by pages, and the present as they close."""

import asyncio
import decimal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from s1mpletrader.api import (
    SECOND_NS,
    Candle,
    Candles,
    Duration,
    Health,
    Instant,
    Refused,
    Series,
    StreamHealth,
    Unavailable,
    timeframe_ns,
)
from s1mpletrader.plugins.ccxt_exchange.config import CcxtDataConfig
from s1mpletrader.plugins.ccxt_exchange.ohlcv import Row, candles_of, rows_of
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.ccxt_exchange.tasks import end_all
from s1mpletrader.plugins.ccxt_exchange.translate import MILLISECOND_NS

_log = structlog.get_logger(__name__)

PAGE: Final = 500
"""How many candles are asked for at once."""
BACKOFF_S_MAX: Final = 60.0


@dataclass
class Position:
    """Where a series is: what comes next, and what is being built."""

    series: Series
    length: Duration
    wanted_from: Instant
    """The least opening that has not been given yet."""
    last: Instant | None = None
    """The opening of the last candle that was given."""
    building: Row | None = None
    is_whole: bool = False
    """Whether the candle that is being built was watched from its beginning."""
    pushed: "asyncio.Task[Any] | None" = None
    stale_since: Instant | None = None
    last_at: Instant | None = None
    failures: int = 0

    def given(self, row: Row) -> None:
        """This one has been given."""
        self.last, self.wanted_from = row.opened_at, row.opened_at + 1

    def follows(self, row: Row) -> bool:
        """Whether nothing is missing between the last one and this one."""
        return self.last is not None and row.opened_at == self.last + self.length

    def forget(self) -> None:
        """What is being built may have a gap."""
        self.building, self.is_whole = None, False


class CcxtMarketStream:
    """Candles of any exchange that ccxt knows.

    A pushed candle is given once the next one begins, if it was watched from its beginning and follows the last one. In every
    other case, and where nothing is pushed for too long, candles are asked for.
    """

    def __init__(self, config: CcxtDataConfig, session: Session, *, watch: bool) -> None:
        has = session.exchange.has
        if has.get("fetchOHLCV") is not True:
            raise ValueError(f"ccxt offers no candles of {config.exchange}")
        self._session = session
        self._clock = session.clock
        self._watches = watch and has.get("watchOHLCV") is True
        self._poll_s, self._settle_ns = config.poll_s, round(config.settle_s * SECOND_NS)
        self._positions: dict[Series, Position] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def past(self, series: Series, start: Instant, end: Instant) -> Candles:
        """The closed candles with ``start <= opened_at`` that have closed by ``end``, as far as the exchange has them."""
        return candles_of(series, await self._rows(series, start, end))

    async def candles(self, series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
        """Candles as they close, until the stream is closed."""
        queue: asyncio.Queue[Candle | None] = asyncio.Queue()
        tasks = [asyncio.create_task(self._follow(self._begin(one, after), queue)) for one in series]
        self._tasks += tasks
        for task in tasks:
            task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (candle := await queue.get()) is not None:
                yield candle
            for task in tasks:
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            await self._end(tasks)

    def health(self) -> Health:
        """A line for each series that is followed."""
        streams = tuple(
            StreamHealth(
                name=str(position.series),
                connected=position.stale_since is None,
                last_at=position.last_at,
                stale_since=position.stale_since,
            )
            for position in self._positions.values()
        )
        return Health(streams=streams, banned_until=self._session.banned_until)

    async def close(self) -> None:
        """End every task and connection."""
        await self._end(list(self._tasks))
        await self._session.exchange.close()

    async def _end(self, tasks: "Sequence[asyncio.Task[None]]") -> None:
        await end_all(tasks)
        self._tasks = [task for task in self._tasks if task not in tasks]

    def _begin(self, series: Series, after: Instant) -> Position:
        length = timeframe_ns(series.timeframe)
        position = Position(series=series, length=length, wanted_from=after - length + 1)
        self._positions[series] = position
        return position

    async def _follow(self, position: Position, queue: "asyncio.Queue[Candle | None]") -> None:
        """Give a series' candles for ever. What the exchange refuses ends it; what it cannot answer now is asked again."""
        try:
            await self._ask(position, queue)
            while True:
                try:
                    await self._step(position, queue)
                    position.failures = 0
                except Refused:
                    raise
                except Exception as fault:  # noqa: BLE001  Whatever a stream fails with, it is begun again.
                    await self._lose(position, fault)
        finally:
            if position.pushed is not None:
                await end_all([position.pushed])

    async def _step(self, position: Position, queue: "asyncio.Queue[Candle | None]") -> None:
        if position.stale_since is not None:
            await self._ask(position, queue)
        rows = await self._next_rows(position)
        if rows is None:
            await self._ask(position, queue)
        for row in rows or ():
            await self._take(position, row, queue)

    async def _take(self, position: Position, row: Row, queue: "asyncio.Queue[Candle | None]") -> None:
        """One pushed row: the candle that it ends is given, or asked for where it may not be whole."""
        position.last_at = self._clock.now()
        before = position.building
        if before is not None and row.opened_at < before.opened_at:
            return
        if before is not None and row.opened_at > before.opened_at:
            if position.is_whole and position.follows(before):
                self._give(position, before, queue)
            elif before.opened_at >= position.wanted_from:
                await self._ask(position, queue, until=before.opened_at + position.length)
            position.is_whole = True
        position.building = row

    async def _ask(self, position: Position, queue: "asyncio.Queue[Candle | None]", until: Instant | None = None) -> None:
        """Give what has closed since the last one; of what has just closed the exchange may still lack a trade."""
        end = max(until or 0, self._clock.now() - self._settle_ns)
        for row in await self._rows(position.series, position.wanted_from, end):
            self._give(position, row, queue)
        position.stale_since = None

    def _give(self, position: Position, row: Row, queue: "asyncio.Queue[Candle | None]") -> None:
        queue.put_nowait(row.candle(position.series))
        position.given(row)
        position.last_at = self._clock.now()

    async def _next_rows(self, position: Position) -> list[Row] | None:
        """What is pushed next, or None where a candle is due that has not come."""
        now = self._clock.now()
        due = now if position.last is None else position.last + 2 * position.length + self._settle_ns
        due = max(due, now + round(self._poll_s * SECOND_NS))
        if not self._watches:
            await self._clock.sleep_until(due)
            return None
        if position.pushed is None:
            position.pushed = asyncio.create_task(self._watch(position.series))
        timer = asyncio.create_task(self._sleep_until(due))
        try:
            await asyncio.wait([position.pushed, timer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all([timer])
        if not position.pushed.done():
            return None
        pushed, position.pushed = position.pushed, None
        return rows_of(pushed.result())

    async def _watch(self, series: Series) -> list[Any]:
        with decimal.localcontext():
            return list(await self._session.exchange.watch_ohlcv(series.symbol, series.timeframe))

    async def _sleep_until(self, at: Instant) -> None:
        await self._clock.sleep_until(at)

    async def _lose(self, position: Position, fault: Exception) -> None:
        reason = self._session.shown(f"{type(fault).__name__}: {fault}")
        if type(fault).__name__ in ("NotSupported", "ArgumentsRequired"):
            self._watches = False
            _log.info("ccxt_polls", series=str(position.series), reason=reason)
        else:
            _log.warning("ccxt_stream_lost", series=str(position.series), reason=reason)
        now = self._clock.now()
        position.stale_since = position.stale_since or now
        position.forget()
        position.failures += 1
        pause = min(self._poll_s * 2**position.failures, BACKOFF_S_MAX)
        await self._clock.sleep_until(now + round(pause * SECOND_NS))

    async def _rows(self, series: Series, start: Instant, end: Instant) -> list[Row]:
        await self._check(series)
        length = timeframe_ns(series.timeframe)
        found: dict[Instant, Row] = {}
        cursor = start
        while cursor + length <= end:
            since = -(-cursor // MILLISECOND_NS)
            page = rows_of(await self._page(series, since))
            fresh = {row.opened_at: row for row in page if cursor <= row.opened_at <= end - length}
            found |= fresh
            # An exchange may answer with nothing for a stretch without trades, and still have candles after it.
            cursor = max(fresh) + 1 if fresh else cursor + PAGE * length
        return [found[key] for key in sorted(found)]

    async def _page(self, series: Series, since_ms: int) -> list[Any]:
        """What is listed, and is refused all the same, may be answered later."""
        try:
            return list(await self._session.read("fetch_ohlcv", series.symbol, series.timeframe, since_ms, PAGE))
        except Refused as fault:
            raise Unavailable(str(fault)) from None

    async def _check(self, series: Series) -> None:
        markets = await self._session.read("load_markets")
        if series.symbol not in markets:
            raise Refused(f"{self._session.exchange.id} does not list {series.symbol}")
        offered = self._session.exchange.timeframes or {}
        if series.timeframe not in offered:
            raise Refused(f"{self._session.exchange.id} has no candles of {series.timeframe}; it has {', '.join(offered)}")
