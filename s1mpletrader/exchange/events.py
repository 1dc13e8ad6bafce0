"""What the private stream tells."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ZERO, multiply
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.orders import Order, OrderList, Trade
from s1mpletrader.exchange.text import text
from s1mpletrader.ports.execution import Balance


def execution_report(
    order: Order,
    execution: str,
    execution_id: int,
    at: Instant,
    *,
    trade: Trade | None = None,
    cancel_id: str | None = None,
    original_id: str = "",
    status: str | None = None,
) -> dict[str, Any]:
    """An order has changed. On a cancel ``c`` is the cancel's id and ``C`` the order's."""
    asked = order.asked
    happened_at = trade.at if trade is not None else at
    report: dict[str, Any] = {
        "e": "executionReport",
        "E": milliseconds(at),
        "s": asked.market.name,
        "c": order.client_order_id if cancel_id is None else cancel_id,
        "S": asked.side,
        "o": asked.kind,
        "f": asked.time_in_force,
        "q": text(order.quantity),
        "p": text(asked.price or ZERO),
        "P": text(asked.stop_price or ZERO),
        "F": text(ZERO),
        "g": order.list_id,
        "C": original_id if cancel_id is None else order.client_order_id,
        "x": execution,
        "X": status or order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": text(trade.quantity if trade else ZERO),
        "z": text(order.executed),
        "L": text(trade.price if trade else ZERO),
        "n": text(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": milliseconds(happened_at),
        "t": trade.trade_id if trade else -1,
        "I": execution_id,
        "w": order.working_at is not None and order.is_live,
        "m": trade.is_maker if trade else False,
        "M": trade is not None,
        "O": milliseconds(order.created_at),
        "Z": text(order.executed_quote),
        "Y": text(multiply(trade.price, trade.quantity) if trade else ZERO),
        "Q": text(asked.quote_quantity or ZERO),
        "V": asked.self_trade_prevention,
    }
    if order.working_at is not None:
        report["W"] = milliseconds(order.working_at)
    return report


def account_position(balances: Iterable[Balance], updated_at: Instant, at: Instant) -> dict[str, Any]:
    """These assets' balances have changed."""
    return {
        "e": "outboundAccountPosition",
        "E": milliseconds(at),
        "u": milliseconds(updated_at),
        "B": [{"a": balance.asset, "f": text(balance.free), "l": text(balance.locked)} for balance in balances],
    }


def balance_update(asset: str, amount: Decimal, at: Instant) -> dict[str, Any]:
    """Something was paid in, or, below zero, out."""
    return {"e": "balanceUpdate", "E": milliseconds(at), "a": asset, "d": text(amount), "T": milliseconds(at)}


def list_status(order_list: OrderList, at: Instant) -> dict[str, Any]:
    """A list has begun, or is done."""
    kind, state = list_state(order_list)
    return {
        "e": "listStatus",
        "E": milliseconds(at),
        "s": order_list.market.name,
        "g": order_list.list_id,
        "c": order_list.contingency,
        "l": kind,
        "L": state,
        "r": "NONE",
        "C": order_list.client_list_id,
        "T": milliseconds(at),
        "O": [{"s": order_list.market.name, "i": order.order_id, "c": order.client_order_id} for order in order_list.orders],
    }


def list_state(order_list: OrderList) -> tuple[str, str]:
    """A list's status type and its order status."""
    return ("ALL_DONE", "ALL_DONE") if order_list.is_done else ("EXEC_STARTED", "EXECUTING")


def stream_terminated(at: Instant) -> dict[str, Any]:
    """The private stream ends."""
    return {"e": "eventStreamTerminated", "E": milliseconds(at)}
