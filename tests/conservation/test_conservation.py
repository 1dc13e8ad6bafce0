"""Nothing is made or lost: whatever is traded, cash, positions and fees add up to the last digit, for each strategy and account.

The reckoning is done from the venue's own record of its trades, in fractions, with none of the project's arithmetic.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.analysis import audit_store
from s1mpletrader.core.clock import finished as answered
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.reality import FundsMoved
from s1mpletrader.domain.replies import Filled
from tests.conservation.strategies import EXAMPLES, Drawn, borrowed, strategies
from tests.running import MEMORY, Finished, finished

Amounts = dict[tuple[str, str], Fraction]
"""By strategy, and by asset or symbol."""


class Reckoning:
    """What every strategy must own, by what it was given and by the trades of its orders at the venue."""

    def __init__(self, done: Finished, fills: Iterable[Filled]) -> None:
        self.owners = {order.order_id: order.intent.strategy for order in done.ledger.orders()}
        self.instruments = done.container.instruments()
        self.is_spot = done.container.connector().capabilities().account_type is AccountType.SPOT
        self.given: Amounts = defaultdict(Fraction)
        self.held: Amounts = defaultdict(Fraction)
        self.paid: Amounts = defaultdict(Fraction)
        for change in done.changes:
            if isinstance(change, FundsMoved):
                self.given[change.strategy, change.asset] += Fraction(change.amount)
        self.owned: Amounts = defaultdict(Fraction, self.given)
        for fill in fills:
            self._settle(fill)

    def _settle(self, fill: Filled) -> None:
        assert fill.order_id is not None
        strategy, instrument = self.owners[fill.order_id], self.instruments[fill.symbol]
        signed = Fraction(fill.quantity) * (1 if fill.side is Side.BUY else -1)
        notional = Fraction(fill.price) * signed * Fraction(instrument.multiplier)
        self.owned[strategy, instrument.settlement] -= notional
        self.owned[strategy, fill.fee_currency] -= Fraction(fill.fee)
        self.held[strategy, fill.symbol] += signed
        self.paid[strategy, fill.symbol] += notional
        if self.is_spot:
            self.owned[strategy, instrument.base] += signed
        if fill.fee_currency == instrument.base:
            self.held[strategy, fill.symbol] -= Fraction(fill.fee)

    def worth(self, strategy: str, prices: dict[str, Decimal]) -> Fraction:
        """Cash, and what is held at these prices."""
        held = [
            amount * Fraction(prices[symbol]) * Fraction(self.instruments[symbol].multiplier)
            for (owner, symbol), amount in self.held.items()
            if owner == strategy and amount
        ]
        return sum(held, self.owned[strategy, "USDT"])


def venue_fills(done: Finished, symbols: Iterable[str]) -> list[Filled]:
    return [fill for symbol in symbols for fill in answered(done.container.connector().fills_since(symbol, 0))]


def balances(done: Finished, symbols: Iterable[str]) -> Reckoning:
    """Check every sum of a run against the venue's record of it."""
    fills = venue_fills(done, symbols)
    reckoned = Reckoning(done, fills)
    told = {fill.venue_trade_id: fill for fill in fills}
    booked = {fill.venue_trade_id: fill for fill in done.ledger.fills()}
    assert len(told) == len(fills)
    assert booked.keys() == told.keys()
    for trade_id, fill in booked.items():
        same = told[trade_id]
        assert (fill.order_id, fill.price, fill.quantity, fill.fee) == (same.order_id, same.price, same.quantity, same.fee)
    backtest, everything = done.container.backtest(), defaultdict[str, Fraction](Fraction)
    prices = {symbol: price for market in done.container.markets().values() for symbol, price in market.prices().items()}
    for strategy in done.container.identity().strategies:
        view = backtest.view(strategy)
        owned = {asset: amount for (owner, asset), amount in reckoned.owned.items() if owner == strategy and amount}
        held = {symbol: amount for (owner, symbol), amount in reckoned.held.items() if owner == strategy and amount}
        assert {asset: Fraction(amount) for asset, amount in view.balances.items() if amount} == owned
        assert {symbol: Fraction(one.quantity) for symbol, one in view.positions.items() if one.quantity} == held
        assert Fraction(backtest.equity(strategy)) == reckoned.worth(strategy, prices)
        for asset, amount in owned.items():
            everything[asset] += amount
    at_venue = {one.asset: Fraction(one.free + one.locked) for one in answered(done.container.connector().balances())}
    assert at_venue == {asset: amount for asset, amount in everything.items() if amount}
    return reckoned


@pytest.mark.parametrize("example", EXAMPLES)
@settings(max_examples=8)
@given(data=st.data())
def test_nothing_is_made_or_lost(example: str, data: st.DataObject) -> None:
    drawn = data.draw(strategies(example))
    done = finished(f"{example}.toml", *MEMORY, *drawn.overrides)
    balances(done, drawn.symbols)
    assert audit_store([done.ledger], done.journal).violations == ()


@pytest.mark.parametrize("example", EXAMPLES)
@settings(max_examples=3)
@given(data=st.data())
def test_dense_and_skipping_are_equal(example: str, data: st.DataObject) -> None:
    drawn = data.draw(strategies(example))
    dense = finished(f"{example}.toml", *MEMORY, *drawn.overrides, "engine.skip=false")
    skipping = finished(f"{example}.toml", *MEMORY, *drawn.overrides)
    assert dense.entries == skipping.entries
    assert dense.changes == skipping.changes


@settings(max_examples=12)
@given(drawn=borrowed())
def test_funding_and_liquidations_leave_what_the_venue_has(drawn: Drawn) -> None:
    done = finished(f"{drawn.example}.toml", *MEMORY, *drawn.overrides)
    assert audit_store([done.ledger], done.journal).violations == ()
    owned = done.container.backtest().view(drawn.example).balances
    at_venue = {one.asset: one.free + one.locked for one in answered(done.container.connector().balances())}
    assert at_venue == {asset: amount for asset, amount in owned.items() if amount}
