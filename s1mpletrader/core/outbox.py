"""The outbox: commands leave from here once their step is recorded, at most one in flight for each order."""

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from msgspec.structs import replace

from s1mpletrader.core.commands import CancelOrder, Command, SubmitOrders
from s1mpletrader.domain.errors import Refused, Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import CancelRejected, ExchangeReply, NotSent, Rejected
from s1mpletrader.ports.execution import AlreadySubmitted, IExecutionConnector

SEND_ATTEMPTS_MAX: Final = 3
"""How often a submission that provably did not leave is sent, under the same id."""

Spawn = Callable[[Coroutine[Any, Any, Any], Callable[[Any], None]], None]
"""Runs a coroutine to its end, now or later, and hands over its result."""


class Outbox:
    """Sends commands in their order. What comes back re-enters as replies; nothing here waits for the venue."""

    def __init__(
        self,
        connector: IExecutionConnector,
        spawn: Spawn,
        deliver: Callable[[Sequence[ExchangeReply]], None],
        now: Callable[[], Instant],
    ) -> None:
        self._connector = connector
        self._spawn = spawn
        self._deliver = deliver
        self._now = now
        self._queue: deque[tuple[int, Command, tuple[OrderId, ...]]] = deque()
        self._in_flight: set[OrderId] = set()

    def put(self, step: int, commands: Sequence[Command]) -> None:
        """Queue the commands of a recorded step."""
        self._queue.extend([(step, command, command.order_ids) for command in commands])

    def release(self, steps: int) -> None:
        """Send everything of the first ``steps`` steps whose orders have no other command in flight."""
        if not self._queue:
            return
        waiting: deque[tuple[int, Command, tuple[OrderId, ...]]] = deque()
        held: set[OrderId] = set()
        while self._queue:
            step, command, ids = self._queue.popleft()
            if step > steps or not self._in_flight.isdisjoint(ids) or not held.isdisjoint(ids):
                waiting.append((step, command, ids))
                held.update(ids)
                continue
            self._send(command, ids, attempt=1)
        self._queue = waiting

    def _send(self, command: Command, ids: tuple[OrderId, ...], attempt: int) -> None:
        self._in_flight.update(ids)
        sent_at = self._now()
        self._spawn(self._call(command), lambda replies: self._answered(command, ids, sent_at, attempt, replies))

    async def _call(self, command: Command) -> Sequence[ExchangeReply]:
        """The venue's answer; a local refusal, where nothing was sent, is an answer too."""
        try:
            if isinstance(command, SubmitOrders):
                return await self._connector.submit(command.requests, command.list_kind)
            return [await self._connector.cancel(command.order)]
        except AlreadySubmitted:
            return []
        except Refused as refused:
            return [self._refused(order_id, command, str(refused)) for order_id in command.order_ids]
        except Unavailable as unavailable:
            return [NotSent(order_id=order_id, reason=str(unavailable), at=self._now()) for order_id in command.order_ids]

    def _refused(self, order_id: OrderId, command: Command, reason: str) -> ExchangeReply:
        if isinstance(command, CancelOrder):
            return CancelRejected(order_id=order_id, reason=reason, at=self._now())
        return Rejected(order_id=order_id, rejection_reason=reason, at=self._now())

    def _answered(
        self, command: Command, ids: tuple[OrderId, ...], sent_at: Instant, attempt: int, replies: Sequence[ExchangeReply]
    ) -> None:
        unsent = bool(replies) and all(isinstance(reply, NotSent) for reply in replies)
        if unsent and attempt < SEND_ATTEMPTS_MAX:
            self._send(command, ids, attempt + 1)
            return
        self._in_flight.difference_update(ids)
        if isinstance(command, SubmitOrders):
            self._deliver([_stamped(reply, sent_at) for reply in replies])
        else:
            self._deliver([_cancel_unsent(reply) for reply in replies])


def _stamped(reply: ExchangeReply, sent_at: Instant) -> ExchangeReply:
    """The outcome with the time at which its request left."""
    return reply if getattr(reply, "submitted_at", sent_at) == sent_at else replace(reply, submitted_at=sent_at)


def _cancel_unsent(reply: ExchangeReply) -> ExchangeReply:
    """A cancellation that did not leave says nothing about whether the order exists."""
    if isinstance(reply, NotSent):
        return CancelRejected(order_id=reply.order_id, reason=reply.reason, at=reply.at)
    return reply
