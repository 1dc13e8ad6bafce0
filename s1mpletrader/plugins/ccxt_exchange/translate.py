"""ccxt's unified orders, trades and markets as values of the domain, and back."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from s1mpletrader.api import (
    ZERO,
    Balance,
    Filled,
    FillSource,
    Instant,
    Instrument,
    Liquidity,
    OrderDetails,
    OrderId,
    OrderSnapshot,
    OrderState,
    OrderType,
    Refused,
    Side,
    TimeInForce,
    decimal_from_float,
    plain,
    ratio,
)

MILLISECOND_NS: Final = 1_000_000
DECIMAL_PLACES: Final = 2
SIGNIFICANT_DIGITS: Final = 3
FINEST: Final = Decimal("0.00000001")
"""The step where the exchange tells none."""

_ENDED: Final = {"canceled": OrderState.CANCELLED, "expired": OrderState.EXPIRED, "rejected": OrderState.REJECTED}
_LIVE: Final = frozenset({"open", "canceling", "pending"})
_STOP_MARKET: Final = frozenset(
    {"stop", "stop_market", "stop_loss", "stoploss", "take_profit", "take_profit_market", "trailing_stop"}
)
_CLIENT_ID_KEYS: Final = (
    "clientOrderId",
    "client_order_id",
    "clOrdId",
    "clOrdID",
    "cl_ord_id",
    "clientOid",
    "client_oid",
    "orderLinkId",
    "label",
    "text",
    "newClientOrderId",
)


class Unreadable(Exception):
    """A record of the exchange has no meaning here: it is left out, and the others count."""


def number(value: Any) -> Decimal | None:
    """The exact number, or None where there is none."""
    if value is None or value == "":
        return None
    return decimal_from_float(value) if isinstance(value, float) else Decimal(value)


def instant(milliseconds: Any, otherwise: Instant) -> Instant:
    """The instant of ccxt's time."""
    return otherwise if milliseconds is None else int(milliseconds) * MILLISECOND_NS


def client_id_of(record: Mapping[str, Any]) -> str | None:
    """The client order id of an order or a trade; from the exchange's own record where ccxt leaves it out."""
    info = record.get("info")
    sources = [record, info] if isinstance(info, Mapping) else [record]
    found = (source.get(key) for source in sources for key in _CLIENT_ID_KEYS)
    return next((str(text) for text in found if text not in (None, "")), None)


def instrument_of(market: Mapping[str, Any], mode: int, price: Decimal | None) -> Instrument:
    """The exchange's rules. ``price`` is the present one, which tells the tick where an exchange counts significant digits."""
    if market.get("inverse"):
        raise Refused(f"{market['symbol']} is an inverse contract, whose worth is not price times quantity")
    limits = market.get("limits") or {}
    amounts, costs = limits.get("amount") or {}, limits.get("cost") or {}
    precision = market.get("precision") or {}
    is_significant = mode == SIGNIFICANT_DIGITS
    return Instrument(
        symbol=market["symbol"],
        base=market["base"],
        quote=market["quote"],
        settlement=market.get("settle") or market["quote"],
        price_tick=_significant_step(precision.get("price"), price) if is_significant else _step(precision.get("price"), mode),
        quantity_lot=FINEST if is_significant else _step(precision.get("amount"), mode),
        quantity_min=number(amounts.get("min")) or ZERO,
        quantity_max=number(amounts.get("max")) or None,
        notional_min=number(costs.get("min")) or ZERO,
        multiplier=number(market.get("contractSize")) or Decimal(1) if market.get("contract") else Decimal(1),
    )


def _step(precision: Any, mode: int) -> Decimal:
    value = number(precision)
    if value is None:
        return FINEST
    return Decimal(1).scaleb(-int(value)) if mode == DECIMAL_PLACES else value


def _significant_step(digits: Any, price: Decimal | None) -> Decimal:
    count = number(digits)
    if count is None or price is None or price <= 0:
        return FINEST
    return Decimal(1).scaleb(price.adjusted() - int(count) + 1)


def state_of(order: Mapping[str, Any]) -> OrderState:
    """Where the order stands; ``Unreadable`` for a status without a known meaning."""
    status = order.get("status")
    amount, filled = number(order.get("amount")), number(order.get("filled")) or ZERO
    if status in _ENDED:
        return _ENDED[status]
    if status in _LIVE:
        return OrderState.PARTIALLY_FILLED if filled else OrderState.OPEN
    if status == "closed":
        return OrderState.FILLED if amount is None or filled >= amount else OrderState.EXPIRED
    raise Unreadable(f"the status {status!r}")


