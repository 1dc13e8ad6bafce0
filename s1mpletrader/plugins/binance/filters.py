"""The venue's filters, applied to an order before it is sent."""

import re
from decimal import Decimal
from typing import Final

from msgspec import Raw, Struct

from s1mpletrader.api import ZERO, Instrument, OrderDetails, OrderType, is_multiple, multiply, plain
from s1mpletrader.plugins.binance.messages import SymbolAnswer, amount, decode

_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


class Range(Struct, frozen=True, kw_only=True):
    """Least, most and step of a number; zero switches each of them off."""

    least: Decimal = ZERO
    most: Decimal = ZERO
    step: Decimal = ZERO

    def allows(self, value: Decimal) -> bool:
        """Whether a number keeps it."""
        if value < self.least or (self.most and value > self.most):
            return False
        return not self.step or is_multiple(value, self.step)


class Rules(Struct, frozen=True, kw_only=True):
    """One symbol's rules."""

    symbol: str
    venue_symbol: str
    status: str
    base: str
    quote: str
    base_quantum: Decimal
    quote_quantum: Decimal
    price: Range = Range()
    lot: Range = Range()
    market_lot: Range = Range()
    notional_filter: str = "NOTIONAL"
    notional_min: Decimal = ZERO
    notional_max: Decimal = ZERO

    def violation(self, details: OrderDetails, quantity: Decimal | None = None) -> str | None:
        """The filter that an order breaks, of those that need nothing but the order; None where it keeps them all."""
        size = details.quantity if quantity is None else quantity
        prices = [price for price in (details.price, details.stop_price) if price is not None]
        if not all(self.price.allows(price) and _NUMBER.fullmatch(plain(price)) for price in prices):
            return "PRICE_FILTER"
        if not (self.lot.allows(size) and _NUMBER.fullmatch(plain(size))):
            return "LOT_SIZE"
        if details.type in (OrderType.MARKET, OrderType.STOP) and not self.market_lot.allows(size):
            return "MARKET_LOT_SIZE"
        return self._notional_violation(details, size)

    def instrument(self) -> Instrument:
        """The rules in the domain's words."""
        return Instrument(
            symbol=self.symbol,
            base=self.base,
            quote=self.quote,
            settlement=self.quote,
            price_tick=self.price.step or self.quote_quantum,
            quantity_lot=self.lot.step or self.base_quantum,
            quantity_min=self.lot.least,
            quantity_max=self.lot.most or None,
            notional_min=self.notional_min,
            fee_quantum=min(self.base_quantum, self.quote_quantum),
        )

    def _notional_violation(self, details: OrderDetails, size: Decimal) -> str | None:
        """A limit is known by its price; what a market order is worth only the venue can say."""
        if details.price is None:
            return None
        notional = multiply(details.price, size)
        if notional < self.notional_min or (self.notional_max and notional > self.notional_max):
            return self.notional_filter
        return None


def rules_of(answer: SymbolAnswer) -> Rules:
    """The rules that the venue states for a symbol."""
    filters = {decode(one["filterType"], str): one for one in answer.filters if "filterType" in one}
    name, notional = next(((name, filters[name]) for name in ("NOTIONAL", "MIN_NOTIONAL") if name in filters), ("NOTIONAL", {}))
    return Rules(
        symbol=f"{answer.base_asset}/{answer.quote_asset}",
        venue_symbol=answer.symbol,
        status=answer.status,
        base=answer.base_asset,
        quote=answer.quote_asset,
        base_quantum=_quantum(answer.base_asset_precision),
        quote_quantum=_quantum(answer.quote_asset_precision),
        price=_range(filters.get("PRICE_FILTER", {}), "Price", "tickSize"),
        lot=_range(filters.get("LOT_SIZE", {}), "Qty", "stepSize"),
        market_lot=_range(filters.get("MARKET_LOT_SIZE", {}), "Qty", "stepSize"),
        notional_filter=name,
        notional_min=_number(notional, "minNotional"),
        notional_max=_number(notional, "maxNotional"),
    )


def _range(raw: dict[str, Raw], suffix: str, step: str) -> Range:
    return Range(least=_number(raw, f"min{suffix}"), most=_number(raw, f"max{suffix}"), step=_number(raw, step))


def _number(raw: dict[str, Raw], name: str) -> Decimal:
    return amount(decode(raw[name], Decimal)) if name in raw else ZERO


def _quantum(precision: int) -> Decimal:
    if not 0 <= precision <= 20:
        raise ValueError("a precision is out of all bounds")
    return Decimal(1).scaleb(-precision)
