"""What the venue itself does to an account: it settles funding, and closes positions that lack margin."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from s1mpletrader.api import (
    FundsChanged,
    FundsKind,
    Instant,
    Instrument,
    Liquidated,
    Side,
    floor_to,
    multiply,
)
from s1mpletrader.plugins.simulated_exchange.accounts import NettingAccount
from s1mpletrader.plugins.simulated_exchange.funding import Due, Funding
from s1mpletrader.plugins.simulated_exchange.margin import Holding, MarginRules, headroom_factor, holdings
from s1mpletrader.plugins.simulated_exchange.marks import Marks, exact_price
from s1mpletrader.plugins.simulated_exchange.shortfall import Weight, first_shortfall


class Shortfall(NamedTuple):
    """When the equity in a settlement currency is below the maintenance margin of the positions that it carries."""

    at: Instant
    currency: str


class Clearing:
    """Funding and liquidation of one account, by the path's prices."""

    def __init__(self, account: NettingAccount, marks: Marks, rules: MarginRules | None, funding: Funding | None) -> None:
        self._account = account
        self._marks = marks
        self._rules = rules
        self._funding = funding
        self._liquidation_count = 0

    def holds(self, symbol: str) -> bool:
        """Whether the account has a position in a symbol."""
        return bool(self._account.position(symbol))

    def funding_at(self, after: Instant) -> Instant | None:
        """When funding of what is held is due next, later than an instant; None where it is not while there are prices."""
        if self._funding is None:
            return None
        found = (self._due_after(self._funding, holding, after) for holding in holdings(self._account, self._marks))
        return min((due.at for due in found if due is not None), default=None)

    def fund(self, at: Instant, known_at: Instant) -> Iterator[FundsChanged]:
        """Settle what is due at an instant for every position; an amount is rounded down, so that no rounding makes money."""
        for holding in holdings(self._account, self._marks):
            due = self._due_after(self._funding, holding, at - 1) if self._funding is not None else None
            if due is None or due.at != at:
                continue
            instrument, held = holding
            amount = self._amount(holding, due)
            self._account.move(instrument.settlement, amount)
            yield FundsChanged(
                asset=instrument.settlement,
                amount=amount,
                kind=FundsKind.FUNDING,
                at=known_at,
                venue_at=at,
                venue_change_id=f"funding {instrument.symbol} {at}",
                symbol=instrument.symbol,
                quantity=held,
            )

    def shortfall(self, at: Instant, until: Instant | None) -> Shortfall | None:
        """The first lack of margin from an instant on, and not after ``until``."""
        if self._rules is None:
            return None
        found: Shortfall | None = None
        for currency in self._currencies():
            weights = list(self._weights(currency, self._rules))
            short_at = first_shortfall(self._account.cash(currency), weights, at, until)
            if short_at is not None and (found is None or short_at < found.at):
                found, until = Shortfall(short_at, currency), short_at
        return found

    def liquidate(self, shortfall: Shortfall, known_at: Instant) -> Iterator[Liquidated]:
        """Close every position in a currency at the price of the instant, rounded against the account to the tick."""
        for instrument, held in list(holdings(self._account, self._marks, shortfall.currency)):
            side, quantity = (Side.SELL, held) if held > 0 else (Side.BUY, -held)
            price = self._closing_price(instrument, side, shortfall.at)
            trade = self._account.close_out(instrument, side, price, quantity)
            self._liquidation_count += 1
            name = f"liquidation-{self._liquidation_count}"
            yield Liquidated(
                symbol=instrument.symbol,
                venue_trade_id=name,
                exchange_order_id=name,
                side=side,
                price=price,
                quantity=quantity,
                fee=trade.fee,
                fee_currency=trade.fee_currency,
                at=known_at,
                venue_at=shortfall.at,
            )

    def _due_after(self, funding: Funding, holding: Holding, after: Instant) -> Due | None:
        """The next funding of a position that moves anything at all, while its symbol has prices."""
        symbol = holding.instrument.symbol
        due, ends_at = funding.due_after(symbol, after), self._marks.path(symbol).ends_at
        while due is not None and due.at < ends_at:
            if self._amount(holding, due):
                return due
            due = funding.due_after(symbol, due.at)
        return None

    def _amount(self, holding: Holding, due: Due) -> Decimal:
        instrument = holding.instrument
        price = exact_price(self._marks.path(instrument.symbol), due.at)
        return floor_to(-multiply(instrument.notional(price, holding.quantity), due.rate), instrument.fee_quantum)

    def _closing_price(self, instrument: Instrument, side: Side, at: Instant) -> Decimal:
        price = exact_price(self._marks.path(instrument.symbol), at)
        return instrument.price_up(price) if side is Side.BUY else max(instrument.price_down(price), instrument.price_tick)

    def _currencies(self) -> list[str]:
        return sorted({instrument.settlement for instrument, _ in holdings(self._account, self._marks)})

    def _weights(self, currency: str, rules: MarginRules) -> Iterator[Weight]:
        for instrument, held in holdings(self._account, self._marks, currency):
            yield Weight(self._marks.path(instrument.symbol), headroom_factor(Holding(instrument, held), rules))
