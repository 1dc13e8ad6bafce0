"""OKX, API version 5."""

from typing import Any

from tests.ccxt.world import INSTRUMENT, Asked, Refusal, Resting, Trade, World, number

_INSTRUMENT = {
    "alias": "",
    "baseCcy": "BTC",
    "category": "1",
    "ctMult": "",
    "ctType": "",
    "ctVal": "",
    "ctValCcy": "",
    "expTime": "",
    "instId": "BTC-USDT",
    "instType": "SPOT",
    "lever": "10",
    "listTime": "1548133413000",
    "lotSz": f"{INSTRUMENT.quantity_lot}",
    "maxLmtSz": "9999",
    "minSz": f"{INSTRUMENT.quantity_min}",
    "quoteCcy": "USDT",
    "settleCcy": "",
    "state": "live",
    "tickSz": f"{INSTRUMENT.price_tick}",
    "uly": "",
}
_STATES = {"open": "live", "closed": "filled", "canceled": "canceled"}
_CODES = {
    "NOT_FOUND": ("51603", "Order does not exist"),
    "DUPLICATE": ("51016", "Duplicated client order ID"),
    "LOT_SIZE": ("51121", "Order quantity must be a multiple of the lot size."),
    "PRICE_FILTER": ("51000", "Parameter px error"),
    "MIN_NOTIONAL": ("51020", "Your order should meet or exceed the minimum order amount."),
}


class Okx:
    """Its REST interface."""

    exchange = "okx"

    def changes(self, asked: Asked) -> bool:
        return asked.method == "POST"

    def creates(self, asked: Asked) -> bool:
        return asked.path.endswith(("/trade/order", "/trade/batch-orders")) and asked.method == "POST"

    def answer(self, asked: Asked, world: World) -> Any:
        return {"code": "0", "msg": "", "data": _changed(asked, world) if self.changes(asked) else _shown(asked, world)}

    def refuse(self, name: str) -> tuple[int, Any]:
        code, message = _CODES[name]
        if name == "NOT_FOUND":
            return 200, {"code": code, "msg": message, "data": []}
        return 200, {"code": "1", "msg": "", "data": [{"clOrdId": "", "ordId": "", "sCode": code, "sMsg": message, "tag": ""}]}


def _changed(asked: Asked, world: World) -> Any:
    values = asked.values
    match asked.path.removeprefix("/api/v5/trade/"):
        case "order" | "batch-orders":
            order = world.place(
                values["clOrdId"],
                values["side"],
                "market" if values["ordType"] == "market" else "limit",
                number(values["sz"]) or INSTRUMENT.quantity_lot,
                number(values.get("px")),
                values["ordType"].upper() if values["ordType"] in ("ioc", "fok") else "GTC",
            )
            return [{**_named(order), "tag": "", "ts": str(order.created_ms)}]
        case "cancel-order":
            return [_named(world.cancel(values["ordId"]))]
        case "amend-order":
            amended = world.amend(values["ordId"], number(values.get("newSz")), number(values.get("newPx")))
            return [{**_named(amended), "reqId": ""}]
        case other:
            raise AssertionError(other)


def _shown(asked: Asked, world: World) -> Any:
    values = asked.values
    match asked.path.removeprefix("/api/v5/"):
        case "public/time":
            return [{"ts": str(world.tick())}]
        case "public/instruments":
            return [_INSTRUMENT] if values["instType"] == "SPOT" else []
        case "trade/order":
            found = world.orders.get(values.get("ordId", "")) or world.by_client_id(values.get("clOrdId", ""))
            if found is None:
                raise Refusal("NOT_FOUND")
            return [_order(found)]
        case "trade/orders-pending":
            return [_order(order) for order in reversed(world.live())]
        case "trade/orders-history" | "trade/orders-history-archive":
            state = values.get("state")
            return [_order(order) for order in reversed(world.ended()) if state in (None, _STATES[order.status])]
        case "trade/fills" | "trade/fills-history":
            until = values.get("end")
            shown = world.trades_since(int(values.get("begin", 0)), None if until is None else int(until))
            return [_trade(trade) for trade in reversed(shown[-100:])]
        case "account/balance":
            return [{"uTime": str(world.tick()), "totalEq": "1", "details": _balances(world)}]
        case _:
            return []


def _balances(world: World) -> Any:
    return [
        {"ccy": asset, "availBal": f"{amount:f}", "frozenBal": "0", "eq": f"{amount:f}", "cashBal": f"{amount:f}"}
        for asset, amount in world.balances.items()
    ]


def _named(order: Resting) -> dict[str, str]:
    return {"clOrdId": order.client_order_id, "ordId": order.id, "sCode": "0", "sMsg": ""}


def _order(order: Resting) -> dict[str, str]:
    state = "partially_filled" if order.is_live and order.filled else _STATES[order.status]
    return {
        "accFillSz": f"{order.filled}",
        "avgPx": f"{order.price}" if order.filled else "",
        "cTime": str(order.created_ms),
        "category": "normal",
        "ccy": "",
        "clOrdId": order.client_order_id,
        "fee": "0",
        "feeCcy": "USDT",
        "instId": "BTC-USDT",
        "instType": "SPOT",
        "lever": "",
        "ordId": order.id,
        "ordType": order.kind if order.rule == "GTC" else order.rule.lower(),
        "px": "" if order.price is None else f"{order.price}",
        "side": order.side,
        "state": state,
        "sz": f"{order.quantity}",
        "tdMode": "cash",
        "tgtCcy": "",
        "uTime": str(order.updated_ms),
    }


def _trade(trade: Trade) -> dict[str, str]:
    return {
        "side": trade.order.side,
        "fillSz": f"{trade.quantity}",
        "fillPx": f"{trade.price}",
        "fee": f"{-trade.fee:f}",
        "ordId": trade.order.id,
        "instType": "SPOT",
        "instId": "BTC-USDT",
        "clOrdId": trade.order.client_order_id,
        "billId": f"5{trade.id}",
        "tag": "",
        "execType": "M",
        "tradeId": trade.id,
        "feeCcy": "USDT",
        "ts": str(trade.ms),
    }
