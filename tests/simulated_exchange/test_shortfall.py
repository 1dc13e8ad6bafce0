"""The search for the first lack of margin gives what a walk through every turn of every path gives."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import MINUTE_NS, Candles, Series, timeframe_ns
from s1mpletrader.plugins.simulated_exchange.path import Path
from s1mpletrader.plugins.simulated_exchange.shortfall import Weight, first_shortfall, headroom
from tests.simulated_exchange.harness import candles
from tests.simulated_exchange.test_search import walk


def slower(data: Candles, timeframe: str, offset: int) -> Candles:
    """The same prices in candles of another length."""
    length = timeframe_ns(timeframe)
    return Candles(
        series=Series("ETH/USDT", timeframe),
        opened_at=data.opened_at // MINUTE_NS * length + offset,
        **{name: np.array(getattr(data, name)) for name in ("open", "high", "low", "close", "volume")},
    )


def naive(cash: Decimal, weights: Sequence[Weight], at: int, until: int) -> int | None:
    """From turn to turn of any path, none left out; then in the last piece nanosecond by halves."""
    while headroom(cash, weights, at) >= 0:
        if at >= until:
            return None
        turns = [turn for path, _ in weights if (turn := path.turn_after(at)) is not None]
        later = min([*turns, until])
        if headroom(cash, weights, later) < 0:
            low, high = at, later
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if headroom(cash, weights, middle) < 0 else (middle, high)
            return high
        at = later
    return at


paths = st.builds(
    lambda seed, count, timeframe, offset: Path(slower(walk(seed, count), timeframe, offset)),
    st.integers(0, 500),
    st.integers(2, 40),
    st.sampled_from(["1m", "3m", "7s"]),
    st.integers(0, 100_000_000_000),
)
factors = st.one_of(st.integers(-50, -1), st.integers(1, 50)).map(lambda tenths: Decimal(tenths) / 10)


@settings(max_examples=300)
@given(
    st.lists(st.builds(Weight, paths, factors), min_size=1, max_size=3),
    st.floats(0, 0.2),
    st.integers(1, 30 * MINUTE_NS),
    st.one_of(st.none(), st.integers(1, 40 * MINUTE_NS)),
)
def test_the_first_shortfall_is_where_a_walk_finds_it(weights: list[Weight], room: float, at: int, wait: int | None) -> None:
    """The cash leaves a little room at the beginning, a part of what is held."""
    at += max(path.opening(0).at if path.candle_at(at) < 0 else 0 for path, _ in weights)
    held = sum(abs(factor) * 100 for _, factor in weights)
    cash = -headroom(Decimal(0), weights, at) + Decimal(str(round(room * float(held), 2)))
    end = max(path.ends_at for path, _ in weights) + MINUTE_NS
    until = None if wait is None else at + wait
    found = first_shortfall(cash, weights, at, until)
    assert found == naive(cash, weights, at, end if until is None else until)
    if found is not None:
        assert headroom(cash, weights, found) < 0
        assert found == at or headroom(cash, weights, found - 1) >= 0


def test_candles_that_cannot_matter_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = [(10.0, 11.0, 9.0, 10.0)] * 5_000 + [(10.0, 10.0, 5.0, 10.0)]
    path, looks = Path(candles(*bars)), 0
    price_at = Path.price_at

    def counted(self: Path, at: int) -> float | None:
        nonlocal looks
        looks += 1
        return price_at(self, at)

    monkeypatch.setattr(Path, "price_at", counted)
    found = first_shortfall(Decimal(-60), [Weight(path, Decimal(10))], 0, None)
    assert found is not None
    assert 5_000 * MINUTE_NS < found < 5_001 * MINUTE_NS
    assert looks < 100


def test_a_path_that_stays_away_is_never_short() -> None:
    path = Path(candles(*[(10.0, 11.0, 9.0, 10.0)] * 100))
    assert first_shortfall(Decimal(-89), [Weight(path, Decimal(10))], 0, None) is None
    assert first_shortfall(Decimal(-90), [Weight(path, Decimal(10))], 0, None) is None
    assert first_shortfall(Decimal(-91), [Weight(path, Decimal(10))], 0, None) is not None
