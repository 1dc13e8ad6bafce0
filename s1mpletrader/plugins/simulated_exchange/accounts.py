"""What the account holds, and what a fill does to it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, Protocol

from msgspec import Struct

from s1mpletrader.api import DERIVED, ZERO, Balance, Instrument, Liquidity, Side, add, multiply, subtract
from s1mpletrader.plugins.simulated_exchange import reasons
from s1mpletrader.plugins.simulated_exchange.book.order import Hold, VenueOrder
from s1mpletrader.plugins.simulated_exchange.fees import FeeSchedule

_ONE: Final = Decimal(1)
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL


class Trade(Struct, frozen=True, gc=False):
    """What was booked: how much was filled, and its fee."""

    quantity: Decimal
    fee: Decimal
    fee_currency: str


class Account(Protocol):
    """An account of one type at the venue."""

    @property
    def shortage(self) -> str:
        """The reason why an order that is not covered is refused, or expires."""
        ...

    def is_short(self, orders: Sequence[VenueOrder]) -> bool:
        """Whether the free funds do not cover these orders, of which only one can fill."""
        ...

    def hold(self, hold: Hold) -> None:
        """Set funds aside for a hold's live orders, as far as there are any."""
        ...

    def release(self, hold: Hold) -> None:
        """Free what a hold has set aside."""
        ...

    def reducible(self, instrument: Instrument, side: Side) -> Decimal:
        """How much an order on this side can fill before it opens or turns a position."""
        ...

    def trade(
        self, instrument: Instrument, side: Side, price: Decimal, quantity: Decimal, liquidity: Liquidity, *, whole: bool
    ) -> Trade:
        """Book as much of a fill as the free funds allow; where ``whole``, all of it or nothing."""
        ...

    def balances(self) -> Sequence[Balance]:
        """Every asset that is not zero, by name."""
        ...


class NettingAccount:
    """One signed position for each instrument; cash counts every position as paid in full.

    Nothing is refused for want of cash.
    """

    shortage: Final = reasons.INSUFFICIENT_BALANCE

    def __init__(self, funds: dict[str, Decimal], fees: FeeSchedule) -> None:
        self._cash = dict(funds)
        self._fees = fees
        self._positions: dict[str, Decimal] = {}

    def cash(self, currency: str) -> Decimal:
        """The balance in a currency."""
        return self._cash.get(currency, ZERO)

    def position(self, symbol: str) -> Decimal:
        """The signed quantity held."""
        return self._positions.get(symbol, ZERO)

    def positions(self) -> Iterator[tuple[str, Decimal]]:
        """Every symbol whose position is not flat, by name, with the signed quantity held."""
        return ((symbol, held) for symbol, held in sorted(self._positions.items()) if held)

    def move(self, currency: str, amount: Decimal) -> None:
        """Add an amount to the cash, or, below zero, take it."""
        self._cash[currency] = add(self._cash.get(currency, ZERO), amount)

    def is_short(self, orders: Sequence[VenueOrder]) -> bool:
        """Never: there are no margin rules."""
        return False

    def hold(self, hold: Hold) -> None:
        """Nothing is set aside."""

    def release(self, hold: Hold) -> None:
        """Nothing was set aside."""

    def reducible(self, instrument: Instrument, side: Side) -> Decimal:
        """The position on the other side."""
        return max(multiply(self._positions.get(instrument.symbol, ZERO), Decimal(-side.sign)), ZERO)

    def trade(
        self, instrument: Instrument, side: Side, price: Decimal, quantity: Decimal, liquidity: Liquidity, *, whole: bool
    ) -> Trade:
        """Book the fill; the fee is paid in the settlement currency."""
        notional = instrument.notional(price, quantity)
        return self._book(instrument, side, quantity, notional, self._fees.fee(notional, liquidity, instrument.fee_quantum))

    def close_out(self, instrument: Instrument, side: Side, price: Decimal, quantity: Decimal) -> Trade:
        """Book a trade by which the venue ends a position, for the fee that it takes for that."""
        notional = instrument.notional(price, quantity)
        return self._book(instrument, side, quantity, notional, self._fees.liquidation_fee(notional, instrument.fee_quantum))

    def balances(self) -> Sequence[Balance]:
        """The cash by currency; it may be below zero."""
        return [Balance(asset=asset, free=cash, locked=ZERO) for asset, cash in sorted(self._cash.items()) if cash]

    def _book(self, instrument: Instrument, side: Side, quantity: Decimal, notional: Decimal, fee: Decimal) -> Trade:
        currency, symbol = instrument.settlement, instrument.symbol
        cash = subtract(self._cash.get(currency, ZERO), fee)
        held = self._positions.get(symbol, ZERO)
        if side is _BUY:
            self._cash[currency], self._positions[symbol] = subtract(cash, notional), add(held, quantity)
        else:
            self._cash[currency], self._positions[symbol] = add(cash, notional), subtract(held, quantity)
        return Trade(quantity, fee, currency)


