"""Facts as of an instant: nothing later can be reached, and slower series are seen as of their close."""

import numpy as np
import pytest

from s1mpletrader.core.facts import FactTable, Timeline
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Key, Series
from s1mpletrader.domain.instant import MINUTE_NS, timeframe_ns

FAST, SLOW = Series("BTC/USDT", "1m"), Series("BTC/USDT", "3m")
CLOSE = Key(*FAST, "close")


def candles(series: Series, count: int, first: int = 0) -> Candles:
    opened = np.arange(count, dtype=np.int64) * timeframe_ns(series.timeframe) + first
    price = np.arange(1, count + 1, dtype=np.float64) * 10
    return Candles(series=series, opened_at=opened, open=price, high=price + 1, low=price - 1, close=price, volume=np.ones(count))


def table(count: int = 5) -> FactTable:
    facts = FactTable({FAST: candles(FAST, count)})
    facts.cursors[FAST].count = 3
    return facts


def test_a_value_is_of_the_last_closed_candle_or_so_many_back() -> None:
    facts = table()
    assert [facts.value(CLOSE), facts.value(CLOSE, 1), facts.value(CLOSE, 2)] == [30.0, 20.0, 10.0]


@pytest.mark.parametrize("back", [-1, -2, 3])
def test_neither_the_future_nor_what_never_was_can_be_read(back: int) -> None:
    with pytest.raises(LookupError, match=f"^BTC/USDT 1m close has no value {back} candles ago$"):
        table().value(CLOSE, back)


def test_a_window_ends_now_and_cannot_be_written() -> None:
    facts = table()
    assert [facts.window(CLOSE, length).tolist() for length in (1, 3)] == [[30.0], [10.0, 20.0, 30.0]]
    window = facts.window(CLOSE, 2)
    assert window.tolist() == [20.0, 30.0]
    with pytest.raises(ValueError, match="read-only"):
        window[0] = 0.0


@pytest.mark.parametrize("length", [0, 4, 5])
def test_a_window_longer_than_what_there_is_is_refused(length: int) -> None:
    with pytest.raises(LookupError, match=f"^BTC/USDT 1m close has no {length} values yet$"):
        table().window(CLOSE, length)


def test_a_fact_begins_at_its_first_row() -> None:
    facts = table()
    key = Key(*FAST, "average")
    facts.add(key, np.array([np.nan, np.nan, 7.0, 8.0, 9.0]), first=2)
    assert facts.value(key) == 7.0
    assert (facts.has(key, 1), facts.has(key, 2), facts.has(CLOSE, 3), facts.has(CLOSE, 4)) == (True, False, True, False)
    with pytest.raises(LookupError):
        facts.value(key, 1)


def test_a_slow_series_is_aligned_as_of_its_close() -> None:
    facts = FactTable({FAST: candles(FAST, 7), SLOW: candles(SLOW, 2)})
    slow_close = Key(*SLOW, "close")
    aligned = facts.aligned((CLOSE, slow_close))
    assert aligned[CLOSE].tolist() == [10, 20, 30, 40, 50, 60, 70]
    np.testing.assert_array_equal(aligned[slow_close], [np.nan, np.nan, 10, 10, 10, 20, 20])


def test_what_stands_before_the_first_row_is_not_shown() -> None:
    facts = table()
    key = Key(*FAST, "average")
    facts.add(key, np.array([5.0, 6.0, 7.0, 8.0, 9.0]), first=2)
    np.testing.assert_array_equal(facts.aligned((key,))[key], [np.nan, np.nan, 7, 8, 9])


def test_the_timeline_joins_the_closes_of_all_series() -> None:
    data = {FAST: candles(FAST, 4), SLOW: candles(SLOW, 2, first=MINUTE_NS // 2)}
    timeline = Timeline(data)
    minutes = [instant / MINUTE_NS for instant in timeline.instants.tolist()]
    assert minutes == [1, 2, 3, 3.5, 4, 6.5]
    assert [timeline.count(FAST, index) for index in range(6)] == [1, 2, 3, 3, 4, 4]
    assert [timeline.count(SLOW, index) for index in range(6)] == [0, 0, 0, 1, 1, 2]
    flags = timeline.flags(FAST, np.array([False, True, False, True]), data[FAST].closed_at)
    assert flags.tolist() == [False, True, False, False, True, False]


def test_one_series_alone_is_its_own_timeline() -> None:
    data = {FAST: candles(FAST, 4)}
    timeline = Timeline(data)
    assert len(timeline) == 4
    assert [timeline.count(FAST, index) for index in range(4)] == [1, 2, 3, 4]
