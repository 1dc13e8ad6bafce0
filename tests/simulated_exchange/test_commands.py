"""Cancel, amend, replace, and reading what the venue knows."""

from decimal import Decimal

import pytest

from s1mpletrader.api import (
    SECOND_NS,
    Accepted,
    Amended,
    Cancelled,
    CancelRejected,
    FillSource,
    OrderRef,
    OrderState,
    Refused,
    Rejected,
    Replaced,
)
from tests.simulated_exchange.harness import Bar, World, candles, reasons, story

RISES: Bar = (10.0, 13.0, 8.0, 12.0)
END = 600 * SECOND_NS


def state_of(world: World, order: OrderRef) -> str | None:
    found = world.run(world.exchange.query(order))
    return None if found is None else str(found.state)


def test_a_cancelled_order_never_fills() -> None:
    world = World(candles(RISES))
    order = world.place("buy 1 @ 9")
    world.until(9 * SECOND_NS)
    outcome = world.run(world.exchange.cancel(order))
    assert outcome == Cancelled(order_id=order.order_id, at=9 * SECOND_NS, venue_at=9 * SECOND_NS)
    assert world.until(END) == []
    assert state_of(world, order) == OrderState.CANCELLED


@pytest.mark.parametrize(
    ("order", "reason"), [("buy 1", "ORDER_ENDED"), ("buy 1 @ 9.9 ioc", "ORDER_ENDED"), ("", "UNKNOWN_ORDER")]
)
def test_cancelling_what_does_not_live_is_refused_with_its_reason(order: str, reason: str) -> None:
    world = World(candles(RISES))
    ref = world.place(order) if order else world.ref(1)
    for command in (world.exchange.cancel(ref), world.exchange.amend(ref, Decimal("0.5"))):
        outcome = world.run(command)
        assert isinstance(outcome, CancelRejected)
        assert outcome.reason == reason


def test_less_quantity_keeps_the_place_in_the_queue_and_another_price_loses_it() -> None:
    bars = [(*RISES, 1.0)] * 3
    world = World(candles(*bars), volume_share=1)
    first, _ = world.place("buy 2 @ 9"), world.place("buy 1 @ 9")
    assert isinstance(world.run(world.exchange.amend(first, Decimal(1))), Amended)
    assert story(world.until(END)) == ["1 fill 1 @ 9 MAKER 10s", "2 fill 1 @ 9 MAKER 70s"]
    world = World(candles(*bars), volume_share=1)
    first, _ = world.place("buy 1 @ 8.9"), world.place("buy 1 @ 9")
    assert isinstance(world.run(world.exchange.amend(first, Decimal(1), Decimal(9))), Amended)
    assert story(world.until(END)) == ["2 fill 1 @ 9 MAKER 10s", "1 fill 1 @ 9 MAKER 70s"]


def test_an_amended_limit_may_fill_at_once() -> None:
    world = World(candles(RISES))
    order = world.place("buy 1 @ 7")
    world.run(world.exchange.amend(order, Decimal(1), Decimal(11)))
    assert story(world.until(0)) == ["1 fill 1 @ 10 TAKER 0s"]


@pytest.mark.parametrize(
    ("order", "quantity", "price", "reason"),
    [
        ("buy 3 @ 9", "4", None, "QUANTITY_RAISED"),
        ("buy 3 @ 9", "1", None, "QUANTITY_FILLED"),
        ("buy 3 @ 9", "2.05", None, "LOT_SIZE"),
        ("buy 3 @ 9", "2", "9.05", "PRICE_FILTER"),
        ("buy 3 @ 9", "3", "40", "INSUFFICIENT_BALANCE"),
        ("sell 3 stop 7", "3", "6", "NO_LIMIT_PRICE"),
    ],
)
def test_an_amendment_that_is_refused_changes_nothing(order: str, quantity: str, price: str | None, reason: str) -> None:
    world = World(candles((*RISES, 1.0)), account_type="spot", funds={"USDT": 50, "BTC": 3}, volume_share=1)
    ref = world.place(order)
    world.until(15 * SECOND_NS)
    before = world.run(world.exchange.query(ref)), world.balance("USDT"), world.balance("BTC")
    outcome = world.run(world.exchange.amend(ref, Decimal(quantity), None if price is None else Decimal(price)))
    assert isinstance(outcome, CancelRejected)
    assert outcome.reason == reason
    assert (world.run(world.exchange.query(ref)), world.balance("USDT"), world.balance("BTC")) == before


def test_amending_moves_what_is_set_aside() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 50})
    order = world.place("buy 3 @ 7")
    world.run(world.exchange.amend(order, Decimal(2), Decimal("7.5")))
    assert world.balance("USDT") == ("35", "15")
    found = world.run(world.exchange.query(order))
    assert found is not None
    assert (found.details.quantity, found.details.price) == (Decimal(2), Decimal("7.5"))


def test_a_replacement_takes_the_place_of_the_old_order() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 27})
    old = world.place("buy 3 @ 7")
    new = world.request("buy 3 @ 9")
    replaced, placed = world.run(world.exchange.replace(old, new))
    assert isinstance(replaced, Replaced)
    assert (replaced.replaced_by, type(placed)) == (new.order_id, Accepted)
    assert world.balance("USDT") == ("0", "27")
    assert state_of(world, old) == OrderState.CANCELLED
    assert story(world.until(END)) == ["2 fill 3 @ 9 MAKER 10s"]


