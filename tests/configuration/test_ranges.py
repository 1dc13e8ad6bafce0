"""Confidence ranges divide [0, 1], and the router finds the one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.configuration import ConfidenceRange, Router
from s1mpletrader.configuration.ranges import range_fault

CONFIDENCES = st.floats(0.0, 1.0)
CUTS = st.lists(st.floats(0.0, 1.0, exclude_min=True, exclude_max=True), unique=True, max_size=6).map(sorted)


def divided(cuts: list[float]) -> list[ConfidenceRange]:
    edges = [0.0, *cuts, 1.0]
    return [ConfidenceRange(low, high) for low, high in pairwise(edges)]


@given(CUTS, CONFIDENCES)
def test_exactly_one_range_of_a_division_holds_a_confidence_and_the_router_chooses_it(
    cuts: list[float], confidence: float
) -> None:
    ranges = divided(cuts)
    holding = [found for found in ranges if confidence in found]
    ranges.reverse()
    assert [Router((found, found) for found in ranges).choose(confidence)] == holding


@given(CUTS, st.data())
def test_a_division_without_one_of_its_parts_has_a_gap(cuts: list[float], data: st.DataObject) -> None:
    ranges = divided(cuts)
    missing = ranges.pop(data.draw(st.integers(0, len(ranges) - 1)))
    fault = range_fault(ranges)
    assert fault is not None
    assert fault.problem == f"no table plans confidence {missing.low:g} to {missing.high:g}"


@given(CUTS, st.data())
def test_a_range_on_top_of_a_division_overlaps(cuts: list[float], data: st.DataObject) -> None:
    low, high = sorted(data.draw(st.lists(CONFIDENCES, min_size=2, max_size=2, unique=True)))
    fault = range_fault([*divided(cuts), ConfidenceRange(low, high)])
    assert fault is not None
    assert fault.problem.startswith("two tables plan")


def test_the_upper_end_belongs_to_the_next_range_and_one_to_the_last() -> None:
    router = Router([(ConfidenceRange(0.5, 1.0), "sure"), (ConfidenceRange(0.0, 0.5), "unsure")])
    assert [router.choose(confidence) for confidence in (0.0, 0.49, 0.5, 1.0)] == ["unsure", "unsure", "sure", "sure"]


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_a_confidence_outside_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        Router([(ConfidenceRange(0.0, 1.0), 1)]).choose(confidence)


def test_a_router_over_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no table plans confidence 0\.5 to 1"):
        Router([(ConfidenceRange(0.0, 0.5), 1)])
