"""Turns: what is due happens in one order, is durable together, and only then lets its commands leave."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, cast

import pytest

from s1mpletrader.core.clock import Agenda
from s1mpletrader.core.commands import CancelOrder, SubmitOrders
from s1mpletrader.core.engine import RANK_MARKET, RANK_NEWS, RANK_REPLY, RANK_SCHEDULE
from s1mpletrader.core.inbox import Inbox
from s1mpletrader.core.journal_writer import StrategyJournalWriter
from s1mpletrader.core.live_engine import LiveEngine
from s1mpletrader.core.outbox import Outbox
from s1mpletrader.core.patience import PatientConnector
from s1mpletrader.core.real_time import LoopTasks, ScaledClock, TurnClock
from s1mpletrader.core.recorder import GROUP, Recorder, Step
from s1mpletrader.domain.errors import Defect, GateClosed
from s1mpletrader.domain.instant import SECOND_NS
from s1mpletrader.domain.orders import ListKind
from s1mpletrader.domain.replies import Accepted, Cancelled, Outcome, VenueReply
from s1mpletrader.plugins.stores import MemoryJournal, MemoryLedger
from s1mpletrader.ports.execution import IExecutionConnector, OrderRef, OrderRequest
from s1mpletrader.ports.recording import Datum
from tests.core.samples import SYMBOL, draft, intent, opening, order_id
from tests.live.virtual_loop import run_virtually

START = 1_000 * SECOND_NS


class Journal(MemoryJournal):
    """Whose disk may be full."""

    is_full = False

    def __init__(self, said: list[str]) -> None:
        super().__init__(lasting=False)
        self._said = said

    @contextmanager
    def begin(self) -> Iterator[Any]:
        self._said.append("commit")
        if self.is_full:
            raise OSError("no space left on device")
        with super().begin() as tx:
            yield tx


class Recording:
    def __init__(self, said: list[str]) -> None:
        self._said = said
        self.fault: Exception | None = None

    def put(self, datum: Datum) -> None:
        raise AssertionError(datum)

    def flush(self) -> None:
        self._said.append("keep")
        if self.fault is not None:
            raise self.fault

    def close(self) -> None:
        """There is nothing to release."""


class Desk:
    """An engine with real parts around it; what happens is noted in one list."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.clock = ScaledClock(START)
        self.turns = TurnClock(self.clock)
        self.agenda = Agenda()
        self.inbox = Inbox(self.turns, self.agenda)
        self.journal = Journal(self.said)
        self.recording = Recording(self.said)
        self.recorder = Recorder(
            MemoryLedger("b", lasting=False),
            self.journal,
            StrategyJournalWriter("r"),
            GROUP,
            told=lambda entry: self.said.append("told"),
        )
        self.tasks = LoopTasks(self.inbox.fail)
        self.outbox = Outbox(self, self.tasks.spawn, self.inbox.deliver, self.turns.now)
        self.engine = LiveEngine(
            clock=self.turns,
            agenda=self.agenda,
            inbox=self.inbox,
            replies=self,
            recording=self.recording,
            recorder=self.recorder,
            outbox=self.outbox,
        )
        self.number = 0

    def say(self, text: str) -> Callable[[], None]:
        return lambda: self.said.append(text)

    def run(self, replies: Sequence[VenueReply]) -> None:
        self.said.extend(type(reply).__name__ for reply in replies)

    def decide(self) -> None:
        """Record an intent, and put its submission into the outbox."""
        self.number += 1
        self.said.append(f"decide {self.number}")
        meant = intent(self.number)
        self.recorder.record(Step((*opening(self.number), meant), (draft(self.number),)))
        request = OrderRequest(order_id=meant.order_id, client_order_id=meant.client_order_id, details=meant.details)
        self.outbox.put(self.recorder.recorded, [SubmitOrders((request,), ListKind.NONE)])

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        self.said.extend(f"submit {int(order.order_id[-4:], 16)}" for order in orders)
        return [
            Accepted(order_id=one.order_id, exchange_order_id="X", at=self.clock.now(), venue_at=self.clock.now())
            for one in orders
        ]

    async def cancel(self, order: OrderRef) -> Cancelled:
        self.said.append("cancel")
        return Cancelled(order_id=order.order_id, at=self.clock.now())

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> Any:
        raise AssertionError

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> Any:
        raise AssertionError


def played(story: Callable[[Desk], Awaitable[None]]) -> list[str]:
    """What happens while a story is told to a desk whose engine has begun."""

    async def told() -> list[str]:
        desk = Desk()
        desk.engine.begin(desk.say("after"))
        await story(desk)
        return desk.said

    return run_virtually(told())


