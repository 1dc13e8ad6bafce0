"""An account that must have a part of what its positions are worth."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from s1mpletrader.api import ZERO, Balance, Instrument, Liquidity, Side, add, multiply, subtract
from s1mpletrader.plugins.simulated_exchange import reasons
from s1mpletrader.plugins.simulated_exchange.accounts import NettingAccount, Trade
from s1mpletrader.plugins.simulated_exchange.book.order import Hold, VenueOrder
from s1mpletrader.plugins.simulated_exchange.fees import FeeSchedule
from s1mpletrader.plugins.simulated_exchange.marks import Marks


class MarginRules(NamedTuple):
    """Which fraction of its positions' notional an account must have to open them, and which to keep them."""

    initial: Decimal
    maintenance: Decimal


class Holding(NamedTuple):
    """A position that is not flat."""

    instrument: Instrument
    quantity: Decimal


class MarginAccount:
    """A netting account whose equity must carry what it opens.

    Equity is the cash plus all positions at the path's prices, for each settlement currency on its own. What only reduces a
    position is always allowed. Nothing is set aside for resting orders: each is looked at when it comes and when it fills.
    """

    shortage: Final = reasons.INSUFFICIENT_MARGIN

    def __init__(self, holdings: NettingAccount, rules: MarginRules, fees: FeeSchedule, marks: Marks) -> None:
        self._holdings = holdings
        self._rules = rules
        self._fees = fees
        self._marks = marks

    def is_short(self, orders: Sequence[VenueOrder]) -> bool:
        """Whether the equity does not carry one of the orders, filled whole at the price where it acts."""
        return any(not order.details.reduce_only and not self._carries_order(order) for order in orders)

    def hold(self, hold: Hold) -> None:
        """Nothing is set aside."""

    def release(self, hold: Hold) -> None:
        """Nothing was set aside."""

    def reducible(self, instrument: Instrument, side: Side) -> Decimal:
        """The position on the other side."""
        return self._holdings.reducible(instrument, side)

    def trade(
        self, instrument: Instrument, side: Side, price: Decimal, quantity: Decimal, liquidity: Liquidity, *, whole: bool
    ) -> Trade:
        """Book the fill, or as much of it as reduces the position where the equity carries no more."""
        fee = self._fees.fee(instrument.notional(price, quantity), liquidity, instrument.fee_quantum)
        mark = self._marks.price(instrument.symbol)
        if not self._carries(instrument, side, quantity, price, price if mark is None else mark, fee):
            quantity = ZERO if whole else min(quantity, self.reducible(instrument, side))
        if not quantity:
            return Trade(ZERO, ZERO, instrument.settlement)
        return self._holdings.trade(instrument, side, price, quantity, liquidity, whole=whole)

    def balances(self) -> Sequence[Balance]:
        """The cash by currency; it may be below zero."""
        return self._holdings.balances()

    def _carries_order(self, order: VenueOrder) -> bool:
        instrument, now = order.instrument, self._marks.price(order.details.symbol)
        price = now if now is not None and order.acts_at(float(now)) else order.price_needed
        if price is None:
            return True
        fee = self._fees.fee_max(instrument.notional(price, order.remaining), instrument.fee_quantum)
        return self._carries(instrument, order.details.side, order.remaining, price, price, fee)

    def _carries(
        self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal, mark: Decimal, fee: Decimal
    ) -> bool:
        """Whether the equity that a fill would leave is the initial margin of what would be held then."""
        if quantity <= self.reducible(instrument, side):
            return True
        held, signed = self._holdings.position(instrument.symbol), multiply(quantity, Decimal(side.sign))
        after = add(held, signed)
        equity = subtract(self._holdings.cash(instrument.settlement), add(instrument.notional(price, signed), fee))
        equity = add(equity, instrument.notional(mark, after))
        exposure = instrument.notional(mark, abs(after))
        for other in holdings(self._holdings, self._marks, instrument.settlement):
            price_now = self._marks.price(other.instrument.symbol)
            if other.instrument.symbol == instrument.symbol or price_now is None:
                continue
            value = other.instrument.notional(price_now, other.quantity)
            equity, exposure = add(equity, value), add(exposure, abs(value))
        return equity >= multiply(exposure, self._rules.initial)


def holdings(account: NettingAccount, marks: Marks, currency: str | None = None) -> Iterator[Holding]:
    """The positions that are not flat, by symbol; those of one settlement currency, where one is given."""
    for symbol, quantity in account.positions():
        instrument = marks.instrument(symbol)
        if currency in (None, instrument.settlement):
            yield Holding(instrument, quantity)


def headroom_factor(holding: Holding, rules: MarginRules) -> Decimal:
    """How much equity less maintenance margin changes with the price of a position, for each unit of the price."""
    part = multiply(rules.maintenance, abs(holding.quantity))
    return multiply(subtract(holding.quantity, part), holding.instrument.multiplier)
