"""A venue that lowers quantities in place, but changes no price, is given another order instead."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.api import Action, Amend, ExecutionPlan, IdKind, PlanId, Plans
from s1mpletrader.api import Replace as ReplaceOrder
from s1mpletrader.contracts.execution_desk import Desk, Task, make_execution
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.algorithms.modify import Modify
from s1mpletrader.plugins.algorithms.slicing.sliced import Sliced
from s1mpletrader.plugins.algorithms.slicing.starts import start_twap

IDS = Samples("amend price")


@pytest.mark.parametrize(("amends", "command"), [(True, Amend), (False, ReplaceOrder)])
def test_another_price_is_amended_only_where_the_venue_can(amends: bool, command: type) -> None:
    parameters = (("duration", "1h"), ("slices", "3"))
    desk = Desk(lambda: Sliced(start_twap), Task(Decimal("0.6"), price=Decimal("38500.0"), parameters=parameters))
    desk.begin()
    context = desk._context(None)
    able = replace(context, capabilities=replace(context.capabilities, amend=True, replace=True, amend_price=amends))
    execution = ExecutionPlan(id=PlanId(IDS.id(IdKind.EXECUTION_PLAN)), action=Action.MODIFY_ORDERS, algorithm="modify")
    given = make_execution(desk.task)
    assert given.plans.entry is not None
    assert given.plans.size is not None
    entry = replace(given.plans.entry, price=Decimal("38400.0"))
    size = replace(given.plans.size, quantity=Decimal("0.2"))
    advance = Modify().begin(replace(given, plans=Plans(entry=entry, size=size, execution=execution)), able)
    assert [type(one) for one in advance.commands] == [command]
