"""Orders of a group, and the orders of other groups that took their place."""

from typing import NamedTuple, Protocol

from s1mpletrader.api import GroupContext, GroupId, Order, OrderId
from s1mpletrader.plugins.algorithms.exits import closing_side

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
