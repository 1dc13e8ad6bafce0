"""Kraken's REST interface for spot."""

from typing import Any

from tests.ccxt.world import INSTRUMENT, Asked, Refusal, Resting, Trade, World, number

_PAIR = {
    "altname": "XBTUSDT",
    "wsname": "XBT/USDT",
    "aclass_base": "currency",
    "base": "XXBT",
    "aclass_quote": "currency",
    "quote": "USDT",
    "lot": "unit",
    "cost_decimals": 5,
    "pair_decimals": 1,
    "lot_decimals": 4,
    "lot_multiplier": 1,
    "leverage_buy": [],
    "leverage_sell": [],
    "fees": [[0, 0.4]],
    "fees_maker": [[0, 0.25]],
    "fee_volume_currency": "ZUSD",
    "ordermin": f"{INSTRUMENT.quantity_min}",
    "costmin": f"{INSTRUMENT.notional_min}",
    "tick_size": f"{INSTRUMENT.price_tick}",
    "status": "online",
}
_ASSETS = {
    "XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10, "display_decimals": 5, "status": "enabled"},
    "USDT": {"aclass": "currency", "altname": "USDT", "decimals": 8, "display_decimals": 4, "status": "enabled"},
}
_ERRORS = {
    "NOT_FOUND": "EOrder:Unknown order",
    "DUPLICATE": "EGeneral:Invalid arguments:cl_ord_id already exists",
    "LOT_SIZE": "EOrder:Order minimum not met",
    "PRICE_FILTER": "EOrder:Invalid price:Invalid price argument",
    "MIN_NOTIONAL": "EOrder:Order minimum not met",
}
_CHANGES = ("AddOrder", "CancelOrder", "AmendOrder")


def transaction_id(number_of_order: int) -> str:
    """An id as Kraken makes them."""
    return f"OABCDE-{number_of_order:05d}-FGHIJK"


class Kraken:
    """Private calls are posted forms, all of them."""

    exchange = "kraken"

    def changes(self, asked: Asked) -> bool:
        return asked.path.endswith(_CHANGES)

    def creates(self, asked: Asked) -> bool:
        return asked.path.endswith("AddOrder")

    def answer(self, asked: Asked, world: World) -> Any:
        return {"error": [], "result": _changed(asked, world) if self.changes(asked) else _shown(asked, world)}

    def refuse(self, name: str) -> tuple[int, Any]:
        return 200, {"error": [_ERRORS[name]]}


def _changed(asked: Asked, world: World) -> Any:
    values = asked.values
    match asked.path.rsplit("/", 1)[1]:
        case "AddOrder":
            kind, price = values["ordertype"], number(values.get("price"))
            quantity = number(values["volume"]) or INSTRUMENT.quantity_lot
            order = world.place(values["cl_ord_id"], values["type"], kind, quantity, price, values.get("timeinforce", "GTC"))
            at = f"limit {price}" if price else "market"
            return {"descr": {"order": f"{order.side} {order.quantity} XBTUSDT @ {at}"}, "txid": [order.id]}
        case "CancelOrder":
            world.cancel(values["txid"])
            return {"count": 1}
        case "AmendOrder":
            amended = world.amend(values["txid"], number(values.get("order_qty")), number(values.get("limit_price")))
            return {"amend_id": f"T{amended.id[1:]}"}
        case other:
            raise AssertionError(other)


def _shown(asked: Asked, world: World) -> Any:
    values = asked.values
    match asked.path.rsplit("/", 1)[1]:
        case "Time":
            return {"unixtime": world.tick() // 1000, "rfc1123": ""}
        case "AssetPairs":
            return {"XBTUSDT": _PAIR}
        case "Assets":
            return _ASSETS
        case "QueryOrders":
            found = world.orders.get(values["txid"])
            if found is None:
                raise Refusal("NOT_FOUND")
            return {found.id: _order(found)}
        case "OpenOrders":
            return {"open": {order.id: _order(order) for order in world.live()}}
        case "ClosedOrders":
            return {"closed": {order.id: _order(order) for order in world.ended()}, "count": len(world.ended())}
        case "TradesHistory":
            start, end = int(values.get("start", 0)) * 1000, values.get("end")
            shown = world.trades_since(start, None if end is None else int(end) * 1000)
            return {"trades": {f"T{trade.id}": _trade(trade) for trade in shown[-50:]}, "count": len(shown)}
        case "BalanceEx":
            return {_asset(asset): {"balance": f"{amount:f}", "hold_trade": "0"} for asset, amount in world.balances.items()}
        case other:
            raise AssertionError(other)


def _asset(name: str) -> str:
    return {"BTC": "XXBT"}.get(name, name)


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03d}"


def _order(order: Resting) -> dict[str, Any]:
    price = "0" if order.price is None else f"{order.price}"
    shown = {
        "refid": None,
        "userref": None,
        "cl_ord_id": order.client_order_id,
        "status": order.status,
        "opentm": _seconds(order.created_ms),
        "starttm": 0,
        "expiretm": 0,
        "descr": {
            "pair": "XBTUSDT",
            "type": order.side,
            "ordertype": order.kind,
            "price": price,
            "price2": "0",
            "leverage": "none",
            "order": f"{order.side} {order.quantity} XBTUSDT @ limit {price}",
            "close": "",
        },
        "vol": f"{order.quantity}",
        "vol_exec": f"{order.filled}",
        "cost": f"{order.cost}",
        "fee": "0.00000",
        "price": price if order.filled else "0.00000",
        "stopprice": "0.00000",
        "limitprice": "0.00000",
        "misc": "",
        "oflags": "fciq",
    }
    return shown if order.is_live else shown | {"closetm": _seconds(order.updated_ms), "reason": None}


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "ordertxid": trade.order.id,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": "XBTUSDT",
        "time": _seconds(trade.ms),
        "type": trade.order.side,
        "ordertype": trade.order.kind,
        "price": f"{trade.price}",
        "cost": f"{trade.price * trade.quantity}",
        "fee": f"{trade.fee:f}",
        "vol": f"{trade.quantity}",
        "margin": "0.00000",
        "misc": "",
        "maker": True,
    }
