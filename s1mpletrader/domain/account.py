"""The account as a decision sees it: one immutable value at a revision of the ledger."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.ids import TradeId
from s1mpletrader.domain.instant import MINUTE_NS, Instant
from s1mpletrader.domain.instrument import AccountType, Instrument
from s1mpletrader.domain.money import ZERO, add, multiply, ratio, subtract, total
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order

RECENT_NS: Final = MINUTE_NS
"""How long before the latest one a view tells of orders that were meant."""


class Position(Struct, frozen=True, kw_only=True, gc=False):
    """What a strategy holds of an instrument. Exact sums only: the average price is derived.

    ``quantity`` is signed; ``cost`` is the signed notional paid for it since it was last flat, fees left out. Less than a lot, as
    fees in the base asset leave it, counts as flat, and at the last fill's price.
    """

    instrument: Instrument
    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def average_price(self) -> Decimal | None:
        """Cost per unit, derived; ``None`` when flat."""
        return ratio(self.cost, multiply(self.quantity, self.instrument.multiplier))

    def value(self, price: Decimal) -> Decimal:
        """The signed notional of the position at a price."""
        return self.instrument.notional(price, self.quantity)


class OpenTrade(Struct, frozen=True, kw_only=True, gc=False):
    """A trade that still has a position or live orders."""

    trade_id: TradeId
    symbol: str
    direction: Direction
    quantity: Decimal
    """What is held for this trade, signed."""
    algorithms: tuple[str, ...] = ()
    """The execution algorithms that are still at work on it."""
    planned_quantity: Decimal = ZERO
    """What they may still order of it beside the live orders, signed as ``quantity`` is."""


class AccountView(Struct, frozen=True, kw_only=True):
    """A strategy's sub-account at one revision: a fold of the ledger.

    ``cash`` is the settlement currency's balance with every position counted as paid in full, so that it is a plain sum of what
    was booked; equity is cash plus the positions' value at given prices. ``balances`` holds every asset; ``open_orders`` counts
    orders of unknown outcome as live.
    """

    revision: int
    strategy: str
    account_type: AccountType
    currency: str
    balances: Mapping[str, Decimal]
    positions: Mapping[str, Position]
    open_orders: tuple[Order, ...] = ()
    open_trades: tuple[OpenTrade, ...] = ()
    recent_intents: tuple[Instant, ...] = ()
    """When orders were meant, whatever became of them: those of the minute up to the latest one, oldest first."""

    @property
    def cash(self) -> Decimal:
        """The balance of the account's currency."""
        return self.balances.get(self.currency, ZERO)

    def position(self, symbol: str) -> Decimal:
        """The signed quantity held of a symbol; zero when flat."""
        held = self.positions.get(symbol)
        return held.quantity if held is not None else ZERO

    def equity(self, prices: Mapping[str, Decimal]) -> Decimal:
        """Cash plus the value of all positions at these prices, by symbol; a position without a price raises ``KeyError``."""
        result = self.cash
        for symbol, held in self.positions.items():
            if held.quantity:
                result = add(result, held.value(prices[symbol]))
        return result

    def planned(self, symbol: str) -> Decimal:
        """The signed quantity of a symbol that execution algorithms may still order."""
        return total(trade.planned_quantity for trade in self.open_trades if trade.symbol == symbol)

    def exposure(self, symbol: str) -> Decimal:
        """The signed quantity that would be held if every live order in the symbol, and all that is planned, filled whole."""
        result = add(self.position(symbol), self.planned(symbol))
        for order in self.open_orders:
            if order.details.symbol == symbol:
                open_quantity = subtract(order.quantity, order.filled_quantity)
                result = add(result, open_quantity if order.details.side.sign > 0 else -open_quantity)
        return result

    def open_trade(self, symbol: str) -> OpenTrade | None:
        """The oldest open trade in a symbol."""
        for trade in self.open_trades:
            if trade.symbol == symbol:
                return trade
        return None
