"""Waiting for a venue has a deadline; whatever goes wrong past the request, the outcome is unknown, and a late answer counts."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from s1mpletrader.contracts.samples import START, Samples
from s1mpletrader.core.patience import PatientConnector
from s1mpletrader.core.real_time import ScaledClock
from s1mpletrader.domain.errors import Refused, Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.replies import Accepted, Cancelled, ExchangeReply, Unknown
from s1mpletrader.ports.execution import OrderRef, OrderRequest
from tests.live.virtual_loop import run_virtually

INTENT = Samples().family(quantity=Decimal(1)).intent
REQUEST = OrderRequest(order_id=INTENT.order_id, client_order_id=INTENT.client_order_id, details=INTENT.details)
REF = OrderRef(order_id=INTENT.order_id, client_order_id=INTENT.client_order_id, symbol=INTENT.details.symbol)
OTHER = OrderId("ORD_20220101_000000_00000000000000ff")
ACCEPTED = Accepted(order_id=INTENT.order_id, exchange_order_id="7", at=START, venue_at=START)


class Venue:
    """Answers after a while, or raises."""

    def __init__(self, after_s: float, fault: Exception | None = None) -> None:
        self._after_s, self._fault = after_s, fault

    async def _answer(self, answer: Any) -> Any:
        await asyncio.sleep(self._after_s)
        if self._fault is not None:
            raise self._fault
        return answer

    async def submit(self, orders: Sequence[OrderRequest], list_kind: Any = None) -> Any:
        return await self._answer([ACCEPTED])

    async def cancel(self, order: OrderRef) -> Any:
        return await self._answer(Cancelled(order_id=order.order_id, at=START))

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> Any:
        return await self._answer(None)

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> Any:
        return await self._answer(None)


def patient(venue: Venue, late: list[ExchangeReply]) -> PatientConnector:
    return PatientConnector(venue, ScaledClock(START), 10 * SECOND_NS, late.extend)  # type: ignore[arg-type]


def test_an_answer_in_time_is_the_answer() -> None:
    late: list[ExchangeReply] = []

    async def story() -> None:
        assert await patient(Venue(9.9), late).submit([REQUEST]) == [ACCEPTED]

    run_virtually(story())
    assert late == []


def test_past_the_deadline_it_is_unknown_and_the_late_answer_is_delivered() -> None:
    late: list[ExchangeReply] = []

    async def story() -> None:
        connector = patient(Venue(25), late)
        (outcome,) = await connector.submit([REQUEST])
        assert outcome == Unknown(order_id=INTENT.order_id, reason="no answer within 10 s", at=START + 10 * SECOND_NS)
        assert late == []
        await asyncio.sleep(20)

    run_virtually(story())
    assert late == [ACCEPTED]


@pytest.mark.parametrize("fault", [KeyError("a plugin's own mistake"), OSError("reset"), TimeoutError()])
def test_a_failure_that_proves_nothing_is_an_unknown_outcome(fault: Exception) -> None:
    async def story() -> None:
        connector = patient(Venue(1, fault), [])
        assert [type(outcome) for outcome in await connector.submit([REQUEST])] == [Unknown]
        assert isinstance(await connector.cancel(REF), Unknown)
        assert isinstance(await connector.amend(REF, Decimal(1)), Unknown)
        ended, placed = await connector.replace(REF, OrderRequest(order_id=OTHER, client_order_id=OTHER, details=REQUEST.details))
        assert (ended.order_id, placed.order_id) == (INTENT.order_id, OTHER)
        assert {type(ended), type(placed)} == {Unknown}

    run_virtually(story())


@pytest.mark.parametrize("fault", [Refused("no such order type"), Unavailable("banned")])
def test_what_proves_that_nothing_was_done_is_passed_on(fault: Exception) -> None:
    async def story() -> None:
        with pytest.raises(type(fault)):
            await patient(Venue(1, fault), []).cancel(REF)

    run_virtually(story())


def test_a_failure_after_the_deadline_is_no_evidence_and_closing_waits_for_nothing() -> None:
    late: list[ExchangeReply] = []

    async def story() -> None:
        failing, silent = patient(Venue(20, OSError("reset")), late), patient(Venue(10_000), late)
        await failing.submit([REQUEST])
        await silent.cancel(REF)
        await asyncio.sleep(20)
        await silent.close()

    run_virtually(story())
    assert late == []
