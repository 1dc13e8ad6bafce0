"""Sizes: what a stop may lose, what the venue takes, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.api import Plans, RefusalDraft, Side, SizePlanDraft, is_multiple
from s1mpletrader.plugins.planners.size import FixedSize, FixedSizeConfig, RiskPercent, RiskPercentConfig

from .making import BTC, ETH, LONG, PRICE, SHORT, Account, make_directive, make_entry, make_exit, make_instrument, make_provision


def fixed(quantity: object) -> FixedSize:
    return FixedSize(FixedSizeConfig.model_validate({"quantity": quantity}), make_provision())


def by_risk(**config: Any) -> RiskPercent:
    return RiskPercent(RiskPercentConfig.model_validate(config), make_provision())


def told(answer: object) -> str:
    if isinstance(answer, RefusalDraft):
        return answer.code
    assert isinstance(answer, SizePlanDraft)
    return str(answer.quantity)


FIXED: list[tuple[object, dict[str, Decimal], str]] = [
    (1, {}, "1.00"),
    ("0.109", {}, "0.10"),
    (0.1, {}, "0.10"),
    ("0.099", {}, "BELOW_MINIMUM"),
    ("0.009", {"notional_min": Decimal(0)}, "BELOW_MINIMUM"),
    ("0.5", {"quantity_min": Decimal(1)}, "BELOW_MINIMUM"),
    (5, {"quantity_max": Decimal(4)}, "ABOVE_MAXIMUM"),
    (7, {"quantity_lot": Decimal(2)}, "6"),
]


@pytest.mark.parametrize(("quantity", "rules", "expected"), FIXED)
def test_a_fixed_size_comes_in_whole_lots_that_the_venue_takes(
    quantity: object, rules: dict[str, Decimal], expected: str
) -> None:
    situation = Account().situation(instruments={BTC: make_instrument(**rules)})
    assert told(fixed(quantity).plan(make_directive(), Plans(entry=make_entry()), situation)) == expected


def test_a_fixed_size_is_measured_at_the_entrys_own_price() -> None:
    plans = Plans(entry=make_entry(Side.BUY, "50.0"))
    assert told(fixed("0.1").plan(make_directive(), plans, Account().situation())) == "BELOW_MINIMUM"


BY_RISK: list[tuple[dict[str, Any], str | None, str | None, dict[str, Decimal], str]] = [
    # The equity is 10 000: one percent of it is 100, lost by 50 units over a distance of 2.
    ({"percent": 1}, None, "98.0", {}, "50.00"),
    ({"percent": 0.5}, None, "98.0", {}, "25.00"),
    ({"percent": 1}, None, "97.0", {}, "33.33"),
    ({"percent": 1}, "99.0", "97.0", {}, "50.00"),
    ({"percent": 1}, None, "98.0", {"multiplier": Decimal(10)}, "5.00"),
    ({"percent": 1}, None, "99.9", {}, "100.00"),
    ({"percent": 1, "notional_max_percent": 50}, None, "99.9", {}, "50.00"),
    ({"percent": 1, "notional_max_percent": 300}, None, "99.5", {}, "200.00"),
    ({"percent": 1}, None, "98.0", {"quantity_max": Decimal(7)}, "7.00"),
    ({"percent": "0.001"}, None, "90.0", {}, "BELOW_MINIMUM"),
    ({"percent": 1}, None, "100.0", {}, "IMPOSSIBLE_STOP"),
    ({"percent": 1}, None, "101.0", {}, "IMPOSSIBLE_STOP"),
    ({"percent": 1}, None, None, {}, "NO_STOP"),
]


@pytest.mark.parametrize(("config", "price", "stop", "rules", "expected"), BY_RISK)
def test_a_size_by_risk_loses_the_percentage_at_the_stop(
    config: dict[str, Any], price: str | None, stop: str | None, rules: dict[str, Decimal], expected: str
) -> None:
    plans = Plans(entry=make_entry(Side.BUY, price), exit=make_exit(stop, "120.0"))
    situation = Account().situation(instruments={BTC: make_instrument(**rules)})
    assert told(by_risk(**config).plan(make_directive(), plans, situation)) == expected


def test_a_short_risks_what_lies_above_its_entry() -> None:
    plans = Plans(entry=make_entry(Side.SELL), exit=make_exit("102.0"))
    assert told(by_risk(percent=1).plan(make_directive(SHORT), plans, Account().situation())) == "50.00"


def test_without_an_exit_there_is_no_size_by_risk() -> None:
    assert told(by_risk(percent=1).plan(make_directive(), Plans(entry=make_entry()), Account().situation())) == "NO_STOP"


def test_positions_count_in_the_equity_at_their_last_price() -> None:
    account = Account()
    account.enter(LONG, ETH, "10")
    plans = Plans(entry=make_entry(), exit=make_exit("98.0"))
    prices = {BTC: PRICE, ETH: Decimal(200)}
    # Bought at 100: 10 000 - 1 000 + 2 000.
    assert told(by_risk(percent=1).plan(make_directive(), plans, account.situation(prices=prices))) == "55.00"
    assert told(by_risk(percent=1).plan(make_directive(), plans, account.situation(prices={BTC: PRICE}))) == "NO_PRICE"


def test_without_equity_nothing_is_risked() -> None:
    plans = Plans(entry=make_entry(), exit=make_exit("98.0"))
    assert told(by_risk(percent=1).plan(make_directive(), plans, Account(funds=-5).situation())) == "NO_EQUITY"


@given(
    percent=st.decimals("0.01", 100, places=2),
    cap=st.decimals(1, 1_000, places=1),
    stop=st.integers(1, 999),
    funds=st.integers(1, 10**9),
    lot=st.sampled_from(["0.00000001", "0.001", "0.5", "3", "25"]).map(Decimal),
    multiplier=st.sampled_from(["1", "0.001", "50"]).map(Decimal),
)
def test_a_size_by_risk_is_the_most_that_keeps_both_bounds(
    percent: Decimal, cap: Decimal, stop: int, funds: int, lot: Decimal, multiplier: Decimal
) -> None:
    stop_price = Decimal(stop) / 10
    instrument = make_instrument(quantity_lot=lot, multiplier=multiplier, notional_min=Decimal(0))
    situation = Account(funds=funds).situation(instruments={BTC: instrument})
    plans = Plans(entry=make_entry(), exit=make_exit(str(stop_price)))
    answer = by_risk(percent=percent, notional_max_percent=cap).plan(make_directive(), plans, situation)
    quantity = answer.quantity if isinstance(answer, SizePlanDraft) else Decimal(0)

    def keeps(size: Decimal) -> bool:
        loss = instrument.notional(PRICE - stop_price, size)
        return loss * 100 <= funds * percent and instrument.notional(PRICE, size) * 100 <= funds * cap

    assert is_multiple(quantity, lot)
    assert keeps(quantity)
    assert not keeps(quantity + lot)


@pytest.mark.parametrize("config", [{"percent": 0}, {"percent": 101}, {"percent": 1, "notional_max_percent": 0}, {}])
def test_a_configuration_that_means_nothing_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        by_risk(**config)


@pytest.mark.parametrize("quantity", [0, -1, "nan", "inf", "much", True])
def test_a_fixed_size_is_a_finite_number_above_zero(quantity: object) -> None:
    with pytest.raises(ValueError, match="validation error"):
        fixed(quantity)
