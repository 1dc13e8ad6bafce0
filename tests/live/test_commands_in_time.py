"""Each command goes to the connector as it is, and has an outcome for each of its orders, in time or not."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from typing import Any, cast

import pytest

from s1mpletrader.core.patience import PatientConnector
from s1mpletrader.core.real_time import ScaledClock
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.orders import ListKind
from s1mpletrader.domain.replies import Accepted, Amended, Cancelled, ExchangeReply, Replaced, Unknown
from s1mpletrader.ports.execution import IExecutionConnector, OrderRef, OrderRequest
from tests.core.samples import SYMBOL, intent, order_id
from tests.live.virtual_loop import run_virtually

ONE, TWO = order_id(1), order_id(2)
REF = OrderRef(order_id=ONE, client_order_id=ONE, symbol=SYMBOL)
REQUESTS = tuple(OrderRequest(order_id=one, client_order_id=one, details=intent(1).details) for one in (ONE, TWO))


def accepted(one: OrderId) -> Accepted:
    return Accepted(order_id=one, exchange_order_id="X", at=1, venue_at=1)


ANSWERS: dict[str, Any] = {
    "submit": [accepted(ONE), accepted(TWO)],
    "cancel": Cancelled(order_id=ONE, at=1),
    "amend": Amended(order_id=ONE, at=1, quantity=Decimal(3), price=Decimal(11)),
    "replace": (Replaced(order_id=ONE, replaced_by=TWO, at=1), accepted(TWO)),
}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "submit": (REQUESTS, ListKind.OCO),
    "cancel": (REF,),
    "amend": (REF, Decimal(3), Decimal(11)),
    "replace": (REF, REQUESTS[1]),
}
ORDERS = {"submit": [ONE, TWO], "cancel": [ONE], "amend": [ONE], "replace": [ONE, TWO]}


class Slow:
    """A connector that answers after so many seconds, or fails then."""

    def __init__(self, seconds: float, fault: Exception | None = None) -> None:
        self.seconds, self.fault = seconds, fault
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def command(*arguments: Any) -> Any:
            self.asked.append((name, arguments))
            await asyncio.sleep(self.seconds)
            if self.fault is not None:
                raise self.fault
            return ANSWERS[name]

        return command


def listed(outcome: Any) -> list[ExchangeReply]:
    return list(outcome) if isinstance(outcome, Sequence) else [outcome]


def asked(command: str, connector: Slow) -> tuple[list[ExchangeReply], list[ExchangeReply]]:
    """What comes back within ten seconds, and what is delivered within a minute more."""
    late: list[ExchangeReply] = []

    async def asking() -> list[ExchangeReply]:
        patient = PatientConnector(cast(IExecutionConnector, connector), ScaledClock(0), 10 * SECOND_NS, late.extend)
        outcome = listed(await getattr(patient, command)(*ARGUMENTS[command]))
        await asyncio.sleep(60)
        await patient.close()
        return outcome

    outcome = run_virtually(asking())
    assert connector.asked == [(command, ARGUMENTS[command])]
    return outcome, late


@pytest.mark.parametrize("command", ANSWERS)
def test_an_answer_in_time_is_the_outcome(command: str) -> None:
    assert asked(command, Slow(9)) == (listed(ANSWERS[command]), [])


@pytest.mark.parametrize("command", ANSWERS)
def test_past_the_deadline_every_order_is_unknown_and_the_late_answer_is_delivered(command: str) -> None:
    unknown = [Unknown(order_id=one, reason="no answer within 10 s", at=10 * SECOND_NS) for one in ORDERS[command]]
    assert asked(command, Slow(11)) == (unknown, listed(ANSWERS[command]))


@pytest.mark.parametrize("command", ANSWERS)
def test_a_failure_that_proves_nothing_leaves_every_order_unknown(command: str) -> None:
    unknown = [Unknown(order_id=one, reason="KeyError: 'status'", at=SECOND_NS) for one in ORDERS[command]]
    assert asked(command, Slow(1, KeyError("status"))) == (unknown, [])


@pytest.mark.parametrize("command", ANSWERS)
def test_a_failure_past_the_deadline_is_no_evidence(command: str) -> None:
    _, late = asked(command, Slow(11, KeyError("status")))
    assert late == []
