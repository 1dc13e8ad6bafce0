"""The day's loss: where a day begins, what it is measured against, and how long it stands."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import ValidationError

from s1mpletrader.api import (
    CLOSED_AT,
    HOUR_NS,
    AccountView,
    FloatArray,
    Key,
    Position,
    RiskDraft,
    Severity,
    WorkerProvision,
    instant_from_datetime,
)
from s1mpletrader.contracts import RiskMonitorContract
from s1mpletrader.contracts.generated import INSTRUMENT, PROVISION
from s1mpletrader.contracts.monitor import make_view
from s1mpletrader.plugins.workers.daily_loss import DailyLoss, DailyLossConfig, DailyLossState

CLOSE, TIME = Key("BTC/USDT", "1m", "close"), Key("BTC/USDT", "1m", CLOSED_AT)
RAISED, LIFTED = Severity.CRITICAL, Severity.LIFTED


class TestDailyLoss(RiskMonitorContract):
    def make_monitor(self, provision: WorkerProvision) -> DailyLoss:
        return DailyLoss(DailyLossConfig(percent=1), provision)


def monitor(percent: float = 10, time_zone: str = "UTC") -> DailyLoss:
    return DailyLoss(DailyLossConfig(percent=percent, time_zone=time_zone), PROVISION)


class Seen:
    """One close."""

    def __init__(self, at_s: int, close: float) -> None:
        self.at = at_s * 1_000_000_000
        self._values = {CLOSE: close, TIME: float(at_s)}

    def value(self, key: Key, back: int = 0) -> float:
        assert back == 0
        return self._values[key]

    def window(self, key: Key, length: int) -> FloatArray:
        return np.array([self.value(key)])


HOLDING = replace(
    make_view(0),
    balances={"USDT": Decimal(0)},
    positions={INSTRUMENT.symbol: Position(instrument=INSTRUMENT, quantity=Decimal(1))},
)
"""An account whose equity is the close."""


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def told(watching: DailyLoss, closes: list[tuple[int, float]], view: AccountView = HOLDING) -> list[Severity | None]:
    """What is said at each close."""
    state, said = watching.initial(), []
    for at_s, close in closes:
        state, drafts = watching.step(state, Seen(at_s, close), view)
        said.append(only(drafts))
    return said


def only(drafts: Any) -> Severity | None:
    if not drafts:
        return None
    [draft] = drafts
    assert isinstance(draft, RiskDraft)
    assert (draft.kind, draft.symbol) == ("daily_loss", None)
    return draft.severity


DAYS: list[tuple[str, list[tuple[str, float]], list[Severity | None]]] = [
    ("a loss below the limit", [("01T08:00", 100.0), ("01T09:00", 90.5)], [None, None]),
    ("a loss at the limit", [("01T08:00", 100.0), ("01T09:00", 90.0)], [None, RAISED]),
    ("it stands over a recovery", [("01T08:00", 100.0), ("01T09:00", 80.0), ("01T10:00", 120.0)], [None, RAISED, None]),
    ("a new day lifts it", [("01T08:00", 100.0), ("01T09:00", 80.0), ("02T00:00", 80.0)], [None, RAISED, LIFTED]),
    (
        "a new day measures anew",
        [("01T08:00", 100.0), ("01T09:00", 80.0), ("02T00:00", 80.0), ("02T01:00", 73.0), ("02T02:00", 72.0)],
        [None, RAISED, LIFTED, None, RAISED],
    ),
    ("a gain moves no bar", [("01T08:00", 100.0), ("01T09:00", 150.0), ("01T10:00", 91.0)], [None, None, None]),
    (
        "the close at midnight is the day's start",
        [("01T08:00", 100.0), ("02T00:00", 90.0), ("02T01:00", 82.0)],
        [None, None, None],
    ),
    ("a gap over midnight counts", [("01T23:00", 100.0), ("02T01:00", 90.0)], [None, RAISED]),
    ("a gap of days over midnight counts", [("01T23:00", 100.0), ("05T01:00", 90.0)], [None, RAISED]),
    ("a gap to a midnight does not", [("01T23:00", 100.0), ("05T00:00", 90.0)], [None, None]),
    ("lost on both sides of a gap", [("01T22:00", 100.0), ("01T23:00", 80.0), ("02T01:00", 70.0)], [None, RAISED, None]),
    (
        "and lifted after it",
        [("01T22:00", 100.0), ("01T23:00", 80.0), ("02T01:00", 70.0), ("03T01:00", 69.0)],
        [None, RAISED, None, LIFTED],
    ),
]


@pytest.mark.parametrize(("closes", "expected"), [row[1:] for row in DAYS], ids=[row[0] for row in DAYS])
def test_a_days_loss(closes: list[tuple[str, float]], expected: list[Severity | None]) -> None:
    assert told(monitor(), [(at(f"2024-01-{text}"), close) for text, close in closes]) == expected


ZONES: list[tuple[str, str]] = [
    ("UTC", "2024-03-10T00:00+00:00"),
    ("Europe/Amsterdam", "2024-03-30T23:00+00:00"),
    ("Europe/Amsterdam", "2024-03-31T22:00+00:00"),
    ("America/New_York", "2024-03-10T05:00+00:00"),
    ("America/New_York", "2024-03-11T04:00+00:00"),
    ("Asia/Kolkata", "2024-03-09T18:30+00:00"),
    ("America/Santiago", "2024-09-08T04:00+00:00"),
    ("America/Havana", "2024-11-03T04:00+00:00"),
    ("Pacific/Apia", "2011-12-30T10:00+00:00"),
]


@pytest.mark.parametrize(("zone", "midnight"), ZONES)
def test_a_day_begins_at_its_zones_midnight_also_where_clocks_are_changed(zone: str, midnight: str) -> None:
    turn = instant_from_datetime(datetime.fromisoformat(midnight)) // 1_000_000_000
    hour = HOUR_NS // 1_000_000_000
    before, on, after = [(turn - 2 * hour, 100.0), (turn - 60, 80.0)], (turn, 80.0), (turn + 60, 79.0)
    assert told(monitor(10, zone), [*before, on, after]) == [None, RAISED, LIFTED, None]
    assert told(monitor(10, zone), [*before, (turn - 1, 70.0), on]) == [None, RAISED, None, LIFTED]


@pytest.mark.parametrize(("begun", "days"), [("01:00", 2), ("02:30", 1), ("02:45", 2), ("03:30", 1)])
def test_an_hour_that_clocks_put_back_to_the_day_before_ends_no_day_twice(begun: str, days: int) -> None:
    """St. John's put its clocks back at one minute past midnight, 02:31 UTC: until 03:30 it was the day before again."""
    first = at(f"2006-10-29T{begun}")
    watching, state, ends = monitor(50, "America/St_Johns"), DailyLossState(), set[int]()
    for minute in range(60 * 6):
        state, _ = watching.step(state, Seen(first + 60 * minute, 100.0), HOLDING)
        assert state.ends_at_s > first + 60 * minute
        ends.add(state.ends_at_s)
    assert len(ends) == days


