"""What spot and netting accounts allow, what they set aside, and what fills and fees do to them."""

import pytest

from s1mpletrader.api import SECOND_NS, Filled
from tests.simulated_exchange.harness import Bar, World, candles, reasons, story

RISES: Bar = (10.0, 13.0, 8.0, 12.0)
HIGHER: Bar = (15.0, 16.0, 14.0, 15.5)
END = 600 * SECOND_NS


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("buy 10", "ok"),
        ("buy 10.1", "INSUFFICIENT_BALANCE"),
        ("buy 10 @ 10", "ok"),
        ("buy 10 @ 10.1", "INSUFFICIENT_BALANCE"),
        ("buy 7.1 stop 14", "ok"),
        ("buy 7.2 stop 14", "INSUFFICIENT_BALANCE"),
        ("buy 7.1 stop 13 @ 14", "ok"),
        ("buy 7.2 stop 13 @ 14", "INSUFFICIENT_BALANCE"),
        ("sell 3", "ok"),
        ("sell 3.1", "INSUFFICIENT_BALANCE"),
        ("sell 3.1 @ 11", "INSUFFICIENT_BALANCE"),
        ("sell 3.1 stop 9", "INSUFFICIENT_BALANCE"),
    ],
)
def test_a_spot_order_needs_its_funds(order: str, expected: str) -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 100, "BTC": 3})
    before = world.balance("USDT"), world.balance("BTC")
    assert reasons(world.submit(order)) == [expected]
    if expected != "ok":
        assert (world.balance("USDT"), world.balance("BTC")) == before
        assert world.exchange.next_at() is None


def test_the_fee_belongs_to_the_funds_that_a_purchase_needs() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 100}, fee_rate=0.01)
    assert reasons(world.submit("buy 10 @ 9", "buy 1.1 @ 9", "buy 1 @ 9")) == ["ok", "INSUFFICIENT_BALANCE", "ok"]
    assert world.balance("USDT") == ("0.01", "99.99")


def test_open_orders_lock_what_they_need_and_free_it_as_they_fill_or_end() -> None:
    world = World(
        candles((*RISES, 1.0), (*RISES, 1.0)), account_type="spot", funds={"USDT": 100}, fee_rate="0.01", volume_share=1
    )
    order = world.place("buy 3 @ 9")
    assert world.balance("USDT") == ("72.73", "27.27")
    world.until(30 * SECOND_NS)
    assert world.balance("USDT") == ("72.73", "18.18")
    assert world.balance("BTC") == ("1", "0")
    world.run(world.exchange.cancel(order))
    assert world.balance("USDT") == ("90.91", "0")


def test_maker_and_taker_pay_their_own_rates_rounded_up() -> None:
    world = World(candles(RISES), maker_rate="-0.001", taker_rate="0.0011", funds={"USDT": 100})
    world.submit("buy 1", "sell 1 @ 11")
    fills = [reply for reply in world.until(END) if isinstance(reply, Filled)]
    assert [(str(fill.fee), fill.fee_currency) for fill in fills] == [("0.02", "USDT"), ("-0.01", "USDT")]
    assert world.balance("USDT") == ("100.99", "0")


def test_a_spot_purchase_may_pay_its_fee_in_the_base() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 100}, fee_rate="0.01", fee_in="base")
    world.submit("buy 10")
    (bought,) = world.until(0)
    assert isinstance(bought, Filled)
    assert (str(bought.fee), bought.fee_currency) == ("0.10", "BTC")
    assert (world.balance("USDT"), world.balance("BTC")) == (("0", "0"), ("9.9", "0"))
    assert reasons(world.submit("sell 10", "sell 9.9")) == ["INSUFFICIENT_BALANCE", "ok"]
    (sold,) = world.until(0)
    assert isinstance(sold, Filled)
    assert (str(sold.fee), sold.fee_currency) == ("0.99", "USDT")


def test_a_purchase_that_has_become_too_dear_is_filled_as_far_as_the_money_goes() -> None:
    world = World(candles(RISES, HIGHER), account_type="spot", funds={"USDT": 100}, fee_rate="0.01")
    world.until(60 * SECOND_NS)
    world.place("buy 8")  # 96.96 at the last close of 12, 121.2 at the open of 15
    assert story(world.until(END)) == ["1 fill 6.6 @ 15 TAKER 60s", "1 expired INSUFFICIENT_BALANCE"]
    assert world.balance("USDT") == ("0.01", "0")


