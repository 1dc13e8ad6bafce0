"""Linked orders: OCO, OTO, OTOCO."""

import pytest

from s1mpletrader.api import SECOND_NS, Cancelled, ListKind, UnsupportedOrder
from tests.simulated_exchange.harness import Bar, World, candles, reasons, story

RISES: Bar = (10.0, 13.0, 8.0, 12.0)
HIGHER: Bar = (15.0, 16.0, 14.0, 15.5)
LOWER: Bar = (6.0, 7.0, 5.0, 5.5)

TABLE = [
    ("OCO", ["sell 1 @ 12.5", "sell 1 stop 9"], [RISES], ["2 fill 1 @ 9 TAKER 10s", "1 cancelled OCO"]),
    ("OCO", ["sell 1 @ 12.5", "sell 1 stop 7"], [RISES], ["1 fill 1 @ 12.5 MAKER 38s", "2 cancelled OCO"]),
    ("OCO", ["sell 1 @ 14", "sell 1 stop 7"], [RISES, LOWER], ["2 fill 1 @ 6 TAKER 60s", "1 cancelled OCO"]),
    (
        "OCO",
        ["sell 1 @ 14", "sell 1 stop 7", "sell 2"],
        [RISES],
        ["3 fill 2 @ 10 TAKER 0s", "1 cancelled OCO", "2 cancelled OCO"],
    ),
    ("OCO", ["sell 1", "sell 1 stop 9"], [RISES], ["1 fill 1 @ 10 TAKER 0s", "2 cancelled OCO"]),
    ("OCO", ["sell 1 @ 11 ioc", "sell 1 stop 9"], [RISES], ["1 expired IOC", "2 fill 1 @ 9 TAKER 10s"]),
    ("OTO", ["buy 1", "sell 1 @ 12.5"], [RISES], ["1 fill 1 @ 10 TAKER 0s", "2 fill 1 @ 12.5 MAKER 38s"]),
    ("OTO", ["buy 1 @ 9", "sell 1 @ 12.5"], [RISES], ["1 fill 1 @ 9 MAKER 10s", "2 fill 1 @ 12.5 MAKER 38s"]),
    ("OTO", ["buy 1 @ 9", "sell 1"], [RISES], ["1 fill 1 @ 9 MAKER 10s", "2 fill 1 @ 9 TAKER 10s"]),
    ("OTO", ["buy 1 @ 9 ioc", "sell 1"], [RISES], ["1 expired IOC", "2 cancelled OTO"]),
    ("OTO", ["buy 1 @ 7", "sell 1 @ 9"], [RISES], []),
    (
        "OTOCO",
        ["buy 1", "sell 1 stop 9", "sell 1 @ 12.5"],
        [RISES],
        ["1 fill 1 @ 10 TAKER 0s", "2 fill 1 @ 9 TAKER 10s", "3 cancelled OCO"],
    ),
    (
        "OTOCO",
        ["buy 1", "sell 1 @ 9", "sell 1 stop 8"],
        [RISES],
        ["1 fill 1 @ 10 TAKER 0s", "2 fill 1 @ 10 TAKER 0s", "3 cancelled OCO"],
    ),
    (
        "OTOCO",
        ["buy 1 stop 14", "sell 1 stop 9", "sell 1 @ 15.5"],
        [RISES, HIGHER],
        ["1 fill 1 @ 15 TAKER 60s", "3 fill 1 @ 15.5 MAKER 95s", "2 cancelled OCO"],
    ),
    (
        "OTOCO",
        ["buy 1 fok @ 9", "sell 1 stop 8", "sell 1 @ 11"],
        [RISES],
        ["1 expired FOK", "2 cancelled OTO", "3 cancelled OTO"],
    ),
]


@pytest.mark.parametrize(("kind", "orders", "bars", "expected"), TABLE)
@pytest.mark.parametrize("account_type", ["netting", "spot"])
def test_linked_orders(kind: str, orders: list[str], bars: list[Bar], expected: list[str], account_type: str) -> None:
    world = World(candles(*bars), account_type=account_type, funds={"USDT": 100, "BTC": 2})
    assert reasons(world.submit(*orders, kind=kind)) == ["ok"] * len(orders)
    assert story(world.until(600 * SECOND_NS)) == expected
    ended = {line.split()[0] for line in expected}
    assert world.open_numbers() == [number for number in range(1, len(orders) + 1) if str(number) not in ended]


def test_a_partial_fill_already_cancels_the_rest_of_an_oco() -> None:
    world = World(candles((*RISES, 1.0), (*HIGHER, 9.0)), volume_share="1")
    world.submit("sell 3 @ 12.5", "sell 3 stop 7", kind="OCO")
    assert story(world.until(50 * SECOND_NS)) == ["1 fill 1 @ 12.5 MAKER 38s", "2 cancelled OCO"]
    assert story(world.until(600 * SECOND_NS)) == ["1 fill 2 @ 15 TAKER 60s"]


