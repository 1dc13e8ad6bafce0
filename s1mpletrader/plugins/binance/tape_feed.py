"""Public trades, best prices and order books as they change."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from s1mpletrader.api import SECOND_NS, IClock, Instant, S1mpleTraderError
from s1mpletrader.plugins.binance.klines import venue_symbol
from s1mpletrader.plugins.binance.market_messages import DepthAnswer, DepthEvent, TickerEvent, TradeEvent, TradeRow
from s1mpletrader.plugins.binance.market_stream import Latest, MarketStream
from s1mpletrader.plugins.binance.messages import amount, decode, instant
from s1mpletrader.plugins.binance.order_book import BookView, LocalBook
from s1mpletrader.plugins.binance.rest import NoAnswer, Rest

_log: Final = logging.getLogger(__name__)

_QUEUE_MAX: Final = 10_000
_TRADES: Final = ("/api/v3/trades", 25)
_DEPTH: Final = ("/api/v3/depth", 50)
_DEPTH_LIMIT: Final = "1000"
_TRADES_LIMIT: Final = "1000"
_PAUSE_NS: Final = SECOND_NS

T = TypeVar("T")


class PublicTrade(Struct, frozen=True, kw_only=True):
    """A trade of anybody."""

    symbol: str
    trade_id: int
    price: Decimal
    quantity: Decimal
    venue_at: Instant
    buyer_made: bool
    """Whether the buyer's order was the one that waited."""


class Ticker(Struct, frozen=True, kw_only=True):
    """The best bid and ask of a symbol."""

    symbol: str
    update_id: int
    bid: Decimal
    bid_quantity: Decimal
    ask: Decimal
    ask_quantity: Decimal


class _Gap:
    """Something may be missing."""


class _End:
    """There will be no more."""


class _Ear(Generic[T]):
    """Hears one stream into a queue."""

    def __init__(self, queue: "Latest[T | _Gap | _End]", kind: type[T]) -> None:
        self._queue = queue
        self._kind = kind

    def heard(self, stream: str, data: bytes) -> None:
        """A message; one that is none raises ``ValueError``."""
        try:
            self._queue.put(decode(data, self._kind))
        except msgspec.MsgspecError as error:
            raise ValueError(f"{stream}: {error}") from None

    def restored(self) -> None:
        """Something may be missing."""
        self._queue.put(_Gap())

    def closed(self) -> None:
        """There will be no more."""
        self._queue.put(_End())


class TapeFeed:
    """Each iterator has a queue of its own that keeps the latest; what a slow reader misses is seen as a gap."""

    def __init__(self, stream: MarketStream, rest: Rest, clock: IClock) -> None:
        self._stream = stream
        self._rest = rest
        self._clock = clock

    async def trades(self, symbol: str) -> AsyncIterator[PublicTrade]:
        """Trades in the order of their ids, each once. After a gap the latest thousand are asked for."""
        last: int | None = None
        async with self._events(symbol, "trade", TradeEvent) as events:
            async for event in events:
                if isinstance(event, _Gap):
                    missed = await self._latest_trades(symbol) if last is not None else []
                else:
                    skips = last is not None and event.id > last + 1
                    missed = [*(await self._latest_trades(symbol) if skips else ()), _trade(symbol, event)]
                for trade in missed:
                    if last is None or trade.trade_id > last:
                        last = trade.trade_id
                        yield trade

    async def tickers(self, symbol: str) -> AsyncIterator[Ticker]:
        """The best prices whenever they change; an older one never comes after a newer."""
        last = -1
        async with self._events(symbol, "bookTicker", TickerEvent) as events:
            async for event in events:
                if not isinstance(event, _Gap) and event.update_id > last:
                    last = event.update_id
                    yield _ticker(symbol, event)

    async def books(self, symbol: str, depth: int = 20) -> AsyncIterator[BookView]:
        """The best levels whenever the book changes; nothing while it is not known to be the venue's."""
        book = LocalBook()
        async with self._events(symbol, "depth", DepthEvent) as events:
            async for event in events:
                if isinstance(event, _Gap):
                    book.reset()
                    continue
                changed = book.change(event)
                if not book.synchronised:
                    changed = await self._load(symbol, book)
                if changed:
                    yield book.view(depth)

    async def _load(self, symbol: str, book: LocalBook) -> bool:
        path, weight = _DEPTH
        try:
            answer = await self._ask(path, {"symbol": venue_symbol(symbol), "limit": _DEPTH_LIMIT}, weight, DepthAnswer)
        except S1mpleTraderError as error:
            _log.warning("binance: the book of %s could not be asked for: %s", symbol, error)
            await self._clock.sleep_until(self._clock.now() + _PAUSE_NS)
            return False
        return book.load(answer)

    async def _latest_trades(self, symbol: str) -> list[PublicTrade]:
        path, weight = _TRADES
        parameters = {"symbol": venue_symbol(symbol), "limit": _TRADES_LIMIT}
        try:
            rows = await self._ask(path, parameters, weight, tuple[TradeRow, ...])
        except S1mpleTraderError as error:
            _log.warning("binance: the trades of %s could not be asked for: %s", symbol, error)
            return []
        return sorted((_row(symbol, row) for row in rows), key=lambda trade: trade.trade_id)

    async def _ask(self, path: str, parameters: dict[str, str], weight: int, kind: type[T]) -> T:
        body = await self._rest.public(path, parameters, weight)
        try:
            return decode(body, kind)
        except (msgspec.MsgspecError, ValueError):
            raise NoAnswer(f"{path}: the answer cannot be read") from None

    @asynccontextmanager
    async def _events(self, symbol: str, stream: str, kind: type[T]) -> AsyncIterator[AsyncIterator[T | _Gap]]:
        queue: Latest[T | _Gap | _End] = Latest(self._clock, _QUEUE_MAX)
        ear = _Ear(queue, kind)
        await self._stream.listen([f"{venue_symbol(symbol).lower()}@{stream}"], ear)
        try:
            async with aclosing(_told(queue)) as told:
                yield told
        finally:
            try:
                await self._stream.leave(ear)
            except S1mpleTraderError as error:
                _log.info("binance: not unsubscribed: %s", error)


async def _told(queue: "Latest[T | _Gap | _End]") -> AsyncGenerator[T | _Gap, None]:
    dropped = 0
    while True:
        item = await queue.get()
        if isinstance(item, _End):
            return
        if queue.dropped_count != dropped:
            dropped = queue.dropped_count
            yield _Gap()
        if item is not None:
            yield item


def _trade(symbol: str, event: TradeEvent) -> PublicTrade:
    return PublicTrade(
        symbol=symbol,
        trade_id=event.id,
        price=amount(event.price),
        quantity=amount(event.quantity),
        venue_at=instant(event.at_ms),
        buyer_made=event.buyer_made,
    )


def _row(symbol: str, row: TradeRow) -> PublicTrade:
    return PublicTrade(
        symbol=symbol,
        trade_id=row.id,
        price=amount(row.price),
        quantity=amount(row.qty),
        venue_at=instant(row.time),
        buyer_made=row.is_buyer_maker,
    )


def _ticker(symbol: str, event: TickerEvent) -> Ticker:
    return Ticker(
        symbol=symbol,
        update_id=event.update_id,
        bid=amount(event.bid),
        bid_quantity=amount(event.bid_quantity),
        ask=amount(event.ask),
        ask_quantity=amount(event.ask_quantity),
    )
