"""Protection of what a trade holds: a stop, a target, or both, of which one cancels the other."""

from collections.abc import Sequence
from decimal import Decimal

from s1mpletrader.api import (
    AccountType,
    Cancel,
    GroupContext,
    ListKind,
    Order,
    OrderDetails,
    OrderState,
    OrderType,
    Place,
    PlannedOrder,
    Side,
    opening_side,
)

ACKNOWLEDGED = (OrderState.OPEN, OrderState.PARTIALLY_FILLED)
"""Where an order stands that the venue has for certain."""


def closing_side(context: GroupContext) -> Side:
    """The side on which the trade is left."""
    return opening_side(context.trade.direction).opposite


def is_stop(order: Order) -> bool:
    """Whether an exit is the one that ends a loss; the other takes a profit."""
    return order.details.stop_price is not None


def live_exits(context: GroupContext) -> list[list[Order]]:
    """The trade's live exits, oldest first: each a list of the orders that cancel each other."""
    side = closing_side(context)
    lists: dict[str, list[Order]] = {}
    for order in context.trade_orders:
        if order.details.side is side and order.details.type is not OrderType.MARKET:
            lists.setdefault(order.intent.list_id or order.order_id, []).append(order)
    return list(lists.values())


def place_exits(context: GroupContext, quantity: Decimal, stop_price: Decimal | None, target_price: Decimal | None) -> Place:
    """Exits for a quantity, linked where there are two."""
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


def cancels(orders: Sequence[Order]) -> tuple[Cancel, ...]:
    """Cancellations of those that are live."""
    return tuple(Cancel(order_id=order.order_id) for order in orders if order.live)
