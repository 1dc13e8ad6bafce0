"""The laws of risk gates."""
# ruff: noqa: S101 - a law is an assertion.

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import ClassVar, Final

import pytest
from msgspec.structs import replace

from s1mpletrader.api import (
    SECOND_NS,
    ZERO,
    Direction,
    GateRefusal,
    IdKind,
    Instant,
    LedgerChange,
    OpenTrade,
    Order,
    OrderEventKind,
    Plans,
    RiskGate,
    Scope,
    Situation,
    TradeId,
    WorkerProvision,
)
from s1mpletrader.contracts.generated import INSTRUMENT
from s1mpletrader.contracts.naive_ledger import NaiveLedger
from s1mpletrader.contracts.planner import Answers, PlannerContract, asked
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.contracts.situations import Case, make_cases, make_directive, make_execution_directive, make_situations

CROWD: Final = 200
"""So many live orders, of so many units each, that any bound on them is exceeded."""

LIVE_STATES: Final = (None, OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED, OrderEventKind.UNKNOWN)
"""How an order that may fill came to stand: only intended, sent, open, and of unknown outcome."""


class RiskGateContract(PlannerContract):
    """Subclass it with ``make_planner``, which makes a gate here."""

    contract_port: ClassVar[str] = "RiskGate"
    refuses_closes: ClassVar[bool] = False
    """Whether it is meant to refuse the end of a trade too, as it is configured here."""
    bounds_position: ClassVar[bool] = False
    """Whether it bounds what may be held of a symbol, as it is configured here, to less than the crowd of a law would come to."""

    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        """A fresh gate, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_planner(provision)")

    def answers(self, planner: RiskGate) -> Answers:
        """A verdict on every directive that is planned whole, and on one beside a crowd of orders."""
        found: Answers = defaultdict(list)
        for case in (*_planned_cases(), _crowded_case(OrderEventKind.ACCEPTED)):
            found[case.name] = asked(case.situation, lambda case=case: _verdict(planner, case))
        return dict(found)

    def is_answer(self, case: str, answer: object) -> bool:
        """None lets a directive pass; a refusal has a code to count it by, such as ``ORDER_NOTIONAL``."""
        return answer is None or (isinstance(answer, GateRefusal) and re.fullmatch("[A-Z][A-Z0-9_]*", answer.code) is not None)

    def test_law_07_what_ends_a_trade_passes(self, planner: RiskGate) -> None:
        """An end is never held back: not by a crowd of orders, not by a risk, not for want of a price."""
        if self.refuses_closes:
            pytest.skip("not declared: ends pass (refuses_closes)")
        for case in _ends():
            assert _verdict(planner, case) is None, case.name

    def test_law_08_an_order_of_unknown_outcome_counts_as_live(self, planner: RiskGate) -> None:
        """It makes no difference whether orders are open, on their way, only intended, or of unknown outcome: each may fill."""
        verdicts = {state: _verdict(planner, _crowded_case(state)) for state in LIVE_STATES}
        expected = verdicts[OrderEventKind.ACCEPTED]
        for state, verdict in verdicts.items():
            assert (verdict is None) == (expected is None), f"orders {state or 'intended'}: {verdict}, open: {expected}"

    def test_law_09_what_an_algorithm_has_yet_to_place_counts_as_held(self, planner: RiskGate) -> None:
        """An entry in slices takes its room from the beginning: nothing passes, in its direction, that it leaves no room for."""
        if not self.bounds_position:
            pytest.skip("not declared: bounds_position")
        for direction in Direction:
            case = _new_trade(direction)
            assert _verdict(planner, case) is None, f"{direction}: it refuses even what is alone"
            planned = _beside_slices(case.situation, direction)
            assert _verdict(planner, case._replace(situation=planned)) is not None, f"{direction} beside slices to come"


def _verdict(gate: RiskGate, case: Case) -> GateRefusal | None:
    return gate.check(make_execution_directive(case), case.situation)


def _planned_cases() -> Iterator[Case]:
    return (case for case in make_cases() if case.plans.size is not None)


def _ends() -> Iterator[Case]:
    """The ends of trades as they are planned, without an entry, in every situation; crowded, and with and without a price."""
    for name, situation in make_situations():
        for trade in situation.view.open_trades:
            for priced in (True, False):
                seen = _crowded(situation, OrderEventKind.UNKNOWN)
                directive = make_directive(Scope.CLOSE_EXISTING, trade.direction, trade.trade_id)
                yield Case(
                    f"{name}{'' if priced else ', no price'}",
                    directive,
                    Plans(),
                    seen if priced else replace(seen, prices={}),
                )


def _crowded_case(state: OrderEventKind | None) -> Case:
    """A new trade, flat but for a crowd of live orders."""
    case = _new_trade(Direction.LONG)
    return case._replace(name=f"crowded, {case.name}", situation=_crowded(case.situation, state))


def _new_trade(direction: Direction) -> Case:
    """A new trade that is planned whole, on an account that is flat."""
    name, situation = next(make_situations())
    planned = next(case for case in _planned_cases() if case.directive.direction is direction)
    return Case(name, planned.directive, planned.plans, situation)


def _beside_slices(situation: Situation, direction: Direction) -> Situation:
    """The situation beside an entry in slices of which nothing has been placed yet."""
    samples = Samples("slices")
    quantity = Decimal(CROWD * 1_000)
    trade = OpenTrade(
        trade_id=TradeId(samples.id(IdKind.TRADE)),
        symbol=INSTRUMENT.symbol,
        direction=direction,
        quantity=ZERO,
        algorithms=("twap",),
        planned_quantity=quantity if direction is Direction.LONG else -quantity,
    )
    return replace(situation, view=replace(situation.view, open_trades=(trade,)))


def _crowded(situation: Situation, state: OrderEventKind | None) -> Situation:
    """The situation with many orders of the last minute in a state that is live."""
    at = situation.at - SECOND_NS
    ledger, orders = _crowd(at, state)
    view = replace(situation.view, open_orders=orders, recent_intents=(at,) * CROWD)
    return replace(situation, view=view, open_ledger=lambda: ledger)


@cache
def _crowd(at: Instant, state: OrderEventKind | None) -> tuple[NaiveLedger, tuple[Order, ...]]:
    samples = Samples("crowd")
    family = samples.family()
    changes: list[LedgerChange] = [family.trade, family.group]
    for _ in range(CROWD):
        intent = replace(samples.intent(family.trade, family.group, quantity=Decimal(1_000)), decided_at=at)
        changes.append(intent)
        if state is not None:
            changes.append(samples.event(intent, 1, state))
    ledger = NaiveLedger("book", changes)
    return ledger, tuple(ledger.orders(live=True))