def test_followers_wait_until_the_first_is_filled_whole() -> None:
    world = World(candles((*RISES, 1.0), (*HIGHER, 9.0)), volume_share="1")
    world.submit("buy 3", "sell 3 @ 12.5", kind="OTO")
    assert story(world.until(600 * SECOND_NS)) == [
        "1 fill 1 @ 10 TAKER 0s",
        "1 fill 2 @ 15 TAKER 60s",
        "2 fill 3 @ 15 TAKER 60s",
    ]


def test_cancelling_the_first_cancels_its_followers() -> None:
    world = World(candles(RISES))
    world.submit("buy 1 @ 7", "sell 1 @ 9", "sell 1 stop 6", kind="OTOCO")
    assert isinstance(world.run(world.exchange.cancel(world.ref(1))), Cancelled)
    assert story(world.until(0)) == ["2 cancelled OTO", "3 cancelled OTO"]
    assert world.open_numbers() == []


def test_cancelling_one_of_an_oco_leaves_the_other() -> None:
    world = World(candles(RISES))
    world.submit("sell 1 @ 12.5", "sell 1 stop 9", kind="OCO")
    world.run(world.exchange.cancel(world.ref(2)))
    assert story(world.until(60 * SECOND_NS)) == ["1 fill 1 @ 12.5 MAKER 38s"]


def test_a_cancelled_follower_does_not_begin() -> None:
    world = World(candles(RISES), account_type="spot")
    world.submit("buy 1 @ 9", "sell 1 @ 11", "sell 1 stop 8.5", kind="OTOCO")
    world.run(world.exchange.cancel(world.ref(3)))
    assert story(world.until(60 * SECOND_NS)) == ["1 fill 1 @ 9 MAKER 10s", "2 fill 1 @ 11 MAKER 32s"]


def test_an_oco_of_sales_needs_the_asset_once() -> None:
    world = World(candles(RISES), account_type="spot", funds={"BTC": 1})
    assert reasons(world.submit("sell 1 @ 14", "sell 1 stop 7", kind="OCO")) == ["ok", "ok"]
    assert world.balance("BTC") == ("0", "1")
    world.run(world.exchange.cancel(world.ref(1)))
    assert world.balance("BTC") == ("0", "1")
    world.run(world.exchange.cancel(world.ref(2)))
    assert world.balance("BTC") == ("1", "0")


def test_followers_set_nothing_aside_while_they_wait() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 10, "BTC": 2})
    world.submit("buy 1 @ 7", "sell 1 @ 11", "sell 1 stop 8.5", kind="OTOCO")
    world.run(world.exchange.cancel(world.ref(3)))
    assert (world.balance("USDT"), world.balance("BTC")) == (("3", "7"), ("2", "0"))


def test_an_oco_of_purchases_sets_aside_the_dearest() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 30})
    world.submit("buy 2 @ 7", "buy 2 stop 14", kind="OCO")
    assert world.balance("USDT") == ("2", "28")
    world.run(world.exchange.cancel(world.ref(2)))
    assert world.balance("USDT") == ("16", "14")


def test_one_refused_order_refuses_its_list_and_nothing_changes() -> None:
    world = World(candles(RISES), account_type="spot", funds={"BTC": 1})
    assert reasons(world.submit("sell 1 @ 14.05", "sell 1 stop 7", kind="OCO")) == ["PRICE_FILTER", "LIST_REJECTED"]
    assert reasons(world.submit("sell 2 @ 14", "sell 2 stop 7", kind="OCO")) == ["INSUFFICIENT_BALANCE"] * 2
    assert reasons(world.submit("buy 2", "sell 2 stop 7", kind="OTO")) == ["INSUFFICIENT_BALANCE", "LIST_REJECTED"]
    assert world.open_numbers() == []
    assert world.balance("BTC") == ("1", "0")
    assert world.exchange.next_at() is None


@pytest.mark.parametrize(("kind", "orders"), [("OCO", ["buy 1"]), ("OTO", ["buy 1"]), ("OTOCO", ["buy 1", "sell 1 @ 12"])])
def test_a_list_that_is_too_short_is_unsupported(kind: str, orders: list[str]) -> None:
    with pytest.raises(UnsupportedOrder, match="has at least"):
        World(candles(RISES)).submit(*orders, kind=kind)


def test_a_list_of_two_symbols_is_unsupported() -> None:
    world = World(candles(RISES), candles(RISES, symbol="ETH/USDT"))
    requests = [world.request("buy 1 @ 9"), world.request("buy 1 @ 9", "ETH/USDT")]
    with pytest.raises(UnsupportedOrder, match="one symbol"):
        world.run(world.exchange.submit(requests, ListKind.OCO))
