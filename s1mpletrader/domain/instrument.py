"""What can be traded, and the venue's rules for its orders."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from s1mpletrader.domain.money import ONE, ZERO, ceil_to, floor_to, is_multiple, multiply


class AccountType(StrEnum):
    """How an account holds what it trades."""

    SPOT = "spot"
    """The base asset itself is bought and sold; nothing can be sold that is not owned."""
    NETTING = "netting"
    """One signed position for each instrument, settled in one currency."""


class Instrument(Struct, frozen=True, kw_only=True):
    """A tradable symbol with the filters that its venue applies.

    ``price_tick`` and ``quantity_lot`` are the steps of price and quantity; ``notional_min`` is the least price times quantity;
    ``multiplier`` is how much of the base one unit of quantity stands for; ``fee_quantum`` is what a fee is rounded up to.
    """

    symbol: str
    base: str
    quote: str
    settlement: str
    price_tick: Decimal
    quantity_lot: Decimal
    quantity_min: Decimal = ZERO
    quantity_max: Decimal | None = None
    notional_min: Decimal = ZERO
    multiplier: Decimal = ONE
    fee_quantum: Decimal = Decimal("0.00000001")

    def __post_init__(self) -> None:
        for name in ("price_tick", "quantity_lot", "multiplier", "fee_quantum"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{self.symbol}: {name} must be above zero, found {getattr(self, name)}")

    def price_down(self, price: Decimal) -> Decimal:
        """The highest tick that is not above the price."""
        return floor_to(price, self.price_tick)

    def price_up(self, price: Decimal) -> Decimal:
        """The lowest tick that is not below the price."""
        return ceil_to(price, self.price_tick)

    def quantity_down(self, quantity: Decimal) -> Decimal:
        """The largest number of lots that is not above the quantity."""
        return floor_to(quantity, self.quantity_lot)

    def notional(self, price: Decimal, quantity: Decimal) -> Decimal:
        """Price times quantity times multiplier, exact, in the settlement currency."""
        amount = multiply(price, quantity)
        return amount if self.multiplier == ONE else multiply(amount, self.multiplier)

    def violation(self, quantity: Decimal, *prices: Decimal | None, reference: Decimal | None = None) -> str | None:
        """The name of the first filter that an order breaks, or ``None``.

        ``prices`` are the order's own; ``reference`` stands in for the notional of an order that has none.
        """
        lowest: Decimal | None = None
        for price in prices:
            if price is None:
                continue
            if price <= ZERO or not is_multiple(price, self.price_tick):
                return "PRICE_FILTER"
            if lowest is None or price < lowest:
                lowest = price
        if quantity < self.quantity_min or not is_multiple(quantity, self.quantity_lot):
            return "LOT_SIZE"
        if self.quantity_max is not None and quantity > self.quantity_max:
            return "LOT_SIZE"
        priced = reference if lowest is None else lowest
        if priced is not None and self.notional(priced, quantity) < self.notional_min:
            return "MIN_NOTIONAL"
        return None
