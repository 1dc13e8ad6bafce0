"""Finds orders and trades at the exchange, by whichever way it offers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from s1mpletrader.api import Instant, OrderId, Refused, Unavailable, UnknownId, id_second, iso
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.ccxt_exchange.translate import MILLISECOND_NS, client_id_of, trade_id_of

BY_CLIENT_ID: Final = frozenset(
    [
        "aster",
        "binance",
        "binancecoinm",
        "binanceus",
        "binanceusdm",
        "bitget",
        "coinbaseexchange",
        "coinsph",
        "htx",
        "kucoin",
        "kucoinfutures",
        "mexc",
        "myokx",
        "okx",
        "okxus",
    ]
)
"""Where ``fetch_order`` finds an order by its client order id. Elsewhere the lists of orders are searched."""

ORDER_PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    name: {"acknowledged": True} for name in ("bybit", "bybiteu", "bybitid")
}
"""What ``fetch_order`` wants to be told: here, that we know that it looks at the last 500 orders."""

ENDED_LISTS: Final = (
    ("fetchCanceledAndClosedOrders", "fetch_canceled_and_closed_orders"),
    ("fetchOrders", "fetch_orders"),
    ("fetchClosedOrders", "fetch_closed_orders"),
    ("fetchCanceledOrders", "fetch_canceled_orders"),
)
PAGE_MAX: Final = 200
"""More pages of trades than this are no answer."""
FULL_MIN: Final = 20
"""No exchange's answer is full with fewer trades."""
BEFORE_MS: Final = 60_000
"""How much earlier than its id an order may have been made, by the exchange's clock."""


class Lookup:
    """Reads orders and trades as ccxt gives them."""

    def __init__(self, session: Session, symbols: Callable[[], Sequence[str]]) -> None:
        self._session = session
        self._symbols = symbols
        exchange = session.exchange
        self._has: Mapping[str, Any] = exchange.has
        self._parameters = dict(ORDER_PARAMETERS.get(exchange.id, {}))
        self._finds_client_ids = exchange.id in BY_CLIENT_ID

    async def order(
        self, symbol: str, *, exchange_order_id: str | None, client_order_id: str | None, order_id: OrderId | None = None
    ) -> Mapping[str, Any] | None:
        """The order; None where no way to look for it finds it. ``Unavailable`` where there is a way that cannot be gone now."""
        direct = await self._direct(symbol, exchange_order_id, client_order_id)
        if direct is not None:
            return direct
        return await self._searched(symbol, exchange_order_id, client_order_id, order_id)

    async def open_orders(self, symbol: str | None) -> list[Mapping[str, Any]]:
        """The live orders; of every symbol that is followed where the exchange wants to be told which."""
        if symbol is not None:
            return list(await self._session.read("fetch_open_orders", symbol))
        try:
            return list(await self._session.read("fetch_open_orders"))
        except Refused:
            return [order for one in self._symbols() for order in await self._session.read("fetch_open_orders", one)]

    async def trades(self, symbol: str, since_ms: int) -> list[Mapping[str, Any]]:
        """The account's trades in a symbol from a time on, oldest first.

        Where there are more than one answer holds, some exchanges give the first, and some the last: so both ways are gone.
        """
        found: dict[str, Mapping[str, Any]] = {}
        start, until, is_forward = since_ms, None, True
        for _ in range(PAGE_MAX):
            page = await self._page(symbol, start, until)
            fresh = {trade_id_of(trade): trade for trade in page if trade_id_of(trade) not in found}
            found |= fresh
            times = [int(trade["timestamp"]) for trade in found.values() if trade.get("timestamp")]
            if fresh and is_forward and len(page) > 1:
                start = max(times, default=start)
            elif len(found) >= FULL_MIN and times and (fresh or is_forward):
                is_forward, start, until = False, since_ms, min(times)
            else:
                return in_order([trade for trade in found.values() if int(trade.get("timestamp") or since_ms) >= since_ms])
        raise Unavailable(f"the trades of {symbol} since {iso(since_ms * MILLISECOND_NS)} do not end")

    async def _page(self, symbol: str, start_ms: int, until_ms: int | None) -> Sequence[Mapping[str, Any]]:
        if until_ms is None:
            return list(await self._session.read("fetch_my_trades", symbol, start_ms))
        try:
            return list(await self._session.read("fetch_my_trades", symbol, start_ms, None, {"until": until_ms}))
        except Refused:
            return []

    async def _direct(self, symbol: str, exchange_order_id: str | None, client_order_id: str | None) -> Mapping[str, Any] | None:
        if self._has.get("fetchOrder") is not True:
            return None
        try:
            if exchange_order_id is not None:
                found = await self._session.read("fetch_order", exchange_order_id, symbol, dict(self._parameters))
            elif self._finds_client_ids and client_order_id is not None:
                found = await self._session.read("fetch_order", None, symbol, {"clientOrderId": client_order_id})
            else:
                return None
        except (UnknownId, Refused):
            return None
        return found if _is_the_one(found, exchange_order_id, client_order_id) else None

    async def _searched(
        self, symbol: str, exchange_order_id: str | None, client_order_id: str | None, order_id: OrderId | None
    ) -> Mapping[str, Any] | None:
        since = None if order_id is None else id_second(order_id) // MILLISECOND_NS - BEFORE_MS
        lists = [("fetchOpenOrders", "fetch_open_orders"), *ENDED_LISTS]
        offered = [method for name, method in lists if self._has.get(name) is True]
        if len(offered) < 2 and exchange_order_id is None:
            raise Unavailable(f"ccxt offers no list of the ended orders of {self._session.exchange.id}: none can be ruled out")
        for method in offered:
            arguments = (symbol,) if method == "fetch_open_orders" or since is None else (symbol, since)
            for order in await self._session.read(method, *arguments):
                if _is_the_one(order, exchange_order_id, client_order_id):
                    return dict(order)
        return None


def _is_the_one(order: Mapping[str, Any], exchange_order_id: str | None, client_order_id: str | None) -> bool:
    if not order or order.get("id") is None:
        return False
    if exchange_order_id is not None:
        return str(order["id"]) == exchange_order_id
    return client_order_id is not None and client_id_of(order) == client_order_id


def in_order(trades: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Oldest first; those of one millisecond by their ids, numbers by size."""
    return sorted(trades, key=_age)


def _age(trade: Mapping[str, Any]) -> tuple[int, int, str]:
    text = trade_id_of(trade)
    return int(trade.get("timestamp") or 0), int(text) if text.isdecimal() else 0, text


def milliseconds(at: Instant) -> int:
    """The instant as ccxt has it, cut to its millisecond."""
    return at // MILLISECOND_NS
