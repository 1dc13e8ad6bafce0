"""The windowed search along the path against a loop over every candle and every segment."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import MINUTE_NS, Candles, Instant, OrderRequest, Series
from s1mpletrader.plugins.simulated_exchange.book.matching import next_hit
from s1mpletrader.plugins.simulated_exchange.book.order import VenueOrder
from s1mpletrader.plugins.simulated_exchange.config import InstrumentRules
from s1mpletrader.plugins.simulated_exchange.path import Path, Point
from tests.simulated_exchange.harness import SYMBOL, details, order_id

INSTRUMENT = InstrumentRules(price_tick=Decimal("0.1"), quantity_lot=Decimal("0.1")).instrument(SYMBOL)


def walk(seed: int, count: int) -> Candles:
    """Candles of a random walk on whole ticks, some missing."""
    random = np.random.default_rng(seed)
    opening = np.round(100 + np.cumsum(random.normal(0, 0.4, count)), 1)
    close = np.round(opening + random.normal(0, 0.3, count), 1)
    high = np.round(np.maximum(opening, close) + random.integers(0, 4, count) / 10, 1)
    low = np.round(np.minimum(opening, close) - random.integers(0, 4, count) / 10, 1)
    opened = np.cumsum(random.integers(1, 3, count)) * MINUTE_NS
    return Candles(
        series=Series(SYMBOL, "1m"),
        opened_at=opened,
        open=opening,
        high=high,
        low=low,
        close=close,
        volume=random.integers(0, 3, count).astype(np.float64),
    )


def resting(texts: Sequence[str]) -> list[VenueOrder]:
    return [
        VenueOrder(
            OrderRequest(order_id=order_id(number), client_order_id=str(number), details=details(text)),
            INSTRUMENT,
            number,
            0,
            "touch",
            None,
        )
        for number, text in enumerate(texts, 1)
    ]


def naive(candles: Candles, orders: Sequence[VenueOrder], start: int) -> tuple[Instant, float, int] | None:
    """When, at what price, and which order: every candle, every segment, every order, one after the other."""
    for index in range(start, len(candles)):
        able = [order for order in orders if candles.volume[index] > 0 or not order.needs_volume]
        opened, opening, close = int(candles.opened_at[index]), float(candles.open[index]), float(candles.close[index])
        extremes = [float(candles.low[index]), float(candles.high[index])]
        prices = [opening, *(extremes if close >= opening else extremes[::-1]), close]
        times = [opened, opened + MINUTE_NS // 3, opened + 2 * MINUTE_NS // 3, opened + MINUTE_NS - 1]
        at_open = [order for order in able if order.acts_at(opening)]
        if at_open:
            return opened, opening, min(at_open, key=lambda order: order.priority(opening)).sequence
        for segment in range(3):
            reached = []
            for order in able:
                begin, end = prices[segment], prices[segment + 1]
                if begin == end or not min(begin, end) <= order.level <= max(begin, end) or order.down != (end < begin):
                    continue
                part = (order.level - begin) / (end - begin)
                at = times[segment] + int(np.ceil(np.round(part * (times[segment + 1] - times[segment]), 3)))
                reached.append((abs(order.level - begin), order.sequence, min(at, times[segment + 1]), order.level))
            if reached:
                _, sequence, at, level = min(reached)
                return at, level, sequence
    return None


levels = st.integers(800, 1200).map(lambda tenths: str(Decimal(tenths) / 10))
texts = st.one_of(
    st.builds("{} 1 @ {}".format, st.sampled_from(["buy", "sell"]), levels),
    st.builds("{} 1 stop {}".format, st.sampled_from(["buy", "sell"]), levels),
)


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.integers(1, 700), st.lists(texts, min_size=1, max_size=4), st.data())
def test_the_search_finds_what_the_loop_finds(seed: int, count: int, orders: list[str], data: st.DataObject) -> None:
    candles, placed = walk(seed, count), resting(orders)
    start = data.draw(st.integers(0, count - 1))
    found = next_hit(Path(candles), placed, None, start, lambda candle: bool(candles.volume[candle] > 0))
    expected = naive(candles, placed, start)
    assert (None if found is None else (found.point.at, found.point.price, found.order.sequence)) == expected


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(90, 110), st.floats(90, 110))
def test_windows_leave_no_candle_out(seed: int, down: float, up: float) -> None:
    candles = walk(seed, 3_000)
    path, start = Path(candles), seed % 2_000
    naive_first = next((k for k in range(start, 3_000) if candles.low[k] <= down or candles.high[k] >= up), None)
    assert path.first_reaching(start, down, up) == naive_first


@pytest.mark.parametrize("place", [0, 63, 64, 65, 319, 320, 321, 1343, 1344, 2999])
def test_the_first_and_the_last_candle_of_a_window_are_seen(place: int) -> None:
    flat = np.full(3_000, 10.0)
    high = flat.copy()
    high[place] = 11.0
    opened = np.arange(3_000, dtype=np.int64) * MINUTE_NS
    series = Series(SYMBOL, "1m")
    path = Path(Candles(series=series, opened_at=opened, open=flat, high=high, low=flat, close=flat, volume=flat))
    assert path.first_reaching(0, 9.0, 11.0) == place
    assert path.first_reaching(place + 1, 9.0, 11.0) is None


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.integers(0, 200 * MINUTE_NS))
def test_every_instant_has_one_place_on_the_path_or_none(seed: int, at: Instant) -> None:
    candles = walk(seed, 100)
    path = Path(candles)
    candle = path.candle_at(at)
    point = path.point_at(candle, at)
    covering = [k for k in range(100) if candles.opened_at[k] <= at < candles.opened_at[k] + MINUTE_NS]
    assert ([] if point is None else [point.candle]) == covering
    if point is not None:
        assert candles.low[candle] <= point.price <= candles.high[candle]
        assert point.at == at


def test_the_path_passes_through_its_four_points() -> None:
    candles = walk(3, 50)
    path = Path(candles)
    for candle in range(50):
        assert path.opening(candle) == Point(candle, 0, int(candles.opened_at[candle]), candles.open[candle])
        for at, price in path.turns(candle):
            point = path.point_at(candle, at)
            assert point is not None
            assert point.price == price
