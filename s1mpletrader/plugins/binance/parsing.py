"""From the venue's words to the domain's. What cannot be understood raises ``ValueError``, for that one record alone."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, TypeVar

from s1mpletrader.api import (
    ZERO,
    Accepted,
    Amended,
    Cancelled,
    ExchangeReply,
    Expired,
    Filled,
    FillSource,
    Instant,
    Liquidity,
    OrderDetails,
    OrderId,
    OrderSnapshot,
    OrderState,
    OrderType,
    Rejected,
    Side,
    TimeInForce,
)
from s1mpletrader.plugins.binance.messages import ExecutionReport, OrderAnswer, TradeAnswer, amount, instant

STATES: Final[Mapping[str, OrderState]] = {
    "NEW": OrderState.OPEN,
    "PENDING_NEW": OrderState.OPEN,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "PENDING_CANCEL": OrderState.OPEN,
    "FILLED": OrderState.FILLED,
    "CANCELED": OrderState.CANCELLED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}
_TYPES: Final[Mapping[str, OrderType]] = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "STOP_LOSS": OrderType.STOP,
    "TAKE_PROFIT": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
}
_SIDES: Final[Mapping[str, Side]] = {side.value: side for side in Side}
_RULES: Final[Mapping[str, TimeInForce]] = {rule.value: rule for rule in TimeInForce}
_W = TypeVar("_W")
_NO_REASON: Final = frozenset({"", "NONE"})


def known(words: Mapping[str, _W], word: str | None, what: str) -> _W:
    """What a word means; ``ValueError`` for one that is not known."""
    found = words.get(word or "")
    if found is None:
        raise ValueError(f"unknown {what} {(word or 'none')[:40]!r}")
    return found


def client_id_of(report: ExecutionReport) -> str:
    """The order's own client id: on a cancellation the other field names the cancellation."""
    return report.original_client_id or report.client_id


def order_reply(report: ExecutionReport, order_id: OrderId, at: Instant) -> ExchangeReply | None:
    """What happened to an order of ours, other than a fill; None where it changes nothing."""
    venue_at = instant(report.at)
    reason = None if report.reason in _NO_REASON else report.reason
    match report.execution:
        case "NEW":
            return Accepted(order_id=order_id, exchange_order_id=str(report.order_id), at=at, venue_at=venue_at)
        case "CANCELED":
            return Cancelled(order_id=order_id, at=at, venue_at=venue_at, reason=reason)
        case "REPLACED":
            return Amended(order_id=order_id, at=at, quantity=amount(report.quantity), venue_at=venue_at)
        case "REJECTED":
            return Rejected(order_id=order_id, rejection_reason=reason or "rejected", at=at, venue_at=venue_at)
        case "EXPIRED":
            return Expired(order_id=order_id, at=at, venue_at=venue_at, reason=reason or report.status)
        case "TRADE_PREVENTION":
            ended = known(STATES, report.status, "order status").terminal
            return Expired(order_id=order_id, at=at, venue_at=venue_at, reason=report.status) if ended else None
        case _:
            raise ValueError(f"unknown execution {report.execution[:40]!r}")


def stream_fill(report: ExecutionReport, order_id: OrderId | None, symbol: str, quote: str, at: Instant) -> Filled:
    """The trade of an execution report."""
    if report.trade_id < 0:
        raise ValueError("a trade without an id")
    return Filled(
        order_id=order_id,
        symbol=symbol,
        venue_trade_id=str(report.trade_id),
        side=known(_SIDES, report.side, "side"),
        price=_positive(report.last_price),
        quantity=_positive(report.last_quantity),
        fee=amount(report.fee) if report.fee is not None else ZERO,
        fee_currency=report.fee_currency or quote,
        liquidity=Liquidity.MAKER if report.maker else Liquidity.TAKER,
        at=at,
        venue_at=instant(report.at),
        exchange_order_id=str(report.order_id),
        client_order_id=client_id_of(report),
        source=FillSource.STREAM,
    )


def asked_fill(
    trade: TradeAnswer, order_id: OrderId | None, client_order_id: str | None, symbol: str, at: Instant, source: FillSource
) -> Filled:
    """One of the account's trades, as it was asked for."""
    return Filled(
        order_id=order_id,
        symbol=symbol,
        venue_trade_id=str(trade.id),
        side=Side.BUY if trade.is_buyer else Side.SELL,
        price=_positive(trade.price),
        quantity=_positive(trade.qty),
        fee=amount(trade.commission),
        fee_currency=trade.commission_asset,
        liquidity=Liquidity.MAKER if trade.is_maker else Liquidity.TAKER,
        at=at,
        venue_at=instant(trade.time),
        exchange_order_id=str(trade.order_id),
        client_order_id=client_order_id,
        source=source,
    )


def snapshot(answer: OrderAnswer, order_id: OrderId | None, symbol: str) -> OrderSnapshot:
    """An order as the venue shows it."""
    return OrderSnapshot(
        client_order_id=answer.client_order_id,
        exchange_order_id=str(answer.order_id),
        symbol=symbol,
        state=known(STATES, answer.status, "order status"),
        details=_details(answer, symbol),
        filled_quantity=amount(answer.executed_qty),
        filled_notional=max(amount(answer.cummulative_quote_qty), ZERO),
        venue_at=answered_at(answer) or 0,
        order_id=order_id,
    )


def answered_at(answer: OrderAnswer) -> Instant | None:
    """The venue's time of an order's answer: of its latest change, where that is told."""
    times = (answer.transact_time, answer.update_time, answer.time)
    found = next((time for time in times if time is not None), None)
    return instant(found) if found is not None else None


def ended_reply(answer: OrderAnswer, order_id: OrderId, at: Instant) -> ExchangeReply | None:
    """How an order that was asked for has ended; None for one that lives, or whose fills say it."""
    venue_at = answered_at(answer)
    match known(STATES, answer.status, "order status"):
        case OrderState.CANCELLED:
            return Cancelled(order_id=order_id, at=at, venue_at=venue_at)
        case OrderState.EXPIRED:
            return Expired(order_id=order_id, at=at, venue_at=venue_at, reason=answer.status)
        case OrderState.REJECTED:
            return Rejected(order_id=order_id, rejection_reason="rejected", at=at, venue_at=venue_at)
        case _:
            return None


def _details(answer: OrderAnswer, symbol: str) -> OrderDetails:
    kind = known(_TYPES, answer.type, "order type")
    # An order of somebody else may have been given as an amount of money: what it got is all that is known of its size.
    quantity = answer.orig_qty if answer.orig_qty > 0 else answer.executed_qty
    return OrderDetails(
        symbol=symbol,
        side=known(_SIDES, answer.side, "side"),
        type=kind,
        quantity=_positive(quantity),
        price=_positive(answer.price) if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
        stop_price=_positive(answer.stop_price) if kind in (OrderType.STOP, OrderType.STOP_LIMIT) else None,
        time_in_force=known(_RULES, answer.time_in_force, "time in force"),
    )


def _positive(value: Decimal) -> Decimal:
    if amount(value) <= 0:
        raise ValueError("a number that must be above zero is not")
    return value
