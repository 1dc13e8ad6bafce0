"""Exits: their distances, their ticks, and where there can be none."""

from typing import Any

import pytest

from s1mpletrader.api import Direction, ExitPlanDraft, Key, Plans, RefusalDraft, Side, Situation
from s1mpletrader.plugins.planners.exit import AtrExit, AtrExitConfig, PercentExit, PercentExitConfig

from .making import BTC, ETH, LONG, SHORT, Account, make_directive, make_entry, make_provision

ATR = Key(BTC, "1m", "atr")


def atr(**config: Any) -> AtrExit:
    return AtrExit(AtrExitConfig.model_validate({"source": "atr", "stop_multiple": 2, **config}), make_provision())


def percent(**config: Any) -> PercentExit:
    return PercentExit(PercentExitConfig.model_validate(config), make_provision())


def told(answer: object) -> tuple[str | None, str | None] | str:
    if isinstance(answer, RefusalDraft):
        return answer.code
    assert isinstance(answer, ExitPlanDraft)
    stop, target = answer.stop_price, answer.target_price
    return (None if stop is None else str(stop), None if target is None else str(target))


def seen(value: float) -> Situation:
    return Account().situation(facts={ATR: value})


BY_ATR: list[tuple[Direction, float, dict[str, Any], tuple[str | None, str | None] | str]] = [
    (LONG, 1.5, {"target_multiple": 3}, ("97.0", "104.5")),
    (SHORT, 1.5, {"target_multiple": 3}, ("103.0", "95.5")),
    (LONG, 1.5, {}, ("97.0", None)),
    (LONG, 1.53, {"target_multiple": 3}, ("96.9", "104.6")),
    (SHORT, 1.53, {"target_multiple": 3}, ("103.1", "95.4")),
    (LONG, 0.001, {}, ("99.9", None)),
    (LONG, 50.0, {}, "IMPOSSIBLE_EXIT"),
    (SHORT, 50.0, {"target_multiple": 2}, "IMPOSSIBLE_EXIT"),
    (SHORT, 50.0, {}, ("200.0", None)),
    (LONG, 0.0, {}, "IMPOSSIBLE_EXIT"),
    (LONG, -1.0, {}, "IMPOSSIBLE_EXIT"),
    (SHORT, 1e300, {}, "IMPOSSIBLE_EXIT"),
    (LONG, 1e-300, {}, "IMPOSSIBLE_EXIT"),
    (LONG, float("nan"), {}, "NO_FACT"),
    (LONG, float("inf"), {}, "NO_FACT"),
]


@pytest.mark.parametrize(("direction", "value", "config", "expected"), BY_ATR)
def test_exits_lie_at_multiples_of_the_fact_on_ticks_away_from_the_entry(
    direction: Direction, value: float, config: dict[str, Any], expected: tuple[str | None, str | None] | str
) -> None:
    assert told(atr(**config).plan(make_directive(direction), Plans(), seen(value))) == expected


BY_PERCENT: list[tuple[Direction, dict[str, Any], tuple[str | None, str | None] | str]] = [
    (LONG, {"stop_percent": 2, "target_percent": 4}, ("98.0", "104.0")),
    (SHORT, {"stop_percent": 2, "target_percent": 4}, ("102.0", "96.0")),
    (LONG, {"stop_percent": "0.25"}, ("99.7", None)),
    (SHORT, {"target_percent": 0.25}, (None, "99.7")),
    (LONG, {"stop_percent": 100}, "IMPOSSIBLE_EXIT"),
    (SHORT, {"target_percent": 100}, "IMPOSSIBLE_EXIT"),
    (SHORT, {"stop_percent": 100}, ("200.0", None)),
]


@pytest.mark.parametrize(("direction", "config", "expected"), BY_PERCENT)
def test_exits_lie_at_percentages_of_the_entry(
    direction: Direction, config: dict[str, Any], expected: tuple[str | None, str | None] | str
) -> None:
    assert told(percent(**config).plan(make_directive(direction), Plans(), Account().situation())) == expected


def test_exits_are_measured_from_the_entrys_own_price() -> None:
    plans = Plans(entry=make_entry(Side.BUY, "90.0"))
    assert told(percent(stop_percent=10).plan(make_directive(), plans, Account().situation())) == ("81.0", None)
    assert told(atr().plan(make_directive(), plans, seen(1.0))) == ("88.0", None)


def test_exits_need_a_price_and_a_fact() -> None:
    unpriced = Account().situation(facts={ATR: 1.0}, prices={})
    assert told(atr().plan(make_directive(), Plans(), unpriced)) == "NO_PRICE"
    assert told(percent(stop_percent=1).plan(make_directive(), Plans(), unpriced)) == "NO_PRICE"
    assert told(atr().plan(make_directive(), Plans(), Account().situation())) == "NO_FACT"


def test_a_fact_measures_its_own_symbol_only() -> None:
    facts = {ATR: 1.0, Key(ETH, "1h", "atr"): 0.5}
    situation = Account().situation(facts=facts)
    assert told(atr().plan(make_directive(symbol=ETH), Plans(), situation)) == "NO_FACT"
    both = atr(source=["atr", "ETH/USDT 1h atr"])
    assert both.needs == tuple(facts)
    assert told(both.plan(make_directive(symbol=ETH), Plans(), situation)) == ("19.0", None)
    assert told(both.plan(make_directive(), Plans(), situation)) == ("98.0", None)


def test_the_fact_is_declared() -> None:
    assert atr().needs == (ATR,)
    assert atr(source="1h atr").needs == (Key(BTC, "1h", "atr"),)


@pytest.mark.parametrize("source", ["", "a b c d", "1x atr", ["atr", "1h atr"]])
def test_a_source_that_is_no_fact_is_refused(source: str | list[str]) -> None:
    with pytest.raises(ValueError, match=r"fact|timeframe|1x"):
        atr(source=source)


def test_an_exit_without_a_stop_and_a_target_is_refused() -> None:
    with pytest.raises(ValueError, match="stop_percent, target_percent"):
        percent()
