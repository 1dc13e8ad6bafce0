"""Coinbase's Advanced Trade, version 3."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.ccxt.world import INSTRUMENT, Asked, Refusal, Resting, Trade, World, number

_PRODUCT = {
    "product_id": "BTC-USDT",
    "price": "30000",
    "base_increment": f"{INSTRUMENT.quantity_lot}",
    "quote_increment": "0.01",
    "price_increment": f"{INSTRUMENT.price_tick}",
    "quote_min_size": f"{INSTRUMENT.notional_min}",
    "quote_max_size": "50000000",
    "base_min_size": f"{INSTRUMENT.quantity_min}",
    "base_max_size": "3400",
    "base_name": "Bitcoin",
    "quote_name": "Tether",
    "is_disabled": False,
    "status": "online",
    "trading_disabled": False,
    "product_type": "SPOT",
    "quote_currency_id": "USDT",
    "base_currency_id": "BTC",
    "alias": "",
    "alias_to": [],
}
_STATES = {"open": "OPEN", "closed": "FILLED", "canceled": "CANCELLED"}
_ERRORS = {
    "DUPLICATE": "DUPLICATE_CLIENT_ORDER_ID",
    "LOT_SIZE": "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL",
    "PRICE_FILTER": "PREVIEW_INVALID_PRICE_PRECISION",
    "MIN_NOTIONAL": "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL",
}


class Coinbase:
    """Its REST interface, which cancels in batches and says so for each order."""

    exchange = "coinbase"

    def changes(self, asked: Asked) -> bool:
        return asked.method == "POST"

    def creates(self, asked: Asked) -> bool:
        return asked.path.endswith("/orders")

    def refuse(self, name: str) -> tuple[int, Any]:
        if name == "NOT_FOUND":
            return 404, {"error": "NOT_FOUND", "error_details": "order not found", "message": "order not found"}
        failure = {"error": "INVALID_ORDER", "message": _ERRORS[name], "preview_failure_reason": _ERRORS[name]}
        return 200, {"success": False, "error_response": failure}

    def answer(self, asked: Asked, world: World) -> Any:
        path = asked.path.removeprefix("/api/v3/brokerage/")
        if path == "orders":
            return _placed(asked.values, world)
        if path == "orders/batch_cancel":
            return {"results": [_cancelled(order_id, world) for order_id in asked.values["order_ids"]]}
        shown = _of_account if path.startswith(("orders", "accounts")) else _public
        return shown(path, asked.values, world)


def _public(path: str, values: Mapping[str, Any], world: World) -> Any:
    match path:
        case "market/products":
            return {"products": [] if values.get("product_type") == "FUTURE" else [_PRODUCT], "num_products": 1}
        case "transaction_summary":
            return {"fee_tier": {"taker_fee_rate": "0.006", "maker_fee_rate": "0.004"}}
        case "/v2/time":
            return {"data": {"epoch": world.tick() // 1000, "iso": _iso(world.last_ms)}}
        case "/v2/currencies" | "/v2/currencies/crypto":
            return {"data": []}
        case "/v2/exchange-rates":
            return {"data": {"currency": "USD", "rates": {}}}
        case other:
            raise AssertionError(other)


def _of_account(path: str, values: Mapping[str, Any], world: World) -> Any:
    match path:
        case "orders/historical/batch":
            status = values.get("order_status")
            shown = [order for order in world.orders.values() if status in (None, _STATES[order.status])]
            return {"orders": [_order(order) for order in reversed(shown)], "has_next": False, "cursor": ""}
        case "orders/historical/fills":
            start, end = _ms(values.get("start_sequence_timestamp")), _ms(values.get("end_sequence_timestamp"))
            newest = reversed(world.trades_since(start or 0, end)[-100:])
            return {"fills": [_trade(trade) for trade in newest], "cursor": ""}
        case "accounts":
            wallets = [_account(asset, f"{amount:f}") for asset, amount in world.balances.items()]
            return {"accounts": wallets, "has_next": False}
        case _:
            found = world.orders.get(path.rsplit("/", 1)[1])
            if found is None:
                raise Refusal("NOT_FOUND")
            return {"order": _order(found)}


def _placed(values: Mapping[str, Any], world: World) -> Any:
    ((name, asked_for),) = values["order_configuration"].items()
    rule = name.rsplit("_", 1)[1].upper()
    order = world.place(
        values["client_order_id"],
        values["side"].lower(),
        "limit" if "limit" in name else "market",
        number(asked_for["base_size"]) or INSTRUMENT.quantity_lot,
        number(asked_for.get("limit_price")),
        rule,
    )
    success = {"order_id": order.id, "product_id": "BTC-USDT", "side": values["side"], "client_order_id": order.client_order_id}
    return {
        "success": True,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": order.id,
        "success_response": success,
        "order_configuration": values["order_configuration"],
    }


def _cancelled(order_id: str, world: World) -> Any:
    try:
        world.cancel(order_id)
    except Refusal:
        return {"success": False, "failure_reason": "UNKNOWN_CANCEL_ORDER", "order_id": order_id}
    return {"success": True, "failure_reason": "UNKNOWN_CANCEL_FAILURE_REASON", "order_id": order_id}


def _account(asset: str, amount: str) -> dict[str, Any]:
    return {
        "uuid": f"8bfc20d7-f7c6-4422-bf07-{asset:0>12}",
        "name": f"{asset} Wallet",
        "currency": asset,
        "available_balance": {"value": amount, "currency": asset},
        "default": True,
        "active": True,
        "type": "ACCOUNT_TYPE_CRYPTO",
        "ready": True,
        "hold": {"value": "0", "currency": asset},
    }


def _order(order: Resting) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "product_id": "BTC-USDT",
        "user_id": "1111111-1111-1111-1111-111111111111",
        "order_configuration": {
            "limit_limit_gtc": {"base_size": f"{order.quantity}", "limit_price": f"{order.price}", "post_only": False}
        },
        "side": order.side.upper(),
        "client_order_id": order.client_order_id,
        "status": _STATES[order.status],
        "time_in_force": "GOOD_UNTIL_CANCELLED",
        "created_time": _iso(order.created_ms),
        "completion_percentage": "0",
        "filled_size": f"{order.filled}",
        "average_filled_price": f"{order.price if order.filled else 0}",
        "fee": "",
        "number_of_fills": "0",
        "filled_value": f"{order.cost}",
        "pending_cancel": False,
        "size_in_quote": False,
        "total_fees": "0",
        "order_type": "LIMIT",
        "settled": not order.is_live,
        "product_type": "SPOT",
    }


def _trade(trade: Trade) -> dict[str, Any]:
    return {
        "entry_id": f"b88b82cc89e326a2778874795102cbafd08dd979a2a7a3c69603fc4c23c2{trade.id}",
        "trade_id": trade.id,
        "order_id": trade.order.id,
        "trade_time": _iso(trade.ms),
        "trade_type": "FILL",
        "price": f"{trade.price}",
        "size": f"{trade.quantity}",
        "commission": f"{trade.fee:f}",
        "product_id": "BTC-USDT",
        "sequence_timestamp": _iso(trade.ms),
        "liquidity_indicator": "MAKER",
        "size_in_quote": False,
        "user_id": "1111111-1111-1111-1111-111111111111",
        "side": trade.order.side.upper(),
    }


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def _ms(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)