def test_a_refused_replacement_leaves_the_old_order() -> None:
    world = World(candles(RISES), account_type="spot", funds={"USDT": 27})
    old = world.place("buy 3 @ 9")
    for text, reason in (("buy 3 @ 9.1", "INSUFFICIENT_BALANCE"), ("buy 3 @ 9.05", "PRICE_FILTER")):
        kept, placed = world.run(world.exchange.replace(old, world.request(text)))
        assert isinstance(kept, CancelRejected)
        assert (kept.reason, reasons([placed])) == (reason, [reason])
    assert world.balance("USDT") == ("0", "27")
    assert story(world.until(END)) == ["1 fill 3 @ 9 MAKER 10s"]
    kept, placed = world.run(world.exchange.replace(old, world.request("buy 1 @ 9")))
    assert isinstance(kept, CancelRejected)
    assert isinstance(placed, Rejected)
    assert (kept.reason, placed.rejection_reason) == ("ORDER_ENDED", "NOT_REPLACED")


def test_a_replacement_is_in_the_same_symbol() -> None:
    world = World(candles(RISES), candles(RISES, symbol="ETH/USDT"))
    old = world.place("buy 1 @ 7")
    kept, placed = world.run(world.exchange.replace(old, world.request("buy 1 @ 7", "ETH/USDT")))
    assert isinstance(kept, CancelRejected)
    assert reasons([placed]) == ["SYMBOL_CHANGED"]


def test_a_replacement_stands_in_the_links_of_the_old_order() -> None:
    world = World(candles(RISES, RISES), account_type="spot", funds={"USDT": 10})
    world.submit("buy 1 @ 9", "sell 1 stop 7", "sell 1 @ 14", kind="OTOCO")
    world.run(world.exchange.replace(world.ref(3), world.request("sell 1 @ 12.5")))  # while it waits
    world.run(world.exchange.replace(world.ref(1), world.request("buy 1 @ 8.5")))
    assert story(world.until(20 * SECOND_NS)) == ["5 fill 1 @ 8.5 MAKER 15s"]
    assert world.balance("BTC") == ("0", "1")
    world.run(world.exchange.replace(world.ref(2), world.request("sell 1 stop 7.5")))
    assert world.balance("BTC") == ("0", "1")
    assert story(world.until(END)) == ["4 fill 1 @ 12.5 MAKER 38s", "6 cancelled OCO"]


def test_a_replaced_first_order_still_has_its_followers_replaced() -> None:
    world = World(candles(RISES))
    world.submit("buy 1 @ 9", "sell 1 @ 14", kind="OTO")
    world.run(world.exchange.replace(world.ref(1), world.request("buy 1 @ 8.5")))
    world.run(world.exchange.replace(world.ref(2), world.request("sell 1 @ 12.5")))
    assert story(world.until(END)) == ["3 fill 1 @ 8.5 MAKER 15s", "4 fill 1 @ 12.5 MAKER 38s"]


def test_a_snapshot_shows_the_order_as_it_stands() -> None:
    world = World(candles((*RISES, 1.0)), volume_share=1)
    order = world.place("buy 3 @ 9")
    assert state_of(world, order) == OrderState.OPEN
    world.until(END)
    found = world.run(world.exchange.query(order))
    assert found is not None
    assert (found.order_id, found.client_order_id, found.exchange_order_id) == (order.order_id, order.client_order_id, "1")
    assert (found.state, found.filled_quantity, found.filled_notional) == (OrderState.PARTIALLY_FILLED, Decimal(1), Decimal(9))
    assert found.venue_at == 10 * SECOND_NS
    assert world.run(world.exchange.query(world.ref(9))) is None


def test_open_orders_are_listed_by_symbol() -> None:
    world = World(candles(RISES), candles(RISES, symbol="ETH/USDT"))
    world.submit("buy 1 @ 7")
    world.submit("buy 1 @ 7", symbol="ETH/USDT")
    assert world.open_numbers() == [1, 2]
    (only,) = world.run(world.exchange.open_orders("ETH/USDT"))
    assert only.symbol == "ETH/USDT"


def test_fills_are_polled_from_a_time_on_with_the_identity_they_were_pushed_with() -> None:
    world = World(candles(RISES))
    world.submit("buy 1", "buy 1 @ 9", "sell 1 @ 12")
    pushed = world.until(END)
    polled = world.run(world.exchange.fills_since("BTC/USDT", 10 * SECOND_NS))
    assert [fill.venue_trade_id for fill in polled] == [fill.venue_trade_id for fill in pushed[1:]]  # type: ignore[union-attr]
    assert {(fill.source, fill.at) for fill in polled} == {(FillSource.POLL, END)}
    assert world.run(world.exchange.fills_since("ETH/USDT", 0)) == []


def test_instruments_are_listed_and_an_unknown_one_is_refused() -> None:
    world = World(candles(RISES), instruments={"ETH/BTC:USD": {}, "X": {"base": "A", "quote": "B"}})
    found = world.run(world.exchange.instruments(["ETH/BTC:USD", "X", "BTC/USDT"]))
    assert [(one.base, one.quote, one.settlement) for one in found.values()] == [
        ("ETH", "BTC", "USD"),
        ("A", "B", "B"),
        ("BTC", "USDT", "USDT"),
    ]
    assert found["X"].price_tick == found["X"].quantity_lot == Decimal("0.00000001")
    with pytest.raises(Refused, match="does not list SOL/USDT"):
        world.run(world.exchange.instruments(["SOL/USDT"]))
