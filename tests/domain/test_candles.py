"""Columns that are no candles are refused, with the first row at fault and the reason; what is accepted never changes."""

import numpy as np
import pytest

from s1mpletrader.domain.candles import Candles, NotCandles, first_fault
from s1mpletrader.domain.facts import CANDLE_FIELDS, Key, Series
from s1mpletrader.domain.instant import MINUTE_NS

SERIES = Series("BTC/USDT", "1m")
NAN = float("nan")


def candles(**columns: list[float]) -> Candles:
    """Four candles of a minute each, open 10, high 12, low 9, close 11, but for the columns that are given."""
    sound: dict[str, list[float]] = {"open": [10] * 4, "high": [12] * 4, "low": [9] * 4, "close": [11] * 4, "volume": [0] * 4}
    minutes = np.array(columns.pop("minute", [0, 1, 2, 3]))
    values = {name: np.array(column, dtype=np.float64) for name, column in {**sound, **columns}.items()}
    return Candles(series=SERIES, opened_at=(minutes * MINUTE_NS).astype(np.int64), **values)


@pytest.mark.parametrize(
    ("columns", "row", "reason"),
    [
        ({"open": [10, NAN, 10, 10]}, 1, "open is not a finite number"),
        ({"volume": [0, 0, float("inf"), 0]}, 2, "volume is not a finite number"),
        ({"low": [9, 9, 9, 0]}, 3, "low is not above zero"),
        ({"close": [-1, 11, 11, 11]}, 0, "close is not above zero"),
        ({"volume": [0, 0, 0, -0.5]}, 3, "volume is below zero"),
        ({"high": [12, 10.5, 12, 12]}, 1, "high is below another price"),
        ({"low": [9, 9, 10.5, 9]}, 2, "low is above another price"),
        ({"minute": [0, 1, 1, 2]}, 2, "the time is that of the row before"),
        ({"minute": [0, 2, 1, 3]}, 2, "the time is before that of the row before"),
        ({"volume": [0, 0, 0]}, 0, "the columns differ in length"),
        # Of several faults the first row's is named, and of one row's the first.
        ({"open": [10, NAN, 10, 10], "close": [11, NAN, 11, 11]}, 1, "open is not a finite number"),
        ({"open": [10, 10, 10, NAN], "low": [9, 9, 0, 9], "minute": [0, 0, 1, 2]}, 1, "the time is that of the row before"),
        ({"open": [10, 10, 10, NAN], "low": [9, 9, 0, 9], "volume": [0, -1, 0, 0]}, 1, "volume is below zero"),
        ({"open": [10, NAN, 10, 10], "low": [9, 9, 0, 9], "volume": [0, 0, -1, 0]}, 1, "open is not a finite number"),
        ({"low": [9, 0, 9, 9], "volume": [0, 0, -1, 0], "minute": [0, 1, 2, 2]}, 1, "low is not above zero"),
    ],
)
def test_the_first_row_at_fault_is_named(columns: dict[str, list[float]], row: int, reason: str) -> None:
    with pytest.raises(NotCandles) as refused:
        candles(**columns)
    assert (refused.value.row, refused.value.reason) == (row, reason)
    assert str(refused.value) == f"BTC/USDT 1m: row {row}: {reason}"


def test_candles_without_a_fault_have_none() -> None:
    assert first_fault(candles(volume=[0, 1, 2, 3])) is None
    assert first_fault(candles(high=[11] * 4, low=[10] * 4)) is None


def test_nothing_can_be_written_into_candles() -> None:
    one = candles()
    for column in (one.opened_at, one.open, one.high, one.low, one.close, one.volume):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


def test_a_gap_is_counted_and_not_filled() -> None:
    gapped = candles(minute=[0, 1, 4, 7])
    assert len(gapped) == 4
    assert gapped.gap_count == 4
    assert candles().gap_count == 0
    for minutes, missing in (([0.0, 1], 0), ([0.0, 2], 1), ([5.0], 0)):
        columns: dict[str, list[float]] = {name: [10] * len(minutes) for name in CANDLE_FIELDS}
        assert candles(minute=minutes, **columns).gap_count == missing


def test_a_candle_is_known_from_its_close_on() -> None:
    assert candles().closed_at.tolist() == [MINUTE_NS, 2 * MINUTE_NS, 3 * MINUTE_NS, 4 * MINUTE_NS]


def test_equal_content_has_an_equal_fingerprint_and_other_content_another() -> None:
    assert candles().fingerprint == candles().fingerprint
    others = [
        candles(close=[11, 11, 11, 11.5]),
        candles(volume=[0, 0, 0, 1]),
        candles(minute=[0, 1, 2, 4]),
        Candles(**{**vars(candles()), "series": Series("ETH/USDT", "1m")}),
    ]
    assert len({one.fingerprint for one in (candles(), *others)}) == 5
    assert len(candles().fingerprint) == 32


def test_the_five_fields_are_facts_of_their_series() -> None:
    facts = candles(close=[11, 10, 9, 12]).columns()
    assert list(facts) == [Key("BTC/USDT", "1m", name) for name in CANDLE_FIELDS]
    assert facts[Key("BTC/USDT", "1m", "close")].tolist() == [11, 10, 9, 12]
