"""A live strategy's columns have little room and grow: whoever looks sees what it would have seen in a backtest."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from s1mpletrader.assembly.strategy import assemble_strategy
from s1mpletrader.configuration import Portfolio, load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.feed import DenseFeed
from s1mpletrader.core.growing_candles import GrowingCandles
from s1mpletrader.core.live_feed import LiveFeed, rows_needed
from s1mpletrader.core.live_streams import candles_of
from s1mpletrader.core.market import Market
from s1mpletrader.core.strategy import BoundCoupled, BoundDetector, Strategy
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.facts import CANDLE_FIELDS, Facts, Key, Series
from s1mpletrader.domain.instant import MINUTE_NS, timeframe_ns
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction, SignalDraft
from s1mpletrader.domain.reasons import MarketSnapshot
from s1mpletrader.plugins.stores.state import MemoryState
from s1mpletrader.ports.market_data import Candle
from tests.core.samples import INSTRUMENT
from tests.running import EXAMPLES, MEMORY

VIEW = AccountView(revision=1, strategy="s", account_type=AccountType.NETTING, currency="USDT", balances={}, positions={})

RECENT_NS = 12 * MINUTE_NS
STRATEGIES: Mapping[str, tuple[str | Path, tuple[str, ...]]] = {
    "two timeframes": (Path(__file__).parent / "two_timeframes.toml", ()),
    "crossover": ("ema_cross.toml", ("context.0.period=3", "context.1.period=8", "data.0.candles=400")),
    "long": ("ema_cross.toml", ("data.0.candles=200",)),
    "breakout": (
        "breakout.toml",
        ("context.0.period=12", "context.1.period=12", "context.2.period=5", "risk.1.limit=0.004", "data.0.candles=400"),
    ),
    "trailing": ("trailing.toml", ("context.0.period=4", "context.1.period=9", "data.0.candles=400")),
    "pairs": (
        "pairs.toml",
        ("signal.0.window=15", "signal.0.entry_deviation=1.2", "data.0.candles=250", "data.1.candles=250"),
    ),
}


@cache
def portfolio(name: str) -> Portfolio:
    file, overrides = STRATEGIES[name]
    return load(EXAMPLES / file, [*MEMORY, *overrides])


@cache
def history(name: str) -> dict[Series, Candles]:
    container = BacktestContainer(configuration=portfolio(name))
    [found] = container.candles_of().values()
    return dict(found)


def assembled(name: str, candles: Mapping[Series, Any]) -> Strategy:
    instruments = {symbol: replace(INSTRUMENT, symbol=symbol) for symbol in portfolio(name).symbols}
    return assemble_strategy(portfolio(name).strategies[0], candles, instruments, MemoryState)


class Moment(NamedTuple):
    """What a strategy sees at an instant."""

    at: int
    signals: list[Any]
    risks: list[Any]
    states: list[Any]
    last: dict[str, float]
    windows: list[list[float]]
    snapshots: list[MarketSnapshot | None]
    volumes: list[Decimal]


class Looking:
    """A strategy, and everything that it can look at."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.market = Market(strategy.facts, strategy.price_keys, strategy.facts.known_keys())
        users: list[Any] = [*(one.worker for one in strategy.coupled), *(one.detector for one in strategy.detectors)]
        self.windows = sorted({(key, user.window) for user in users for key in user.needs})

    def moment(self, seen: Any) -> Moment:
        facts = self.strategy.facts
        windows = [facts.window(key, length).tolist() for key, length in self.windows if facts.has(key, length)]
        symbols = self.strategy.symbols
        return Moment(
            facts.at,
            list(seen.signals),
            list(seen.risks),
            list(self.strategy.state.coupled),
            self.market.facts(),
            windows,
            [self.market.snapshot(symbol) for symbol in symbols],
            [self.market.volume_since(symbol, facts.at - RECENT_NS) for symbol in symbols],
        )


def in_a_backtest(name: str, candles: Mapping[Series, Candles]) -> list[Moment]:
    strategy = assembled(name, candles)
    looking, feed = Looking(strategy), DenseFeed(strategy, lambda: VIEW)
    moments = []
    while feed.next_at(None) is not None:
        moments.append(looking.moment(feed.take()))
    return moments


class Live:
    """A strategy whose columns have room for so many candles more than twice what it needs."""

    def __init__(self, name: str, series: list[Series], spare: int) -> None:
        trial = assembled(name, {one: GrowingCandles(one, 1) for one in series})
        self.needed = rows_needed(trial)
        self.room = {one: GrowingCandles(one, 2 * self.needed[one] + spare) for one in series}
        self.looking = Looking(assembled(name, self.room))
        self.feed = LiveFeed(self.looking.strategy, self.room, lambda: VIEW)

    def run(self, candles: Mapping[Series, Candles]) -> list[Moment]:
        by_instant: dict[int, list[Candle]] = {}
        for one in candles.values():
            for candle in candles_of(one):
                by_instant.setdefault(candle.opened_at + timeframe_ns(one.series.timeframe), []).append(candle)
        moments = []
        for at in sorted(by_instant):
            taken = [candle.series for candle in by_instant[at] if self.feed.append(candle)]
            assert [self.feed.append(candle) for candle in by_instant[at]] == [False] * len(taken)
            moments.append(self.looking.moment(self.feed.look(taken)))
        return moments


