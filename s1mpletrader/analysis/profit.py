"""What came of a book: profit and loss by trade, strategy and account, exact, in one reporting currency.

A trade's profit is what its fills brought in, less what they cost and the fees, plus what it still holds at the last prices.
Summed over all trades, with funding and the opening funds, it is the equity; nothing is counted twice, nothing is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.ids import OrderId, TradeId
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.money import ZERO, add, multiply, subtract, total
from s1mpletrader.domain.reality import Fill, FundsKind, TradeOpened
from s1mpletrader.ports.ledger import ILedgerReader

Prices = Mapping[str, Decimal]
"""The last price of a symbol, or of an asset in the reporting currency."""

ONE: Final = Decimal(1)


class TradeProfit(Struct, frozen=True, kw_only=True):
    """One trade in the reporting currency."""

    trade_id: TradeId
    symbol: str
    is_open: bool
    realised: Decimal
    """What its fills brought in, less what they cost; of an open trade all that it cost so far."""
    held_value: Decimal
    """What it holds, at the last price."""
    fees: Decimal

    @property
    def profit(self) -> Decimal:
        """All of it, fees included."""
        return subtract(add(self.realised, self.held_value), self.fees)


class StrategyProfit(Struct, frozen=True, kw_only=True):
    """One strategy's sub-account in the reporting currency."""

    strategy: str
    opening: Decimal
    """What it began with and what was paid in and out since, at the last prices."""
    funding: Decimal
    trades: tuple[TradeProfit, ...]

    @property
    def profit(self) -> Decimal:
        """All trades, fees and funding included."""
        return add(total(trade.profit for trade in self.trades), self.funding)

    @property
    def fees(self) -> Decimal:
        """What was paid in fees."""
        return total(trade.fees for trade in self.trades)

    @property
    def equity(self) -> Decimal:
        """What the sub-account is worth."""
        return add(self.opening, self.profit)

    @property
    def closed(self) -> tuple[TradeProfit, ...]:
        """The trades that hold nothing any more."""
        return tuple(trade for trade in self.trades if not trade.is_open)

    @property
    def win_count(self) -> int:
        """How many closed trades brought something in."""
        return sum(trade.profit > 0 for trade in self.closed)

    @property
    def largest_loss(self) -> Decimal:
        """The worst closed trade; zero where none lost."""
        return min((trade.profit for trade in self.closed), default=ZERO).min(ZERO)

    @property
    def largest_win(self) -> Decimal:
        """The best closed trade; zero where none won."""
        return max((trade.profit for trade in self.closed), default=ZERO).max(ZERO)


class AccountProfit(Struct, frozen=True, kw_only=True):
    """All strategies of a book."""

    book: str
    currency: str
    strategies: tuple[StrategyProfit, ...]
    unpriced: tuple[str, ...]
    """Assets and symbols of which no price is known: they count as nothing, and are named instead."""

    @property
    def profit(self) -> Decimal:
        """All strategies together."""
        return total(strategy.profit for strategy in self.strategies)

    @property
    def equity(self) -> Decimal:
        """What the account is worth."""
        return total(strategy.equity for strategy in self.strategies)


class ProfitReport:
    """Sums up one book. What has no price is collected, and counts as nothing."""

    def __init__(self, ledger: ILedgerReader, instruments: Mapping[str, Instrument], prices: Prices, currency: str) -> None:
        self._ledger = ledger
        self._instruments = instruments
        self._prices = prices
        self._currency = currency
        self._unpriced: dict[str, None] = {}

    def account(self) -> AccountProfit:
        """Every strategy of the book."""
        trade_of = {order.order_id: order.trade_id for order in self._ledger.orders()}
        fills = _fills_by_trade(self._ledger.fills(), trade_of)
        by_strategy: dict[str, list[TradeProfit]] = {}
        for funds in self._ledger.funds():
            by_strategy.setdefault(funds.strategy, [])
        for trade in self._ledger.trades():
            by_strategy.setdefault(trade.strategy, []).append(self._trade(trade, fills.get(trade.trade_id, ())))
        strategies = tuple(self._strategy(name, trades) for name, trades in by_strategy.items())
        return AccountProfit(
            book=self._ledger.book, currency=self._currency, strategies=strategies, unpriced=tuple(self._unpriced)
        )

    def _strategy(self, name: str, trades: Sequence[TradeProfit]) -> StrategyProfit:
        moved = list(self._ledger.funds(strategy=name))
        funding = total(self._worth(one.asset, one.amount) for one in moved if one.kind is FundsKind.FUNDING)
        opening = total(self._worth(one.asset, one.amount) for one in moved if one.kind is not FundsKind.FUNDING)
        return StrategyProfit(strategy=name, opening=opening, funding=funding, trades=tuple(trades))

    def _trade(self, trade: TradeOpened, fills: Sequence[Fill]) -> TradeProfit:
        instrument = self._instruments[trade.symbol]
        held, realised, fees = ZERO, ZERO, ZERO
        for fill in fills:
            signed = fill.quantity if fill.side.sign > 0 else -fill.quantity
            realised = subtract(realised, instrument.notional(fill.price, signed))
            held = add(held, signed)
            fees = add(fees, self._worth(fill.fee_currency, fill.fee))
        in_base = total(fill.fee for fill in fills if fill.fee_currency == instrument.base)
        return TradeProfit(
            trade_id=trade.trade_id,
            symbol=trade.symbol,
            is_open=abs(subtract(held, in_base)) >= instrument.quantity_lot,
            realised=self._worth(instrument.settlement, realised),
            held_value=self._worth(instrument.settlement, self._value(instrument, held)),
            fees=fees,
        )

    def _value(self, instrument: Instrument, quantity: Decimal) -> Decimal:
        price = self._prices.get(instrument.symbol)
        if price is None:
            if quantity:
                self._unpriced[instrument.symbol] = None
            return ZERO
        return instrument.notional(price, quantity)

    def _worth(self, asset: str, amount: Decimal) -> Decimal:
        """An amount of an asset in the reporting currency, by the asset's own price or that of its market."""
        if asset == self._currency or not amount:
            return amount
        price = self._prices.get(asset)
        if price is None:
            markets = (one for one in self._instruments.values() if one.base == asset and one.settlement == self._currency)
            market = next(markets, None)
            price = self._prices.get(market.symbol) if market is not None else None
        if price is None:
            self._unpriced[asset] = None
            return ZERO
        return multiply(amount, price)


def _fills_by_trade(fills: Iterable[Fill], trade_of: Mapping[OrderId, TradeId]) -> dict[TradeId, list[Fill]]:
    found: dict[TradeId, list[Fill]] = {}
    for fill in fills:
        found.setdefault(trade_of[fill.order_id], []).append(fill)
    return found
