"""Candles from a scripted venue: what the stream leaves out is asked for before anything newer is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from s1mpletrader.api import SECOND_NS, Candle, DataProvision, SentWithoutAnswer, Series
from s1mpletrader.plugins.binance import BinanceDataConfig, BinanceMarket
from tests.binance.fake_transport import FakeTransport, error
from tests.binance.fake_world import START, FakeClock, run

BTC = Series("BTC/USDT", "1m")
MINUTE = 60 * SECOND_NS


class Feed:
    """A source of candles, and the venue that a test plays. What the venue has is what has closed by its clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.missing: set[int] = set()
        self.heard: list[Candle] = []
        self.venue = FakeTransport(
            {
                "GET /api/v3/time": lambda _: {"serverTime": self.clock.now() // 1_000_000},
                "GET /api/v3/klines": self.rows,
                "SUBSCRIBE": lambda _: None,
                "UNSUBSCRIBE": lambda _: None,
                "LIST_SUBSCRIPTIONS": lambda _: [],
            }
        )
        config = BinanceDataConfig(environment="testnet")
        provision = DataProvision(series=BTC, seed=0, directory=".", clock=self.clock, transport=self.venue)
        self.source = BinanceMarket(config, provision)

    def rows(self, asked: dict[str, Any]) -> Any:
        first = -(-(int(asked["startTime"]) * 1_000_000 - START) // MINUTE)
        last = (int(asked["endTime"]) * 1_000_000 - START) // MINUTE
        return [row(number) for number in range(first, last + 1) if number not in self.missing]

    def say(self, number: int, *, closed: bool = True, **changes: Any) -> None:
        """The stream tells a candle."""
        opened, open_, high, low, close, volume, *_ = row(number)
        body = {"t": opened, "o": open_, "h": high, "l": low, "c": close, "v": volume, "x": closed, **changes}
        self.venue.sockets[-1].say({"stream": "btcusdt@kline_1m", "data": {"e": "kline", "s": "BTCUSDT", "k": body}})

    async def rest(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)

    async def pass_by(self, seconds: float, step: float = 1) -> None:
        for _ in range(round(seconds / step)):
            self.clock.move(step)
            await self.rest()

    @property
    def told(self) -> list[int]:
        return [(candle.opened_at - START) // MINUTE for candle in self.heard]


def row(number: int) -> list[Any]:
    opened = (START + number * MINUTE) // 1_000_000
    return [opened, "10", "12", "9", str(10 + number % 3 * 0.5), "3", opened + 59_999, "0", 1, "0", "0", "0"]


@asynccontextmanager
async def feed(after: int = START, *, answers: bool = True) -> AsyncIterator[Feed]:
    made = Feed()
    if not answers:
        made.venue.reactions["GET /api/v3/klines"] = lambda _: error(503, -1000)

    async def hear() -> None:
        async for candle in made.source.candles([BTC], after):
            made.heard.append(candle)

    hearing = asyncio.create_task(hear())
    await made.rest()
    await made.pass_by(1)
    try:
        yield made
    finally:
        await made.source.close()
        await asyncio.wait_for(hearing, 5)


def test_a_closed_candle_of_the_stream_is_told_at_once_and_an_open_one_never() -> None:
    async def story() -> None:
        async with feed() as world:
            await world.pass_by(59)
            asked = world.venue.count("GET /api/v3/klines")
            world.say(0, closed=False)
            await world.rest()
            assert world.told == []
            world.say(0)
            world.say(0)
            await world.rest()
            assert world.told == [0]
            assert world.venue.count("GET /api/v3/klines") == asked

    run(story())


def test_a_subscription_without_an_answer_is_tried_again_on_another_connection() -> None:
    async def story() -> None:
        async with feed() as world:
            assert len(world.venue.sockets) == 1
            lost = [SentWithoutAnswer("silence")]
            world.venue.reactions["SUBSCRIBE"] = lambda _: lost.pop() if lost else None
            slower = world.source.candles([Series("BTC/USDT", "5m")], START)
            waiting = asyncio.ensure_future(anext(slower))
            await world.pass_by(59)
            assert (lost, len(world.venue.sockets), waiting.done()) == ([], 2, False)
            world.say(0)
            await world.rest()
            assert world.told == [0]
            await world.source.close()
            with pytest.raises(StopAsyncIteration):
                await waiting

    run(story())


def test_a_candle_that_was_left_out_is_asked_for_before_the_next_is_told() -> None:
    async def story() -> None:
        async with feed() as world:
            await world.pass_by(59)
            world.say(0)
            await world.rest()
            world.clock.move(120)
            world.venue.reactions["GET /api/v3/klines"] = lambda _: error(503, -1000)
            world.say(2)
            await world.pass_by(3)
            assert world.told == [0], "nothing newer before what is missing"
            world.clock.move(60)
            world.say(3)
            await world.rest()
            assert world.told == [0]
            world.venue.reactions["GET /api/v3/klines"] = world.rows
            await world.pass_by(20)
            assert world.told == [0, 1, 2, 3]

    run(story())


def test_nothing_is_told_before_the_past_that_was_asked_for() -> None:
    async def story() -> None:
        async with feed(START - 3 * MINUTE, answers=False) as world:
            await world.pass_by(59)
            world.say(0)
            await world.pass_by(2)
            assert world.told == []
            world.venue.reactions["GET /api/v3/klines"] = world.rows
            await world.pass_by(40)
            assert world.told == [-3, -2, -1, 0]

    run(story())


def test_a_candle_that_the_venue_has_not_is_a_gap_and_nothing_waits_for_it() -> None:
    async def story() -> None:
        async with feed() as world:
            world.missing.add(1)
            await world.pass_by(59)
            world.say(0)
            await world.rest()
            world.clock.move(120)
            world.say(2)
            await world.rest()
            assert world.told == [0, 2]

    run(story())


def test_a_late_candle_is_asked_for_by_the_clock() -> None:
    async def story() -> None:
        async with feed() as world:
            await world.pass_by(63)
            assert world.told == []
            await world.pass_by(3)
            assert world.told == [0]
            await world.pass_by(60)
            assert world.told == [0, 1]
            world.say(0)
            world.say(1)
            await world.rest()
            assert world.told == [0, 1]

    run(story())


@pytest.mark.parametrize(
    "changes", [{"h": "8"}, {"o": "NaN"}, {"c": "inf"}, {"v": "-1"}, {"l": "0"}, {"o": "x"}, {"t": "x"}, {"x": 1}]
)
def test_what_is_no_candle_is_put_aside_and_asked_for(changes: dict[str, Any]) -> None:
    async def story() -> None:
        async with feed() as world:
            await world.pass_by(59)
            world.say(0, **changes)
            await world.rest()
            assert world.told == []
            await world.pass_by(6)
            assert world.told == [0]

    run(story())


def test_a_flood_drops_the_oldest_and_the_gap_is_closed() -> None:
    async def story() -> None:
        made = Feed()
        iterator = made.source.candles([BTC], START)
        first = asyncio.ensure_future(anext(aiter(iterator)))
        await made.rest()
        await made.pass_by(61)
        made.say(0)
        heard = [await first]
        made.clock.move(5_999 * 60)
        for number in range(1, 6_000):
            made.say(number)
        for _ in range(7_000):
            await asyncio.sleep(0)
        while len(heard) < 6_000:
            heard.append(await anext(aiter(iterator)))
        assert [(candle.opened_at - START) // MINUTE for candle in heard] == list(range(6_000))
        await made.source.close()
        assert [candle async for candle in iterator] == []

    run(story())
