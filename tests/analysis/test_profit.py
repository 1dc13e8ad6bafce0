"""Profit and loss: exact, whole, and in one currency."""

from decimal import Decimal

import pytest

from s1mpletrader.analysis import results_of
from s1mpletrader.analysis.profit import ProfitReport
from s1mpletrader.domain.reality import FundsKind, FundsMoved
from tests.core.desk import Desk, filled
from tests.core.samples import INSTRUMENT, SYMBOL
from tests.core.test_small_runs import OUTCOMES
from tests.running import MEMORY, finished


@pytest.mark.parametrize("example", OUTCOMES)
def test_trades_and_funds_add_up_to_the_equity_of_every_strategy(example: str) -> None:
    overrides, _ = OUTCOMES[example]
    done = finished(example, *MEMORY, *overrides)
    backtest = done.container.backtest()
    account = results_of(done.ledger, done.journal)
    assert account.unpriced == ()
    assert {one.strategy: one.equity for one in account.strategies} == {
        strategy: backtest.equity(strategy) for strategy in backtest.identity.strategies
    }
    assert account.equity == backtest.total_equity()
    assert sum(len(one.trades) for one in account.strategies) == done.metrics.trades


def test_fees_in_what_was_bought_are_fees_and_the_equity_stays_right() -> None:
    done = finished("ema_cross.toml", *MEMORY, "data.candles=600", "exchange.fee_in=base")
    account = results_of(done.ledger, done.journal)
    assert account.equity == done.container.backtest().total_equity()
    assert account.strategies[0].fees > 0


def trade_of_two(desk: Desk) -> None:
    order = desk.execute().intents[0].intent.order_id
    desk.reply(filled(order, 1))


def test_what_is_held_counts_at_the_last_price() -> None:
    desk = Desk()
    trade_of_two(desk)
    (trade,) = desk.ledger.trades()
    report = ProfitReport(desk.ledger, {SYMBOL: INSTRUMENT}, {SYMBOL: Decimal(12)}, "USDT")
    desk.book.apply(FundsMoved(strategy="s", asset="USDT", amount=Decimal(0), kind=FundsKind.DEPOSIT, at=1))
    (strategy,) = report.account().strategies
    (one,) = strategy.trades
    assert (one.trade_id, one.is_open) == (trade.trade_id, True)
    assert (one.realised, one.held_value, one.profit) == (Decimal(-20), Decimal(24), Decimal(4))
    assert strategy.closed == ()
    assert strategy.largest_win == strategy.largest_loss == Decimal(0)


def test_what_has_no_price_is_named_and_counts_as_nothing() -> None:
    desk = Desk()
    trade_of_two(desk)
    account = ProfitReport(desk.ledger, {SYMBOL: INSTRUMENT}, {}, "EUR").account()
    assert account.unpriced == ("USDT", SYMBOL) or set(account.unpriced) == {"USDT", SYMBOL}
    assert account.equity == 0


def test_another_currency_is_reckoned_by_the_price_that_is_given() -> None:
    desk = Desk()
    trade_of_two(desk)
    prices = {SYMBOL: Decimal(12), "USDT": Decimal("0.5")}
    account = ProfitReport(desk.ledger, {SYMBOL: INSTRUMENT}, prices, "EUR").account()
    assert (account.profit, account.unpriced) == (Decimal(2), ())
