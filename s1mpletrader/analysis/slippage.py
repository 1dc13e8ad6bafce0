"""How far an order's fills lie from the price that it was decided at."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.money import DERIVED, ZERO, add, multiply, ratio, subtract, total
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.reality import Fill

BASIS_POINTS: Final = Decimal(10_000)


class Slippage(Struct, frozen=True, kw_only=True):
    """Above zero is to our disadvantage. What cannot be told, for want of fills or of a reference, is None."""

    reference_price: Decimal | None
    """The last price known when the order was decided."""
    filled_quantity: Decimal
    average_price: Decimal | None
    """Derived: the mean price of the fills."""
    price: Decimal | None
    """Derived: by how much the mean price is worse than the reference."""
    basis_points: Decimal | None
    """Derived: that, in hundredths of a percent of the reference."""
    cost: Decimal | None
    """Exact: what the difference cost in the quote, without the instrument's multiplier."""


def calculate_slippage(order: Order, fills: Sequence[Fill], reference_price: Decimal | None = None) -> Slippage:
    """The slippage of an order's fills against its own reference price, or against the one that is given."""
    reference = reference_price if reference_price is not None else order.intent.reference_price
    quantity = total(fill.quantity for fill in fills)
    notional = total(multiply(fill.price, fill.quantity) for fill in fills)
    average = ratio(notional, quantity)
    if reference is None or average is None:
        return Slippage(
            reference_price=reference,
            filled_quantity=quantity,
            average_price=average,
            price=None,
            basis_points=None,
            cost=None,
        )
    sign = order.details.side.sign
    cost = subtract(notional, multiply(reference, quantity))
    worse = DERIVED.multiply(DERIVED.subtract(average, reference), Decimal(sign))
    return Slippage(
        reference_price=reference,
        filled_quantity=quantity,
        average_price=average,
        price=worse,
        basis_points=DERIVED.divide(DERIVED.multiply(worse, BASIS_POINTS), reference),
        cost=cost if sign > 0 else -cost,
    )


def total_cost(slippages: Sequence[Slippage]) -> Decimal:
    """The exact sum of what slippage cost."""
    cost = ZERO
    for slippage in slippages:
        if slippage.cost is not None:
            cost = add(cost, slippage.cost)
    return cost
