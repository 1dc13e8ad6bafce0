"""An exchange object of ccxt's shape that a test scripts: what it pushes, and what it shows when asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ScriptedExchange:
    """Only what the reply stream and the look-ups use."""

    id: str = "binance"
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    """What the next questions fail with."""
    pushes: "dict[str, asyncio.Queue[Any]]" = field(default_factory=dict)
    watches: bool = True
    page: int = 1000
    newest_first: bool = False

    @property
    def has(self) -> dict[str, Any]:
        watched = dict.fromkeys(("watchMyTrades", "watchOrders"), self.watches)
        return {"fetchOrder": True, "fetchOpenOrders": True, "fetchOrders": True, "fetchMyTrades": True, **watched}

    async def fetch_order(self, order_id: str, symbol: str, params: Any = None) -> Any:
        self._ask("fetch_order")
        return self.orders.get(order_id, {})

    async def fetch_orders(self, symbol: str, since: int | None = None) -> Any:
        self._ask("fetch_orders")
        return list(self.orders.values())

    async def fetch_open_orders(self, symbol: str | None = None) -> Any:
        self._ask("fetch_open_orders")
        return [order for order in self.orders.values() if order["status"] == "open"]

    async def fetch_my_trades(self, symbol: str, since: int, limit: Any = None, params: Any = None) -> Any:
        self._ask("fetch_my_trades")
        until = (params or {}).get("until")
        shown = [trade for trade in self.trades if trade["timestamp"] >= since and (until is None or trade["timestamp"] <= until)]
        return shown[-self.page :] if self.newest_first else shown[: self.page]

    async def watch_my_trades(self) -> Any:
        return await self._watch("watch_my_trades")

    async def watch_orders(self) -> Any:
        return await self._watch("watch_orders")

    def push(self, method: str, item: Sequence[dict[str, Any]] | Exception) -> None:
        """The next thing that this method gives, or fails with."""
        self.pushes.setdefault(method, asyncio.Queue()).put_nowait(item)

    async def _watch(self, method: str) -> Any:
        item = await self.pushes.setdefault(method, asyncio.Queue()).get()
        if isinstance(item, Exception):
            raise item
        return item

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.broken:
            raise self.broken.pop(0)


def order(number: int, client_order_id: str | None, status: str = "open", filled: str = "0", amount: str = "4") -> dict[str, Any]:
    """An order as ccxt unifies it."""
    return {
        "id": str(number),
        "clientOrderId": client_order_id,
        "symbol": "BTC/USDT",
        "type": "limit",
        "side": "buy",
        "amount": amount,
        "price": "100",
        "filled": filled,
        "cost": "0",
        "status": status,
        "timestamp": 1_767_225_600_000 + number,
        "lastUpdateTimestamp": 1_767_225_600_000 + number,
    }


def trade(number: int, of_order: int | None, ms: int, amount: str = "1") -> dict[str, Any]:
    """A trade as ccxt unifies it."""
    return {
        "id": str(number),
        "order": None if of_order is None else str(of_order),
        "symbol": "BTC/USDT",
        "side": "buy",
        "price": "100",
        "amount": amount,
        "timestamp": ms,
        "takerOrMaker": "maker",
        "fee": {"cost": "0.1", "currency": "USDT"},
    }
