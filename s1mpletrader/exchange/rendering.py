"""Orders, lists, trades and candles as REST and the WebSocket API show them."""

from typing import Any

from s1mpletrader.domain.money import ZERO, multiply
from s1mpletrader.domain.orders import Side
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.events import list_state
from s1mpletrader.exchange.orders import Order, OrderList, Trade
from s1mpletrader.exchange.text import text


def placed(order: Order, response: str | None = None) -> dict[str, Any]:
    """The answer to a new order: ACK, RESULT or FULL."""
    kind = response or order.asked.response
    answer: dict[str, Any] = {
        "symbol": order.asked.market.name,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        "transactTime": milliseconds(order.created_at),
    }
    if kind == "ACK":
        return answer
    answer |= _state(order)
    if kind == "FULL":
        answer["fills"] = [
            {
                "price": text(trade.price),
                "qty": text(trade.quantity),
                "commission": text(trade.fee),
                "commissionAsset": trade.fee_asset,
                "tradeId": trade.trade_id,
            }
            for trade in order.trades
        ]
    return answer


def cancelled(order: Order, cancel_id: str) -> dict[str, Any]:
    """The answer to a cancel: ``origClientOrderId`` is the order's id, ``clientOrderId`` the cancel's."""
    return {
        "symbol": order.asked.market.name,
        "origClientOrderId": order.client_order_id,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": cancel_id,
        "transactTime": milliseconds(order.updated_at),
        **_state(order),
    }


def shown(order: Order) -> dict[str, Any]:
    """An order as a query shows it."""
    return {
        "symbol": order.asked.market.name,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_order_id,
        **_state(order),
        "stopPrice": text(order.asked.stop_price or ZERO),
        "icebergQty": text(ZERO),
        "time": milliseconds(order.created_at),
        "updateTime": milliseconds(order.updated_at),
        "isWorking": order.working_at is not None,
    }


def amended(order: Order, original_client_order_id: str, execution_id: int) -> dict[str, Any]:
    """The answer to an amendment."""
    return {
        "transactTime": milliseconds(order.updated_at),
        "executionId": execution_id,
        "amendedOrder": {
            "symbol": order.asked.market.name,
            "orderId": order.order_id,
            "orderListId": order.list_id,
            "origClientOrderId": original_client_order_id,
            "clientOrderId": order.client_order_id,
            "price": text(order.asked.price or ZERO),
            "qty": text(order.quantity),
            "executedQty": text(order.executed),
            "preventedQty": text(ZERO),
            "quoteOrderQty": text(order.asked.quote_quantity or ZERO),
            "cumulativeQuoteQty": text(order.executed_quote),
            "status": order.status,
            "timeInForce": order.asked.time_in_force,
            "type": order.asked.kind,
            "side": order.asked.side,
            "workingTime": _working_time(order),
            "selfTradePreventionMode": order.asked.self_trade_prevention,
        },
    }


def list_shown(order_list: OrderList) -> dict[str, Any]:
    """A list as a query shows it."""
    kind, state = list_state(order_list)
    symbol = order_list.market.name
    return {
        "orderListId": order_list.list_id,
        "contingencyType": order_list.contingency,
        "listStatusType": kind,
        "listOrderStatus": state,
        "listClientOrderId": order_list.client_list_id,
        "transactionTime": milliseconds(order_list.created_at),
        "symbol": symbol,
        "orders": [
            {"symbol": symbol, "orderId": order.order_id, "clientOrderId": order.client_order_id} for order in order_list.orders
        ],
    }


def list_placed(order_list: OrderList, response: str | None) -> dict[str, Any]:
    """The answer to a new list."""
    reports = [_with_stop(order, placed(order, response or "RESULT")) for order in order_list.orders]
    return list_shown(order_list) | {"orderReports": reports}


def list_cancelled(order_list: OrderList, cancel_id: str) -> dict[str, Any]:
    """The answer to a list's cancel, or to that of one of its orders."""
    reports = [_with_stop(order, cancelled(order, cancel_id)) for order in order_list.orders]
    return list_shown(order_list) | {"orderReports": reports}


def trade_shown(trade: Trade) -> dict[str, Any]:
    """A trade of the account."""
    return {
        "symbol": trade.market.name,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": trade.list_id,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(multiply(trade.price, trade.quantity)),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": milliseconds(trade.at),
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def _state(order: Order) -> dict[str, Any]:
    asked = order.asked
    state: dict[str, Any] = {
        "price": text(asked.price or ZERO),
        "origQty": text(order.quantity),
        "executedQty": text(order.executed),
        "origQuoteOrderQty": text(asked.quote_quantity or ZERO),
        "cummulativeQuoteQty": text(order.executed_quote),
        "status": order.status,
        "timeInForce": asked.time_in_force,
        "type": asked.kind,
        "side": asked.side,
        "workingTime": _working_time(order),
        "selfTradePreventionMode": asked.self_trade_prevention,
    }
    if asked.strategy_id is not None:
        state["strategyId"] = asked.strategy_id
    if asked.strategy_type is not None:
        state["strategyType"] = asked.strategy_type
    return state


def _with_stop(order: Order, report: dict[str, Any]) -> dict[str, Any]:
    return report if order.asked.stop_price is None else report | {"stopPrice": text(order.asked.stop_price)}


def _working_time(order: Order) -> int:
    return -1 if order.working_at is None else milliseconds(order.working_at)
