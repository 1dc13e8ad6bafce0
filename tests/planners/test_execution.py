"""The choice of algorithm."""

import pytest

from s1mpletrader.api import Action, Aim, ExecutionPlanDraft, ExitPlan, Plans, Scope
from s1mpletrader.plugins.planners.execution import SingleExecution

from .making import LONG, Account, make_directive, make_entry, make_exit, make_size


def test_exits_need_a_bracket() -> None:
    plan, situation = SingleExecution().plan, Account().situation()
    entry, size = make_entry(), make_size("1")
    assert plan(make_directive(), Plans(entry=entry, size=size), situation) == ExecutionPlanDraft(algorithm="single")
    with_exit = Plans(entry=entry, size=size, exit=make_exit("90.0"))
    assert plan(make_directive(), with_exit, situation) == ExecutionPlanDraft(algorithm="bracket")


def test_an_end_is_carried_out_by_close() -> None:
    account = Account()
    trade = account.enter()
    directive = make_directive(LONG, Scope.CLOSE_EXISTING, trade.trade_id)
    assert SingleExecution().plan(directive, Plans(), account.situation()) == ExecutionPlanDraft(algorithm="close")


def test_a_change_goes_to_the_algorithm_that_modifies() -> None:
    account = Account()
    trade = account.enter()
    directive = make_directive(LONG, Scope.MODIFY_EXISTING, trade.trade_id)
    expected = ExecutionPlanDraft(algorithm="modify", action=Action.MODIFY_ORDERS)
    assert SingleExecution().plan(directive, Plans(), account.situation()) == expected


@pytest.mark.parametrize(("exits", "algorithm"), [(None, "single"), (make_exit("95.0"), "bracket")])
def test_more_of_a_trade_is_entered_as_a_new_one_is(exits: ExitPlan | None, algorithm: str) -> None:
    account = Account()
    trade = account.enter()
    directive = make_directive(LONG, Scope.MODIFY_EXISTING, trade.trade_id, aim=Aim.ADD)
    plan = SingleExecution().plan(directive, Plans(exit=exits), account.situation())
    assert plan == ExecutionPlanDraft(algorithm=algorithm)
