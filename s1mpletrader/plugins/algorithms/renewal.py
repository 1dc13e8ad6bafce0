"""Exits that can only be changed by cancelling them and placing them anew."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.api import ExitPlan, GroupContext, Order, OrderId, Place, subtract
from s1mpletrader.plugins.algorithms.exits import bare_quantity, covered_quantity, is_stop, place_exits
from s1mpletrader.plugins.algorithms.terms import Wanted


class Renewal(Struct, frozen=True, kw_only=True):
    """Exits that are placed anew, for how much and with what prices, and the orders that are cancelled for them."""

    order_ids: tuple[OrderId, ...] = ()
    quantity: Decimal
    stop_price: Decimal | None
    target_price: Decimal | None

    def moved(self, exits: ExitPlan | None) -> "Renewal":
        """With the prices of a later plan, where it has others."""
        if exits is None:
            return self
        return replace(
            self,
            stop_price=None if self.stop_price is None else exits.stop_price or self.stop_price,
            target_price=None if self.target_price is None else exits.target_price or self.target_price,
        )


def renewal_of(together: Sequence[Order], wanted: Wanted, context: GroupContext) -> Renewal:
    """How the orders of a list are to be placed anew."""
    terms = [(is_stop(order), wanted.of(order, context)) for order in together]
    return Renewal(
        order_ids=tuple(order.order_id for order in together),
        quantity=min(order.remaining_quantity for order in together),
        stop_price=next((stop for stops, (_, _, stop) in terms if stops), None),
        target_price=next((price for stops, (_, price, _) in terms if not stops), None),
    )


def renew(
    renewals: Sequence[Renewal], unsettled: Collection[OrderId], context: GroupContext
) -> tuple[tuple[Renewal, ...], tuple[Place, ...]]:
    """Place anew the lists of which no order is unsettled any more, as far as what is held has no other exit; keep the others."""
    if not renewals:
        return (), ()
    waiting = tuple(one for one in renewals if any(order_id in unsettled for order_id in one.order_ids))
    return waiting, place_anew([one for one in renewals if one not in waiting], bare_quantity(context), context)


def place_anew(renewals: Sequence[Renewal], quantity: Decimal, context: GroupContext) -> tuple[Place, ...]:
    """Place exits, in their order, as far as there is quantity for them."""
    places = list[Place]()
    for one in renewals:
        placed = place_exits(context, min(one.quantity, quantity), one.stop_price, one.target_price)
        quantity = subtract(quantity, covered_quantity(placed))
        places += placed
    return tuple(places)
