"""Entries: sides, limits beside the last price, and their ticks."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.api import (
    NOTHING,
    Aim,
    Direction,
    EntryPlanDraft,
    OrderType,
    Plans,
    RefusalDraft,
    Scope,
    Side,
    TimeInForce,
    is_multiple,
)
from s1mpletrader.plugins.planners.entry import LimitEntry, LimitEntryConfig, MarketEntry

from .making import BTC, LONG, SHORT, Account, make_directive, make_instrument, make_provision

MARKET = MarketEntry()


def limit(**config: Any) -> LimitEntry:
    return LimitEntry(LimitEntryConfig.model_validate(config), make_provision())


@pytest.mark.parametrize(("direction", "side"), [(LONG, Side.BUY), (SHORT, Side.SELL)])
def test_a_market_entry_takes_the_directions_side(direction: Direction, side: Side) -> None:
    assert MARKET.plan(make_directive(direction), Plans(), Account().situation()) == EntryPlanDraft(side=side)


LIMITS: list[tuple[Direction, dict[str, Any], str]] = [
    (LONG, {}, "100.0"),
    (SHORT, {}, "100.0"),
    (LONG, {"offset_ticks": 3}, "99.7"),
    (SHORT, {"offset_ticks": 3}, "100.3"),
    (LONG, {"offset_percent": 1}, "99.0"),
    (SHORT, {"offset_percent": "1"}, "101.0"),
    (LONG, {"offset_percent": 0.05}, "99.9"),
    (SHORT, {"offset_percent": 0.05}, "100.1"),
]


@pytest.mark.parametrize(("direction", "config", "price"), LIMITS)
def test_a_limit_waits_beside_the_last_price(direction: Direction, config: dict[str, Any], price: str) -> None:
    draft = limit(**config).plan(make_directive(direction), Plans(), Account().situation())
    assert isinstance(draft, EntryPlanDraft)
    assert (draft.type, draft.price) == (OrderType.LIMIT, Decimal(price))


@given(
    last=st.decimals("0.01", "99999", places=3),
    tick=st.sampled_from(["0.1", "0.01", "0.5", "0.25", "5"]).map(Decimal),
    percent=st.decimals(0, 99, places=4),
    direction=st.sampled_from(Direction),
)
def test_a_limit_lies_on_a_tick_and_never_nearer_than_asked(
    last: Decimal, tick: Decimal, percent: Decimal, direction: Direction
) -> None:
    instruments = {BTC: make_instrument(price_tick=tick)}
    situation = Account().situation(instruments=instruments, prices={BTC: last})
    draft = limit(offset_percent=percent).plan(make_directive(direction), Plans(), situation)
    if isinstance(draft, RefusalDraft):
        assert draft.code == "IMPOSSIBLE_PRICE"
        assert direction is LONG
        assert last * (100 - percent) / 100 < tick
        return
    assert isinstance(draft, EntryPlanDraft)
    assert draft.price is not None
    assert is_multiple(draft.price, tick)
    away = (last - draft.price) if direction is LONG else (draft.price - last)
    assert last * percent / 100 <= away < last * percent / 100 + tick


def test_a_limit_keeps_its_time_in_force() -> None:
    draft = limit(time_in_force="IOC").plan(make_directive(), Plans(), Account().situation())
    assert isinstance(draft, EntryPlanDraft)
    assert draft.time_in_force is TimeInForce.IOC


def test_a_limit_needs_a_price_to_lie_beside() -> None:
    draft = limit().plan(make_directive(), Plans(), Account().situation(prices={}))
    assert isinstance(draft, RefusalDraft)
    assert draft.code == "NO_PRICE"


def test_an_offset_that_leaves_no_price_is_refused() -> None:
    draft = limit(offset_ticks=1_000).plan(make_directive(), Plans(), Account().situation())
    assert isinstance(draft, RefusalDraft)
    assert draft.code == "IMPOSSIBLE_PRICE"


@pytest.mark.parametrize("planner", [MARKET, limit()])
@pytest.mark.parametrize("scope", [Scope.MODIFY_EXISTING, Scope.CLOSE_EXISTING])
def test_only_new_trades_are_entered(planner: MarketEntry | LimitEntry, scope: Scope) -> None:
    account = Account()
    trade = account.enter()
    assert planner.plan(make_directive(LONG, scope, trade.trade_id), Plans(), account.situation()) == NOTHING


@pytest.mark.parametrize("planner", [MARKET, limit()])
def test_more_of_a_trade_is_entered_as_a_new_one_is(planner: MarketEntry | LimitEntry) -> None:
    account = Account()
    trade = account.enter()
    more = make_directive(LONG, Scope.MODIFY_EXISTING, trade.trade_id, aim=Aim.ADD)
    assert planner.plan(more, Plans(), account.situation()) == planner.plan(make_directive(LONG), Plans(), account.situation())


@pytest.mark.parametrize(
    "config", [{"offset_ticks": 1, "offset_percent": 1}, {"offset_ticks": -1}, {"offset_percent": 100}, {"offset_percent": True}]
)
def test_a_configuration_that_means_nothing_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        LimitEntryConfig.model_validate(config)
