"""A backtest's first and last entries, and the room it makes for itself in a store."""

import gc
from decimal import Decimal

import pytest

from s1mpletrader.core.backtest import AlreadyRecorded
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.domain.reality import FundsKind, FundsMoved
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryKind, Reasons
from tests.running import MEMORY, Finished, finished

SMALL = (*MEMORY, "data.candles=60")


def small_run() -> Finished:
    return finished("ema_cross.toml", *SMALL)


def test_it_begins_with_its_identity_and_funds_and_ends_with_the_last_prices() -> None:
    done = finished("portfolio.toml", *SMALL)
    identity, clock = done.container.identity(), done.container.clock()
    first, *_, last = done.entries
    begin = min(data.opened_at.item(0) for data in done.container.candles().values())
    assert (first.kind, first.at, read_reasons(first)) == (EntryKind.RUN_STARTED, begin, Reasons(v=SCHEMA_VERSION, run=identity))
    assert [change for change in done.changes if isinstance(change, FundsMoved)] == [
        FundsMoved(strategy=strategy, asset="USDT", amount=Decimal(amount), kind=FundsKind.OPENING, at=begin)
        for strategy, amount in (("ema_cross", 400_000), ("breakout", 400_000), ("ema_cross_sol", 200_000))
    ]
    closes = {data.series.symbol: Decimal(repr(data.close.item(-1))) for data in done.container.candles().values()}
    told = read_reasons(last)
    assert (last.kind, last.at, told.text, told.prices) == (EntryKind.RUN_ENDED, clock.now(), "the market data has ended", closes)
    assert last.at == max(data.closed_at.item(-1) for data in done.container.candles().values())


def test_equity_is_that_of_each_strategy_and_of_all() -> None:
    backtest = finished("portfolio.toml", *SMALL).container.backtest()
    each = [backtest.equity(strategy) for strategy in ("ema_cross", "breakout", "ema_cross_sol")]
    assert backtest.total_equity() == sum(each)
    assert backtest.view("breakout").cash == Decimal(400_000) == each[1]


def test_the_same_run_is_not_written_twice_unless_it_replaces_the_first() -> None:
    done = small_run()
    backtest = done.container.backtest()
    with pytest.raises(AlreadyRecorded) as refused:
        backtest.make_room(replace=False)
    assert str(refused.value) == f"the store holds the run {done.run} already"
    assert done.entries
    backtest.make_room(replace=True)
    assert (done.entries, done.changes) == ([], [])
    backtest.make_room(replace=False)


def test_half_of_a_run_is_in_the_way_as_well() -> None:
    for half in ("ledger", "journal"):
        done = small_run()
        if half == "ledger":
            done.journal.discard(done.run)
        else:
            done.ledger.discard()
        with pytest.raises(AlreadyRecorded):
            done.container.backtest().make_room(replace=False)


def test_the_garbage_collector_is_left_as_it_was() -> None:
    before = gc.get_threshold()
    small_run()
    assert gc.get_threshold() == before
