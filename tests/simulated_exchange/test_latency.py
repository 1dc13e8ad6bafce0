"""A request and a reply are under way for one latency each; by hand in virtual time, and under asyncio."""

import asyncio
from decimal import Decimal

import pytest

from s1mpletrader.api import (
    SECOND_NS,
    Accepted,
    Cancelled,
    CancelRejected,
    Duration,
    Filled,
    Instant,
    Rejected,
    VenueReply,
)
from tests.simulated_exchange.harness import Bar, World, candles, order_id, story

RISES: Bar = (10.0, 13.0, 8.0, 12.0)
HIGHER: Bar = (15.0, 16.0, 14.0, 15.5)
END = 600 * SECOND_NS
STEP: Duration = 5 * SECOND_NS


def late(*bars: Bar) -> World:
    return World(candles(*bars), latency_ms=5_000)


def test_an_order_meets_the_path_one_latency_later_and_its_answer_comes_another_later() -> None:
    world = late(RISES)
    (outcome,) = world.submit("buy 1")
    assert outcome == Accepted(order_id=order_id(1), exchange_order_id="1", at=2 * STEP, venue_at=STEP, submitted_at=0)
    (fill,) = world.told
    assert isinstance(fill, Filled)
    assert (fill.venue_at, fill.at, fill.price) == (STEP, 2 * STEP, Decimal("9.5"))


def test_a_rejection_takes_as_long() -> None:
    (outcome,) = late(RISES).submit("buy 1.05")
    assert outcome == Rejected(order_id=order_id(1), rejection_reason="LOT_SIZE", at=2 * STEP, venue_at=STEP, submitted_at=0)


def test_an_order_sent_before_the_close_may_arrive_in_the_next_candle() -> None:
    world = late(RISES, HIGHER)
    world.until(58 * SECOND_NS)
    world.place("sell 1")
    assert story(world.told) == ["1 fill 1 @ 14.8 TAKER 63s"]


def test_a_cancel_that_meets_the_order_filled_is_refused_although_the_fill_was_not_yet_known() -> None:
    world = late(RISES)
    order = world.place("buy 1 @ 8.5")  # there at 5 s, filled at 15 s, known at 20 s
    world.until(11 * SECOND_NS)
    outcome = world.run(world.exchange.cancel(order))
    assert isinstance(outcome, CancelRejected)
    assert (outcome.reason, outcome.venue_at, outcome.at) == ("ORDER_ENDED", 16 * SECOND_NS, 21 * SECOND_NS)
    assert story(world.told) == ["1 fill 1 @ 8.5 MAKER 15s"]


def test_a_cancel_that_comes_in_time_works() -> None:
    world = late(RISES)
    order = world.place("buy 1 @ 8.5")
    assert isinstance(world.run(world.exchange.cancel(order)), CancelRejected)  # there at 15 s, as the fill
    world = late(RISES)
    order = world.place("buy 1 @ 8.4")
    outcome = world.run(world.exchange.cancel(order))
    assert outcome == Cancelled(order_id=order.order_id, at=20 * SECOND_NS, venue_at=15 * SECOND_NS)
    assert world.until(END) == []


def test_a_reply_is_pending_until_its_latency_has_passed() -> None:
    world = late(RISES)
    world.place("buy 1 @ 9")
    assert world.exchange.next_at() == 15 * SECOND_NS
    assert world.until(15 * SECOND_NS - 1) == []
    (fill,) = world.until(15 * SECOND_NS)
    assert (fill.at, story([fill])) == (15 * SECOND_NS, ["1 fill 1 @ 9 MAKER 10s"])


def test_a_clock_that_wakes_late_is_believed() -> None:
    world = late(RISES)
    command = world.exchange.submit([world.request("buy 1")])
    assert command.send(None) == STEP
    world.clock.at = STEP + SECOND_NS
    assert command.send(None) == 2 * STEP + SECOND_NS
    world.clock.at = 3 * STEP
    with pytest.raises(StopIteration) as done:
        command.send(None)
    (outcome,) = done.value.value
    assert (outcome.venue_at, outcome.at) == (STEP + SECOND_NS, 3 * STEP)


def test_a_clock_that_is_set_back_does_not_set_the_venue_back() -> None:
    world = World(candles(RISES))
    world.until(40 * SECOND_NS)
    world.place("buy 1")
    world.clock.at = 0
    world.place("buy 1")
    assert story(world.until(END)) == ["1 fill 1 @ 13 TAKER 40s", "2 fill 1 @ 13 TAKER 40s"]


class LoopClock:
    """A clock under asyncio that lets time pass only when everybody sleeps."""

    def __init__(self) -> None:
        self.at: Instant = 0

    def now(self) -> Instant:
        return self.at

    async def sleep_until(self, at: Instant) -> None:
        while self.at < at:
            await asyncio.sleep(0)
            self.at = min(self.at + SECOND_NS, at) if self.at < at else self.at


def test_the_same_exchange_streams_its_replies_under_asyncio() -> None:
    async def trade() -> tuple[list[VenueReply], int]:
        world = late(RISES, HIGHER)
        world.clock = clock = LoopClock()  # type: ignore[assignment]
        exchange = world.exchange
        exchange._clock = clock
        told: list[VenueReply] = []

        async def listen() -> None:
            async for reply in exchange.replies():
                told.append(reply)
                assert clock.now() >= reply.at
                if len(told) == 2:
                    await exchange.close()

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        (accepted, _) = await exchange.submit([world.request("buy 1"), world.request("sell 1 @ 15")])
        assert isinstance(accepted, Accepted)
        await asyncio.wait_for(listening, 10)
        return told, len(asyncio.all_tasks())

    told, tasks = asyncio.run(trade())
    assert [line.split(" ")[:3] for line in story(told)] == [["1", "fill", "1"], ["2", "fill", "1"]]
    assert tasks == 1


def test_closing_ends_a_stream_that_waits_for_nothing() -> None:
    async def wait() -> int:
        exchange = World(candles(RISES)).exchange

        async def listen() -> None:
            async for _ in exchange.replies():
                raise AssertionError

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        await exchange.close()
        await asyncio.wait_for(listening, 10)
        return len(asyncio.all_tasks())

    assert asyncio.run(wait()) == 1
