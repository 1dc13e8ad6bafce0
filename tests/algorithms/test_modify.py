"""Changing entries that wait: one order takes a new size, one of several does not."""

from decimal import Decimal

import pytest
from msgspec import json
from msgspec.structs import replace

from s1mpletrader.api import Action, CommandRefused, ExecutionPlan, GroupContext, IdKind, Order, PlanId, Plans, SizePlan
from s1mpletrader.api import Replace as ReplaceOrder
from s1mpletrader.contracts.execution_desk import Desk, Task, make_execution
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.algorithms.close import Close
from s1mpletrader.plugins.algorithms.modify import Modify
from s1mpletrader.plugins.algorithms.single import Single
from s1mpletrader.plugins.algorithms.slicing.sliced import Sliced
from s1mpletrader.plugins.algorithms.slicing.starts import start_twap

IDS = Samples("modify")


@pytest.mark.parametrize(("live", "resized"), [(1, ["0.8"]), (3, [])])
def test_a_new_size_is_for_an_entry_of_one_order(live: int, resized: list[str]) -> None:
    parameters = (("duration", "1h"), ("slices", "3"))
    desk = Desk(lambda: Sliced(start_twap), Task(Decimal("0.6"), price=Decimal("38500.0"), parameters=parameters))
    desk.begin()
    for _ in range(live - 1):
        desk.wake()
    context = desk._context(None)
    able = replace(context, capabilities=replace(context.capabilities, amend=True, replace=True))
    execution = ExecutionPlan(id=PlanId(IDS.id(IdKind.EXECUTION_PLAN)), action=Action.MODIFY_ORDERS, algorithm="modify")
    size = SizePlan(id=PlanId(IDS.id(IdKind.SIZE_PLAN)), quantity=Decimal("0.8"))
    given = make_execution(desk.task)
    directive = replace(given, plans=Plans(entry=given.plans.entry, size=size, execution=execution))
    advance = Modify().begin(directive, able)
    replaced = [one.order.details.quantity for one in advance.commands if isinstance(one, ReplaceOrder)]
    assert [str(quantity) for quantity in replaced] == resized
    assert len(advance.commands) == len(resized)


def test_a_change_begun_by_an_earlier_release_goes_on() -> None:
    entry, context = _waiting_entry()
    begun = {
        "plans": {"size": {"id": "SIZ_1", "quantity": "0.8"}},
        "asked": [entry.order_id],
        "renewals": [],
        "replaced": [{"order_id": entry.order_id, "quantity": "0.8", "filled": "0"}],
        "refused": 0,
    }
    advance = Modify().advance(json.encode(begun), CommandRefused(order=entry, reason="busy"), context)
    (again,) = advance.commands
    assert isinstance(again, ReplaceOrder)
    assert again.order.details.quantity == Decimal("0.8")


def test_a_close_begun_by_an_earlier_release_goes_on() -> None:
    entry, context = _waiting_entry()
    begun = {
        "cancelled": [entry.order_id],
        "taken": [{"quantity": "0.2", "stop_price": "38000.0", "target_price": None}],
    }
    advance = Close().advance(json.encode(begun), CommandRefused(order=entry, reason="busy"), context)
    assert advance.wake_at is not None


def _waiting_entry() -> tuple[Order, GroupContext]:
    """An entry with a limit that the venue has, which can be replaced."""
    desk = Desk(Single, Task(Decimal("0.6"), price=Decimal("38500.0")))
    desk.begin()
    context = desk._context(None)
    (entry,) = context.trade_orders
    return entry, replace(context, capabilities=replace(context.capabilities, replace=True))
