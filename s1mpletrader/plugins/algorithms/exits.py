"""Protection of what a trade holds: a stop, a target, or both, of which one cancels the other."""

from collections.abc import Sequence
from decimal import Decimal

from s1mpletrader.api import (
    ZERO,
    AccountType,
    Cancel,
    GroupContext,
    Instrument,
    ListKind,
    Order,
    OrderDetails,
    OrderState,
    OrderType,
    Place,
    PlannedOrder,
    Side,
    opening_side,
    subtract,
    total,
)
from s1mpletrader.plugins.algorithms.slicing.lots import lots_max, lots_min, lots_of, quantity_of, split

ACKNOWLEDGED = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
"""Where an order stands that the venue has for certain."""


def closing_side(context: GroupContext) -> Side:
    """The side on which the trade is left."""
    return opening_side(context.trade.direction).opposite


def is_stop(order: Order) -> bool:
    """Whether an exit is the one that ends a loss; the other takes a profit."""
    return order.details.stop_price is not None


def live_exits(context: GroupContext) -> list[list[Order]]:
    """The trade's live exits, oldest first: each a list of the orders of which only one can fill in full.

    These are orders that cancel each other, and an order with the one that is to take its place.
    """
    side = closing_side(context)
    lists: dict[str, list[Order]] = {}
    keys: dict[str, str] = {}
    for order in context.trade_orders:
        if order.details.side is side and order.details.type is not OrderType.MARKET:
            key = order.intent.list_id or keys.get(order.intent.replaces or "", order.order_id)
            keys[order.order_id] = key
            lists.setdefault(key, []).append(order)
    return list(lists.values())


def bare_quantity(context: GroupContext) -> Decimal:
    """What the trade holds that no live exit, and no order that closes it at the market, is for."""
    side = closing_side(context)
    closing = [one for one in context.trade_orders if one.details.side is side and one.details.type is OrderType.MARKET]
    covered = (
        max(order.remaining_quantity for order in orders) for orders in (*live_exits(context), *([one] for one in closing))
    )
    return max(subtract(abs(context.held_quantity), total(covered)), ZERO)


def place_exits(
    context: GroupContext, quantity: Decimal, stop_price: Decimal | None, target_price: Decimal | None
) -> tuple[Place, ...]:
    """Exits for a quantity, linked where there are two: several where it is more than one order may have, none for too little."""
    instrument = context.instrument
    parts = split(lots_of(quantity, instrument), exits_min(instrument, stop_price, target_price), lots_max(instrument))
    return tuple([_exits(context, quantity_of(lots, instrument), stop_price, target_price) for lots in parts])


def exits_min(instrument: Instrument, stop_price: Decimal | None, target_price: Decimal | None) -> int:
    """The smallest exits that the venue takes, in lots."""
    return lots_min(instrument, min((price for price in (stop_price, target_price) if price is not None), default=None))


def covered_quantity(places: Sequence[Place]) -> Decimal:
    """The quantity that exits are for."""
    return total(place.orders[0].details.quantity for place in places)


def _exits(context: GroupContext, quantity: Decimal, stop_price: Decimal | None, target_price: Decimal | None) -> Place:
    side = closing_side(context)
    symbol, reduce_only = context.trade.symbol, context.view.account_type is AccountType.NETTING
    exits = []
    if stop_price is not None:
        stop = OrderDetails(
            symbol=symbol,
            side=side,
            type=OrderType.STOP,
            quantity=quantity,
            stop_price=stop_price,
            reduce_only=reduce_only,
        )
        exits.append(PlannedOrder(details=stop, role="stop"))
    if target_price is not None:
        target = OrderDetails(
            symbol=symbol,
            side=side,
            type=OrderType.LIMIT,
            quantity=quantity,
            price=target_price,
            reduce_only=reduce_only,
        )
        exits.append(PlannedOrder(details=target, role="target"))
    return Place(orders=tuple(exits), list_kind=ListKind.OCO if len(exits) > 1 else ListKind.NONE)


REFUSED = (OrderState.REJECTED, OrderState.NOT_PLACED)
"""How an order ends that the venue never had."""


def after_refusal(order: Order, context: GroupContext) -> tuple[tuple[Place, ...], str | None]:
    """What follows where the venue does not take an exit, and what a person is told of it.

    The quantity that a stop was to guard is closed at the market: mostly the price has passed the stop already, so that the stop
    would have done the same. Where that is not taken either, or is worth less than the venue takes, or there is no stop, only a
    person can help. A replacement that is not taken is for who wanted it: what it was to replace may still be there.
    """
    is_exit = order.details.side is closing_side(context) and order.intent.replaces is None
    if not is_exit or order.state not in REFUSED:
        return (), None
    reason = order.rejection_reason or order.state
    why = f"the venue did not take {order.order_id} ({reason}), an exit of {context.trade.trade_id}"
    if order.details.type is OrderType.MARKET:
        return (), f"{why}: nothing protects what it was for"
    if not is_stop(order):
        return (), f"{why}: no target is set" if order.intent.list_id is None else None
    quantity = order.remaining_quantity
    if context.instrument.violation(quantity, reference=context.last_price) is not None:
        return (), f"{why}: it is too little to be closed at the market, and nothing protects it"
    details = OrderDetails(
        symbol=order.details.symbol,
        side=order.details.side,
        type=OrderType.MARKET,
        quantity=quantity,
        reduce_only=order.details.reduce_only,
    )
    return (Place(orders=(PlannedOrder(details=details, role="stop"),)),), f"{why}: what it was for is closed at the market"


def cancels(orders: Sequence[Order]) -> tuple[Cancel, ...]:
    """Cancellations of those that are live."""
    return tuple(Cancel(order_id=order.order_id) for order in orders if order.live)
