"""How far an order's fills lie from the price that it meant, and from the one that it was decided at."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.instrument import Instrument
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


class Shortfall(Struct, frozen=True, kw_only=True):
    """Fills against the last price known when their order was decided, whatever price the order named; above zero was a loss.

    An order that waited for its price shows here what waiting brought. What cannot be told is None.
    """

    decision_price: Decimal | None
    """The last price known at the intent; None for a sum of orders."""
    filled_quantity: Decimal
    basis_points: Decimal | None
    """Derived: the cost in hundredths of a percent of what the fills would have come to at the decision price."""
    cost: Decimal | None
    """Exact, in ``currency``, the instrument's multiplier counted."""
    currency: str | None
    """The instrument's settlement currency."""


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


def calculate_shortfall(filled: Iterable[tuple[Order, Sequence[Fill]]], instrument: Instrument | None) -> Shortfall:
    """What the fills of one order, or of several of one instrument, were worth against the prices of their decisions."""
    pairs = [(order, fill) for order, fills in filled for fill in fills]
    quantity = total(fill.quantity for _, fill in pairs)
    references = {order.intent.reference_price for order, _ in pairs}
    decision_price = references.pop() if len(references) == 1 else None
    if instrument is None or not pairs or any(order.intent.reference_price is None for order, _ in pairs):
        return Shortfall(decision_price=decision_price, filled_quantity=quantity, basis_points=None, cost=None, currency=None)
    cost = base = ZERO
    for order, fill in pairs:
        meant = instrument.notional(order.intent.reference_price or ZERO, fill.quantity)
        worse = subtract(instrument.notional(fill.price, fill.quantity), meant)
        cost = add(cost, multiply(worse, Decimal(order.details.side.sign)))
        base = add(base, meant)
    return Shortfall(
        decision_price=decision_price,
        filled_quantity=quantity,
        basis_points=ratio(multiply(cost, BASIS_POINTS), base),
        cost=cost + ZERO,
        currency=instrument.settlement,
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
