"""Every example runs, leaves clean stores, repeats to the byte, and is the same dense and skipping."""

import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.analysis import audit_store, story_of
from s1mpletrader.core.feed import DenseFeed, SkippingFeed
from tests.running import ALL_EXAMPLES, MEMORY, Finished, finished

SHORT = "data.candles=6000"


@pytest.fixture(params=ALL_EXAMPLES)
def example(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def same(one: Finished, other: Finished) -> None:
    assert one.entries == other.entries
    assert one.changes == other.changes


def test_it_trades_and_leaves_clean_stores(example: str, tmp_path: Path) -> None:
    done = finished(example, f"ledger.url=sqlite:///{tmp_path}/store.sqlite")
    assert done.metrics.fills > 40
    assert done.metrics.alarms == 0
    report = audit_store([done.ledger], done.journal)
    assert report.violations == ()
    assert all(count > 0 for count in report.checked.values())


def test_two_runs_with_one_seed_are_equal_and_another_seed_differs(example: str) -> None:
    one = finished(example, SHORT, *MEMORY)
    same(one, finished(example, SHORT, *MEMORY))
    other = finished(example, SHORT, *MEMORY, "strategy.seed=99")
    assert other.run != one.run
    assert {change for change in other.changes if hasattr(change, "order_id")}.isdisjoint(one.changes)


def test_stores_make_no_difference(example: str, tmp_path: Path) -> None:
    same(finished(example, SHORT, *MEMORY), finished(example, SHORT, f"ledger.url=sqlite:///{tmp_path}/store.sqlite"))


def test_dense_and_skipping_are_equal(example: str) -> None:
    dense = finished(example, SHORT, *MEMORY, "engine.skip=false")
    skipping = finished(example, SHORT, *MEMORY)
    assert isinstance(dense.container.lanes()[0].feed, DenseFeed)
    assert isinstance(skipping.container.lanes()[0].feed, SkippingFeed)
    same(dense, skipping)


def test_every_order_and_fill_has_a_story_down_to_its_candle(example: str) -> None:
    done = finished(example, SHORT, *MEMORY)
    for order in list(done.ledger.orders())[:40]:
        story = story_of(done.reasons, done.ledger, order.order_id)
        (decision,) = story.decisions
        started_by_events = decision.signals[0].detector in ("scheduled", "good_news", "bad_news")
        assert (decision.origin.kind != "TICK") == started_by_events == (decision.event is not None)
        assert decision.directive is not None
        assert decision.signals
        assert any(name.endswith(" close") for name in decision.facts)
        assert story.orders[0].fills == tuple(done.ledger.get_fill(fill_id) for fill_id in order.fill_ids)


@settings(max_examples=15)
@given(
    fast=st.integers(2, 12),
    slow=st.integers(13, 40),
    seed=st.integers(0, 10_000),
    latency=st.sampled_from(["0", "250", "61000"]),
    share=st.sampled_from([None, "0.0005", "0.01"]),
)
def test_a_random_crossover_is_the_same_dense_and_skipping(
    fast: int, slow: int, seed: int, latency: str, share: str | None
) -> None:
    overrides = [
        *MEMORY,
        "data.candles=700",
        f"context.0.period={fast}",
        f"context.1.period={slow}",
        f"strategy.seed={seed}",
        f"exchange.latency_ms={latency}",
    ]
    if share is not None:
        overrides.append(f'exchange.volume_share="{share}"')
    dense = finished("ema_cross.toml", *overrides, "engine.skip=false")
    same(dense, finished("ema_cross.toml", *overrides))
    assert audit_store([dense.ledger], dense.journal).violations == ()


@settings(max_examples=15)
@given(
    period=st.integers(3, 30),
    seed=st.integers(0, 10_000),
    drawdown=st.sampled_from(["0.005", "0.02", "0.2"]),
    volatility=st.sampled_from(["0.001", "0.0025", "0.02"]),
    opposite=st.sampled_from(["close", "refuse"]),
    escape=st.sampled_from([None, "HIGH"]),
)
def test_a_random_breakout_is_the_same_dense_and_skipping(
    period: int, seed: int, drawdown: str, volatility: str, opposite: str, escape: str | None
) -> None:
    overrides = [
        *MEMORY,
        "data.candles=900",
        f"context.0.period={period}",
        f"context.1.period={period}",
        f"strategy.seed={seed}",
        f"risk.0.limit={drawdown}",
        f"risk.1.limit={volatility}",
        f"planner.opposite_signal={opposite}",
    ]
    if escape is not None:
        overrides.append(f"planner.close_on_risk={escape}")
    dense = finished("breakout.toml", *overrides, "engine.skip=false")
    same(dense, finished("breakout.toml", *overrides))
    assert audit_store([dense.ledger], dense.journal).violations == ()


def naive_crossover(opens: np.ndarray, closes: np.ndarray) -> tuple[int, Decimal]:
    """The job of the example as a loop: orders, and what the account is worth at the last close."""
    fast, slow = talib.EMA(closes, 10), talib.EMA(closes, 30)
    quantity, fee_rate = Decimal("0.01"), Decimal("0.001")
    cash, held, orders = Decimal(1_000_000), Decimal(0), 0
    for row in range(30, len(closes) - 1):
        up = fast[row - 1] <= slow[row - 1] and fast[row] > slow[row]
        down = fast[row - 1] >= slow[row - 1] and fast[row] < slow[row]
        price = Decimal(repr(float(opens[row + 1])))
        if up and not held:
            cash -= quantity * price * (1 + fee_rate)
            held = quantity
            orders += 1
        elif down and held:
            cash += quantity * price * (1 - fee_rate)
            held = Decimal(0)
            orders += 1
    return orders, cash + held * Decimal(repr(float(closes[-1])))


@pytest.mark.skipif("MARKET_DATA" not in os.environ, reason="BTCUSDT-PERP-1m-2022-01.csv: MARKET_DATA is not set")
def test_a_month_of_real_candles_gives_1704_orders_and_the_equity_of_a_plain_loop() -> None:
    path = Path(os.environ["MARKET_DATA"]) / "BTCUSDT-PERP-1m-2022-01.csv"
    done = finished("ema_cross.toml", *MEMORY, "data.plugin=file", f"data.path={path}")
    frame = pl.read_csv(path)
    orders, equity = naive_crossover(frame["open"].cast(pl.Float64).to_numpy(), frame["close"].cast(pl.Float64).to_numpy())
    assert (done.metrics.orders, done.metrics.fills, done.metrics.rejections) == (1_704, 1_704, 0)
    assert orders == 1_704
    assert done.container.backtest().total_equity() == equity
    assert audit_store([done.ledger], done.journal).violations == ()
