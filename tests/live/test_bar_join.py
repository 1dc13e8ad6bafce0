"""Bars of one instant are joined: a decision sees all of them, or is told which were late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.core.bar_join import BarJoin, series_of
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import MINUTE_NS, SECOND_NS
from s1mpletrader.ports.market_data import Candle

BTC, ETH, SLOW = Series("BTC/USDT", "1m"), Series("ETH/USDT", "1m"), Series("BTC/USDT", "5m")
GRACE_NS = 5 * SECOND_NS


def bar(series: Series, closing_minute: int) -> Candle:
    length = 5 if series is SLOW else 1
    opened_at = (closing_minute - length) * MINUTE_NS
    return Candle(series=series, opened_at=opened_at, open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)


def join(*series: Series, grace_ns: int | None = GRACE_NS) -> BarJoin:
    joined = BarJoin(series, grace_ns)
    for one in series:
        joined.skip(bar(one, 10))
    return joined


def test_an_instant_waits_for_every_series_that_is_due() -> None:
    both = join(BTC, ETH)
    both.put(bar(BTC, 11), 11 * MINUTE_NS)
    assert both.take(11 * MINUTE_NS) is None
    both.put(bar(ETH, 11), 11 * MINUTE_NS + SECOND_NS)
    joined = both.take(11 * MINUTE_NS + SECOND_NS)
    assert joined is not None
    assert (joined.at, joined.late) == (11 * MINUTE_NS, ())
    assert series_of(joined.candles) == (BTC, ETH)


def test_a_slow_series_is_due_only_where_it_closes_and_comes_first() -> None:
    mixed = join(BTC, SLOW)
    mixed.put(bar(BTC, 11), 0)
    assert mixed.take(0) is not None
    for minute in (12, 13, 14, 15):
        mixed.put(bar(BTC, minute), 0)
    assert [joined.at // MINUTE_NS for joined in iter(lambda: mixed.take(0), None)] == [12, 13, 14]
    mixed.put(bar(SLOW, 15), 0)
    joined = mixed.take(0)
    assert joined is not None
    assert series_of(joined.candles) == (SLOW, BTC)


def test_after_the_grace_it_goes_on_and_says_what_was_late() -> None:
    both = join(BTC, ETH)
    came_at = 11 * MINUTE_NS + 7
    both.put(bar(BTC, 11), came_at)
    assert both.grace_over_at() == came_at + GRACE_NS
    assert both.take(came_at + GRACE_NS - 1) is None
    joined = both.take(came_at + GRACE_NS)
    assert joined is not None
    assert joined.late == (ETH,)
    assert series_of(joined.candles) == (BTC,)


def test_a_late_bar_joins_the_next_instant() -> None:
    both = join(BTC, ETH)
    both.put(bar(BTC, 11), 0)
    assert both.take(GRACE_NS) is not None
    both.put(bar(ETH, 11), GRACE_NS)
    assert both.take(GRACE_NS) is None, "no fact changes behind a decision's back"
    both.put(bar(BTC, 12), GRACE_NS)
    both.put(bar(ETH, 12), GRACE_NS)
    joined = both.take(GRACE_NS)
    assert joined is not None
    assert joined.at == 12 * MINUTE_NS
    assert [(candle.series, candle.opened_at // MINUTE_NS) for candle in joined.candles] == [(BTC, 11), (ETH, 10), (ETH, 11)]


def test_a_bar_that_was_skipped_by_its_source_holds_nobody_up_once_a_later_one_is_there() -> None:
    both = join(BTC, ETH)
    both.put(bar(BTC, 11), 0)
    both.put(bar(ETH, 12), 0)
    joined = both.take(0)
    assert joined is not None
    assert (joined.at, joined.late) == (11 * MINUTE_NS, ())


def test_without_a_grace_it_waits_for_good() -> None:
    both = join(BTC, ETH, grace_ns=None)
    both.put(bar(BTC, 11), 0)
    assert both.grace_over_at() is None
    assert both.take(10**18) is None
    both.put(bar(ETH, 11), 10**18)
    assert both.take(10**18) is not None


def test_a_bar_twice_or_an_old_one_is_nothing_new() -> None:
    one = join(BTC)
    one.put(bar(BTC, 11), 0)
    one.put(bar(BTC, 11), 0)
    one.put(bar(BTC, 9), 0)
    joined = one.take(0)
    assert joined is not None
    assert len(joined.candles) == 1
    assert one.take(0) is None


@pytest.mark.parametrize("grace_ns", [GRACE_NS, None])
@given(data=st.data())
def test_however_bars_arrive_each_is_seen_once_in_its_series_order(grace_ns: int | None, data: st.DataObject) -> None:
    """The two streams are interleaved at will, with pauses; instants only rise."""
    streams = {series: [bar(series, minute) for minute in range(11, 31)] for series in (BTC, ETH)}
    both, now = join(BTC, ETH, grace_ns=grace_ns), 0
    seen: list[Candle] = []
    instants: list[int] = []
    while any(streams.values()):
        series = data.draw(st.sampled_from([series for series, bars in streams.items() if bars]))
        now += data.draw(st.sampled_from([0, SECOND_NS, GRACE_NS]))
        both.put(streams[series].pop(0), now)
        while (joined := both.take(now)) is not None:
            instants.append(joined.at)
            seen += joined.candles
    while (joined := both.take(now + 2 * GRACE_NS)) is not None:
        instants.append(joined.at)
        seen += joined.candles
    assert instants == sorted(set(instants))
    for series in (BTC, ETH):
        minutes = [candle.opened_at // MINUTE_NS for candle in seen if candle.series == series]
        assert minutes == sorted(set(minutes))
        if grace_ns is None:
            assert len(minutes) == 20


def test_a_series_that_has_had_no_bar_yet_is_late_where_it_closes_and_nowhere_else() -> None:
    mixed = BarJoin((BTC, SLOW), GRACE_NS)
    for minute in (13, 14, 15):
        mixed.put(bar(BTC, minute), minute * MINUTE_NS)
    found = [mixed.take(15 * MINUTE_NS) for _ in range(3)]
    assert [(one.at // MINUTE_NS, one.late) if one is not None else None for one in found] == [(13, ()), (14, ()), None]
    last = mixed.take(15 * MINUTE_NS + GRACE_NS)
    assert last is not None
    assert last.late == (SLOW,)