def test_what_the_money_pays_for_leaves_room_for_the_rounding_of_the_fee() -> None:
    rules = {"BTC/USDT": {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": 5}}
    world = World(candles(RISES, HIGHER), account_type="spot", funds={"USDT": 100}, fee_rate="0.01", instruments=rules)
    world.until(60 * SECOND_NS)
    world.place("buy 7.9")
    assert story(world.until(END)) == ["1 fill 6.2 @ 15 TAKER 60s", "1 expired INSUFFICIENT_BALANCE"]
    assert world.balance("USDT") == ("2", "0")


def test_fill_or_kill_buys_nothing_where_the_money_is_short() -> None:
    world = World(candles(RISES, HIGHER), account_type="spot", funds={"USDT": 100})
    world.until(60 * SECOND_NS)
    world.place("buy 8 fok")
    assert story(world.until(END)) == ["1 expired INSUFFICIENT_BALANCE"]
    assert world.balance("USDT") == ("100", "0")


def test_a_sale_whose_fee_exceeds_its_proceeds_and_the_balance_does_not_happen() -> None:
    rules = {"BTC/USDT": {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": 5}}
    world = World(candles(RISES), account_type="spot", funds={"BTC": 1}, fee_rate="0.01", instruments=rules)
    world.place("sell 0.1")
    assert story(world.until(END)) == ["1 expired INSUFFICIENT_BALANCE"]
    assert (world.balance("USDT"), world.balance("BTC")) == (("0", "0"), ("1", "0"))


def test_a_netting_account_goes_short_and_its_cash_counts_positions_as_paid_in_full() -> None:
    rules = {"BTC/USDT": {"price_tick": "0.1", "quantity_lot": "0.1", "fee_quantum": "0.01", "multiplier": 2}}
    world = World(candles(RISES), funds={"USDT": 100}, fee_rate="0.01", instruments=rules)
    world.submit("sell 30")
    world.until(0)
    assert world.balance("USDT") == ("694", "0")
    world.submit("buy 60")
    world.until(0)
    assert world.balance("USDT") == ("-518", "0")
    assert world.balance("BTC") == ("0", "0")


@pytest.mark.parametrize(
    ("before", "order", "expected"),
    [
        (["buy 2"], "sell 3 reduce", ["2 fill 2 @ 10 TAKER 0s", "2 expired REDUCE_ONLY"]),
        (["buy 2"], "sell 1 reduce", ["2 fill 1 @ 10 TAKER 0s"]),
        (["buy 2"], "sell 3 reduce fok", ["2 expired REDUCE_ONLY"]),
        (["buy 2"], "buy 1 reduce", ["2 expired REDUCE_ONLY"]),
        (["sell 2"], "buy 3 reduce", ["2 fill 2 @ 10 TAKER 0s", "2 expired REDUCE_ONLY"]),
        (["buy 2"], "sell 3 @ 11 reduce", ["2 fill 2 @ 11 MAKER 32s", "2 expired REDUCE_ONLY"]),
        (["buy 2"], "sell 2 stop 9 reduce", ["2 fill 2 @ 9 TAKER 10s"]),
        ([], "sell 2 stop 9 reduce", ["1 expired REDUCE_ONLY"]),
    ],
)
def test_reduce_only_never_opens_or_turns(before: list[str], order: str, expected: list[str]) -> None:
    world = World(candles(RISES))
    for text in before:
        world.place(text)
    world.until(0)
    world.place(order)
    assert story(world.until(END)) == expected


def test_reduce_only_on_spot_sells_what_is_there() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 100, "BTC": "1.55"})
    assert reasons(world.submit("sell 2 stop 9 reduce", "buy 1 reduce")) == ["ok", "ok"]
    assert story(world.until(END)) == [
        "2 expired REDUCE_ONLY",
        "1 fill 1.5 @ 9 TAKER 10s",
        "1 expired REDUCE_ONLY",
    ]
    assert world.balance("BTC") == ("0.05", "0")


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("buy 1 @ 10.05", "PRICE_FILTER"),
        ("buy 1 stop 10.05", "PRICE_FILTER"),
        ("buy 1.05", "LOT_SIZE"),
        ("buy 0.1", "LOT_SIZE"),
        ("buy 51", "LOT_SIZE"),
        ("buy 0.4", "MIN_NOTIONAL"),
        ("buy 0.5", "ok"),
        ("buy 0.5 @ 9.9", "MIN_NOTIONAL"),
        ("buy 1 stop 4.9 @ 12", "MIN_NOTIONAL"),
    ],
)
def test_the_instruments_filters_refuse(order: str, reason: str) -> None:
    rules = {"price_tick": "0.1", "quantity_lot": "0.1", "quantity_min": "0.2", "quantity_max": 50, "notional_min": 5}
    world = World(candles(RISES), funds={"USDT": 10_000}, instruments={"BTC/USDT": rules})
    assert reasons(world.submit(order)) == [reason]
    if reason != "ok":
        assert world.exchange.next_at() is None
        assert world.run(world.exchange.query(world.ref(1))) is None


def test_each_of_several_unlinked_orders_is_judged_alone() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 15})
    world.submit("buy 1", "buy 1", "buy 0.5")
    assert story(world.until(0)) == ["1 fill 1 @ 10 TAKER 0s", "3 fill 0.5 @ 10 TAKER 0s"]


def test_an_unlisted_symbol_is_rejected() -> None:
    world = World(candles(RISES))
    assert reasons(world.submit("buy 1", symbol="ETH/USDT")) == ["UNKNOWN_SYMBOL"]
    assert reasons(world.submit("buy 1 @ 9", "buy 1 @ 8", kind="OCO", symbol="ETH/USDT")) == ["UNKNOWN_SYMBOL"] * 2
