"""Entries in slices, as stories: what is placed when, and what becomes of it."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    MINUTE_NS,
    SECOND_NS,
    EntryPlan,
    ExitPlan,
    GroupId,
    IdKind,
    Instrument,
    Order,
    OrderEventKind,
    OrderId,
    OrderType,
    PlanId,
    Plans,
    PlansChanged,
    Side,
    SizePlan,
    TimeInForce,
    order_from_intent,
)
from s1mpletrader.api import Replace as ReplaceOrder
from s1mpletrader.contracts.execution_desk import Desk, Task, make_execution
from s1mpletrader.contracts.samples import START, Samples
from s1mpletrader.contracts.situations import PRICE
from s1mpletrader.plugins.algorithms.slicing.paces import Missed, Schedule, Slice, Standing
from s1mpletrader.plugins.algorithms.slicing.sliced import Sliced
from s1mpletrader.plugins.algorithms.slicing.starts import (
    Start,
    start_iceberg,
    start_ladder,
    start_pov,
    start_twap,
    start_vwap,
)

LIMIT = Decimal("38500.0")
DETAILS: dict[str, Any] = {"duration": "1h", "slices": 4}


def begun(start: Start = start_twap, task: Task | None = None, **parameters: object) -> Desk:
    pairs = tuple((name, str(value)) for name, value in (parameters or DETAILS).items())
    algorithm = Sliced(start)
    desk = Desk(lambda: algorithm, (task or Task(quantity=Decimal(1)))._replace(parameters=pairs))
    desk.begin()
    return desk


def slices(desk: Desk) -> list[tuple[int, Decimal]]:
    """Minute and quantity of every entering order."""
    return [((order.intent.decided_at - START) // MINUTE_NS, order.quantity) for order in desk.entries]


def quantities(desk: Desk) -> list[str]:
    return [str(order.quantity) for order in desk.entries]


def given_up(desk: Desk) -> list[str]:
    return [advance.given_up.code for advance in desk.advances if advance.given_up is not None]


def run(desk: Desk, times: int) -> None:
    """Every slice fills; the algorithm is woken so many times."""
    for again in range(times + 1):
        for order in desk.live:
            if order in desk.entries:
                desk.fill(order)
        if again < times:
            desk.wake()


def test_a_twap_places_equal_slices_equally_far_apart() -> None:
    desk = begun(task=Task(quantity=Decimal("1.001")))
    run(desk, 3)
    assert slices(desk) == [(0, Decimal("0.25")), (15, Decimal("0.25")), (30, Decimal("0.25")), (45, Decimal("0.251"))]
    assert desk.last.done
    assert given_up(desk) == []


def test_a_vwap_follows_its_profile() -> None:
    desk = begun(start_vwap, duration="1h", profile="1,0,2,1")
    run(desk, 3)
    assert slices(desk) == [(0, Decimal("0.25")), (30, Decimal("0.5")), (45, Decimal("0.25"))]


def test_slices_that_would_be_too_small_are_merged() -> None:
    coarse = Instrument(
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        settlement="USDT",
        price_tick=Decimal("0.1"),
        quantity_lot=Decimal("0.001"),
        notional_min=Decimal(5_000),
    )
    desk = begun(task=Task(quantity=Decimal("0.3"), instrument=coarse), duration="1h", slices=12)
    run(desk, 1)
    assert slices(desk) == [(0, Decimal("0.15")), (30, Decimal("0.15"))]
    desk = begun(start_vwap, Task(quantity=Decimal("0.3"), instrument=coarse), duration="1h", profile="1,1,1,1,1,1")
    run(desk, 2)
    assert slices(desk) == [(20, Decimal("0.15")), (50, Decimal("0.15"))]


def test_a_share_of_the_volume_is_placed_at_every_interval() -> None:
    desk = begun(start_pov, participation="0.1", interval="5m", duration="1h")
    assert desk.entries == []
    desk.trade_volume(Decimal(3), 2 * MINUTE_NS)
    desk.trade_volume(Decimal("1.5"), 3 * MINUTE_NS)
    desk.wake()
    assert slices(desk) == [(5, Decimal("0.45"))]
    desk.wake()
    assert len(desk.entries) == 1
    desk.trade_volume(Decimal(9), MINUTE_NS)
    desk.wake()
    assert slices(desk)[1:] == [(15, Decimal("0.55"))]


@pytest.mark.parametrize(("missed", "expected"), [("spread", "0.1"), ("catch_up", "0.5")])
def test_the_volume_of_an_interruption_counts_where_it_is_to_be_caught_up(missed: str, expected: str) -> None:
    desk = begun(start_pov, participation="0.1", interval="5m", duration="1h", missed=missed)
    for _ in range(25):
        desk.trade_volume(Decimal("0.2"))
    desk.wake()
    assert quantities(desk) == [f"{Decimal(expected):.3f}"]


@pytest.mark.parametrize(
    ("missed", "expected"), [("spread", ["0.250", "0.375", "0.375"]), ("catch_up", ["0.250", "0.500", "0.250"])]
)
def test_a_missed_slice_is_spread_or_caught_up(missed: str, expected: list[str]) -> None:
    desk = begun(duration="1h", slices=4, missed=missed)
    desk.wake(late=16 * MINUTE_NS)
    desk.wake()
    assert quantities(desk) == expected


def test_after_the_window_nothing_is_caught_up() -> None:
    desk = begun(duration="1h", slices=4, missed="catch_up")
    run(desk, 0)
    desk.wake(late=60 * MINUTE_NS)
    assert quantities(desk) == ["0.250"]
    assert given_up(desk) == ["WINDOW_OVER"]
    assert desk.last.done


def test_an_iceberg_shows_one_part_at_a_time() -> None:
    desk = begun(start_iceberg, Task(quantity=Decimal(1), price=LIMIT), display="0.3")
    assert quantities(desk) == ["0.250"]
    desk.change(desk.live[0], OrderEventKind.ACCEPTED)
    desk.fill(desk.live[0], Decimal("0.1"))
    assert len(desk.entries) == 1
    desk.fill(desk.live[0])
    assert [str(order.price) for order in desk.live] == ["38500.0"]
    run(desk, 0)
    run(desk, 0)
    run(desk, 0)
    assert quantities(desk) == ["0.250"] * 4
    assert desk.last.done


def test_an_iceberg_shows_more_only_where_the_venue_takes_no_less() -> None:
    dear = replace(Task().instrument, notional_min=Decimal(5_000))
    desk = begun(start_iceberg, Task(quantity=Decimal("0.3"), price=LIMIT, instrument=dear), display="0.1")
    run(desk, 0)
    run(desk, 0)
    assert quantities(desk) == ["0.150", "0.150"]
    assert desk.filled == Decimal("0.3")


def test_a_ladder_waits_at_several_prices() -> None:
    desk = begun(start_ladder, Task(quantity=Decimal("0.1"), price=LIMIT), levels=3, step_percent="0.5")
    assert [(str(order.price), str(order.quantity)) for order in desk.live] == [
        ("38500.0", "0.033"),
        ("38307.5", "0.033"),
        ("38115.0", "0.034"),
    ]
    assert desk.last.wake_at is None


def test_an_order_above_the_largest_is_several() -> None:
    small = replace(Task().instrument, quantity_max=Decimal("0.1"))
    desk = begun(task=Task(quantity=Decimal(1), instrument=small))
    assert quantities(desk) == ["0.083", "0.083", "0.084"]


LEFTOVERS = [("cancel", 0), ("market", 1), ("keep", 0)]


@pytest.mark.parametrize(("leftover", "taken"), LEFTOVERS)
def test_what_is_left_at_the_end_of_the_window_follows_the_policy(leftover: str, taken: int) -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT), duration="1h", slices=4, leftover=leftover)
    desk.fill(desk.live[0])
    for _ in range(4):
        desk.wake()
    assert len(desk.asked_to_end) == (0 if leftover == "keep" else 3)
    for order in desk.live:
        desk.change(order, OrderEventKind.CANCELLED)
    at_market = [order.quantity for order in desk.entries if order.details.type is OrderType.MARKET]
    assert at_market == [Decimal("0.75")] * taken
    desk.settle(fills=True)
    assert desk.filled == (1 if taken else Decimal("0.25"))
    assert given_up(desk) == ([] if taken else ["WINDOW_OVER"])


def test_a_cancellation_that_lost_against_a_fill_takes_less_at_the_market() -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT), duration="1h", slices=2, leftover="market")
    desk.wake()
    desk.wake()
    first, second = desk.live
    desk.refuse_to_end(first)
    desk.fill(first)
    desk.change(second, OrderEventKind.CANCELLED)
    assert quantities(desk)[2:] == ["0.500"]
    desk.settle(fills=True)
    assert desk.committed == 1


def test_a_refused_cancellation_is_tried_again_after_a_while_and_not_for_ever() -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT), duration="1h", slices=1)
    desk.wake()
    for _ in range(10):
        assert len(desk.asked_to_end) == 1
        desk.refuse_to_end(desk.live[0])
        assert desk.asked_to_end == set()
        assert desk.last.wake_at == desk.at + SECOND_NS
        desk.wake()
    desk.refuse_to_end(desk.live[0])
    assert desk.last.wake_at is None
    assert not desk.last.done
    desk.fill(desk.live[0])
    assert desk.last.done


def test_a_slice_of_which_nobody_knows_whether_it_was_cancelled_is_cancelled_again_once_it_is_seen() -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT), duration="1h", slices=1)
    desk.wake()
    (slice_,) = desk.live
    desk.change(slice_, OrderEventKind.UNKNOWN)
    desk.asked_to_end.clear()
    desk.change(desk.live[0], OrderEventKind.ACCEPTED)
    assert desk.last.wake_at == desk.at + SECOND_NS
    desk.wake()
    assert desk.asked_to_end == {slice_.order_id}


def test_what_is_rejected_is_not_tried_again() -> None:
    desk = begun(duration="1h", slices=4, leftover="market", missed="catch_up")
    desk.change(desk.live[0], OrderEventKind.REJECTED)
    run(desk, 4)
    assert quantities(desk) == ["0.250"] * 4
    assert desk.filled == Decimal("0.75")
    assert given_up(desk) == ["REJECTED"]


def test_three_slices_in_a_row_without_success_are_enough() -> None:
    desk = begun(duration="1h", slices=6, leftover="market")
    for _ in range(3):
        desk.change(desk.live[0], OrderEventKind.NOT_PLACED)
        if not desk.last.done:
            desk.wake()
    assert given_up(desk) == ["SLICES_FAILED"]
    assert len(desk.entries) == 3
    assert desk.last.done


def test_a_fill_between_failures_forgives_them() -> None:
    desk = begun(duration="1h", slices=6)
    for order_event in (OrderEventKind.NOT_PLACED, OrderEventKind.NOT_PLACED, None, OrderEventKind.REJECTED):
        desk.fill(desk.live[0]) if order_event is None else desk.change(desk.live[0], order_event)
        desk.wake()
    assert given_up(desk) == []
    assert len(desk.live) == 1


def test_what_never_reached_the_venue_is_placed_with_the_slices_to_come() -> None:
    desk = begun()
    desk.change(desk.live[0], OrderEventKind.NOT_PLACED)
    desk.wake()
    assert quantities(desk) == ["0.250", "0.333"]


def test_an_unknown_outcome_is_not_sent_again() -> None:
    desk = begun(duration="1h", slices=4, leftover="market")
    desk.change(desk.live[0], OrderEventKind.UNKNOWN)
    for _ in range(3):
        desk.wake()
    assert quantities(desk) == ["0.250"] * 4


def test_the_first_fill_of_an_exit_ends_the_entry() -> None:
    task = Task(quantity=Decimal(1), price=LIMIT, stop_price=Decimal("38000.0"), target_price=Decimal("39000.0"))
    desk = begun(task=task)
    desk.wake()
    desk.fill(desk.live[0], Decimal("0.2"))
    stop = next(order for order in desk.exits if order.details.stop_price is not None)
    desk.fill(stop, Decimal("0.1"))
    assert desk.asked_to_end == {order.order_id for order in desk.entries if order.live}
    for order in [order for order in desk.entries if order.live]:
        desk.change(order, OrderEventKind.CANCELLED)
    assert given_up(desk) == ["EXIT_FILLED"]
    desk.settle(fills=True)
    assert len(desk.entries) == 2
    assert desk.last.done


def test_fills_too_small_for_an_exit_are_protected_together() -> None:
    desk = begun(task=Task(quantity=Decimal(1), stop_price=Decimal("38000.0")))
    lot = Decimal("0.001")
    desk.fill(desk.live[0], lot, fee=Decimal("0.000001"))
    assert desk.exits == []
    desk.fill(desk.live[0], lot, fee=Decimal("0.000001"))
    assert [str(order.quantity) for order in desk.exits] == ["0.001"]
    desk.fill(desk.entries[0], Decimal("0.002"))
    assert [str(order.quantity) for order in desk.exits] == ["0.001", "0.002"]


def test_an_entry_ends_when_it_is_no_longer_valid_and_nothing_is_taken_at_the_market() -> None:
    desk = begun(
        task=Task(quantity=Decimal(1), price=LIMIT, valid_until=START + 20 * MINUTE_NS),
        duration="1h",
        slices=4,
        leftover="market",
    )
    desk.wake()
    desk.wake()
    assert (desk.at - START) // MINUTE_NS == 20
    desk.settle(fills=False)
    assert given_up(desk) == ["EXPIRED"]
    assert len(desk.entries) == 2


IDS = Samples("changes")


def changed(quantity: str | None = None, price: str | None = None, stop_price: str | None = None) -> PlansChanged:
    entry = EntryPlan(
        id=PlanId(IDS.id(IdKind.ENTRY_PLAN)),
        side=Side.BUY,
        type=OrderType.LIMIT,
        price=Decimal(price) if price else None,
        stop_price=None,
        time_in_force=TimeInForce.GTC,
    )
    size = SizePlan(id=PlanId(IDS.id(IdKind.SIZE_PLAN)), quantity=Decimal(quantity)) if quantity else None
    leave = (
        ExitPlan(id=PlanId(IDS.id(IdKind.EXIT_PLAN)), stop_price=Decimal(stop_price), target_price=None) if stop_price else None
    )
    return PlansChanged(plans=Plans(entry=entry if price else None, size=size, exit=leave))


def test_slices_to_come_follow_new_plans() -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT, stop_price=Decimal("38000.0")))
    desk.tell(changed("0.55", "38400.0", "37900.0"))
    run(desk, 3)
    entries = [(str(order.price), str(order.quantity)) for order in desk.entries]
    assert entries == [("38500.0", "0.250"), ("38400.0", "0.100"), ("38400.0", "0.100"), ("38400.0", "0.100")]
    assert {str(order.details.stop_price) for order in desk.exits[1:]} <= {"37900.0", "38000.0"}
    assert str(desk.exits[-1].details.stop_price) == "37900.0"


def test_a_smaller_target_takes_back_what_is_too_much() -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT), duration="1h", slices=4, missed="catch_up")
    desk.wake()
    desk.tell(changed("0.3"))
    assert desk.asked_to_end == {desk.entries[1].order_id}
    desk.change(desk.entries[1], OrderEventKind.CANCELLED)
    run(desk, 3)
    assert quantities(desk) == ["0.250", "0.250", "0.025", "0.025"]
    assert desk.filled == Decimal("0.3")


def test_what_was_asked_to_end_or_was_replaced_is_no_failure() -> None:
    desk = begun(task=Task(quantity=Decimal("1.2"), price=LIMIT), duration="1h", slices=6)
    for _ in range(3):
        desk.wake()
    desk.tell(changed("0.2"))
    for order in desk.live[1:]:
        desk.change(order, OrderEventKind.CANCELLED)
    for _ in range(3):
        old = desk.live[0]
        replaced_by(desk, old)
        desk.change(old, OrderEventKind.REPLACED)
    assert desk.asked_to_end == {order.order_id for order in desk.entries[1:4]}
    desk.fill(desk.live[0])
    assert given_up(desk) == []
    assert desk.last.done


def test_an_order_that_takes_what_there_is_and_expires_is_no_failure() -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT, time_in_force=TimeInForce.IOC), duration="1h", slices=5)
    for _ in range(4):
        desk.change(desk.live[0], OrderEventKind.EXPIRED)
        desk.wake()
    assert quantities(desk) == ["0.200", "0.250", "0.333", "0.500", "1.000"]


def test_a_rejection_that_the_venue_takes_back_is_none() -> None:
    desk = begun()
    rejected = desk.live[0]
    desk.change(rejected, OrderEventKind.REJECTED)
    desk.change(desk.orders[rejected.order_id], OrderEventKind.REOPENED)
    run(desk, 3)
    assert quantities(desk) == ["0.250"] * 4
    assert desk.filled == 1
    assert given_up(desk) == []


def test_a_part_that_the_strategy_closes_does_not_end_the_entry() -> None:
    desk = begun(task=Task(quantity=Decimal(1), stop_price=Decimal("38000.0")))
    desk.fill(desk.live[0])
    assert not desk.last.done
    closing = replace(
        desk.entries[0].intent,
        order_id=OrderId(IDS.id(IdKind.ORDER)),
        group_id=GroupId(IDS.id(IdKind.GROUP)),
        details=replace(desk.entries[0].details, side=Side.SELL, quantity=Decimal("0.1")),
    )
    desk.orders[closing.order_id] = order_from_intent(closing)
    desk.fill(desk.orders[closing.order_id])
    desk.wake()
    assert quantities(desk) == ["0.250", "0.250"]


def test_it_listens_while_exits_are_live_and_then_no_longer() -> None:
    desk = begun(task=Task(quantity=Decimal(1), stop_price=Decimal("38000.0")), duration="1h", slices=1)
    desk.fill(desk.live[0])
    assert not desk.last.done
    desk.change(desk.exits[0], OrderEventKind.CANCELLED)
    assert desk.last.done


def test_what_has_been_given_up_is_not_taken_later() -> None:
    task = Task(quantity=Decimal("0.001"), price=LIMIT, stop_price=Decimal("38000.0"))
    desk = begun(task=task._replace(quantity=Decimal("0.002")), duration="1h", slices=1, leftover="market")
    desk.fill(desk.live[0], Decimal("0.001"))
    desk.price = Decimal("9000.0")
    desk.wake()
    desk.change(desk.entries[0], OrderEventKind.CANCELLED)
    assert given_up(desk) == ["WINDOW_OVER"]
    desk.price = Decimal("40000.0")
    desk.change(desk.exits[0], OrderEventKind.ACCEPTED)
    assert len(desk.entries) == 1


def test_a_share_that_is_too_small_waits_and_leaves_nothing_that_is_too_small() -> None:
    dear = replace(Task().instrument, notional_min=Decimal(5_000))
    desk = begun(start_pov, Task(quantity=Decimal("0.3"), instrument=dear), participation="0.1", interval="5m", duration="1h")
    for volume in ("1", "1.5", "0"):
        desk.trade_volume(Decimal(volume), 5 * MINUTE_NS)
        desk.wake()
    assert slices(desk) == [(10, Decimal("0.17"))]
    desk.trade_volume(Decimal(1), 5 * MINUTE_NS)
    desk.wake()
    assert slices(desk)[1:] == [(20, Decimal("0.13"))]


def test_volume_is_counted_once() -> None:
    desk = begun(start_pov, participation="0.1", interval="5m", duration="1h", missed="catch_up")
    for _ in range(2):
        desk.trade_volume(Decimal(2), 5 * MINUTE_NS)
        desk.wake()
    assert quantities(desk) == ["0.200", "0.200"]


def test_a_schedule_waits_where_more_is_out_than_it_has_by_now() -> None:
    schedule = Schedule(times=(0, 10, 20), lots=(4, 4, 4), missed=Missed.SPREAD, passed=1)
    standing = Standing(at=10, remaining=4, live=True, least=1, instrument=Task().instrument, volume_since=Decimal)
    assert schedule.wish(standing).slices == ()
    assert schedule.wish(standing._replace(remaining=6)).slices == (Slice(2),)


def replaced_by(desk: Desk, order: Order) -> Order:
    """Another group puts an order in a slice's place; the venue's answer comes later."""
    intent = replace(
        order.intent,
        order_id=OrderId(IDS.id(IdKind.ORDER)),
        group_id=GroupId(IDS.id(IdKind.GROUP)),
        details=replace(order.details, price=Decimal("38450.0")),
        replaces=order.order_id,
    )
    heir = desk.orders[intent.order_id] = order_from_intent(intent)
    return heir


def test_an_order_in_the_place_of_a_slice_is_a_slice() -> None:
    desk = begun(task=Task(quantity=Decimal(1), price=LIMIT, stop_price=Decimal("38000.0")))
    slice_ = desk.entries[0]
    heir = replaced_by(desk, slice_)
    desk.change(slice_, OrderEventKind.ACCEPTED)
    desk.wake()
    assert quantities(desk) == ["0.250"] * 3, "the replacement that has not happened is not counted"
    desk.change(desk.orders[slice_.order_id], OrderEventKind.REPLACED)
    desk.wake()
    desk.wake()
    assert quantities(desk) == ["0.250"] * 5, "its quantity was not free"
    desk.fill(heir)
    assert [str(order.quantity) for order in desk.exits] == ["0.250"]
    desk.settle(fills=True)
    assert desk.filled == 1


REFUSALS: list[tuple[Start, Task, dict[str, object], str]] = [
    (start_twap, Task(quantity=Decimal("0.0002")), DETAILS, "BELOW_MINIMUM"),
    (start_twap, Task(), {"duration": "1h"}, "BAD_PARAMETERS"),
    (start_twap, Task(), {"duration": "soon", "slices": 2}, "BAD_PARAMETERS"),
    (start_twap, Task(), {"duration": "1h", "slices": 0}, "BAD_PARAMETERS"),
    (start_twap, Task(), {"duration": "1h", "slices": 2, "leftover": "burn"}, "BAD_PARAMETERS"),
    (start_twap, Task(), {"duration": "1h", "slices": 2, "speed": 9}, "BAD_PARAMETERS"),
    (start_vwap, Task(), {"duration": "1h", "profile": "1,two"}, "BAD_PARAMETERS"),
    (start_vwap, Task(), {"duration": "1h", "profile": "0,0"}, "BAD_PARAMETERS"),
    (start_vwap, Task(), {"duration": "1h", "profile": "2,-1"}, "BAD_PARAMETERS"),
    (start_pov, Task(), {"duration": "1h", "interval": "5m", "participation": "1.5"}, "BAD_PARAMETERS"),
    (start_iceberg, Task(), {"display": "0.1"}, "UNSUPPORTED_ENTRY"),
    (start_iceberg, Task(price=LIMIT, time_in_force=TimeInForce.IOC), {"display": "0.1"}, "UNSUPPORTED_ENTRY"),
    (start_iceberg, Task(price=LIMIT), {"display": "0.0001"}, "BAD_PARAMETERS"),
    (start_ladder, Task(), {"levels": 3, "step_percent": "60"}, "IMPOSSIBLE_PRICE"),
    (start_ladder, Task(), {"levels": 3, "step_percent": "-1"}, "BAD_PARAMETERS"),
]


@pytest.mark.parametrize(("start", "task", "parameters", "code"), REFUSALS)
def test_what_could_never_be_carried_out_is_given_up_at_once(
    start: Start, task: Task, parameters: dict[str, object], code: str
) -> None:
    desk = begun(start, task, **parameters)
    assert given_up(desk) == [code]
    assert desk.last.done
    assert desk.orders == {}


def test_an_entry_that_waits_for_its_trigger_cannot_be_sliced() -> None:
    directive = make_execution(Task(parameters=(("duration", "1h"), ("slices", "2"))))
    entry = directive.plans.entry
    assert entry is not None
    triggered = replace(entry, type=OrderType.STOP, stop_price=PRICE)
    desk = begun()
    context = desk._context(None)
    advance = Sliced(start_twap).begin(replace(directive, plans=replace(directive.plans, entry=triggered)), context)
    assert advance.given_up is not None
    assert (advance.given_up.code, advance.done) == ("UNSUPPORTED_ENTRY", True)


def test_what_a_slice_s_stop_fills_late_is_taken_off_the_one_in_its_place() -> None:
    desk = begun(task=Task(quantity=Decimal(1), stop_price=Decimal("38000.0")))
    desk.fill(desk.entries[0])
    (stop,) = desk.exits
    desk.change(stop, OrderEventKind.ACCEPTED)
    moved = replace(stop.intent, order_id=OrderId(Samples("moved").id(IdKind.ORDER)), replaces=stop.order_id)
    desk.orders[moved.order_id] = order_from_intent(moved)
    desk.change(desk.orders[stop.order_id], OrderEventKind.REPLACED)
    desk.change(desk.orders[moved.order_id], OrderEventKind.ACCEPTED)
    desk.fill(desk.orders[stop.order_id], Decimal("0.1"))
    (trim,) = desk.last.commands
    assert isinstance(trim, ReplaceOrder)
    assert (trim.order_id, trim.order.details.quantity) == (moved.order_id, stop.quantity - Decimal("0.1"))
