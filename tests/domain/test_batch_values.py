"""A batch as a value: which leg is which, when all have succeeded, and when one has failed."""

from decimal import Decimal

import pytest

from s1mpletrader.domain.batches import Batch, BatchPolicy, Leg, OnFailure
from s1mpletrader.domain.ids import DirectiveId, GroupId, TradeId

FIRST, SECOND = (GroupId(f"EXG_20220101_000000_000000000000000{number}") for number in (1, 2))
TRADE = TradeId("TRD_20220101_000000_0000000000000001")
WAITING = DirectiveId("EXD_20220101_000000_0000000000000001")


def batch(*deferred: DirectiveId) -> Batch:
    """Two legs of 2 and 3."""
    legs = tuple(Leg(group_id=group_id, trade_id=TRADE, target=Decimal(target)) for group_id, target in ((FIRST, 2), (SECOND, 3)))
    return Batch(policy=BatchPolicy.COORDINATED, on_failure=OnFailure.FLATTEN, deadline=None, legs=legs, deferred=deferred)


def standing(of: Batch) -> list[tuple[str, str]]:
    return [(str(leg.filled), leg.state.value) for leg in of.legs]


def test_a_leg_succeeds_when_its_target_is_filled_and_the_other_stays_as_it_is() -> None:
    part = batch().filled(FIRST, Decimal("1.5"))
    assert standing(part) == [("1.5", "OPEN"), ("0", "OPEN")]
    whole = part.filled(FIRST, Decimal("0.5"))
    assert standing(whole) == [("2.0", "SUCCEEDED"), ("0", "OPEN")]
    assert standing(whole.filled(SECOND, Decimal(4))) == [("2.0", "SUCCEEDED"), ("4", "SUCCEEDED")]


def test_a_leg_that_fails_keeps_what_it_has_filled_and_stays_failed() -> None:
    failed = batch().filled(SECOND, Decimal(1)).failed(SECOND)
    assert standing(failed) == [("0", "OPEN"), ("1", "FAILED")]
    assert standing(failed.filled(SECOND, Decimal(1))) == [("0", "OPEN"), ("2", "FAILED")]


@pytest.mark.parametrize(
    ("ends", "deferred", "expected"),
    [
        ("", (), (False, False, False)),
        ("succeeds", (), (False, False, False)),
        ("succeeds succeeds", (), (False, True, False)),
        ("succeeds fails", (), (True, False, False)),
        ("succeeds", (WAITING,), (False, False, False)),
        ("succeeds succeeds", (WAITING,), (False, False, True)),
        ("fails succeeds", (WAITING,), (True, False, False)),
    ],
)
def test_a_batch_stands_as_its_legs_do(ends: str, deferred: tuple[DirectiveId, ...], expected: tuple[bool, bool, bool]) -> None:
    one = batch(*deferred)
    for group_id, end in zip((FIRST, SECOND), ends.split(), strict=False):
        one = one.filled(group_id, Decimal(3)) if end == "succeeds" else one.failed(group_id)
    assert (one.has_failed, one.has_succeeded, one.is_ready) == expected


def test_a_leg_is_found_by_its_group() -> None:
    assert [leg.target for leg in (batch().leg(FIRST), batch().leg(SECOND)) if leg is not None] == [Decimal(2), Decimal(3)]
    assert batch().leg(GroupId("EXG_20220101_000000_0000000000000009")) is None
