"""Whole runs, small enough to be part of every round: what came of them is written down, so that nothing changes unseen."""

from typing import NamedTuple

import pytest

from s1mpletrader.analysis import audit_store
from tests.running import MEMORY, Finished, finished


class Outcome(NamedTuple):
    """What a run came to."""

    signals: int
    directives: int
    refusals: int
    orders: int
    fills: int
    trades: int
    entries: int
    equity: str


def outcome(done: Finished) -> Outcome:
    metrics = done.metrics
    return Outcome(
        metrics.signals,
        metrics.directives,
        metrics.refusals,
        metrics.orders,
        metrics.fills,
        metrics.trades,
        len(done.entries),
        str(done.container.backtest().total_equity()),
    )


OUTCOMES: dict[str, tuple[tuple[str, ...], Outcome]] = {
    "breakout.toml": (("data.candles=1500",), Outcome(85, 45, 40, 133, 88, 45, 440, "98129.96621986")),
    "ema_cross.toml": (("data.candles=600",), Outcome(26, 25, 1, 25, 25, 13, 78, "999991.9094140000000000")),
    "trailing.toml": (("data.candles=1200",), Outcome(35, 14, 21, 17, 6, 3, 85, "98682.03910298")),
    "twap.toml": (("data.candles=1500",), Outcome(2, 2, 0, 7, 14, 1, 35, "1001042.17790196")),
    "pairs.toml": (("data.0.candles=1200", "data.1.candles=1200"), Outcome(8, 8, 0, 8, 8, 4, 28, "100199.75317557")),
    "portfolio.toml": (("data.candles=600",), Outcome(84, 68, 16, 108, 88, 45, 342, "998869.7880185182159411")),
    "dca.toml": (("data.candles=900",), Outcome(10, 10, 0, 10, 10, 1, 32, "50129.35793247")),
    "rebalance.toml": (("data.0.candles=900", "data.1.candles=900"), Outcome(6, 12, 0, 12, 10, 2, 36, "123587.83225748")),
    "news.toml": (("data.candles=1500",), Outcome(19, 13, 6, 13, 13, 7, 47, "101253.4694500000000000")),
}


@pytest.mark.parametrize("skip", [True, False], ids=["skipping", "dense"])
@pytest.mark.parametrize("example", OUTCOMES)
def test_a_small_run_comes_to_what_it_always_did(example: str, *, skip: bool) -> None:
    overrides, expected = OUTCOMES[example]
    done = finished(example, *MEMORY, *overrides, f"engine.skip={str(skip).lower()}")
    assert outcome(done) == expected
    assert audit_store([done.ledger], done.journal).violations == ()
