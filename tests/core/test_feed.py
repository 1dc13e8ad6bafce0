"""Two feeds, one story: what the skipping feed passes over is what nobody would have said anything about."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.feed import DenseFeed, Feed, SkippingFeed, can_skip
from s1mpletrader.core.strategy import BoundCoupled, BoundDetector, Strategy, StrategyState
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import BoolArray, Columns, Facts, Key, Series
from s1mpletrader.domain.instant import MINUTE_NS, Instant, timeframe_ns
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction, RiskDraft, Severity, SignalDraft

FAST, SLOW = Series("BTC/USDT", "1m"), Series("BTC/USDT", "3m")
END = 2**62


def close(series: Series) -> Key:
    return Key(*series, "close")


def candles(series: Series, closes: Sequence[int]) -> Candles:
    opened_at = np.arange(len(closes), dtype=np.int64) * timeframe_ns(series.timeframe)
    price = np.array(closes, dtype=np.float64)
    return Candles(
        series=series, opened_at=opened_at, open=price, high=price, low=price, close=price, volume=np.zeros(len(closes))
    )


def view(revision: int) -> AccountView:
    return AccountView(revision=revision, strategy="s", account_type=AccountType.SPOT, currency="USDT", balances={}, positions={})


class Above:
    """A detector that names the sum of its last two closes where the latest is high enough; as candidates it names more."""

    window = 2

    def __init__(self, series: Series, level: int) -> None:
        self.needs, self.level = (close(series),), level

    def detect(self, at: Facts) -> Sequence[SignalDraft]:
        if at.value(self.needs[0]) < self.level:
            return ()
        seen = at.window(self.needs[0], 2).sum()
        return [SignalDraft(symbol="BTC/USDT", direction=Direction.LONG, kind=f"{self.needs[0]} {seen:g}")]

    def candidates(self, columns: Columns) -> BoolArray:
        flags: BoolArray = columns[self.needs[0]] >= self.level - 1
        return flags


class Counter:
    """A coupled worker that adds up closes, and speaks where the sum and the account's revision are a multiple of its step."""

    window = 1

    def __init__(self, series: Series, step: int, *, signals: bool) -> None:
        self.needs, self.multiple, self.signals = (close(series),), step, signals

    def initial(self) -> int:
        return 0

    def step(self, state: int, at: Facts, view: AccountView) -> tuple[int, Sequence[RiskDraft | SignalDraft]]:
        state += int(at.value(self.needs[0]))
        return state, [self.draft(state)] if self.speaks(state, view) else []

    def quiet(self, state: int, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[int, int]:
        for row in range(start, stop):
            after = state + int(columns[self.needs[0]][row])
            if self.speaks(after, view):
                return state, row
            state = after
        return state, stop

    def speaks(self, state: int, view: AccountView) -> bool:
        return (state + view.revision) % self.multiple == 0

    def draft(self, state: int) -> RiskDraft | SignalDraft:
        if self.signals:
            return SignalDraft(symbol="BTC/USDT", direction=Direction.SHORT, kind=f"sum {state}")
        return RiskDraft(kind=f"sum {state}", severity=Severity.HIGH)


class Mute:
    """Neither a detector nor a coupled worker with an optional form."""

    needs = (close(FAST),)
    window = 1


class Told(NamedTuple):
    """What there was to see at an instant."""

    at: Instant
    what: object
    closes: tuple[float | None, ...]


def strategy(data: Mapping[Series, Sequence[int]], detectors: Sequence[Any], coupled: Sequence[Any]) -> Strategy:
    facts = FactTable({series: candles(series, closes) for series, closes in data.items()})
    return Strategy(
        name="s",
        symbols=("BTC/USDT",),
        series=FAST,
        facts=facts,
        workers=(),
        detectors=tuple(BoundDetector(f"d{number}", one, one.needs[0].series, 1) for number, one in enumerate(detectors)),
        coupled=tuple(
            BoundCoupled(f"c{number}", one, one.needs[0].series, first)
            for number, (one, first) in enumerate(zip(coupled, (0, 2, 0), strict=False))
        ),
        planning=None,  # type: ignore[arg-type]
        recorded_keys=(),
        price_keys={},
        state=StrategyState(coupled=[0] * len(coupled)),
    )


def told(make_feed: Any, of: Strategy, interruptions: Sequence[Instant]) -> list[Told]:
    """Run a feed to its end, with other things that happen between: each of them raises the account's revision."""
    revisions = count()
    now = view(next(revisions))
    feed: Feed = make_feed(of, lambda: now)
    story: list[Told] = []

    def closes() -> tuple[float | None, ...]:
        return tuple(of.facts.value(close(series)) if cursor.count else None for series, cursor in of.facts.cursors.items())

    for before in (*interruptions, None):
        while (at := feed.next_at(before)) is not None:
            assert before is None or at < before
            seen = feed.take()
            assert of.facts.at == at
            if seen.signals or seen.risks:
                story.append(Told(at, (tuple(seen.signals), tuple(seen.risks)), closes()))
        assert feed.next_at(before) is None
        feed.catch_up(END if before is None else before)
        story.append(Told(of.facts.at, before, closes()))
        now = view(next(revisions))
    story.append(Told(0, list(of.state.coupled), ()))
    return story


prices = st.integers(min_value=1, max_value=9)


@given(
    fast=st.lists(prices, min_size=1, max_size=30),
    slow=st.lists(prices, min_size=1, max_size=10),
    levels=st.lists(st.tuples(st.sampled_from([FAST, SLOW]), st.integers(7, 11)), max_size=2),
    steps=st.lists(st.tuples(st.sampled_from([FAST, SLOW]), st.integers(5, 40), st.booleans()), max_size=3),
    interruptions=st.lists(st.integers(0, 64), max_size=6),
)
def test_the_skipping_feed_tells_what_the_dense_one_tells(
    fast: list[int],
    slow: list[int],
    levels: list[tuple[Series, int]],
    steps: list[tuple[Series, int, bool]],
    interruptions: list[int],
) -> None:
    def make(which: Any) -> list[Told]:
        detectors = [Above(series, level) for series, level in levels]
        coupled = [Counter(series, step, signals=signals) for series, step, signals in steps]
        both = strategy({FAST: fast, SLOW: slow}, detectors, coupled)
        return told(which, both, sorted(half * MINUTE_NS // 2 for half in interruptions))

    assert make(SkippingFeed) == make(DenseFeed)


def test_who_speaks_at_the_very_first_candle_takes_nobody_else_past_it() -> None:
    def make(which: Any) -> list[Told]:
        coupled = [Counter(FAST, step, signals=False) for step in (8, 40, 40)]
        return told(which, strategy({FAST: [8, 2], SLOW: [9]}, [], coupled), [])

    first, *_, last = make(SkippingFeed)
    assert first.at == MINUTE_NS
    assert last.what == [10, 0, 10]
    assert make(SkippingFeed) == make(DenseFeed)


FAST_CLOSES, SLOW_CLOSES = [1, 8, 2, 9, 3, 9, 9], [5, 9]
MINUTE = MINUTE_NS


def signal(key: Key, total: int) -> SignalDraft:
    return SignalDraft(symbol="BTC/USDT", direction=Direction.LONG, kind=f"{key} {total}")


@pytest.mark.parametrize("feed", [DenseFeed, SkippingFeed])
def test_each_is_asked_where_its_own_candles_close(feed: Any) -> None:
    detectors, coupled = [Above(FAST, 9), Above(SLOW, 9)], [Counter(SLOW, 14, signals=False), Counter(FAST, 23, signals=True)]
    story = told(feed, strategy({FAST: FAST_CLOSES, SLOW: SLOW_CLOSES}, detectors, coupled), [])
    short = SignalDraft(symbol="BTC/USDT", direction=Direction.SHORT, kind="sum 23")
    risk = RiskDraft(kind="sum 14", severity=Severity.HIGH)
    assert story == [
        Told(4 * MINUTE, ((("d0", signal(close(FAST), 11)),), ()), (9.0, 5.0)),
        Told(
            6 * MINUTE,
            ((("c1", short), ("d0", signal(close(FAST), 12)), ("d1", signal(close(SLOW), 14))), (("c0", risk),)),
            (9.0, 9.0),
        ),
        Told(7 * MINUTE, ((("d0", signal(close(FAST), 18)),), ()), (9.0, 9.0)),
        Told(7 * MINUTE, None, (9.0, 9.0)),
        Told(0, [14, 32], ()),
    ]


def test_where_nothing_is_to_be_seen_the_facts_still_catch_up() -> None:
    story = told(
        SkippingFeed, strategy({FAST: FAST_CLOSES}, [Above(FAST, 99)], []), [MINUTE, MINUTE + 1, 5 * MINUTE, 99 * MINUTE]
    )
    assert [(one.at, one.closes) for one in story[:-1]] == [
        (0, (None,)),
        (MINUTE, (1.0,)),
        (4 * MINUTE, (9.0,)),
        (7 * MINUTE, (9.0,)),
        (7 * MINUTE, (9.0,)),
    ]


@pytest.mark.parametrize(
    ("detectors", "coupled", "skips"),
    [
        ([], [], True),
        ([Above(FAST, 9)], [Counter(FAST, 5, signals=True)], True),
        ([Above(FAST, 9), Mute()], [], False),
        ([], [Counter(FAST, 5, signals=True), Mute()], False),
        ([Mute()], [Counter(FAST, 5, signals=True)], False),
    ],
)
def test_only_workers_with_their_optional_forms_can_be_skipped(
    detectors: Sequence[Any], coupled: Sequence[Any], *, skips: bool
) -> None:
    one = strategy({FAST: [1, 2, 3]}, detectors, coupled)
    assert can_skip(one) is skips
    if not skips:
        with pytest.raises(TypeError, match=r"^c1 has no quiet form$|^a detector has no candidates form$"):
            SkippingFeed(one, lambda: view(0))


def test_a_dense_feed_gives_each_candle_in_its_turn_and_none_beyond_the_limit() -> None:
    one = strategy({FAST: [1, 2, 3]}, [], [])
    feed = DenseFeed(one, lambda: view(0))
    assert (feed.next_at(MINUTE), feed.next_at(MINUTE + 1)) == (None, MINUTE)
    feed.take()
    assert (one.facts.at, one.facts.value(close(FAST))) == (MINUTE, 1.0)
    assert feed.next_at(None) == 2 * MINUTE
    assert one.facts.cursors[FAST].count == 1
