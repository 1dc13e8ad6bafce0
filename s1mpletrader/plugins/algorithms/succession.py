"""Orders of a group, and the orders of other groups that took their place."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from s1mpletrader.api import (
    ZERO,
    Amend,
    Cancel,
    GroupContext,
    GroupId,
    Order,
    OrderId,
    PlannedOrder,
    Replace,
    subtract,
)
from s1mpletrader.plugins.algorithms.exits import ACKNOWLEDGED, closing_side, is_stop

Adopted = tuple[OrderId, ...]
"""Orders of other groups that took the place of one of this group."""


class InTrade(Protocol):
    """What tells a group's orders from the others of its trade: a context has it."""

    @property
    def group_id(self) -> GroupId:
        """The group."""
        ...

    @property
    def trade_orders(self) -> tuple[Order, ...]:
        """The live orders of the whole trade."""
        ...


class Placed(NamedTuple):
    """A group and its trade's live orders, where there is no context."""

    group_id: GroupId
    trade_orders: tuple[Order, ...]


def is_own(order: Order, adopted: Adopted, context: InTrade) -> bool:
    """Whether an order is of this group, or took the place of one that is."""
    return order.group_id == context.group_id or order.order_id in adopted


def own_orders(adopted: Adopted, context: InTrade) -> list[Order]:
    """The live orders of the trade that are this group's."""
    known = frozenset(adopted)
    return [order for order in context.trade_orders if order.group_id == context.group_id or order.order_id in known]


def forerunners(order: Order, context: GroupContext) -> Iterator[Order]:
    """The orders before it in its place, nearest first. Mostly they have ended, so that each is looked up in the ledger."""
    while order.intent.replaces is not None:
        former = context.find_order(order.intent.replaces)
        if former is None:
            return
        yield former
        order = former


def left_for(order: Order, context: GroupContext) -> Decimal | None:
    """The quantity that an exit in another's place is for: what the ones before it have not filled. None for any other order."""
    left: Decimal | None = None
    for former in reversed(list(forerunners(order, context))):
        left = max(subtract(former.quantity if left is None else min(left, former.quantity), former.filled_quantity), ZERO)
    return left


def trims(order: Order, context: GroupContext) -> tuple[Amend | Cancel | Replace, ...]:
    """Take off an exit what one before it, which had ended for it, has filled late."""
    if order.live or order.details.side is not closing_side(context):
        return ()
    leaving = {one.intent.replaces for one in context.trade_orders}
    settled = [one for one in context.trade_orders if one.state in ACKNOWLEDGED and one.order_id not in leaving]
    lefts = [(heir, left_for(heir, context)) for heir in settled if _is_heir(heir, order, context)]
    return tuple([_trim(heir, left, context) for heir, left in lefts if left is not None and left < heir.quantity])


def _is_heir(heir: Order, order: Order, context: GroupContext) -> bool:
    """Whether an order stands where the other stood. What shares no list with it, or is of another kind, is not looked up."""
    if heir.intent.replaces is None or heir.intent.list_id != order.intent.list_id or is_stop(heir) is not is_stop(order):
        return False
    return any(former.order_id == order.order_id for former in forerunners(heir, context))


def _trim(order: Order, quantity: Decimal, context: GroupContext) -> Amend | Cancel | Replace:
    if quantity <= order.filled_quantity:
        return Cancel(order_id=order.order_id)
    if context.capabilities.amend:
        return Amend(order_id=order.order_id, quantity=quantity)
    details = replace(order.details, quantity=subtract(quantity, order.filled_quantity), price=order.price)
    planned = PlannedOrder(details=details, role="stop" if is_stop(order) else "target")
    return Replace(order_id=order.order_id, order=planned)


def adopt(adopted: Adopted, changed: Order, context: GroupContext) -> Adopted:
    """Know the order that takes another's place, at the latest when the other one ends; an exit that has ended is forgotten.

    An entry that has ended is not: what fills of it late is to be protected.
    """
    own = {order.order_id for order in own_orders(adopted, context)}
    if is_own(changed, adopted, context):
        own.add(changed.order_id)
    orders = (changed, *context.trade_orders)
    heirs = [order.order_id for order in orders if order.intent.replaces in own and order.order_id not in own]
    is_over = not changed.live and changed.details.side is closing_side(context)
    kept = (order_id for order_id in adopted if order_id != changed.order_id) if is_over else adopted
    return (*kept, *dict.fromkeys(heirs))
