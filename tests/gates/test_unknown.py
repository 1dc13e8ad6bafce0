"""Orders of unknown outcome count as live: with every gate, from the ledger's changes on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from s1mpletrader.api import AccountType, OrderEventKind, RiskGate, Scope, Severity, Situation
from s1mpletrader.plugins.planners.gates import (
    KillSwitch,
    KillSwitchConfig,
    OpenOrders,
    OpenOrdersConfig,
    OrderNotional,
    OrderNotionalConfig,
    OrdersPerMinute,
    OrdersPerMinuteConfig,
    PositionLimit,
    PositionLimitConfig,
    PriceCollar,
    PriceCollarConfig,
    StandingRisk,
    StandingRiskConfig,
)
from s1mpletrader.plugins.planners.gates.halts import EVERY_ACCOUNT, Halt, halt
from s1mpletrader.plugins.planners.gates.standing_risk import DailyLossConfig, DrawdownHaltConfig, daily_loss, drawdown_halt
from s1mpletrader.plugins.stores import MemoryState
from tests.planners.making import LONG, Account, make_directive, make_provision, make_risk

from .making import code, execution

UNKNOWN, OPEN, NOT_PLACED = OrderEventKind.UNKNOWN, OrderEventKind.ACCEPTED, OrderEventKind.NOT_PLACED


def switch(*, halted: bool) -> RiskGate:
    state = MemoryState()
    if halted:
        halt(state, EVERY_ACCOUNT, Halt(reason="a test"))
    return KillSwitch(KillSwitchConfig(), replace(make_provision(), open_state=lambda: state))


def gate(kind: Callable[..., RiskGate], config: object) -> RiskGate:
    return kind(config, make_provision())


COUNTING: dict[str, RiskGate] = {
    "POSITION_LIMIT": gate(PositionLimit, PositionLimitConfig.model_validate({"quantity_max": "1.5"})),
    "OPEN_ORDERS": gate(OpenOrders, OpenOrdersConfig(orders_max=1)),
}
"""Gates for which it matters whether an order may still fill."""

INDIFFERENT: dict[str, RiskGate] = {
    "ORDERS_PER_MINUTE": gate(OrdersPerMinute, OrdersPerMinuteConfig(orders_max=1)),
    "ORDER_NOTIONAL": gate(OrderNotional, OrderNotionalConfig.model_validate({"notional_max": "1"})),
    "PRICE_COLLAR": gate(PriceCollar, PriceCollarConfig.model_validate({"percent": "0.01"})),
    "STANDING_RISK": gate(StandingRisk, StandingRiskConfig()),
    "DAILY_LOSS": daily_loss(DailyLossConfig(risk="drawdown"), make_provision()),
    "DRAWDOWN_HALT": drawdown_halt(DrawdownHaltConfig(), make_provision()),
    "KILL_SWITCH": switch(halted=True),
}
"""Gates that refuse here whatever becomes of the order."""


def situation(state: OrderEventKind, filled: str | None = None) -> Situation:
    """A critical risk, and one order that has come to this state."""
    account = Account(AccountType.NETTING)
    order = account.order(account.begin(), quantity="1", state=None if filled else state)
    if filled:
        account.fill(order, filled)
        account.changes.append(account.samples.event(order, 1, state))
    return account.situation(risks=[make_risk(Severity.CRITICAL)])


@pytest.mark.parametrize("refusal", COUNTING)
def test_what_may_have_been_placed_takes_room(refusal: str) -> None:
    directive = execution(make_directive(), "1", price="90.0")
    verdicts = {state: code(COUNTING[refusal], directive, situation(state)) for state in (UNKNOWN, OPEN, NOT_PLACED)}
    assert verdicts == {UNKNOWN: refusal, OPEN: refusal, NOT_PLACED: None}


@pytest.mark.parametrize("refusal", COUNTING)
def test_what_is_left_of_a_partly_filled_order_takes_room_too(refusal: str) -> None:
    directive = execution(make_directive(), "0.6", price="90.0")
    assert code(COUNTING[refusal], directive, situation(UNKNOWN, filled="0.1")) == refusal


@pytest.mark.parametrize("refusal", INDIFFERENT)
def test_a_gate_that_does_not_count_what_is_live_says_the_same(refusal: str) -> None:
    directive = execution(make_directive(), "1", price="90.0")
    verdicts = [code(INDIFFERENT[refusal], directive, situation(state)) for state in (UNKNOWN, OPEN, NOT_PLACED)]
    assert verdicts == [refusal] * 3


def test_an_unknown_order_lifts_no_halt_and_sets_none() -> None:
    directive = execution(make_directive(), "1", price="90.0")
    assert code(switch(halted=False), directive, situation(UNKNOWN)) is None


@pytest.mark.parametrize("refusal", [*COUNTING, *INDIFFERENT])
def test_beside_unknown_orders_a_trade_can_be_ended(refusal: str) -> None:
    account = Account(AccountType.NETTING)
    trade = account.enter(quantity="1")
    account.order(trade, quantity="5", state=UNKNOWN)
    end = execution(make_directive(LONG, Scope.CLOSE_EXISTING, trade.trade_id))
    seen = account.situation(risks=[make_risk(Severity.CRITICAL)])
    assert code({**COUNTING, **INDIFFERENT}[refusal], end, seen) is None
