"""Budgets: counted here, corrected by the venue, and a ban that outlives the process."""

import pytest

from s1mpletrader.api import MINUTE_NS, SECOND_NS, IState
from s1mpletrader.exchange import ManualClock
from s1mpletrader.plugins.binance.errors import Limited
from s1mpletrader.plugins.binance.limits import Limits
from s1mpletrader.plugins.binance.messages import RateLimit
from s1mpletrader.plugins.stores import MemoryState

START = 1_767_225_600 * SECOND_NS


def limits(clock: ManualClock, state: IState | None = None) -> Limits:
    made = Limits(clock, "host", None if state is None else lambda: state)
    made.learn(
        [
            RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 100),
            RateLimit("ORDERS", "SECOND", 10, 3),
            RateLimit("ORDERS", "DAY", 1, 5),
            RateLimit("RAW_REQUESTS", "MINUTE", 5, 61_000),
        ]
    )
    return made


def test_one_part_in_ten_is_kept_for_what_is_urgent() -> None:
    clock = ManualClock(START)
    budget = limits(clock)
    budget.take(90)
    with pytest.raises(Limited) as raised:
        budget.take(1)
    assert raised.value.retry_at == START + MINUTE_NS
    budget.take(10, urgent=True)
    with pytest.raises(Limited):
        budget.take(1, urgent=True)
    clock.move(MINUTE_NS)
    budget.take(90)


def test_the_venues_own_count_is_the_one_that_counts() -> None:
    budget = limits(ManualClock(START))
    budget.take(5)
    budget.read_headers({"x-mbx-used-weight-1m": "85"})
    assert budget.weight_used == 85
    with pytest.raises(Limited):
        budget.take(6)
    budget.learn([RateLimit("REQUEST_WEIGHT", "MINUTE", 1, 100, 90)])
    assert (budget.weight_used, budget.weight_max) == (90, 100)


def test_nonsense_in_a_header_counts_nothing() -> None:
    budget = limits(ManualClock(START))
    budget.read_headers({"x-mbx-used-weight-1m": "-1", "x-mbx-order-count-10s": "many", "x-mbx-order-count-99x": "1"})
    budget.learn([RateLimit("ORDERS", "FORTNIGHT", 1, 5), RateLimit("ORDERS", "SECOND", 10, 0)])
    assert budget.weight_used == 0
    budget.take(1, orders=3)


def test_orders_have_budgets_of_their_own() -> None:
    clock = ManualClock(START)
    budget = limits(clock)
    budget.take(1, orders=3)
    with pytest.raises(Limited) as raised:
        budget.take(1, orders=1)
    assert raised.value.retry_at == START + 10 * SECOND_NS
    budget.take(1, urgent=True)
    clock.move(10 * SECOND_NS)
    budget.read_headers({"X-MBX-ORDER-COUNT-1D": "5"})
    with pytest.raises(Limited) as raised:
        budget.take(1, orders=1)
    assert raised.value.retry_at > START + MINUTE_NS


def test_too_many_orders_hold_back_orders_alone() -> None:
    clock = ManualClock(START)
    budget = limits(clock)
    budget.obey(Limited("-1015", START + 20 * SECOND_NS, of_orders=True))
    budget.take(1)
    with pytest.raises(Limited):
        budget.take(1, orders=1)
    assert budget.banned_until is None
    clock.move(20 * SECOND_NS)
    budget.take(1, orders=1)


def test_a_ban_holds_back_everything_and_outlives_the_process() -> None:
    clock, state = ManualClock(START), MemoryState()
    limits(clock, state).obey(Limited("banned", START + MINUTE_NS))
    again = limits(clock, state)
    assert again.banned_until == START + MINUTE_NS
    with pytest.raises(Limited):
        again.take(1, urgent=True)
    clock.move(MINUTE_NS)
    again.take(1)
    assert again.banned_until is None


def test_a_shorter_ban_does_not_shorten_a_longer_one() -> None:
    clock, state = ManualClock(START), MemoryState()
    one, other = limits(clock, state), limits(clock, state)
    one.obey(Limited("banned", START + 9 * SECOND_NS))
    other.obey(Limited("banned", START + 2 * SECOND_NS))
    one.obey(Limited("banned", START + 3 * SECOND_NS))
    assert limits(clock, state).banned_until == START + 9 * SECOND_NS


def test_a_damaged_memory_bans_nobody() -> None:
    state = MemoryState()
    state.put("binance/host/banned_until", b"tomorrow", expected_version=0)
    assert limits(ManualClock(START), state).banned_until is None
