"""The outbox: commands leave from here once their step is recorded, at most one in flight for each order."""

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from msgspec.structs import replace

from s1mpletrader.core.commands import AmendOrder, CancelOrder, Command, ReplaceOrder, SubmitOrders
from s1mpletrader.domain.errors import Refused, Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.replies import CancelRejected, ExchangeReply, NotSent, Rejected
from s1mpletrader.ports.execution import AlreadySubmitted, IExecutionCommands

SEND_ATTEMPTS_MAX: Final = 3
"""How often a submission that provably did not leave is sent, under the same id."""

Spawn = Callable[[Coroutine[Any, Any, Any], Callable[[Any], None]], None]
"""Runs a coroutine to its end, now or later, and hands over its result."""


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
        self._queue: deque[tuple[int, Command, tuple[OrderId, ...]]] = deque()
        self._in_flight: set[OrderId] = set()

    def put(self, step: int, commands: Sequence[Command]) -> None:
        """Queue the commands of a recorded step."""
        self._queue.extend([(step, command, command.order_ids) for command in commands])

    def is_busy(self, order_id: OrderId) -> bool:
        """Whether a command about the order is under way, or the order itself has yet to leave."""
        return order_id in self._in_flight or any(order_id in _submitted(command) for _, command, _ in self._queue)

    @property
    def waiting_count(self) -> int:
        """How many commands wait."""
        return len(self._queue)

    def release(self, steps: int) -> None:
        """Send everything of the first ``steps`` steps whose orders have no other command in flight."""
        if not self._queue:
            return
        waiting: deque[tuple[int, Command, tuple[OrderId, ...]]] = deque()
        held: set[OrderId] = set()
        is_open = self._is_open()
        while self._queue:
            step, command, ids = self._queue.popleft()
            is_held = not (isinstance(command, CancelOrder) or is_open)
            if step > steps or is_held or not self._in_flight.isdisjoint(ids) or not held.isdisjoint(ids):
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
        connector = self._connector
        try:
            match command:
                case SubmitOrders():
                    return await connector.submit(command.requests, command.list_kind)
                case CancelOrder():
                    return [await connector.cancel(command.order)]
                case AmendOrder():
                    return [await connector.amend(command.order, command.quantity, command.price)]
                case ReplaceOrder():
                    return await connector.replace(command.order, command.replacement)
        except AlreadySubmitted:
            return []
        except Refused as refused:
            return [self._refused(order_id, command, str(refused)) for order_id in command.order_ids]
        except Unavailable as unavailable:
            return [NotSent(order_id=order_id, reason=str(unavailable), at=self._now()) for order_id in command.order_ids]

    def _refused(self, order_id: OrderId, command: Command, reason: str) -> ExchangeReply:
        if order_id in _submitted(command):
            return Rejected(order_id=order_id, rejection_reason=reason, at=self._now())
        return CancelRejected(order_id=order_id, reason=reason, at=self._now())

    def _answered(
        self, command: Command, ids: tuple[OrderId, ...], sent_at: Instant, attempt: int, replies: Sequence[ExchangeReply]
    ) -> None:
        unsent = bool(replies) and all(isinstance(reply, NotSent) for reply in replies)
        if unsent and attempt < SEND_ATTEMPTS_MAX:
            self._send(command, ids, attempt + 1)
            return
        self._in_flight.difference_update(ids)
        submitted = _submitted(command)
        self._deliver([_stamped(it, sent_at) if it.order_id in submitted else _command_unsent(it) for it in replies])


def _submitted(command: Command) -> tuple[OrderId, ...]:
    """The orders that a command brings to the venue."""
    match command:
        case SubmitOrders():
            return command.order_ids
        case ReplaceOrder():
            return (command.replacement.order_id,)
        case _:
            return ()


def _stamped(reply: ExchangeReply, sent_at: Instant) -> ExchangeReply:
    """The outcome with the time at which its request left."""
    return reply if getattr(reply, "submitted_at", sent_at) == sent_at else replace(reply, submitted_at=sent_at)


def _command_unsent(reply: ExchangeReply) -> ExchangeReply:
    """A cancellation or a change that did not leave says nothing about whether the order exists."""
    if isinstance(reply, NotSent):
        return CancelRejected(order_id=reply.order_id, reason=reply.reason, at=reply.at)
    return reply
