"""The outbox: commands leave from here once their step is recorded, at most one in flight for each order."""

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.core.commands import CancelOrder, Command
from s1mpletrader.domain.errors import Refused, Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import CancelRejected, ExchangeReply, NotSent, Rejected
from s1mpletrader.ports.execution import AlreadySubmitted, IExecutionCommands

SEND_ATTEMPTS_MAX: Final = 3
"""How often a submission that provably did not leave is sent, under the same id."""

Spawn = Callable[[Coroutine[Any, Any, Any], Callable[[Any], None]], None]
"""Runs a coroutine to its end, now or later, and hands over its result."""


class _Sending(Struct, eq=False):
    """A command on its way: of which step, about which orders, and, once it has been sent, when and with what answer."""

    step: int
    command: Command
    order_ids: tuple[OrderId, ...]
    attempt: int = 0
    sent_at: Instant = 0
    replies: Sequence[ExchangeReply] = ()

    @property
    def has_not_left(self) -> bool:
        """Whether every answer is that nothing was sent."""
        for reply in self.replies:
            if type(reply) is not NotSent:
                return False
        return bool(self.replies)

    def told(self, reply: ExchangeReply) -> ExchangeReply:
        """An answer as it is delivered: the outcome of a submission bears the time at which its request left."""
        if reply.order_id != self.command.changed_id:
            is_stamped = getattr(reply, "submitted_at", self.sent_at) == self.sent_at
            return reply if is_stamped else replace(reply, submitted_at=self.sent_at)
        if type(reply) is NotSent:
            # A cancellation or a change that did not leave says nothing about whether the order exists.
            return CancelRejected(order_id=reply.order_id, reason=reply.reason, at=reply.at)
        return reply


class Outbox:
    """Sends commands in their order. What comes back re-enters as replies; nothing here waits for the venue.

    While ``is_open`` says no, nothing but cancellations leaves; the rest waits in its order.
    """

    def __init__(
        self,
        connector: IExecutionCommands,
        spawn: Spawn,
        deliver: Callable[[Sequence[ExchangeReply]], None],
        now: Callable[[], Instant],
        is_open: Callable[[], bool] = lambda: True,
    ) -> None:
        self._connector = connector
        self._spawn = spawn
        self._deliver = deliver
        self._now = now
        self._is_open = is_open
        self._queue: deque[_Sending] = deque()
        self._in_flight: set[OrderId] = set()

    def put(self, step: int, commands: Sequence[Command]) -> None:
        """Queue the commands of a recorded step."""
        for command in commands:
            self._queue.append(_Sending(step, command, command.order_ids))

    def is_busy(self, order_id: OrderId) -> bool:
        """Whether a command about the order is under way, or the order itself has yet to leave."""
        return order_id in self._in_flight or any(
            order_id in sending.order_ids and order_id != sending.command.changed_id for sending in self._queue
        )

    @property
    def waiting_count(self) -> int:
        """How many commands wait."""
        return len(self._queue)

    def release(self, steps: int) -> None:
        """Send everything of the first ``steps`` steps whose orders have no other command in flight."""
        if not self._queue:
            return
        waiting: list[_Sending] = []
        held: set[OrderId] = set()
        is_open = self._is_open()
        while self._queue:
            sending = self._queue.popleft()
            ids = sending.order_ids
            may_leave = sending.step <= steps and (is_open or isinstance(sending.command, CancelOrder))
            if may_leave and self._in_flight.isdisjoint(ids) and held.isdisjoint(ids):
                self._in_flight.update(ids)
                self._send(sending)
            else:
                waiting.append(sending)
                held.update(ids)
        self._queue.extend(waiting)

    def _send(self, sending: _Sending) -> None:
        sending.attempt += 1
        sending.sent_at = self._now()
        self._spawn(self._call(sending), self._answered)

    async def _call(self, sending: _Sending) -> _Sending:
        """Bring the venue's answer; a local refusal, where nothing was sent, is an answer too."""
        command = sending.command
        try:
            sending.replies = await command.send(self._connector)
        except AlreadySubmitted:
            sending.replies = ()
        except Refused as refused:
            sending.replies = [self._refused(order_id, command, str(refused)) for order_id in sending.order_ids]
        except Unavailable as unavailable:
            at, reason = self._now(), str(unavailable)
            sending.replies = [NotSent(order_id=order_id, reason=reason, at=at) for order_id in sending.order_ids]
        return sending

    def _refused(self, order_id: OrderId, command: Command, reason: str) -> ExchangeReply:
        if order_id == command.changed_id:
            return CancelRejected(order_id=order_id, reason=reason, at=self._now())
        return Rejected(order_id=order_id, rejection_reason=reason, at=self._now())

    def _answered(self, sending: _Sending) -> None:
        if sending.attempt < SEND_ATTEMPTS_MAX and sending.has_not_left:
            self._send(sending)
            return
        self._in_flight.difference_update(sending.order_ids)
        self._deliver(list(map(sending.told, sending.replies)))