def test_within_a_turn_replies_come_before_bars_bars_before_news_and_news_before_schedules() -> None:
    async def story(desk: Desk) -> None:
        desk.inbox.put(RANK_SCHEDULE, desk.say("schedule"))
        desk.inbox.put(RANK_NEWS, desk.say("second news"), source=1)
        desk.inbox.put(RANK_NEWS, desk.say("first news"), source=0)
        desk.inbox.put(RANK_MARKET, desk.say("bar"))
        desk.inbox.put(RANK_MARKET, desk.say("next bar"))
        desk.inbox.deliver([Cancelled(order_id=order_id(1), at=0)])
        await asyncio.sleep(0)
        await desk.engine.end()

    said = played(story)
    assert said[:7] == ["Cancelled", "bar", "next bar", "first news", "second news", "schedule", "keep"]


def test_a_turn_is_kept_and_committed_once_and_then_its_commands_leave_and_then_states_are_kept() -> None:
    async def story(desk: Desk) -> None:
        await asyncio.sleep(1)
        desk.said.clear()
        desk.inbox.put(RANK_MARKET, desk.decide)
        desk.inbox.put(RANK_MARKET, desk.decide)
        await asyncio.sleep(1)
        desk.said.append("|")
        await desk.engine.end()

    said = played(story)
    first = ["decide 1", "decide 2", "keep", "commit", "told", "told", "submit 1", "submit 2"]
    assert said[: len(first)] == first
    assert said[len(first) : said.index("|")] == ["after", "Accepted", "Accepted", "keep", "after"]


def test_what_came_before_the_beginning_waits_for_it() -> None:
    async def story() -> list[str]:
        desk = Desk()
        desk.inbox.put(RANK_MARKET, desk.say("early"))
        desk.inbox.deliver([Cancelled(order_id=order_id(1), at=0)])
        await asyncio.sleep(1)
        assert desk.said == []
        desk.engine.begin(desk.say("after"))
        await asyncio.sleep(1)
        await desk.engine.end()
        return desk.said

    assert run_virtually(story())[:3] == ["Cancelled", "early", "keep"]


def test_all_of_a_turn_happens_at_one_instant_however_long_it_takes() -> None:
    seen: list[int] = []

    async def story(desk: Desk) -> None:
        def slow() -> None:
            seen.append(desk.turns.now())
            asyncio.get_running_loop().now_s += 5  # type: ignore[attr-defined]
            seen.append(desk.turns.now())

        desk.inbox.put(RANK_MARKET, slow)
        await asyncio.sleep(1)
        seen.append(desk.turns.now())
        await desk.engine.end()

    played(story)
    assert seen == [START, START, START + 5 * SECOND_NS]


