"""Patience with a venue: waiting for an answer has a deadline, and past it the outcome is unknown. A late answer still counts."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from s1mpletrader.domain.errors import Refused, Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import SECOND_NS, Duration
from s1mpletrader.domain.orders import ListKind
from s1mpletrader.domain.replies import AmendOutcome, CancelOutcome, ExchangeReply, Outcome, ReplaceOutcome, Unknown
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import IExecutionConnector, OrderRef, OrderRequest

T = TypeVar("T")


class PatientConnector:
    """The commands of a connector, each with an outcome in time.

    A connector that fails in a way that proves nothing (any error but ``Refused`` and ``Unavailable``) leaves the outcome
    unknown, too: it may have sent the request before it failed.
    """

    def __init__(
        self,
        connector: IExecutionConnector,
        clock: IClock,
        deadline_ns: Duration,
        deliver: Callable[[Sequence[ExchangeReply]], None],
    ) -> None:
        self._connector = connector
        self._clock = clock
        self._deadline_ns = deadline_ns
        self._deliver = deliver
        self._late: set[asyncio.Task[Any]] = set()

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        """An outcome for each order, ``Unknown`` for all past the deadline."""
        ids = [order.order_id for order in orders]
        return await self._in_time(self._connector.submit(orders, list_kind), lambda why: self._unknown(ids, why), list)

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """The cancellation's outcome, ``Unknown`` past the deadline."""
        return await self._in_time(
            self._connector.cancel(order), lambda why: self._unknown([order.order_id], why)[0], lambda outcome: [outcome]
        )

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> AmendOutcome:
        """The amendment's outcome, ``Unknown`` past the deadline."""
        return await self._in_time(
            self._connector.amend(order, quantity, price),
            lambda why: self._unknown([order.order_id], why)[0],
            lambda outcome: [outcome],
        )

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        """The outcomes for both orders, ``Unknown`` past the deadline."""

        def unknown(why: str) -> tuple[ReplaceOutcome, Outcome]:
            ended, placed = self._unknown([order.order_id, replacement.order_id], why)
            return ended, placed

        return await self._in_time(self._connector.replace(order, replacement), unknown, list)

    async def close(self) -> None:
        """Wait no longer for late answers."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    async def _in_time(
        self,
        call: Coroutine[Any, Any, T],
        unknown: Callable[[str], T],
        replies: Callable[[T], Sequence[ExchangeReply]],
    ) -> T:
        deadline_at = self._clock.now() + self._deadline_ns
        answer = asyncio.ensure_future(call)
        # The request leaves first, and then the alarm is set.
        await asyncio.sleep(0)
        alarm = asyncio.ensure_future(self._clock.sleep_until(deadline_at))
        try:
            await asyncio.wait({answer, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        if not answer.done():
            self._late.add(answer)
            answer.add_done_callback(lambda late: self._came_late(late, replies))
            return unknown(f"no answer within {self._deadline_ns / SECOND_NS:g} s")
        try:
            return answer.result()
        except (Refused, Unavailable):
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it is, it says nothing about what the venue did
            return unknown(f"{type(fault).__name__}: {fault}")

    def _came_late(self, late: asyncio.Task[T], replies: Callable[[T], Sequence[ExchangeReply]]) -> None:
        """An answer past the deadline is evidence like any other; a failure past it is none."""
        self._late.discard(late)
        if not late.cancelled() and late.exception() is None:
            self._deliver(replies(late.result()))

    def _unknown(self, order_ids: Sequence[OrderId], why: str) -> list[Unknown]:
        return [Unknown(order_id=order_id, reason=why, at=self._clock.now()) for order_id in order_ids]
