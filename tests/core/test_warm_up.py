"""A strategy that begins with another run's warm-up: who sees it, who is asked about it, and who says nothing of it."""

from typing import Any, cast

import numpy as np

from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.strategy import BoundCoupled, BoundDetector, Strategy, StrategyState
from s1mpletrader.core.warm_up import SilentUntil, begun_after_warm_up
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Key, Series
from s1mpletrader.domain.instant import MINUTE_NS
from s1mpletrader.domain.opinion import Direction, SignalDraft

WARM, COLD = Series("BTC/USDT", "1m"), Series("ETH/USDT", "1m")
DRAFT = SignalDraft(symbol="BTC/USDT", direction=Direction.LONG, kind="k")


class Counts:
    """A worker whose state is how often it was asked, and that always says something."""

    needs: tuple[Key, ...] = (Key(*WARM, "close"),)
    window = 7

    def initial(self) -> int:
        return 100

    def step(self, state: int, at: Any, view: Any) -> tuple[int, list[SignalDraft]]:
        assert (at.name, view) == ("facts", "view")
        return state + 1, [DRAFT]


class At:
    name = "facts"

    def __init__(self, at: int) -> None:
        self.at = at


def candles(series: Series, warm_up_count: int) -> Candles:
    column = np.ones(5)
    opened_at = np.arange(5, dtype=np.int64) * MINUTE_NS
    found = Candles(series=series, opened_at=opened_at, open=column, high=column, low=column, close=column, volume=column)
    return found.after_warm_up(warm_up_count)


def strategy(first_row: int = 1) -> Strategy:
    """Two detectors, two monitors and two detectors with a state, on a series with a warm-up and on one without."""
    worker = cast("Any", Counts())
    both = (WARM, COLD)
    return Strategy(
        name="s",
        symbols=("BTC/USDT",),
        series=WARM,
        facts=FactTable({}),
        workers=(),
        detectors=tuple(BoundDetector("d", worker, series, first_row) for series in both),
        coupled=tuple(BoundCoupled(name, worker, series, first_row) for name in ("monitor", "remembers") for series in both),
        monitor_count=2,
        planning=cast("Any", None),
        recorded_keys=(),
        price_keys={},
        state=StrategyState(coupled=[]),
    )


def test_detectors_and_monitors_are_asked_from_where_the_warm_up_ends() -> None:
    begun = begun_after_warm_up({WARM: candles(WARM, 3), COLD: candles(COLD, 0)}, strategy())
    assert [bound.first_row for bound in begun.detectors] == [3, 1]
    assert [bound.first_row for bound in begun.coupled] == [3, 1, 1, 1]
    later = begun_after_warm_up({WARM: candles(WARM, 3), COLD: candles(COLD, 0)}, strategy(first_row=4))
    assert {bound.first_row for bound in later.detectors} | {bound.first_row for bound in later.coupled} == {4}


def test_what_remembers_sees_the_warm_up_and_says_nothing_of_it() -> None:
    before = strategy()
    begun = begun_after_warm_up({WARM: candles(WARM, 3), COLD: candles(COLD, 0)}, before)
    assert [bound.name for bound in begun.coupled] == ["monitor", "monitor", "remembers", "remembers"]
    silent, loud = (bound.worker for bound in begun.coupled[2:])
    assert loud is before.coupled[3].worker
    assert isinstance(silent, SilentUntil)
    assert (silent.needs, silent.window, silent.initial()) == (Counts.needs, 7, 100)
    view: Any = "view"
    facts: list[Any] = [At(at * MINUTE_NS) for at in (2, 3, 4)]
    assert [silent.step(5, at, view) for at in facts] == [(6, ()), (6, ()), (6, [DRAFT])]
    assert [bound.worker for bound in begun.coupled[:2]] == [before.coupled[0].worker] * 2


def test_without_a_warm_up_a_strategy_stays_as_it_is() -> None:
    before = strategy()
    assert begun_after_warm_up({WARM: candles(WARM, 0), COLD: candles(COLD, 0)}, before) is before
    begun = begun_after_warm_up({WARM: candles(WARM, 1), COLD: candles(COLD, 0)}, before)
    assert (begun.name, begun.facts, begun.monitor_count) == (before.name, before.facts, 2)
