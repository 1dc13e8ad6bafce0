"""Protecting what fills, as it fills: a stop and a target for every part of an entry that can have them."""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.api import ZERO, ExitPlan, Fill, GroupContext, Place, add, subtract
from s1mpletrader.plugins.algorithms.exits import covered_quantity, place_exits


class Protection(Struct, frozen=True, kw_only=True):
    """Where the exits lie, and what has been entered and is too little for an order of its own."""

    stop_price: Decimal | None
    target_price: Decimal | None
    unprotected: Decimal = ZERO

    def moved(self, exits: ExitPlan) -> "Protection":
        """The exits of fills to come, where a later plan has others."""
        return replace(self, stop_price=exits.stop_price or self.stop_price, target_price=exits.target_price or self.target_price)


def protect(protection: Protection, fill: Fill, context: GroupContext) -> tuple[Protection, tuple[Place, ...]]:
    """Exits for a fill of the entry and for what earlier fills left; none while that is less than the venue takes."""
    received = subtract(fill.quantity, fill.fee) if fill.fee_currency == context.instrument.base else fill.quantity
    waiting = add(protection.unprotected, received)
    places = place_exits(context, waiting, protection.stop_price, protection.target_price)
    return replace(protection, unprotected=subtract(waiting, covered_quantity(places))), places
