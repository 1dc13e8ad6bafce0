"""One order, one path, its fills: every order type and time in force."""

import pytest

from s1mpletrader.api import SECOND_NS
from tests.simulated_exchange.harness import Bar, World, candles, story

END = 600 * SECOND_NS
RISES: Bar = (10.0, 13.0, 8.0, 12.0)  # 10 at 0 s, 8 at 20 s, 13 at 40 s, 12 at the end
FALLS: Bar = (12.0, 13.0, 8.0, 9.0)  # 12, 13 at 20 s, 8 at 40 s, 9
HIGHER: Bar = (15.0, 16.0, 14.0, 15.5)
LOWER: Bar = (6.0, 7.0, 5.0, 5.5)

TABLE = [
    ("buy 2", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("sell 2", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("buy 2 ioc", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("buy 2 fok", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("buy 2 @ 9", [RISES], ["1 fill 2 @ 9 MAKER 10s"]),
    ("buy 2 @ 9", [FALLS], ["1 fill 2 @ 9 MAKER 36s"]),
    ("buy 2 @ 8", [RISES], ["1 fill 2 @ 8 MAKER 20s"]),
    ("buy 2 @ 7.9", [RISES], []),
    ("buy 2 @ 11", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("buy 2 @ 10", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("buy 2 @ 7", [RISES, LOWER], ["1 fill 2 @ 6 TAKER 60s"]),
    ("buy 2 @ 6", [RISES, LOWER], ["1 fill 2 @ 6 MAKER 60s"]),
    ("sell 2 @ 11", [RISES], ["1 fill 2 @ 11 MAKER 32s"]),
    ("sell 2 @ 13", [RISES], ["1 fill 2 @ 13 MAKER 40s"]),
    ("sell 2 @ 13.1", [RISES], []),
    ("sell 2 @ 9", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("sell 2 @ 14", [RISES, HIGHER], ["1 fill 2 @ 15 TAKER 60s"]),
    ("buy 2 @ 10 ioc", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("buy 2 @ 9.9 ioc", [RISES], ["1 expired IOC"]),
    ("buy 2 @ 9.9 fok", [RISES], ["1 expired FOK"]),
    ("sell 2 @ 10 fok", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("buy 2 stop 11", [RISES], ["1 fill 2 @ 11 TAKER 32s"]),
    ("sell 2 stop 9", [RISES], ["1 fill 2 @ 9 TAKER 10s"]),
    ("sell 2 stop 9 ioc", [RISES], ["1 fill 2 @ 9 TAKER 10s"]),
    ("sell 2 stop 9 fok", [RISES], ["1 fill 2 @ 9 TAKER 10s"]),
    ("sell 2 stop 7", [RISES, LOWER], ["1 fill 2 @ 6 TAKER 60s"]),
    ("buy 2 stop 14", [RISES, HIGHER], ["1 fill 2 @ 15 TAKER 60s"]),
    ("buy 2 stop 10", [RISES], ["1 fill 2 @ 10 TAKER 0s"]),
    ("sell 2 stop 9 @ 9", [RISES], ["1 fill 2 @ 9 TAKER 10s"]),
    ("sell 2 stop 9 @ 8.5", [RISES], ["1 fill 2 @ 9 TAKER 10s"]),
    ("sell 2 stop 9 @ 9.5", [RISES], ["1 fill 2 @ 9.5 MAKER 26s"]),
    ("sell 2 stop 9 @ 9.5 ioc", [RISES], ["1 expired IOC"]),
    ("sell 2 stop 9 @ 9.5 fok", [RISES], ["1 expired FOK"]),
    ("buy 2 stop 11 @ 10.5", [RISES], []),
    ("buy 2 stop 11 @ 10.5", [RISES, LOWER], ["1 fill 2 @ 6 TAKER 60s"]),
    ("buy 2 stop 14 @ 14.5", [RISES, HIGHER], ["1 fill 2 @ 14.5 MAKER 70s"]),
    ("buy 2 stop 14 @ 14.5 ioc", [RISES, HIGHER], ["1 expired IOC"]),
]


@pytest.mark.parametrize(("order", "bars", "expected"), TABLE, ids=[f"{row[0]} {len(row[1])} {row[2]}" for row in TABLE])
def test_an_order_meets_the_path(order: str, bars: list[Bar], expected: list[str]) -> None:
    world = World(candles(*bars))
    world.place(order)
    assert story(world.until(END)) == expected


@pytest.mark.parametrize(
    ("path", "bar", "first"),
    [
        ("direction", (10.0, 13.0, 8.0, 10.0), "low"),
        ("direction", (10.0, 13.0, 8.0, 9.9), "high"),
        ("nearest", (10.0, 13.0, 8.0, 9.0), "low"),
        ("nearest", (10.0, 12.0, 8.0, 9.0), "low"),
        ("nearest", (10.0, 11.0, 8.0, 12.0 - 1.0), "high"),
        ("high_first", (10.0, 13.0, 8.0, 12.0), "high"),
        ("low_first", (10.0, 13.0, 8.0, 9.0), "low"),
    ],
)
def test_the_path_visits_one_extreme_first(path: str, bar: Bar, first: str) -> None:
    world = World(candles(bar), path=path)
    world.submit("buy 1 @ 8", f"sell 1 @ {bar[1]}")
    fills = world.until(60 * SECOND_NS)
    assert [fill.at for fill in fills] == [20 * SECOND_NS, 40 * SECOND_NS]
    assert story(fills)[0].startswith("1" if first == "low" else "2")


@pytest.mark.parametrize(
    ("order", "mode", "expected"),
    [
        ("buy 2 @ 8", "through", []),
        ("buy 2 @ 8.1", "through", ["1 fill 2 @ 8.1 MAKER 19s"]),
        ("buy 2 @ 8.1", "touch", ["1 fill 2 @ 8.1 MAKER 19s"]),
        ("sell 2 @ 13", "through", []),
        ("buy 2 @ 10 ioc", "through", ["1 expired IOC"]),
        ("buy 2 @ 10.1 ioc", "through", ["1 fill 2 @ 10 TAKER 0s"]),
        ("buy 2 stop 13", "through", ["1 fill 2 @ 13 TAKER 40s"]),
    ],
)
def test_a_limit_fills_at_a_touch_or_only_once_the_price_has_gone_through(order: str, mode: str, expected: list[str]) -> None:
    world = World(candles(RISES), limit_fill=mode)
    world.place(order)
    assert story(world.until(60 * SECOND_NS)) == expected


def test_a_market_order_sent_at_a_close_fills_at_the_next_open() -> None:
    world = World(candles(RISES, HIGHER))
    world.until(60 * SECOND_NS)
    world.place("buy 1")
    assert world.exchange.next_at() == 60 * SECOND_NS
    assert story(world.until(60 * SECOND_NS)) == ["1 fill 1 @ 15 TAKER 60s"]


def test_an_order_in_the_last_nanosecond_of_a_candle_meets_its_close() -> None:
    world = World(candles(RISES, HIGHER))
    world.until(60 * SECOND_NS - 1)
    world.place("buy 1")
    assert story(world.until(60 * SECOND_NS - 1)) == ["1 fill 1 @ 12 TAKER 59.999999999s"]


def test_in_a_gap_there_is_no_price_and_a_market_order_waits_for_the_next_open() -> None:
    world = World(candles(RISES, None, None, HIGHER))
    world.until(70 * SECOND_NS)
    world.submit("buy 1", "buy 1 @ 14 ioc", "buy 1 @ 15 fok", "sell 1 stop 13")
    assert world.exchange.next_at() == 180 * SECOND_NS
    assert story(world.until(END)) == [
        "1 fill 1 @ 15 TAKER 180s",
        "3 fill 1 @ 15 TAKER 180s",
        "2 expired IOC",
    ]
    assert world.open_numbers() == [4]


def test_after_the_last_candle_an_order_stays_open() -> None:
    world = World(candles(RISES))
    world.until(61 * SECOND_NS)
    world.place("buy 1 ioc")
    assert world.exchange.next_at() is None
    assert world.open_numbers() == [1]


def test_before_the_first_candle_an_order_waits_for_it() -> None:
    world = World(candles(None, RISES))
    world.place("buy 1")
    assert story(world.until(60 * SECOND_NS)) == ["1 fill 1 @ 10 TAKER 60s"]


def test_within_a_candle_a_market_order_takes_the_interpolated_price_rounded_against_it() -> None:
    world = World(candles((10.0, 13.0, 8.0, 12.0)))
    world.until(10_333_333_333)  # 8.966... on the way down from 10 to 8
    world.submit("buy 1", "sell 1")
    assert story(world.until(10_333_333_333)) == [
        "1 fill 1 @ 9 TAKER 10.333333333s",
        "2 fill 1 @ 8.9 TAKER 10.333333333s",
    ]


def test_an_interpolated_price_on_the_tick_stays_there() -> None:
    world = World(candles(RISES))
    world.until(38_400_000_000)  # 12.6, in binary fractions 12.600000000000001
    world.place("buy 1")
    assert story(world.until(END)) == ["1 fill 1 @ 12.6 TAKER 38.4s"]


def test_an_order_that_comes_within_a_candle_meets_only_what_remains() -> None:
    world = World(candles(RISES))
    world.until(30 * SECOND_NS)
    world.submit("buy 1 @ 9", "buy 1 stop 12.5", "sell 1 @ 13")
    assert story(world.until(60 * SECOND_NS)) == ["2 fill 1 @ 12.5 TAKER 38s", "3 fill 1 @ 13 MAKER 40s"]


def test_what_a_reply_causes_meets_the_path_where_the_fill_was() -> None:
    world = World(candles(RISES))
    world.place("buy 1 @ 9.7")
    at = world.exchange.next_at()
    assert at is not None
    world.until(at)
    world.place("sell 1")
    world.until(at)
    assert story(world.told) == ["1 fill 1 @ 9.7 MAKER 3s", "2 fill 1 @ 9.7 TAKER 3s"]


def test_the_finest_timeframe_of_a_symbol_is_the_path() -> None:
    coarse = candles((10.0, 20.0, 5.0, 15.0), timeframe="5m", minutes=5)
    world = World(coarse, candles(RISES, HIGHER))
    world.place("sell 1 @ 16")
    assert story(world.until(END)) == ["1 fill 1 @ 16 MAKER 100s"]


def test_slippage_is_adverse_and_spares_limits() -> None:
    world = World(candles(RISES), slippage_ticks=2, slippage_rate="0.011")
    world.submit("buy 1", "sell 1", "buy 1 @ 10.2", "buy 1 stop 11", "sell 1 stop 9")
    assert story(world.until(60 * SECOND_NS)) == [
        "1 fill 1 @ 10.4 TAKER 0s",  # 10.11, up to 10.2, and two ticks
        "2 fill 1 @ 9.6 TAKER 0s",  # 9.89, down to 9.8, and two ticks
        "3 fill 1 @ 10 TAKER 0s",
        "5 fill 1 @ 8.7 TAKER 10s",  # 8.901, down to 8.9, and two ticks
        "4 fill 1 @ 11.4 TAKER 32s",  # 11.121, up to 11.2, and two ticks
    ]


def test_random_slippage_is_drawn_for_each_order_from_the_seed() -> None:
    def prices(seed: str, first: int) -> dict[str, str]:
        world = World(candles(RISES), slippage_ticks_random=5, seed=seed)
        world._count = first
        world.submit(*["buy 1"] * 40)
        return {line.split()[0]: line.split()[4] for line in story(world.until(0))}

    whole = prices("7", 0)
    assert set(whole.values()) == {"10", "10.1", "10.2", "10.3", "10.4", "10.5"}
    assert prices("7", 0) == whole
    assert prices("8", 0) != whole
    assert all(price == whole.get(number, price) for number, price in prices("7", 10).items())
