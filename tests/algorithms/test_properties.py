"""Whatever the instrument, the parameters and the news: slices are valid, sum up to the target, and never go beyond it."""

from collections.abc import Callable
from decimal import Decimal

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from s1mpletrader.api import Direction, ExecutionAlgorithm, Instrument, Parameters, TimeInForce, is_multiple, total
from s1mpletrader.contracts.execution_desk import Desk, Task
from s1mpletrader.contracts.situations import PRICE
from s1mpletrader.plugins.algorithms.slicing.lots import divide, lots_min, merge, split
from s1mpletrader.plugins.algorithms.slicing.sliced import Sliced
from s1mpletrader.plugins.algorithms.slicing.starts import (
    Start,
    start_iceberg,
    start_ladder,
    start_pov,
    start_twap,
    start_vwap,
)

LEFTOVERS = st.sampled_from(["cancel", "market", "keep"])
MISSED = st.sampled_from(["spread", "catch_up"])
STORIES = st.lists(st.integers(0, 14 * 60), max_size=60)


def instruments() -> st.SearchStrategy[Instrument]:
    """Coarse and fine lots, minimum and maximum orders, contracts worth a part of the base."""
    return st.builds(
        lambda lot, least, value, most, multiplier: Instrument(
            symbol="BTC/USDT",
            base="BTC",
            quote="USDT",
            settlement="USDT",
            price_tick=Decimal("0.1"),
            quantity_lot=lot,
            quantity_min=lot * least,
            quantity_max=lot * most if most is not None else None,
            notional_min=value,
            multiplier=multiplier,
        ),
        lot=st.sampled_from([Decimal("0.001"), Decimal("0.05"), Decimal("0.025"), Decimal(1)]),
        least=st.integers(0, 3),
        value=st.sampled_from([Decimal(0), Decimal(10), Decimal(5_000)]),
        most=st.none() | st.integers(20, 60),
        multiplier=st.sampled_from([Decimal(1), Decimal("0.01")]),
    )


Question = tuple[Start, Parameters, bool]


def pairs(**given_: object) -> Parameters:
    return tuple((name, str(value)) for name, value in sorted(given_.items()) if value is not None)


QUESTIONS: st.SearchStrategy[Question] = st.one_of(
    st.builds(
        lambda n, left, missed, limit: (start_twap, pairs(duration="30m", slices=n, leftover=left, missed=missed), limit),
        st.integers(1, 12),
        LEFTOVERS,
        MISSED,
        st.booleans(),
    ),
    st.builds(
        lambda profile, left, missed, limit: (
            start_vwap,
            pairs(duration="1h", profile=",".join(map(str, profile)), leftover=left, missed=missed),
            limit,
        ),
        st.lists(st.integers(0, 9), min_size=1, max_size=8).filter(any),
        LEFTOVERS,
        MISSED,
        st.booleans(),
    ),
    st.builds(
        lambda rate, left, missed, limit: (
            start_pov,
            pairs(participation=rate, interval="5m", duration="1h", leftover=left, missed=missed),
            limit,
        ),
        st.sampled_from(["0.01", "0.3", "1"]),
        LEFTOVERS,
        MISSED,
        st.booleans(),
    ),
    st.builds(
        lambda display, left, duration: (start_iceberg, pairs(display=display, leftover=left, duration=duration), True),
        st.sampled_from(["1", "3", "0.3"]),
        LEFTOVERS,
        st.sampled_from([None, "1h"]),
    ),
    st.builds(
        lambda levels, left, duration, limit: (
            start_ladder,
            pairs(levels=levels, step_percent="0.7", leftover=left, duration=duration),
            limit,
        ),
        st.integers(1, 9),
        LEFTOVERS,
        st.sampled_from([None, "1h"]),
        st.booleans(),
    ),
)


def make_desk(
    question: Question,
    instrument: Instrument,
    lots: int,
    direction: Direction,
    *,
    exits: bool = False,
    ask: Callable[[], ExecutionAlgorithm] | None = None,
) -> Desk:
    start, parameters, limit = question
    algorithm = Sliced(start)
    task = Task(
        quantity=instrument.quantity_lot * lots,
        direction=direction,
        price=Decimal("38527.1") if limit else None,
        stop_price=(Decimal("19527.1") if direction is Direction.LONG else Decimal("57527.1")) if exits else None,
        parameters=parameters,
        instrument=instrument,
        time_in_force=TimeInForce.GTC,
    )
    desk = Desk(ask or (lambda: algorithm), task)
    desk.begin()
    return desk


STOP_ABOVE_THE_MINIMUM_CLOSE_BELOW_IT = (
    (start_twap, pairs(duration="30m", slices=1, leftover="cancel", missed="spread"), False),
    Instrument(
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        settlement="USDT",
        price_tick=Decimal("0.1"),
        quantity_lot=Decimal("0.025"),
        quantity_max=Decimal("0.5"),
        notional_min=Decimal(5_000),
    ),
    28,
    Direction.SHORT,
    True,
    [254, 0, 0, 132],
    False,
)


