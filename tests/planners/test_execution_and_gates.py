"""The choice of algorithm, and the bounds that no new trade passes."""

from decimal import Decimal

import pytest

from s1mpletrader.api import (
    NOTHING,
    Action,
    Direction,
    DirectiveId,
    ExecutionDirective,
    ExecutionPlan,
    ExecutionPlanDraft,
    IdKind,
    OrderEventKind,
    PlanId,
    Plans,
    Scope,
    Side,
    StrategyDirective,
    opening_side,
)
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.planners.execution import SingleExecution
from s1mpletrader.plugins.planners.gates import OrderNotional, OrderNotionalConfig, PositionLimit, PositionLimitConfig

from .making import (
    BTC,
    ETH,
    LONG,
    SHORT,
    Account,
    make_directive,
    make_entry,
    make_exit,
    make_instrument,
    make_provision,
    make_size,
)

IDS = Samples("execution")


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


def test_a_change_is_not_planned() -> None:
    account = Account()
    trade = account.enter()
    directive = make_directive(LONG, Scope.MODIFY_EXISTING, trade.trade_id)
    assert SingleExecution().plan(directive, Plans(), account.situation()) == NOTHING


def execution(directive: StrategyDirective, quantity: str, price: str | None = None) -> ExecutionDirective:
    opens = directive.scope is Scope.NEW_TRADE
    how = ExecutionPlan(id=PlanId(IDS.id(IdKind.EXECUTION_PLAN)), action=Action.EXECUTE_TRADE, algorithm="single")
    return ExecutionDirective(
        id=DirectiveId(IDS.id(IdKind.EXECUTION_DIRECTIVE)),
        strategy="alpha",
        directive=directive,
        plans=Plans(
            entry=make_entry(opening_side(directive.direction), price) if opens else None,
            size=make_size(quantity) if opens else None,
            execution=how,
        ),
    )


def limited(account: Account, direction: Direction, quantity: str) -> str | None:
    gate = PositionLimit(PositionLimitConfig(quantity_max=Decimal(2)), make_provision())
    refusal = gate.check(execution(make_directive(direction), quantity), account.situation())
    return refusal.code if refusal is not None else None


HELD: list[tuple[str, Direction, str, str | None]] = [
    ("0", LONG, "2", None),
    ("0", LONG, "2.01", "POSITION_LIMIT"),
    ("0", SHORT, "2", None),
    ("0", SHORT, "2.01", "POSITION_LIMIT"),
    ("1", LONG, "1", None),
    ("1", LONG, "1.01", "POSITION_LIMIT"),
    ("1", SHORT, "3", None),
    ("1", SHORT, "3.01", "POSITION_LIMIT"),
    ("5", SHORT, "1", None),
    ("-1", SHORT, "1.01", "POSITION_LIMIT"),
    ("-5", LONG, "1", None),
]


@pytest.mark.parametrize(("held", "direction", "quantity", "expected"), HELD)
def test_a_position_is_bounded_on_both_sides(held: str, direction: Direction, quantity: str, expected: str | None) -> None:
    account = Account()
    if held != "0":
        account.enter(SHORT if held.startswith("-") else LONG, quantity=held.removeprefix("-"))
    assert limited(account, direction, quantity) == expected


@pytest.mark.parametrize("state", [None, OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.UNKNOWN])
def test_live_orders_count_as_filled(state: OrderEventKind | None) -> None:
    account = Account()
    account.order(account.begin(), quantity="1.5", state=state)
    assert limited(account, LONG, "0.5") is None
    assert limited(account, LONG, "0.51") == "POSITION_LIMIT"


def test_a_partly_filled_order_counts_once() -> None:
    account = Account()
    account.fill(account.order(account.begin(), quantity="1.5"), "1")
    assert limited(account, LONG, "0.5") is None
    assert limited(account, LONG, "0.51") == "POSITION_LIMIT"


def test_an_order_that_ended_does_not_count() -> None:
    account = Account()
    account.order(account.begin(), quantity="1.5", state=OrderEventKind.CANCELLED)
    assert limited(account, LONG, "2") is None


def test_a_stop_and_a_target_make_no_room() -> None:
    account = Account()
    trade = account.enter(quantity="2")
    account.order(trade, Side.SELL, "2", price="120.0")
    account.order(trade, Side.SELL, "2", stop_price="90.0")
    assert limited(account, LONG, "0.1") == "POSITION_LIMIT"


def test_orders_that_lead_out_take_no_room() -> None:
    account = Account()
    trade = account.enter(quantity="1")
    account.order(trade, Side.SELL, price="120.0")
    account.order(trade, Side.SELL, stop_price="90.0")
    assert limited(account, LONG, "1") is None


def test_other_symbols_do_not_count() -> None:
    account = Account()
    account.order(account.enter(symbol=ETH, quantity="9"), quantity="9")
    assert limited(account, LONG, "2") is None


NOTIONALS: list[tuple[str, str | None, Decimal, str | None]] = [
    ("10", None, Decimal(1), None),
    ("10.01", None, Decimal(1), "ORDER_NOTIONAL"),
    ("20", "50.0", Decimal(1), None),
    ("20.01", "50.0", Decimal(1), "ORDER_NOTIONAL"),
    ("1", None, Decimal(10), None),
    ("1.01", None, Decimal(10), "ORDER_NOTIONAL"),
]


def notional_gate() -> OrderNotional:
    return OrderNotional(OrderNotionalConfig(notional_max=Decimal(1_000)), make_provision())


@pytest.mark.parametrize(("quantity", "price", "multiplier", "expected"), NOTIONALS)
def test_an_orders_value_is_bounded(quantity: str, price: str | None, multiplier: Decimal, expected: str | None) -> None:
    situation = Account().situation(instruments={BTC: make_instrument(multiplier=multiplier)})
    refusal = notional_gate().check(execution(make_directive(), quantity, price), situation)
    assert (refusal.code if refusal is not None else None) == expected


def test_an_order_without_a_price_to_measure_it_by_does_not_pass() -> None:
    situation = Account().situation(prices={})
    refusal = notional_gate().check(execution(make_directive(), "0.01"), situation)
    assert refusal is not None
    assert refusal.code == "NO_PRICE"


def test_an_end_always_passes() -> None:
    account = Account()
    trade = account.enter(quantity="50")
    end = execution(make_directive(LONG, Scope.CLOSE_EXISTING, trade.trade_id), "50")
    limit = PositionLimit(PositionLimitConfig(quantity_max=Decimal(1)), make_provision())
    assert limit.check(end, account.situation()) is None
    assert notional_gate().check(end, account.situation()) is None
