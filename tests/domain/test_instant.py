"""Instants are nanoseconds in UTC, and nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.domain.instant import (
    DAY_NS,
    HOUR_NS,
    MINUTE_NS,
    SECOND_NS,
    datetime_from_instant,
    instant_from_datetime,
    instant_from_stamp,
    iso,
    stamp,
    timeframe_ns,
)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_datetime_survives_to_the_microsecond(moment: datetime) -> None:
    assert datetime_from_instant(instant_from_datetime(moment)) == moment


def test_another_zone_means_the_same_instant() -> None:
    east = datetime(2022, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert instant_from_datetime(east) == instant_from_datetime(datetime(2022, 1, 1, tzinfo=UTC)) == 1_640_995_200 * SECOND_NS


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        instant_from_datetime(datetime(2022, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_640_995_200 * SECOND_NS, "2022-01-01T00:00:00Z"),
        (1_640_995_200 * SECOND_NS + 1, "2022-01-01T00:00:00.000000001Z"),
        (1_640_995_200 * SECOND_NS + 500_000_000, "2022-01-01T00:00:00.5Z"),
    ],
)
def test_iso_shows_as_many_digits_as_there_are(at: int, text: str) -> None:
    assert iso(at) == text


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_a_stamp_names_its_second(seconds: int) -> None:
    at = seconds * SECOND_NS
    assert instant_from_stamp(stamp(at)) == instant_from_stamp(stamp(at + SECOND_NS - 1)) == at


@pytest.mark.parametrize(
    ("timeframe", "length"),
    [("1s", SECOND_NS), ("1m", MINUTE_NS), ("15m", 15 * MINUTE_NS), ("4h", 4 * HOUR_NS), ("1d", DAY_NS), ("1w", 7 * DAY_NS)],
)
def test_a_timeframe_has_a_length(timeframe: str, length: int) -> None:
    assert timeframe_ns(timeframe) == length


@pytest.mark.parametrize("text", ["", "m", "0m", "1M", "1 m", "-1m", "1.5h", "5mm"])
def test_what_is_no_timeframe_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no timeframe"):
        timeframe_ns(text)
