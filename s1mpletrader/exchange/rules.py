"""The venue's filters: how they are told, and what breaks them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from s1mpletrader.domain.money import ZERO, is_multiple, multiply
from s1mpletrader.exchange.errors import filter_failure
from s1mpletrader.exchange.text import text


class Rules(Struct, frozen=True, kw_only=True):
    """A symbol's filters. A price bound of zero switches that bound off, as at the venue."""

    price_tick: Decimal
    price_min: Decimal
    price_max: Decimal
    quantity_lot: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    market_quantity_max: Decimal
    notional_min: Decimal
    notional_max: Decimal
    price_ratio_max: Decimal
    """The highest price of an order, as a multiple of the last price."""
    price_ratio_min: Decimal
    orders_max: int
    algo_orders_max: int
    """How many orders with a stop price may be open."""
    position_max: Decimal | None = None
    """The most of the base asset that may be held and ordered."""

    def filters(self) -> list[dict[str, Any]]:
        """The filters as ``exchangeInfo`` tells them."""
        up, down = text(self.price_ratio_max), text(self.price_ratio_min)
        filters: list[dict[str, Any]] = [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": text(self.price_min),
                "maxPrice": text(self.price_max),
                "tickSize": text(self.price_tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": text(self.quantity_min),
                "maxQty": text(self.quantity_max),
                "stepSize": text(self.quantity_lot),
            },
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": text(ZERO),
                "maxQty": text(self.market_quantity_max),
                "stepSize": text(ZERO),
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up,
                "bidMultiplierDown": down,
                "askMultiplierUp": up,
                "askMultiplierDown": down,
                "avgPriceMins": 0,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": text(self.notional_min),
                "applyMinToMarket": True,
                "maxNotional": text(self.notional_max),
                "applyMaxToMarket": False,
                "avgPriceMins": 0,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.orders_max},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": self.algo_orders_max},
        ]
        if self.position_max is not None:
            filters.append({"filterType": "MAX_POSITION", "maxPosition": text(self.position_max)})
        return filters

    def check(self, quantity: Decimal, prices: Sequence[Decimal], last_price: Decimal, *, at_market: bool) -> None:
        """Refuse an order that breaks a filter; ``prices`` are its limit and its stop price, as far as it has them."""
        if any(self._breaks_price(price) for price in prices):
            raise filter_failure("PRICE_FILTER")
        lowest, highest = multiply(last_price, self.price_ratio_min), multiply(last_price, self.price_ratio_max)
        if any(not lowest <= price <= highest for price in prices):
            raise filter_failure("PERCENT_PRICE_BY_SIDE")
        if not self.quantity_min <= quantity <= self.quantity_max or not is_multiple(quantity, self.quantity_lot):
            raise filter_failure("LOT_SIZE")
        if at_market and quantity > self.market_quantity_max:
            raise filter_failure("MARKET_LOT_SIZE")
        notional = multiply(min(prices, default=last_price), quantity)
        if notional < self.notional_min or (not at_market and notional > self.notional_max):
            raise filter_failure("NOTIONAL")

    def check_counts(self, open_orders: int, open_algo_orders: int, *, is_algo: bool) -> None:
        """Refuse an order beyond the number that may be open."""
        if open_orders >= self.orders_max:
            raise filter_failure("MAX_NUM_ORDERS")
        if is_algo and open_algo_orders >= self.algo_orders_max:
            raise filter_failure("MAX_NUM_ALGO_ORDERS")

    def _breaks_price(self, price: Decimal) -> bool:
        too_low = bool(self.price_min) and price < self.price_min
        too_high = bool(self.price_max) and price > self.price_max
        return too_low or too_high or not is_multiple(price, self.price_tick)