def details_of(order: Mapping[str, Any]) -> OrderDetails:
    """What the order asks for; ``Unreadable`` where that cannot be said."""
    kind = str(order.get("type") or "").lower().replace("-", "_").replace(" ", "_")
    price = number(order.get("price")) or None
    stops = (number(order.get(key)) for key in ("triggerPrice", "stopLossPrice", "stopPrice", "takeProfitPrice"))
    stop = next((found for found in stops if found), None)
    has_price = price is not None and "market" not in kind and kind not in _STOP_MARKET
    if stop is not None:
        order_type = OrderType.STOP_LIMIT if has_price else OrderType.STOP
    else:
        order_type = OrderType.LIMIT if has_price else OrderType.MARKET
    rule = str(order.get("timeInForce"))
    is_timed = has_price and rule in (TimeInForce.IOC.value, TimeInForce.FOK.value)
    try:
        return OrderDetails(
            symbol=str(order["symbol"]),
            side=Side(str(order["side"]).upper()),
            type=order_type,
            quantity=number(order.get("amount")) or number(order.get("filled")) or ZERO,
            price=price if has_price else None,
            stop_price=stop,
            time_in_force=TimeInForce(rule) if is_timed else TimeInForce.GTC,
            reduce_only=bool(order.get("reduceOnly")),
        )
    except (KeyError, ValueError) as fault:
        raise Unreadable(f"an order without meaning: {fault}") from None


def snapshot_of(
    order: Mapping[str, Any],
    *,
    order_id: OrderId | None,
    client_order_id: str | None,
    known: OrderDetails | None,
    multiplier: Decimal,
    now: Instant,
) -> OrderSnapshot:
    """The order as the exchange shows it. ``known`` is what we asked for, where the exchange no longer says it.

    ``multiplier`` is the contract's: the exchange counts it in the cost, an order's notional is price times quantity.
    """
    if known is not None and number(order.get("amount")) is None:
        details = known
        order = {**order, "amount": plain(known.quantity)}
    else:
        details = details_of(order)
    filled = number(order.get("filled")) or ZERO
    cost = number(order.get("cost")) if filled else ZERO
    if cost is None:
        raise Unreadable("an order that is filled, and does not say at what cost")
    return OrderSnapshot(
        client_order_id=client_order_id or client_id_of(order),
        exchange_order_id=str(order["id"]),
        symbol=details.symbol,
        state=state_of(order),
        details=details,
        filled_quantity=filled,
        filled_notional=cost if multiplier == 1 else ratio(cost, multiplier) or ZERO,
        venue_at=instant(order.get("lastUpdateTimestamp") or order.get("timestamp"), now),
        order_id=order_id,
    )


def filled_of(
    trade: Mapping[str, Any],
    *,
    order_id: OrderId | None,
    client_order_id: str | None,
    instrument: Instrument | None,
    now: Instant,
    source: FillSource,
) -> Filled:
    """One trade of ours. Where a fee is taken in several currencies, the first is the fill's."""
    price, quantity = number(trade.get("price")), number(trade.get("amount"))
    if price is None or quantity is None or trade.get("side") is None:
        raise Unreadable(f"the trade {trade.get('id')} without price, quantity or side")
    fee, currency = next(_fees(trade), (ZERO, None))
    symbol = str(trade["symbol"])
    return Filled(
        order_id=order_id,
        symbol=symbol,
        venue_trade_id=trade_id_of(trade),
        side=Side(str(trade["side"]).upper()),
        price=price,
        quantity=quantity,
        fee=fee,
        fee_currency=currency or (instrument.settlement if instrument else _quote(symbol)),
        liquidity=Liquidity.MAKER if trade.get("takerOrMaker") == "maker" else Liquidity.TAKER,
        at=now,
        venue_at=instant(trade.get("timestamp"), now),
        exchange_order_id=None if trade.get("order") is None else str(trade["order"]),
        client_order_id=client_order_id,
        source=source,
    )


def trade_id_of(trade: Mapping[str, Any]) -> str:
    """The exchange's id of a trade, or what tells it from every other where the exchange gives none."""
    if trade.get("id") is not None:
        return str(trade["id"])
    return ":".join(str(trade.get(key)) for key in ("order", "timestamp", "price", "amount"))


def balances_of(answer: Mapping[str, Any]) -> list[Balance]:
    """Every asset that is not zero, sorted by name."""
    free, used, whole = (answer.get(part) or {} for part in ("free", "used", "total"))
    found = []
    for asset in sorted(set(free) | set(used) | set(whole)):
        locked = number(used.get(asset)) or ZERO
        available = number(free.get(asset))
        if available is None:
            available = (number(whole.get(asset)) or ZERO) - locked
        if available or locked:
            found.append(Balance(asset=asset, free=available, locked=locked))
    return found


def _fees(trade: Mapping[str, Any]) -> Iterator[tuple[Decimal, str | None]]:
    for fee in (trade.get("fee"), *(trade.get("fees") or ())):
        cost = number(fee.get("cost")) if fee else None
        if cost is not None:
            yield cost, fee.get("currency")


def _quote(symbol: str) -> str:
    """The settlement currency that a unified symbol names: ``BTC/USDT`` and ``BTC/USDT:USDT``."""
    return symbol.partition(":")[2] or symbol.partition("/")[2]