def test_an_account_without_money_has_lost_nothing_until_it_owes_some() -> None:
    broke = replace(HOLDING, balances={"USDT": Decimal(-100)})
    closes = [(at("2024-01-01T08:00"), 100.0), (at("2024-01-01T09:00"), 100.0), (at("2024-01-01T10:00"), 99.0)]
    assert told(monitor(), closes, broke) == [None, None, RAISED]


@given(
    st.lists(st.tuples(st.integers(1, 40_000), st.floats(-12, 12)), min_size=1, max_size=60),
    st.lists(st.integers(0, 60), max_size=6),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]),
    st.sampled_from([0.5, 5.0, 20.0]),
)
def test_passing_quietly_is_stepping_over_many_days(
    moves: list[tuple[int, float]], cuts: list[int], zone: str, percent: float
) -> None:
    times = np.cumsum([step for step, _ in moves]) + at("2024-03-09T12:00")
    closes = 1_000.0 + np.cumsum([move for _, move in moves])
    columns = {CLOSE: closes, TIME: times.astype(float)}
    watching, state, quiet = monitor(percent, zone), DailyLossState(), DailyLossState()
    steps = []
    for at_s, close in zip(times.tolist(), closes.tolist(), strict=True):
        state, drafts = watching.step(state, Seen(at_s, close), HOLDING)
        steps.append((state, bool(drafts)))
    row = 0
    for border in sorted({*(cut for cut in cuts if cut < len(moves)), len(moves)}):
        while row < border:
            quiet, reached = watching.quiet(quiet, columns, HOLDING, row, border)
            assert reached == next((loud for loud in range(row, border) if steps[loud][1]), border)
            if reached > row:
                assert quiet == steps[reached - 1][0]
            row = reached
            if row < border:
                quiet = steps[row][0]
                row += 1


@pytest.mark.parametrize(
    "mistake", [{"percent": 0}, {"percent": 101}, {"percent": 1, "time_zone": "Mars/Base"}, {"percent": 1, "time_zone": "../etc"}]
)
def test_a_day_that_makes_no_sense_is_a_mistake(mistake: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DailyLossConfig.model_validate(mistake)
