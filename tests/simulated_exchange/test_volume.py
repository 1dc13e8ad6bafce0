"""A share of each candle's volume bounds what our orders fill."""

import pytest

from s1mpletrader.api import SECOND_NS
from tests.simulated_exchange.harness import World, candles, story

END = 600 * SECOND_NS


def bar(volume: float, opening: float = 10.0) -> tuple[float, ...]:
    return opening, opening + 3, opening - 2, opening + 2, volume


TABLE = [
    (["buy 5"], ["1 fill 2 @ 10 TAKER 0s", "1 fill 1 @ 10 TAKER 60s", "1 fill 2 @ 10 TAKER 180s"]),
    (["buy 5 ioc"], ["1 fill 2 @ 10 TAKER 0s", "1 expired IOC"]),
    (["buy 5 fok"], ["1 expired FOK"]),
    (["buy 2 fok"], ["1 fill 2 @ 10 TAKER 0s"]),
    (["buy 4 @ 9"], ["1 fill 2 @ 9 MAKER 10s", "1 fill 1 @ 9 MAKER 70s", "1 fill 1 @ 9 MAKER 190s"]),
    (["buy 1.5", "buy 1.5"], ["1 fill 1.5 @ 10 TAKER 0s", "2 fill 0.5 @ 10 TAKER 0s", "2 fill 1 @ 10 TAKER 60s"]),
    (["buy 2", "buy 1 ioc"], ["1 fill 2 @ 10 TAKER 0s", "2 expired IOC"]),
    (["buy 2", "buy 1 fok"], ["1 fill 2 @ 10 TAKER 0s", "2 expired FOK"]),
    (["buy 1 @ 9", "buy 2 @ 9.5"], ["2 fill 2 @ 9.5 MAKER 5s", "1 fill 1 @ 9 MAKER 70s"]),
    (["buy 1 @ 9", "buy 2 @ 9"], ["1 fill 1 @ 9 MAKER 10s", "2 fill 1 @ 9 MAKER 10s", "2 fill 1 @ 9 MAKER 70s"]),
    (["buy 2", "sell 1 stop 9"], ["1 fill 2 @ 10 TAKER 0s", "2 fill 1 @ 10 TAKER 60s"]),
    (["buy 2", "sell 1 stop 9 ioc"], ["1 fill 2 @ 10 TAKER 0s", "2 expired IOC"]),
    (["buy 2", "sell 1 stop 9 @ 8.5"], ["1 fill 2 @ 10 TAKER 0s", "2 fill 1 @ 10 TAKER 60s"]),
    (["sell 3 stop 9"], ["1 fill 2 @ 9 TAKER 10s", "1 fill 1 @ 10 TAKER 60s"]),
]


@pytest.mark.parametrize(("orders", "expected"), TABLE)
def test_orders_share_what_a_candle_offers(orders: list[str], expected: list[str]) -> None:
    world = World(candles(bar(4.1), bar(2.0), bar(0.1), bar(8.0)), volume_share="0.5")
    world.submit(*orders)
    assert story(world.until(END)) == expected


def test_at_a_jump_the_better_price_is_served_first() -> None:
    world = World(candles(bar(100.0), bar(2.0, 5.0), bar(100.0, 5.0)), volume_share=1)
    world.submit("buy 1 @ 6", "buy 1 @ 7", "sell 1 stop 7")
    assert story(world.until(END)) == ["3 fill 1 @ 5 TAKER 60s", "2 fill 1 @ 5 TAKER 60s", "1 fill 1 @ 5 TAKER 120s"]


def test_a_market_order_that_waits_for_volume_keeps_its_funds() -> None:
    world = World(candles(bar(0.0), bar(4.0)), account_type="spot", funds={"USDT": 20}, volume_share=1)
    world.place("buy 1.5")
    assert world.balance("USDT") == ("5", "15")
    assert story(world.until(END)) == ["1 fill 1.5 @ 10 TAKER 60s"]
    assert world.balance("USDT") == ("5", "0")


def test_a_stop_triggered_without_volume_can_still_be_cancelled_before_and_after() -> None:
    world = World(candles(bar(1.0), bar(1.0)), volume_share=1)
    world.submit("buy 1", "sell 1 stop 9")
    assert story(world.until(5 * SECOND_NS)) == ["1 fill 1 @ 10 TAKER 0s"]
    assert world.exchange.next_at() == 60 * SECOND_NS
    world.run(world.exchange.cancel(world.ref(2)))
    assert world.exchange.next_at() is None


def test_a_silent_trigger_is_taken_back_when_something_happens_before_it() -> None:
    world = World(candles(bar(10.0), bar(10.0)))
    stop = world.place("sell 1 stop 9 @ 9.5")
    assert world.exchange.next_at() == 26 * SECOND_NS  # 9 at 10 s, and 9.5 on the way up
    world.until(5 * SECOND_NS)
    world.place("sell 1 @ 20")  # it is 9.5 now: a stop limit that were triggered already would be filled
    assert story(world.until(9 * SECOND_NS)) == []
    world.until(15 * SECOND_NS)
    world.place("sell 1 @ 21")
    assert world.exchange.next_at() == 26 * SECOND_NS
    assert world.run(world.exchange.query(stop)) is not None
    assert story(world.until(END)) == ["1 fill 1 @ 9.5 MAKER 26s"]


def test_reading_takes_back_what_was_only_foreseen() -> None:
    world = World(candles(bar(10.0)))
    stop = world.place("sell 1 stop 9 @ 9.5")
    assert world.exchange.next_at() == 26 * SECOND_NS
    for seconds in (5, 15, 20):
        world.until(seconds * SECOND_NS)
        world.run(world.exchange.query(stop))
    assert story(world.until(END)) == ["1 fill 1 @ 9.5 MAKER 26s"]
