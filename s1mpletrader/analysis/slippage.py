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
    """What the fills are measured against: a limit's or a stop's own price, else the last one known at the decision."""
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
    """The slippage of an order's fills against the price that it meant, or against the one that is given."""
    reference = reference_price if reference_price is not None else intended_price(order)
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
    # Adding zero turns a negative zero into a plain one.
    worse = DERIVED.multiply(DERIVED.subtract(average, reference), Decimal(sign)) + ZERO
    return Slippage(
        reference_price=reference,
        filled_quantity=quantity,
        average_price=average,
        price=worse,
        basis_points=DERIVED.divide(DERIVED.multiply(worse, BASIS_POINTS), reference),
        cost=multiply(cost, Decimal(sign)) + ZERO,
    )


def intended_price(order: Order) -> Decimal | None:
    """The price that an order meant: its limit, else its stop, else the last price known when it was decided."""
    details = order.details
    if details.price is not None:
        return details.price
    return details.stop_price if details.stop_price is not None else order.intent.reference_price


def total_cost(slippages: Sequence[Slippage]) -> Decimal:
    """The exact sum of what slippage cost."""
    cost = ZERO
    for slippage in slippages:
        if slippage.cost is not None:
            cost = add(cost, slippage.cost)
    return cost