def thinned(candles: Mapping[Series, Candles], gaps: frozenset[int]) -> dict[Series, Candles]:
    """Without some of the candles."""
    found = {}
    for number, (series, data) in enumerate(candles.items()):
        rows = np.array([row for row in range(len(data)) if (row + number) % 50 not in gaps])
        fields = {field: getattr(data, field)[rows] for field in CANDLE_FIELDS}
        found[series] = Candles(series=series, opened_at=data.opened_at[rows], **fields)
    return found


@pytest.mark.parametrize("name", STRATEGIES)
def test_columns_that_grow_and_drop_their_oldest_show_what_a_backtest_shows(name: str) -> None:
    candles = history(name)
    live = Live(name, list(candles), spare=0)
    expected = in_a_backtest(name, candles)
    moments = live.run(candles)
    assert all(cursor.dropped > 20 for cursor in live.looking.strategy.facts.cursors.values())
    assert any(moment.signals for moment in expected), "a strategy that sees nothing shows nothing"
    assert moments == expected


@settings(max_examples=20)
@given(st.sampled_from(sorted(STRATEGIES)), st.integers(0, 80), st.frozensets(st.integers(0, 49), max_size=20))
def test_however_much_room_there_is_and_whatever_is_missing(name: str, spare: int, gaps: frozenset[int]) -> None:
    candles = thinned(history(name), gaps)
    assert Live(name, list(candles), spare).run(candles) == in_a_backtest(name, candles)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        # The market's volatility looks at 21 closes, where nobody looks at more.
        ("two timeframes", {"1m": 21, "5m": 21}),
        ("long", {"1m": 31}),
    ],
)
def test_so_many_candles_are_needed_as_fill_the_longest_window(name: str, needed: dict[str, int]) -> None:
    live = Live(name, list(history(name)), spare=0)
    assert {series.timeframe: rows for series, rows in live.needed.items()} == needed


def test_a_strategy_is_warm_once_the_last_window_is_full() -> None:
    [(series, data)] = history("long").items()
    live = Live("long", [series], spare=0)
    warm = []
    for candle in candles_of(data)[:32]:
        live.feed.append(candle)
        warm.append(live.feed.is_warm)
    assert warm == [False] * 30 + [True, True]


def test_a_series_before_its_first_candle_has_closed_to_nothing() -> None:
    candles = history("pairs")
    live = Live("pairs", list(candles), spare=0)
    first, second = candles
    live.feed.append(candles_of(candles[first])[0])
    assert live.feed.closed_to(first) == candles[first].closed_at.item(0)
    assert live.feed.closed_to(second) is None
    assert live.looking.strategy.facts.at == candles[first].closed_at.item(0)


class Counts:
    """A coupled worker that counts how often it is stepped, or fails."""

    window = 3

    def __init__(self, series: Series, fault: Exception | None = None) -> None:
        self.needs = (Key(*series, "close"),)
        self._fault = fault

    def initial(self) -> int:
        return 0

    def step(self, state: int, at: Facts, view: AccountView) -> tuple[int, Sequence[SignalDraft]]:
        if self._fault is not None:
            raise self._fault
        assert view is VIEW
        return state + 1, [SignalDraft(symbol="BTC/USDT", direction=Direction.LONG, kind="counted")]


def counting(fault: Exception | None = None) -> tuple[Live, Series, list[Candle]]:
    """A strategy with a monitor and a detector that count."""
    [(series, data)] = history("trailing").items()
    live = Live("trailing", [series], spare=0)
    strategy = live.looking.strategy
    workers = tuple(BoundCoupled(name, Counts(series, fault), series, 0) for name in ("monitor", "detector"))
    object.__setattr__(strategy, "coupled", workers)
    object.__setattr__(strategy, "monitor_count", 1)
    strategy.state.coupled[:] = [0, 0]
    return live, series, candles_of(data)


def test_a_warm_up_steps_the_detectors_that_have_a_state_and_no_monitor() -> None:
    live, series, candles = counting()
    for candle in candles[:5]:
        live.feed.append(candle)
        live.feed.warm_up([])
        live.feed.warm_up([series])
    assert live.looking.strategy.state.coupled == [0, 3], "its window is full from the third candle on"
    live.feed.append(candles[5])
    assert [name for name, _ in live.feed.look([series]).signals if name in ("monitor", "detector")] == ["monitor", "detector"]
    assert live.looking.strategy.state.coupled == [1, 4]


@pytest.mark.parametrize(("way", "name"), [("look", "monitor"), ("warm_up", "detector")])
def test_a_worker_that_fails_is_named(way: str, name: str) -> None:
    fault = ZeroDivisionError("a mean of nothing")
    live, series, candles = counting(fault)
    for candle in candles[:3]:
        live.feed.append(candle)
    with pytest.raises(PluginFailed, match=f"^{name} failed: ZeroDivisionError: a mean of nothing$") as failed:
        getattr(live.feed, way)([series])
    assert failed.value.__cause__ is fault


def test_a_detector_that_fails_is_named() -> None:
    fault = ZeroDivisionError("a mean of nothing")

    class Broken:
        needs, window = (), 1

        def detect(self, at: Facts) -> Sequence[SignalDraft]:
            raise fault

    live, series, candles = counting()
    object.__setattr__(live.looking.strategy, "detectors", (BoundDetector("broken", Broken(), series, 0),))
    live.feed.append(candles[0])
    with pytest.raises(PluginFailed, match=r"^broken failed: ZeroDivisionError: a mean of nothing$"):
        live.feed.look([series])
