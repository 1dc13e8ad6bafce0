"""Bybit's unified account, API version 5."""

from typing import Any

from tests.ccxt.world import INSTRUMENT, Asked, Refusal, Resting, Trade, World, number

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
        result = self._result(asked, world)
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": world.tick()}

    def refuse(self, name: str) -> tuple[int, Any]:
        code, message = _CODES[name]
        return 200, {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1}

    def _result(self, asked: Asked, world: World) -> Any:
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
            case "order/create":
                order = world.place(
                    values["orderLinkId"],
                    values["side"].lower(),
                    values["orderType"].lower(),
                    number(values["qty"]) or INSTRUMENT.quantity_lot,
                    number(values.get("price")),
                    values.get("timeInForce", "GTC"),
                )
                return {"orderId": order.id, "orderLinkId": order.client_order_id}
            case "order/cancel":
                cancelled = world.cancel(values["orderId"])
                return {"orderId": cancelled.id, "orderLinkId": cancelled.client_order_id}
            case "order/amend":
                amended = world.amend(values["orderId"], number(values.get("qty")), number(values.get("price")))
                return {"orderId": amended.id, "orderLinkId": amended.client_order_id}
            case "order/realtime":
                if "orderId" in values:
                    found = world.orders.get(values["orderId"])
                    return {"category": "spot", "list": [] if found is None else [_order(found)], "nextPageCursor": ""}
                return {"category": "spot", "list": [_order(order) for order in world.live()], "nextPageCursor": ""}
            case "order/history":
                return {"category": "spot", "list": [_order(order) for order in reversed(world.ended())], "nextPageCursor": ""}
            case "execution/list":
                end = values.get("endTime")
                shown = world.trades_since(int(values.get("startTime", 0)), None if end is None else int(end))
                newest = [_trade(trade) for trade in reversed(shown[-50:])]
                return {"category": "spot", "list": newest, "nextPageCursor": ""}
            case "account/wallet-balance":
                coins = [
                    {"coin": asset, "walletBalance": f"{amount:f}", "locked": "0", "equity": f"{amount:f}", "free": ""}
                    for asset, amount in world.balances.items()
                ]
                return {"list": [{"accountType": "UNIFIED", "coin": coins}]}
            case "asset/coin/query-info":
                return {"rows": []}
            case _:
                raise Refusal("NOT_FOUND")


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
