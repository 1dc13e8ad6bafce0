"""The outbox: what leaves, when, and what comes back of it."""

from collections.abc import Callable, Coroutine, Sequence
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from s1mpletrader.core.clock import Agenda, SteppedTasks
from s1mpletrader.core.commands import AmendOrder, CancelOrder, Command, ReplaceOrder, SubmitOrders
from s1mpletrader.core.outbox import SEND_ATTEMPTS_MAX, Outbox
from s1mpletrader.domain.orders import ListKind
from s1mpletrader.domain.replies import (
    Accepted,
    Amended,
    Cancelled,
    CancelRejected,
    ExchangeReply,
    NotSent,
    Rejected,
    Replaced,
    Unknown,
)
from s1mpletrader.ports.execution import AlreadySubmitted, Maintenance, OrderRef, OrderRequest, UnsupportedOrder

from .samples import SYMBOL, intent, order_id

NOW = 42


def submission(*numbers: int) -> SubmitOrders:
    requests = tuple(
        OrderRequest(order_id=order_id(number), client_order_id=order_id(number), details=intent(number).details)
        for number in numbers
    )
    return SubmitOrders(requests, ListKind.NONE)


def cancellation(number: int) -> CancelOrder:
    return CancelOrder(OrderRef(order_id=order_id(number), client_order_id=order_id(number), symbol=SYMBOL))


def amendment(number: int) -> AmendOrder:
    return AmendOrder(cancellation(number).order, Decimal(3), Decimal(11))


def replacement(number: int, by: int) -> ReplaceOrder:
    return ReplaceOrder(cancellation(number).order, submission(by).requests[0])


def accepted(number: int) -> Accepted:
    return Accepted(order_id=order_id(number), exchange_order_id=f"X{number}", at=NOW, venue_at=NOW)


