"""The account's trades, by request: pages in the order of their ids, each with the client id of its order."""

import logging
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from s1mpletrader.api import DAY_NS, Filled, FillSource, IClock, Instant
from s1mpletrader.plugins.binance.messages import MS_NS, OrderAnswer, TradeAnswer, decode
from s1mpletrader.plugins.binance.orders import Orders
from s1mpletrader.plugins.binance.parsing import asked_fill
from s1mpletrader.plugins.binance.rest import NoAnswer, Rest
from s1mpletrader.plugins.binance.symbols import Symbols

_log: Final = logging.getLogger(__name__)

T = TypeVar("T")

_PAGE: Final = 1_000
_WEIGHT: Final = 20
_WINDOW_NS: Final = DAY_NS
"""The venue looks no further at once."""
_WINDOWS_MAX: Final = 30
"""Beyond so many days it is cheaper to begin with the first trade."""


class Trades:
    """Reads the account's fills in one symbol."""

    def __init__(self, rest: Rest, symbols: Symbols, orders: Orders, clock: IClock) -> None:
        self._rest = rest
        self._symbols = symbols
        self._orders = orders
        self._clock = clock

    async def since(self, symbol: str, at: Instant, source: FillSource) -> list[Filled]:
        """The fills from a venue time on, oldest first."""
        at -= at % MS_NS
        trades = [trade for trade in await self._since(symbol, at) if trade.time * MS_NS >= at]
        return await self._fills(symbol, trades, source)

    async def after(self, symbol: str, trade_id: int, source: FillSource) -> list[Filled]:
        """The fills after a trade's id, oldest first."""
        return await self._fills(symbol, await self._from_id(symbol, trade_id + 1), source)

    async def _since(self, symbol: str, at: Instant) -> list[TradeAnswer]:
        now = self._rest.time.now()
        if now - at > _WINDOWS_MAX * _WINDOW_NS:
            return await self._from_id(symbol, 0)
        start = at
        while start <= now:
            until = start + _WINDOW_NS - MS_NS
            page = await self._ask(symbol, {"startTime": str(start // MS_NS), "endTime": str(until // MS_NS)})
            if page:
                return page + await self._from_id(symbol, max(trade.id for trade in page) + 1)
            start += _WINDOW_NS
        return []

    async def _from_id(self, symbol: str, trade_id: int) -> list[TradeAnswer]:
        found: list[TradeAnswer] = []
        while True:
            page = await self._ask(symbol, {"fromId": str(trade_id)})
            found += page
            if len(page) < _PAGE:
                return found
            trade_id = max(trade.id for trade in page) + 1

    async def _ask(self, symbol: str, parameters: Mapping[str, str]) -> list[TradeAnswer]:
        return await self._listed("/api/v3/myTrades", symbol, parameters, TradeAnswer)

    async def _listed(self, path: str, symbol: str, parameters: Mapping[str, str], kind: type[T]) -> list[T]:
        rules = await self._symbols.rules(symbol)
        asked = {"symbol": rules.venue_symbol, "limit": str(_PAGE), **parameters}
        try:
            return decode(await self._rest.private(path, asked, _WEIGHT), list[kind])  # type: ignore[valid-type]
        except (msgspec.MsgspecError, ValueError):
            raise NoAnswer(f"{path}: the answer cannot be read") from None

    async def _fills(self, symbol: str, trades: list[TradeAnswer], source: FillSource) -> list[Filled]:
        unknown = {trade.order_id for trade in trades if self._orders.client_id(symbol, str(trade.order_id)) is None}
        if unknown:
            await self._look_up(symbol, unknown)
        now = self._clock.now()
        fills = []
        for trade in sorted(trades, key=lambda trade: (trade.time, trade.id)):
            client_id = self._orders.client_id(symbol, str(trade.order_id))
            order_id = self._orders.own(client_id) if client_id is not None else None
            try:
                fills.append(asked_fill(trade, order_id, client_id, symbol, now, source))
            except (ValueError, ArithmeticError) as error:
                _log.error("binance: the trade %s of %s was put aside: %s", trade.id, symbol, error)
        return fills

    async def _look_up(self, symbol: str, unknown: set[int]) -> None:
        """Trades name only the venue's ids of their orders: ask for the orders from the first unknown one on."""
        first, last = min(unknown), max(unknown)
        while True:
            page = await self._orders_from(symbol, first)
            for answer in page:
                self._orders.link(symbol, str(answer.order_id), answer.client_order_id)
            if len(page) < _PAGE or page[-1].order_id >= last:
                return
            first = page[-1].order_id + 1

    async def _orders_from(self, symbol: str, order_id: int) -> list[OrderAnswer]:
        return await self._listed("/api/v3/allOrders", symbol, {"orderId": str(order_id)}, OrderAnswer)