class SpotAccount:
    """Assets that are bought and sold themselves. No balance is ever below zero."""

    shortage: Final = reasons.INSUFFICIENT_BALANCE

    def __init__(self, funds: dict[str, Decimal], fees: FeeSchedule) -> None:
        self._free = dict(funds)
        self._locked: dict[str, Decimal] = {}
        self._fees = fees

    def is_short(self, orders: Sequence[VenueOrder]) -> bool:
        """Whether one of the orders needs more than is free. One that only reduces may ask for more than there is."""
        for order in orders:
            asset, amount = self._need(order)
            if amount > self._free.get(asset, ZERO) and not order.details.reduce_only:
                return True
        return False

    def hold(self, hold: Hold) -> None:
        """Set aside, for each asset, the most that a live order of the hold needs."""
        needs: dict[str, Decimal] = {}
        for order in hold.orders:
            if order.live and not order.pending:
                asset, amount = self._need(order)
                needs[asset] = max(amount, needs.get(asset, ZERO))
        for asset, need in needs.items():
            amount = min(need, self._free.get(asset, ZERO))
            if amount:
                self._lock(asset, amount)
                hold.amounts[asset] = amount

    def release(self, hold: Hold) -> None:
        """Free what a hold has set aside."""
        for asset, amount in hold.amounts.items():
            self._lock(asset, -amount)
        hold.amounts.clear()

    def reducible(self, instrument: Instrument, side: Side) -> Decimal:
        """A sale reduces what is free of the base; a purchase reduces nothing."""
        return instrument.quantity_down(self._free.get(instrument.base, ZERO)) if side is _SELL else ZERO

    def trade(
        self, instrument: Instrument, side: Side, price: Decimal, quantity: Decimal, liquidity: Liquidity, *, whole: bool
    ) -> Trade:
        """Book the fill, or the part of it that the free funds pay for."""
        trade = self._book(instrument, side, price, quantity, liquidity)
        if trade is None and not whole:
            for margin in (ZERO, instrument.fee_quantum):
                affordable = self._affordable(instrument, side, price, margin)
                if trade is None and ZERO < affordable < quantity:
                    trade = self._book(instrument, side, price, affordable, liquidity)
        return trade or Trade(ZERO, ZERO, instrument.settlement)

    def balances(self) -> Sequence[Balance]:
        """Every asset that is not zero, by name."""
        assets = sorted(self._free.keys() | self._locked.keys())
        found = (Balance(asset=name, free=self._free.get(name, ZERO), locked=self._locked.get(name, ZERO)) for name in assets)
        return [balance for balance in found if balance.free or balance.locked]

    def _need(self, order: VenueOrder) -> tuple[str, Decimal]:
        instrument = order.instrument
        if not order.buys:
            return instrument.base, order.remaining
        notional = instrument.notional(order.price_needed or ZERO, order.remaining)
        if self._fees.in_base:
            return instrument.settlement, notional
        return instrument.settlement, add(notional, self._fees.fee_max(notional, instrument.fee_quantum))

    def _book(self, instrument: Instrument, side: Side, price: Decimal, quantity: Decimal, liquidity: Liquidity) -> Trade | None:
        """The booked trade; None, and nothing booked, where a balance would fall below zero."""
        settlement, quantum = instrument.settlement, instrument.fee_quantum
        base, quote = self._free.get(instrument.base, ZERO), self._free.get(settlement, ZERO)
        notional, currency = instrument.notional(price, quantity), settlement
        if side is _SELL:
            fee = self._fees.fee(notional, liquidity, quantum)
            base, quote = subtract(base, quantity), subtract(add(quote, notional), fee)
        elif self._fees.in_base:
            fee, currency = self._fees.fee(quantity, liquidity, quantum), instrument.base
            base, quote = subtract(add(base, quantity), fee), subtract(quote, notional)
        else:
            fee = self._fees.fee(notional, liquidity, quantum)
            base, quote = add(base, quantity), subtract(quote, add(notional, fee))
        if base < ZERO or quote < ZERO:
            return None
        self._free[instrument.base], self._free[settlement] = base, quote
        return Trade(quantity, fee, currency)

    def _affordable(self, instrument: Instrument, side: Side, price: Decimal, margin: Decimal) -> Decimal:
        """About how much the free funds pay for, when ``margin`` of them is left out for the fee's rounding."""
        if side is _SELL:
            return instrument.quantity_down(self._free.get(instrument.base, ZERO))
        rate = ZERO if self._fees.in_base else self._fees.rate_max
        money = subtract(self._free.get(instrument.settlement, ZERO), margin)
        return instrument.quantity_down(DERIVED.divide(money, multiply(price, add(_ONE, rate))))

    def _lock(self, asset: str, amount: Decimal) -> None:
        self._free[asset] = subtract(self._free.get(asset, ZERO), amount)
        self._locked[asset] = add(self._locked.get(asset, ZERO), amount)