@settings(max_examples=300)
@given(QUESTIONS, instruments(), st.integers(1, 300), st.sampled_from(Direction), st.booleans(), STORIES, st.booleans())
@example(*STOP_ABOVE_THE_MINIMUM_CLOSE_BELOW_IT)
def test_any_interleaving_keeps_to_the_target_and_ends(
    question: Question,
    instrument: Instrument,
    lots: int,
    direction: Direction,
    exits: bool,
    story: list[int],
    fills: bool,
) -> None:
    desk = make_desk(question, instrument, lots, direction, exits=exits)
    for choice in story:
        desk.move(choice)
        assert desk.committed <= desk.task.quantity
    desk.settle(fills=fills)
    assert desk.committed <= desk.task.quantity
    assert desk.faults == []
    assert desk.last.done
    assert desk.live == []
    told = [advance.given_up for advance in desk.advances if advance.given_up is not None]
    assert len(told) == (0 if desk.filled == desk.task.quantity else 1)


@settings(max_examples=100)
@given(QUESTIONS, instruments(), st.integers(1, 300), st.sampled_from(Direction))
def test_where_everything_fills_the_slices_are_the_target(
    question: Question, instrument: Instrument, lots: int, direction: Direction
) -> None:
    start, parameters, limit = question
    parameters = tuple((name, "market" if name == "leftover" else value) for name, value in parameters)
    desk = make_desk((start, parameters, limit), instrument, lots, direction)
    refused = desk.last.given_up
    desk.settle(fills=True)
    if refused is not None:
        assert desk.orders == {}
        assert refused.code in ("BELOW_MINIMUM", "BAD_PARAMETERS")
        return
    assume(
        instrument.quantity_max is None or 2 * lots_min(instrument, PRICE) * instrument.quantity_lot <= instrument.quantity_max
    )
    assert total(order.quantity for order in desk.entries) == desk.task.quantity
    assert desk.filled == desk.task.quantity
    assert [advance.given_up for advance in desk.advances if advance.given_up is not None] == []


@settings(max_examples=100)
@given(QUESTIONS, instruments(), st.integers(1, 300), STORIES, st.booleans())
def test_a_restart_at_every_event_changes_nothing(
    question: Question, instrument: Instrument, lots: int, story: list[int], exits: bool
) -> None:
    def told(desk: Desk) -> list[object]:
        for choice in story:
            desk.move(choice)
        desk.settle(fills=True)
        return list(desk.advances)

    unbroken = make_desk(question, instrument, lots, Direction.LONG, exits=exits)
    broken = make_desk(question, instrument, lots, Direction.LONG, exits=exits, ask=lambda: Sliced(question[0]))
    assert told(broken) == told(unbroken)


@settings(max_examples=150)
@given(
    st.integers(1, 12),
    MISSED,
    st.integers(20, 200),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 40)), max_size=40),
)
def test_a_schedule_is_never_run_ahead_of(count: int, missed: str, lots: int, events: list[tuple[int, int]]) -> None:
    """However late it is woken and whatever fails: no more is out than the schedule has by then, and one slice at a time."""
    fine = Instrument(
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        settlement="USDT",
        price_tick=Decimal("0.1"),
        quantity_lot=Decimal("0.001"),
    )
    desk = make_desk((start_twap, pairs(duration="1h", slices=count, missed=missed), False), fine, lots, Direction.LONG)
    began, length = desk.at, 3_600_000_000_000
    for kind, late in events:
        before = len(desk.entries)
        if kind == 0 and desk.live:
            desk.move(14 * late + 7)
        elif kind == 1 and desk.live:
            desk.fill(desk.live[0])
        else:
            desk.wake(late=late * 60_000_000_000)
        assert len(desk.entries) - before <= 1
        due = sum(1 for index in range(count) if began + length * index // count <= desk.at)
        assert desk.committed <= fine.quantity_lot * (lots * due // count)


@given(st.integers(0, 10_000), st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any))
def test_what_is_divided_sums_up_and_is_never_early(lots: int, weights: list[int]) -> None:
    parts = divide(lots, weights)
    assert sum(parts) == lots
    for index in range(len(parts)):
        assert sum(parts[: index + 1]) * sum(weights) <= lots * sum(weights[: index + 1])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=20), st.integers(1, 40))
def test_what_is_merged_is_large_enough_and_never_early(parts: list[int], least: int) -> None:
    times, merged = merge(range(len(parts)), parts, least)
    assert all(part >= least for part in merged)
    assert sum(merged) == (sum(parts) if merged else 0)
    assert bool(merged) == (sum(parts) >= least)
    for index, time in enumerate(times):
        assert sum(merged[: index + 1]) <= sum(parts[: time + 1])


@given(st.integers(1, 500), st.integers(1, 30), st.none() | st.integers(20, 60))
def test_a_slice_above_the_largest_order_becomes_equal_orders(lots: int, least: int, most: int | None) -> None:
    parts = split(lots, least, most)
    if lots < least or (most is not None and most < least):
        assert parts == ()
        return
    assert max(parts) <= (most or lots)
    assert max(parts) - min(parts) <= 1
    assert min(parts) >= least
    if most is None or 2 * least <= most:
        assert sum(parts) == lots


@given(instruments(), st.none() | st.decimals(Decimal("0.1"), Decimal(90_000), places=1))
def test_the_smallest_order_is_valid_and_one_lot_less_is_not(instrument: Instrument, price: Decimal | None) -> None:
    least = instrument.quantity_lot * lots_min(instrument, price)
    assert instrument.violation(least, reference=price) is None or (instrument.quantity_max or least) < least
    smaller = least - instrument.quantity_lot
    assert smaller == 0 or instrument.violation(smaller, reference=price) is not None
    assert is_multiple(least, instrument.quantity_lot)