def test_alarms_ring_at_their_instants_the_earliest_first() -> None:
    rung: list[tuple[str, int]] = []

    async def story(desk: Desk) -> None:
        def ring(name: str) -> Callable[[], None]:
            return lambda: rung.append((name, (desk.turns.now() - START) // SECOND_NS))

        desk.inbox.put(RANK_SCHEDULE, ring("late"), at=START + 9 * SECOND_NS)
        await asyncio.sleep(1)
        desk.inbox.put(RANK_SCHEDULE, ring("early"), at=START + 4 * SECOND_NS)
        await asyncio.sleep(1)
        desk.inbox.put(RANK_SCHEDULE, ring("with it"), at=START + 9 * SECOND_NS)
        await asyncio.sleep(20)
        assert len(asyncio.all_tasks()) == 1
        await desk.engine.end()

    played(story)
    assert rung == [("early", 4), ("late", 9), ("with it", 9)]


def test_an_end_takes_what_is_due_and_forgets_what_is_to_come() -> None:
    async def story(desk: Desk) -> None:
        await asyncio.sleep(1)
        desk.inbox.put(RANK_MARKET, desk.say("due"))
        desk.inbox.put(RANK_MARKET, desk.say("to come"), at=START + 60 * SECOND_NS)
        await desk.engine.end()
        desk.inbox.put(RANK_MARKET, desk.say("too late"))
        await asyncio.sleep(100)
        assert len(asyncio.all_tasks()) == 1
        assert not desk.engine.failure.done()

    said = played(story)
    assert "due" in said
    assert not {"to come", "too late"} & set(said)


@pytest.mark.parametrize("place", ["journal", "recording"])
def test_where_a_store_fails_the_run_ends_and_nothing_leaves(place: str) -> None:
    async def story(desk: Desk) -> None:
        await asyncio.sleep(1)
        desk.inbox.put(RANK_MARKET, desk.decide)
        if place == "journal":
            desk.journal.is_full = True
        else:
            desk.recording.fault = OSError("no space left on device")
        await asyncio.sleep(1)
        desk.journal.is_full, desk.recording.fault = False, None
        desk.inbox.put(RANK_MARKET, desk.say("later"))
        desk.inbox.deliver([Cancelled(order_id=order_id(1), at=0)])
        await asyncio.sleep(1)
        await desk.engine.end()
        with pytest.raises(OSError, match="no space left"):
            desk.engine.failure.result()
        assert desk.outbox.waiting_count == 1
        if place == "journal":
            with pytest.raises(GateClosed):
                desk.recorder.flush()

    said = played(story)
    assert "decide 1" in said
    assert not {"submit 1", "told", "later", "Cancelled"} & set(said)


def test_what_goes_wrong_while_it_happens_ends_the_run_and_the_first_fault_counts() -> None:
    async def story(desk: Desk) -> None:
        def breaks() -> None:
            raise ZeroDivisionError("a worker")

        desk.inbox.put(RANK_MARKET, desk.decide)
        desk.inbox.put(RANK_MARKET, breaks)
        desk.inbox.put(RANK_MARKET, desk.say("next"))
        await asyncio.sleep(1)
        desk.inbox.fail(ValueError("a stream, later"))
        await desk.engine.end()
        with pytest.raises(ZeroDivisionError, match="a worker"):
            desk.engine.failure.result()
        assert desk.turns.now() > START, "time goes on after a turn that failed"

    assert played(story) == ["decide 1"]


def test_what_goes_wrong_beside_the_flows_ends_the_run() -> None:
    async def story(desk: Desk) -> None:
        desk.inbox.fail(ValueError("a stream"))
        desk.inbox.put(RANK_MARKET, desk.say("later"))
        await asyncio.sleep(1)
        await desk.engine.end()
        with pytest.raises(ValueError, match="a stream"):
            desk.engine.failure.result()

    assert played(story) == []


def test_what_goes_wrong_after_a_turn_ends_the_run() -> None:
    async def story() -> None:
        desk = Desk()

        def after() -> None:
            raise OSError("the state cannot be kept")

        desk.engine.begin(after)
        await asyncio.sleep(1)
        with pytest.raises(OSError, match="cannot be kept"):
            desk.engine.failure.result()
        await desk.engine.end()

    run_virtually(story())


def test_an_engine_that_has_not_begun_has_no_failure() -> None:
    with pytest.raises(Defect, match="has not begun"):
        _ = Desk().engine.failure


def test_a_fault_before_the_beginning_ends_the_run_at_its_beginning() -> None:
    desk = Desk()
    desk.inbox.fail(ValueError("too early"))
    desk.inbox.fail(ValueError("and once more"))

    async def story() -> None:
        desk.engine.begin(lambda: None)
        with pytest.raises(ValueError, match="too early"):
            await desk.engine.failure

    run_virtually(story())


def test_nothing_is_asked_of_the_engine_for_no_replies() -> None:
    async def story(desk: Desk) -> None:
        await asyncio.sleep(1)
        desk.said.clear()
        desk.inbox.deliver([])
        await asyncio.sleep(1)
        assert desk.said == []
        desk.inbox.look()
        await asyncio.sleep(1)
        assert desk.said == ["keep", "after"]
        await desk.engine.end()

    played(story)


def test_a_cancellation_that_waited_for_its_order_leaves_in_the_turn_of_the_answer() -> None:
    async def story(desk: Desk) -> None:
        def both() -> None:
            desk.decide()
            ref = OrderRef(order_id=order_id(1), client_order_id=order_id(1), symbol=SYMBOL)
            desk.outbox.put(desk.recorder.recorded, [CancelOrder(ref)])

        desk.inbox.put(RANK_REPLY, both)
        await asyncio.sleep(1)
        await desk.engine.end()

    said = played(story)
    acts = [one for one in said if one in ("submit 1", "Accepted", "cancel", "Cancelled")]
    assert acts == ["submit 1", "Accepted", "cancel", "Cancelled"]


def test_states_are_kept_after_a_command_that_has_a_deadline_has_left() -> None:
    async def story(desk: Desk) -> None:
        patient = PatientConnector(cast(IExecutionConnector, desk), desk.clock, SECOND_NS, desk.inbox.deliver)
        desk.outbox._connector = patient
        await asyncio.sleep(1)
        desk.said.clear()
        desk.inbox.put(RANK_MARKET, desk.decide)
        await asyncio.sleep(1)
        await desk.engine.end()

    said = played(story)
    assert said.index("submit 1") < said.index("after")


def test_however_many_turns_there_are_one_alarm_is_set_at_most() -> None:
    async def story(desk: Desk) -> None:
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == 1, "there is nothing to come"
        desk.inbox.put(RANK_MARKET, desk.say("to come"), at=START + 60 * SECOND_NS)
        for _ in range(5):
            desk.inbox.look()
            await asyncio.sleep(1)
            assert len(asyncio.all_tasks()) == 2
        await desk.engine.end()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    assert "to come" not in played(story)