class Venue:
    """A connector whose answers are given beforehand: replies, or an error to raise."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[str] = []

    async def submit(self, requests: Sequence[OrderRequest], list_kind: ListKind) -> Sequence[ExchangeReply]:
        self.calls.append("submit " + " ".join(request.order_id[-1] for request in requests))
        return self._answer() or [accepted(int(request.order_id[-1])) for request in requests]

    async def cancel(self, order: OrderRef) -> ExchangeReply:
        self.calls.append(f"cancel {order.order_id[-1]}")
        answer = self._answer()
        return answer[0] if answer else Cancelled(order_id=order.order_id, at=NOW)

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None) -> ExchangeReply:
        self.calls.append(f"amend {order.order_id[-1]} to {quantity} at {price}")
        answer = self._answer()
        return answer[0] if answer else Amended(order_id=order.order_id, at=NOW, quantity=quantity, price=price)

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> Sequence[ExchangeReply]:
        self.calls.append(f"replace {order.order_id[-1]} by {replacement.order_id[-1]}")
        replaced = Replaced(order_id=order.order_id, replaced_by=replacement.order_id, at=NOW)
        return self._answer() or [replaced, accepted(int(replacement.order_id[-1]))]

    def _answer(self) -> Any:
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


class Desk:
    """An outbox and what it delivers."""

    def __init__(self, *answers: Any, spawn: Any = None) -> None:
        self.venue = Venue(*answers)
        self.delivered: list[ExchangeReply] = []
        run = spawn or SteppedTasks(Agenda(), 0).spawn
        self.outbox = Outbox(self.venue, run, self.delivered.extend, lambda: NOW)  # type: ignore[arg-type]


def test_a_command_leaves_only_when_its_step_is_released() -> None:
    desk = Desk()
    desk.outbox.put(1, [submission(1)])
    desk.outbox.put(2, [submission(2)])
    desk.outbox.release(1)
    assert desk.venue.calls == ["submit 1"]
    desk.outbox.release(2)
    assert desk.venue.calls == ["submit 1", "submit 2"]
    desk.outbox.release(2)
    assert len(desk.venue.calls) == 2


def test_an_outcome_bears_the_time_at_which_its_request_left() -> None:
    desk = Desk()
    desk.outbox.put(1, [submission(1)])
    desk.outbox.release(1)
    (reply,) = desk.delivered
    assert isinstance(reply, Accepted)
    assert reply.submitted_at == NOW


class Held:
    """Runs coroutines only when told to."""

    def __init__(self) -> None:
        self.tasks: list[tuple[Coroutine[Any, Any, Any], Callable[[Any], None]]] = []

    def spawn(self, task: Coroutine[Any, Any, Any], then: Callable[[Any], None]) -> None:
        self.tasks.append((task, then))

    def finish(self) -> None:
        task, then = self.tasks.pop(0)
        SteppedTasks(Agenda(), 0).spawn(task, then)


def test_at_most_one_command_of_an_order_is_in_flight() -> None:
    held = Held()
    desk = Desk(spawn=held.spawn)
    desk.outbox.put(1, [submission(1), cancellation(1), submission(2)])
    desk.outbox.release(1)
    assert len(held.tasks) == 2
    held.finish()
    held.finish()
    assert desk.venue.calls == ["submit 1", "submit 2"]
    desk.outbox.release(1)
    held.finish()
    assert desk.venue.calls == ["submit 1", "submit 2", "cancel 1"]


def test_a_later_command_never_overtakes_a_held_one_of_the_same_order() -> None:
    desk = Desk()
    desk.outbox.put(2, [submission(1)])
    desk.outbox.put(1, [cancellation(1)])
    desk.outbox.release(1)
    assert desk.venue.calls == []
    desk.outbox.release(2)
    assert desk.venue.calls == ["submit 1", "cancel 1"]


def test_what_provably_did_not_leave_is_sent_again_under_the_same_id_and_not_for_ever() -> None:
    unsent = [[NotSent(order_id=order_id(1), reason="no route", at=NOW)]] * SEND_ATTEMPTS_MAX
    desk = Desk(*unsent)
    desk.outbox.put(1, [submission(1)])
    desk.outbox.release(1)
    assert desk.venue.calls == ["submit 1"] * SEND_ATTEMPTS_MAX
    assert [type(reply) for reply in desk.delivered] == [NotSent]


def test_a_second_attempt_may_succeed() -> None:
    desk = Desk([NotSent(order_id=order_id(1), reason="no route", at=NOW)])
    desk.outbox.put(1, [submission(1)])
    desk.outbox.release(1)
    assert [type(reply) for reply in desk.delivered] == [Accepted]


@pytest.mark.parametrize("outcome", [Unknown, Rejected])
def test_an_unknown_or_refused_outcome_is_never_sent_again(outcome: Any) -> None:
    words = {"reason": "timeout"} if outcome is Unknown else {"rejection_reason": "no money"}
    desk = Desk([outcome(order_id=order_id(1), at=NOW, **words)])
    desk.outbox.put(1, [submission(1)])
    desk.outbox.release(1)
    assert desk.venue.calls == ["submit 1"]
    assert [type(reply) for reply in desk.delivered] == [outcome]


def test_a_batch_of_which_a_part_was_sent_is_not_sent_again() -> None:
    mixed = [NotSent(order_id=order_id(1), reason="r", at=NOW), Unknown(order_id=order_id(2), reason="r", at=NOW)]
    desk = Desk(mixed)
    desk.outbox.put(1, [submission(1, 2)])
    desk.outbox.release(1)
    assert desk.venue.calls == ["submit 1 2"]


def test_a_local_refusal_is_a_rejection_of_every_order() -> None:
    desk = Desk(UnsupportedOrder("no stops here"))
    desk.outbox.put(1, [submission(1, 2)])
    desk.outbox.release(1)
    assert [(type(reply), reply.order_id) for reply in desk.delivered] == [(Rejected, order_id(1)), (Rejected, order_id(2))]


def test_an_order_submitted_before_says_nothing_about_itself() -> None:
    desk = Desk(AlreadySubmitted("known"))
    desk.outbox.put(1, [submission(1)])
    desk.outbox.release(1)
    assert desk.delivered == []


def test_a_venue_that_cannot_listen_now_has_not_been_sent_to() -> None:
    desk = Desk(*[Maintenance("back at noon")] * SEND_ATTEMPTS_MAX)
    desk.outbox.put(1, [submission(1)])
    desk.outbox.release(1)
    assert [type(reply) for reply in desk.delivered] == [NotSent]


@pytest.mark.parametrize("failure", [UnsupportedOrder("no"), *[Maintenance("later")]])
def test_a_cancellation_that_fails_here_proves_nothing_about_the_order(failure: Exception) -> None:
    desk = Desk(*[failure] * SEND_ATTEMPTS_MAX)
    desk.outbox.put(1, [cancellation(1)])
    desk.outbox.release(1)
    assert [type(reply) for reply in desk.delivered] == [CancelRejected]


def test_every_command_has_a_call_of_its_own() -> None:
    desk = Desk()
    desk.outbox.put(1, [submission(1), cancellation(2), amendment(3), replacement(4, by=5)])
    desk.outbox.release(1)
    assert desk.venue.calls == ["submit 1", "cancel 2", "amend 3 to 3 at 11", "replace 4 by 5"]
    assert desk.delivered == [
        replace(accepted(1), submitted_at=NOW),
        Cancelled(order_id=order_id(2), at=NOW),
        Amended(order_id=order_id(3), at=NOW, quantity=Decimal(3), price=Decimal(11)),
        Replaced(order_id=order_id(4), replaced_by=order_id(5), at=NOW),
        replace(accepted(5), submitted_at=NOW),
    ]


def rejected(number: int, reason: str) -> Rejected:
    return Rejected(order_id=order_id(number), rejection_reason=reason, at=NOW, submitted_at=NOW)


def unsent(number: int, reason: str) -> NotSent:
    return NotSent(order_id=order_id(number), reason=reason, at=NOW)


def unchanged(number: int, reason: str) -> CancelRejected:
    return CancelRejected(order_id=order_id(number), reason=reason, at=NOW)


@pytest.mark.parametrize(
    ("command", "failure", "replies"),
    [
        (submission(1, 2), UnsupportedOrder("no stops"), [rejected(1, "no stops"), rejected(2, "no stops")]),
        (submission(1, 2), Maintenance("later"), [unsent(1, "later"), unsent(2, "later")]),
        (cancellation(1), UnsupportedOrder("unknown"), [unchanged(1, "unknown")]),
        (cancellation(1), Maintenance("later"), [unchanged(1, "later")]),
        (amendment(1), UnsupportedOrder("not here"), [unchanged(1, "not here")]),
        (amendment(1), Maintenance("later"), [unchanged(1, "later")]),
        (replacement(1, by=2), UnsupportedOrder("not here"), [unchanged(1, "not here"), rejected(2, "not here")]),
        (replacement(1, by=2), Maintenance("later"), [unchanged(1, "later"), unsent(2, "later")]),
    ],
)
def test_what_fails_here_is_told_of_each_order_with_its_reason(
    command: Command, failure: Exception, replies: Sequence[ExchangeReply]
) -> None:
    desk = Desk(*[failure] * SEND_ATTEMPTS_MAX)
    desk.outbox.put(1, [command])
    desk.outbox.release(1)
    assert desk.delivered == replies
    desk.outbox.put(2, [submission(1, 2)])
    desk.outbox.release(2)
    assert desk.venue.calls[-1] == "submit 1 2", "an order that has its answer is free for its next command"


def test_the_time_at_which_a_request_left_is_that_of_the_attempt_that_was_answered() -> None:
    times = iter((10, 20, 20, 30))
    delivered: list[ExchangeReply] = []
    venue = Venue(Maintenance("later"), [Unknown(order_id=order_id(1), reason="timeout", at=NOW)])
    outbox = Outbox(venue, SteppedTasks(Agenda(), 0).spawn, delivered.extend, lambda: next(times))  # type: ignore[arg-type]
    outbox.put(1, [submission(1)])
    outbox.release(1)
    assert delivered == [Unknown(order_id=order_id(1), reason="timeout", at=NOW, submitted_at=20)]


def test_while_it_is_closed_only_cancellations_leave() -> None:
    open_now = False
    delivered: list[ExchangeReply] = []
    venue = Venue()
    outbox = Outbox(venue, SteppedTasks(Agenda(), 0).spawn, delivered.extend, lambda: NOW, lambda: open_now)  # type: ignore[arg-type]
    outbox.put(1, [submission(1), cancellation(2), amendment(3), cancellation(3)])
    outbox.release(1)
    assert venue.calls == ["cancel 2"]
    assert outbox.waiting_count == 3
    open_now = True
    outbox.release(1)
    assert venue.calls == ["cancel 2", "submit 1", "amend 3 to 3 at 11", "cancel 3"]
    assert outbox.waiting_count == 0


def test_an_order_is_busy_while_a_command_about_it_is_under_way_and_before_it_has_left() -> None:
    held = Held()
    desk = Desk(spawn=held.spawn)
    desk.outbox.put(1, [submission(1), amendment(3), replacement(4, 5)])
    assert [number for number in range(7) if desk.outbox.is_busy(order_id(number))] == [1, 5]
    desk.outbox.release(1)
    assert [number for number in range(7) if desk.outbox.is_busy(order_id(number))] == [1, 3, 4, 5]
    for _ in range(3):
        held.finish()
    assert not any(desk.outbox.is_busy(order_id(number)) for number in range(7))
