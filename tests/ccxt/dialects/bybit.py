"""Bybit's unified account, API version 5."""

from typing import Any

from tests.ccxt.world import INSTRUMENT, Asked, Resting, Trade, World, number

_INSTRUMENT = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "innovation": "0",
    "status": "Trading",
    "marginTrading": "none",
    "lotSizeFilter": {
        "basePrecision": f"{INSTRUMENT.quantity_lot}",
        "quotePrecision": "0.00000001",
        "minOrderQty": f"{INSTRUMENT.quantity_min}",
        "maxOrderQty": "71.73956243",
        "minOrderAmt": f"{INSTRUMENT.notional_min}",
        "maxOrderAmt": "4000000",
    },
    "priceFilter": {"tickSize": f"{INSTRUMENT.price_tick}"},
}
_CODES = {
    "NOT_FOUND": (170213, "Order does not exist."),
    "DUPLICATE": (170141, "Duplicate clientOrderId"),
    "LOT_SIZE": (170137, "Order volume decimal too long"),
    "PRICE_FILTER": (170134, "Order price decimal too long"),
    "MIN_NOTIONAL": (170140, "Transaction amount lower than the minimum."),
}
_STATES = {"open": "New", "closed": "Filled", "canceled": "Cancelled"}


class Bybit:
    """Its REST interface."""

    exchange = "bybit"

    def changes(self, asked: Asked) -> bool:
        return asked.method == "POST"

    def creates(self, asked: Asked) -> bool:
        return asked.path.endswith("/order/create")

    def answer(self, asked: Asked, world: World) -> Any:
        result = _changed(asked, world) if self.changes(asked) else _shown(asked, world)
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": world.tick()}

    def refuse(self, name: str) -> tuple[int, Any]:
        code, message = _CODES[name]
        return 200, {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1}


def _changed(asked: Asked, world: World) -> Any:
    values = asked.values
    match asked.path.removeprefix("/v5/order/"):
        case "create":
            order = world.place(
                values["orderLinkId"],
                values["side"].lower(),
                values["orderType"].lower(),
                number(values["qty"]) or INSTRUMENT.quantity_lot,
                number(values.get("price")),
                values.get("timeInForce", "GTC"),
            )
        case "cancel":
            order = world.cancel(values["orderId"])
        case "amend":
            order = world.amend(values["orderId"], number(values.get("qty")), number(values.get("price")))
        case other:
            raise AssertionError(other)
    return {"orderId": order.id, "orderLinkId": order.client_order_id}


def _shown(asked: Asked, world: World) -> Any:
    values = asked.values
    match asked.path.removeprefix("/v5/"):
        case "market/time":
            return {"timeSecond": str(world.tick() // 1000), "timeNano": str(world.last_ms * 1_000_000)}
        case "market/instruments-info":
            return {"category": values["category"], "list": [_INSTRUMENT] if values["category"] == "spot" else []}
        case "user/query-api":
            return {"unified": 0, "uta": 1}
        case "account/info":
            return {"unifiedMarginStatus": 6, "marginMode": "REGULAR_MARGIN"}
        case "order/realtime":
            found = world.orders.get(values.get("orderId", ""))
            live = world.live() if "orderId" not in values else [] if found is None else [found]
            return _page([_order(order) for order in live])
        case "order/history":
            return _page([_order(order) for order in reversed(world.ended())])
        case "execution/list":
            end = values.get("endTime")
            shown = world.trades_since(int(values.get("startTime", 0)), None if end is None else int(end))
            return _page([_trade(trade) for trade in reversed(shown[-50:])])
        case "account/wallet-balance":
            return {"list": [{"accountType": "UNIFIED", "coin": _balances(world)}]}
        case _:
            return {"rows": []}


def _page(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"category": "spot", "list": rows, "nextPageCursor": ""}


def _balances(world: World) -> list[dict[str, str]]:
    return [
        {"coin": asset, "walletBalance": f"{amount:f}", "locked": "0", "equity": f"{amount:f}", "free": ""}
        for asset, amount in world.balances.items()
    ]


def _order(order: Resting) -> dict[str, Any]:
    partly = order.filled and order.status != "closed"
    state = _STATES[order.status]
    if partly:
        state = "PartiallyFilled" if order.is_live else "PartiallyFilledCanceled"
    return {
        "orderId": order.id,
        "orderLinkId": order.client_order_id,
        "symbol": "BTCUSDT",
        "price": "0" if order.price is None else f"{order.price}",
        "qty": f"{order.quantity}",
        "side": order.side.title(),
        "isLeverage": "0",
        "orderStatus": state,
        "cancelType": "UNKNOWN",
        "rejectReason": "EC_NoError",
        "avgPrice": f"{order.price}" if order.filled else "",
        "leavesQty": f"{order.quantity - order.filled if order.is_live else 0}",
        "cumExecQty": f"{order.filled}",
        "cumExecValue": f"{order.cost}",
        "cumExecFee": "0",
        "timeInForce": order.rule,
        "orderType": order.kind.title(),
        "triggerPrice": "0.0",
        "takeProfit": "",
        "stopLoss": "",
        "reduceOnly": False,
        "marketUnit": "baseCoin",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "orderId": trade.order.id,
        "orderLinkId": trade.order.client_order_id,
        "side": trade.order.side.title(),
        "orderPrice": f"{trade.order.price}",
        "orderQty": f"{trade.order.quantity}",
        "orderType": "Limit",
        "execFee": f"{trade.fee:f}",
        "feeCurrency": "USDT",
        "feeCoin": "USDT",
        "execId": trade.id,
        "execPrice": f"{trade.price}",
        "execQty": f"{trade.quantity}",
        "execType": "Trade",
        "execValue": f"{trade.price * trade.quantity}",
        "execTime": str(trade.ms),
        "isMaker": True,
        "feeRate": "0.001",
    }
