"""What a change of plans wants of the live orders of a trade: the terms that each is to have."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.api import ZERO, GroupContext, Order, OrderId, OrderType, Plans, subtract, total
from s1mpletrader.plugins.algorithms.exits import closing_side, is_stop
from s1mpletrader.plugins.algorithms.succession import forerunners

Terms = tuple[Decimal, Decimal | None, Decimal | None]
"""An order's quantity, limit and stop price."""


def order_terms(order: Order) -> Terms:
    """What an order stands at now."""
    return order.quantity, order.price, order.details.stop_price


class Replaced(Struct, frozen=True, kw_only=True):
    """An order that another is to take the place of: what both are for, and what of it has filled by now."""

    order_id: OrderId
    quantity: Decimal
    filled: Decimal
    replaces: OrderId | None = None
    own_quantity: Decimal | None = None
    """What it is for itself: where others make it smaller meanwhile, the one in its place is to be smaller, too."""


class Wanted(Struct, frozen=True, kw_only=True):
    """The plans, and the orders that are being replaced for them."""

    plans: Plans
    replaced: tuple[Replaced, ...] = ()

    def of(self, order: Order, context: GroupContext) -> Terms:
        """The terms that an order is to have; what the plans do not speak of stays."""
        plans, (quantity, price, stop_price) = self.plans, order_terms(order)
        sized, due = self._sized(order, context), self.due(order, context)
        if sized is not None:
            quantity = sized if sized > order.filled_quantity else quantity
        elif due is not None:
            quantity = min(due, quantity)
        if order.details.side is closing_side(context):
            if plans.exit is None or order.details.type is OrderType.MARKET:
                return quantity, price, stop_price
            if is_stop(order):
                return quantity, price, plans.exit.stop_price or stop_price
            return quantity, plans.exit.target_price or price, stop_price
        if plans.entry is not None and order.details.type is not OrderType.MARKET:
            price = plans.entry.price if price is not None and plans.entry.price is not None else price
            stop_price = plans.entry.stop_price if stop_price is not None and plans.entry.stop_price is not None else stop_price
        return quantity, price, stop_price

    def due(self, order: Order, context: GroupContext) -> Decimal | None:
        """What the orders before it leave for an order that took the place of a known one; None for any other."""
        known = {one.order_id: one for one in self.replaced}
        former = known.get(order.intent.replaces) if order.intent.replaces is not None else None
        if former is None:
            return None
        sized = self._sized(order, context)
        return _left(former, known) if sized is None else sized

    def is_filled_enough(self, order: Order, context: GroupContext) -> bool:
        """Whether an order has filled all that it is for: what is left of it is taken back."""
        sized, due = self._sized(order, context), self.due(order, context)
        quantity = due if sized is None else sized
        return quantity is not None and quantity <= order.filled_quantity

    def is_too_large(self, order: Order, context: GroupContext) -> bool:
        """Whether an order in the place of a known one is for more than that has left it."""
        due = self.due(order, context)
        return due is not None and due < order.quantity

    def noting(self, order: Order, quantity: Decimal) -> "Wanted":
        """Know an order that is to be replaced; with the one that takes its place it is for this quantity."""
        others = tuple(one for one in self.replaced if one.order_id != order.order_id)
        noted = Replaced(
            order_id=order.order_id,
            quantity=quantity,
            filled=order.filled_quantity,
            replaces=order.intent.replaces,
            own_quantity=min(order.quantity, quantity),
        )
        return replace(self, replaced=(*others, noted))

    def hearing(self, order: Order) -> "Wanted":
        """Know what has filled of an order that is being replaced, and whether it has become smaller."""
        known = next((one for one in self.replaced if one.order_id == order.order_id), None)
        if known is None:
            return self
        less = ZERO if known.own_quantity is None else max(subtract(known.own_quantity, order.quantity), ZERO)
        if known.filled == order.filled_quantity and not less:
            return self
        return self.noting(order, subtract(known.quantity, less))

    def _sized(self, order: Order, context: GroupContext) -> Decimal | None:
        """What an entry is for by the size plan, without what those before it in its place have filled."""
        size = self.plans.size
        if size is None or order.details.side is closing_side(context):
            return None
        before = list(forerunners(order, context))
        if not _is_whole_entry(order, {one.order_id for one in before}, context):
            return None
        return max(subtract(size.quantity, total(one.filled_quantity for one in before)), ZERO)


def _left(former: Replaced, known: Mapping[OrderId, Replaced]) -> Decimal:
    """What an order, and those before it in its place, have not filled of what they were for."""
    earlier = known.get(former.replaces) if former.replaces is not None else None
    quantity = former.quantity if earlier is None else min(former.quantity, _left(earlier, known))
    return max(subtract(quantity, former.filled), ZERO)


def _is_whole_entry(order: Order, before: set[OrderId], context: GroupContext) -> bool:
    """Whether no other order enters: an entry of several orders is made to fit its new size by its own algorithm."""
    same = {order.order_id, *before}
    for one in context.trade_orders:
        if one.intent.replaces in same:
            same.add(one.order_id)
    return all(one.order_id in same or one.details.side is closing_side(context) for one in context.trade_orders)
