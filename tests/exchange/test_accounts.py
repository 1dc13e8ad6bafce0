"""Whatever is done, an account's balances are what its trades made of them, and its records agree with its stream."""

from contextlib import suppress
from decimal import ROUND_CEILING, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.exchange.transfers import transfer_order
from tests.exchange.harness import SYMBOL, Desk

SIDES = st.sampled_from(["BUY", "SELL"])
ABOVE = st.integers(1, 60).map(lambda parts: str(1 + Decimal(parts) / 10_000))
BELOW = st.integers(1, 60).map(lambda parts: str(1 - Decimal(parts) / 10_000))
RATIOS = st.one_of(ABOVE, BELOW)
QUANTITIES = st.integers(1, 60_000).map(lambda lots: str(Decimal(lots) * Decimal("0.00001")))
KINDS = st.sampled_from(["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"])

PLACE = st.tuples(st.just("place"), KINDS, SIDES, QUANTITIES, RATIOS, RATIOS)
OCO = st.tuples(st.just("oco"), SIDES, QUANTITIES, ABOVE, BELOW)
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 5))
AMEND = st.tuples(st.just("amend"), st.integers(0, 5))
WAIT = st.tuples(st.just("wait"), st.integers(100, 3_000))
PAY = st.tuples(st.just("pay"), st.sampled_from(["BTC", "USDT"]), st.integers(-(10**8), 10**9).filter(bool))
STEPS = st.lists(st.one_of(PAY, PLACE, PLACE, OCO, OCO, CANCEL, AMEND, WAIT, WAIT, WAIT), min_size=12, max_size=30)


def act(desk: Desk, step: tuple[Any, ...]) -> None:
    """Do something; whether the venue refuses it does not matter."""
    match step:
        case "place", kind, side, quantity, ratio, stop_ratio:
            place(desk, kind, side, quantity, ratio, stop_ratio)
        case "oco", side, quantity, above, below:
            place_oco(desk, side, quantity, above, below)
        case "pay", asset, units:
            with suppress(ValueError):
                desk.exchange.transfer("test", asset, Decimal(units) / 10**8)
        case "wait", seconds:
            desk.exchange.advance(seconds * 10**9, 10 * 10**9)
        case what, index:
            change(desk, what, index)


def place(desk: Desk, kind: str, side: str, quantity: str, ratio: str, stop_ratio: str) -> None:
    wanted = {"symbol": SYMBOL, "side": side, "type": kind, "quantity": quantity}
    if "LIMIT" in kind:
        wanted["price"] = desk.at(ratio)
    if kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        wanted["timeInForce"] = "GTC"
    if "STOP" in kind or "TAKE" in kind:
        wanted["stopPrice"] = desk.at(stop_ratio)
    desk.send("POST /api/v3/order", **wanted)


def place_oco(desk: Desk, side: str, quantity: str, above: str, below: str) -> None:
    legs = ("LIMIT_MAKER", "STOP_LOSS") if side == "SELL" else ("STOP_LOSS", "LIMIT_MAKER")
    wanted = {"symbol": SYMBOL, "side": side, "quantity": quantity, "aboveType": legs[0], "belowType": legs[1]}
    for leg, kind, ratio in (("above", legs[0], above), ("below", legs[1], below)):
        wanted[f"{leg}{'Price' if kind == 'LIMIT_MAKER' else 'StopPrice'}"] = desk.at(ratio)
    desk.send("POST /api/v3/orderList/oco", **wanted)


def change(desk: Desk, what: str, index: int) -> None:
    """Cancel a live order, or halve it."""
    live = desk.exchange.accounts["test"].records.live()
    if not live:
        return
    order = live[index % len(live)]
    named = {"symbol": SYMBOL, "orderId": order.order_id}
    if what == "cancel":
        desk.ok("DELETE /api/v3/order", **named)
    else:
        half = (order.quantity / 2).quantize(Decimal("0.00001"))
        desk.send("PUT /api/v3/order/amend/keepPriority", **named, newQty=str(half))


@settings(max_examples=40)
@given(STEPS, st.sampled_from([None, "0.0001"]))
def test_balances_orders_trades_and_events_agree(steps: list[tuple[Any, ...]], volume_share: str | None) -> None:
    desk = Desk(volume_share=volume_share)
    wire, before = desk.listen().wire, desk.balances()
    for step in steps:
        act(desk, step)
    events, trades = wire.events(), desk.ok("GET /api/v3/myTrades", symbol=SYMBOL, limit=1000)
    paid = [(event["a"], Decimal(event["d"])) for event in events if event["e"] == "balanceUpdate"]
    check_balances(before, desk.balances(), trades, paid)
    orders = {order["orderId"]: order for order in desk.ok("GET /api/v3/allOrders", symbol=SYMBOL, limit=1000)}
    for order in orders.values():
        own = [trade for trade in trades if trade["orderId"] == order["orderId"]]
        assert Decimal(order["executedQty"]) == sum(Decimal(trade["qty"]) for trade in own) <= Decimal(order["origQty"])
        assert Decimal(order["cummulativeQuoteQty"]) == sum(Decimal(trade["quoteQty"]) for trade in own)
    last = {event["i"]: event for event in events if event["e"] == "executionReport"}
    assert {order_id: (order["status"], order["executedQty"]) for order_id, order in orders.items()} == {
        order_id: (event["X"], event["z"]) for order_id, event in last.items()
    }
    assert [event["t"] for event in events if event.get("x") == "TRADE"] == [trade["id"] for trade in trades]
    told = {balance["a"]: (balance["f"], balance["l"]) for event in events for balance in event.get("B", ())}
    after = desk.balances()
    assert all(after.get(asset, (0, 0)) == tuple(map(Decimal, amounts)) for asset, amounts in told.items())


def check_balances(
    before: dict[str, tuple[Decimal, Decimal]],
    after: dict[str, tuple[Decimal, Decimal]],
    trades: list[dict[str, Any]],
    paid: list[tuple[str, Decimal]],
) -> None:
    """What is there is what was there, plus what was paid in and traded, less what it cost; none of it below zero."""
    expected = {asset: sum(amounts) for asset, amounts in before.items()}
    for asset, amount in paid:
        expected[asset] += amount
    for trade in trades:
        sign = 1 if trade["isBuyer"] else -1
        expected["BTC"] += sign * Decimal(trade["qty"])
        expected["USDT"] -= sign * Decimal(trade["quoteQty"])
        expected[trade["commissionAsset"]] -= Decimal(trade["commission"])
    assert {asset: sum(amounts) for asset, amounts in after.items()} == {name: total for name, total in expected.items() if total}
    assert all(min(amounts) >= 0 for amounts in after.values())


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_requests_have_the_same_answers(seed: int) -> None:
    def told() -> list[Any]:
        desk = Desk(seed=seed)
        wire = desk.listen().wire
        desk.limit("BUY", "0.01", desk.at("0.999"))
        desk.order(side="BUY", type="MARKET", quantity="0.02")
        desk.advance(600)
        return [*wire.events(), desk.ok("GET /api/v3/account"), desk.public("GET /api/v3/depth", symbol=SYMBOL).content]

    assert told() == told()


def test_another_seed_is_another_market() -> None:
    assert Desk(seed=1).price() != Desk(seed=2).price()


def test_an_account_tells_of_assets_that_it_does_not_have() -> None:
    desk = Desk(symbols={"BTC/USDT": {}, "SOL/USDT": {}})
    balances = {balance["asset"]: balance["free"] for balance in desk.ok("GET /api/v3/account")["balances"]}
    assert balances["SOL"] == "0.00000000"
    assert set(balances) == {"BTC", "ETH", "SOL", "USDT"}


def test_an_accounts_rates_are_told() -> None:
    desk = Desk(maker_rate="0.0005", taker_rate="0.002")
    rates = desk.ok("GET /api/v3/account/commission", symbol=SYMBOL)["standardCommission"]
    assert (rates["maker"], rates["taker"]) == ("0.00050000", "0.00200000")
    (fill,) = desk.order(side="BUY", type="MARKET", quantity="0.01")["fills"]
    assert fill["commission"] == "0.00002000"


@given(st.integers(1, 10**14), st.sampled_from(["0", "0.001", "0.0003", "0.07", "0.99"]))
@settings(max_examples=100)
def test_a_payment_is_exact_whatever_trades_cost(units: int, rate: str) -> None:
    amount = Decimal(units) / 10**8
    quantity = transfer_order("id", "BTC", amount, Decimal(rate)).details.quantity
    fee = (quantity * Decimal(rate)).quantize(Decimal("0.00000001"), ROUND_CEILING)
    assert quantity - fee == amount


def test_a_payment_is_told_and_can_be_used() -> None:
    accounts = [{"name": "test", "funds": {"USDT": 1}}]
    desk = Desk(accounts=accounts, volume_share="0.5", slippage_ticks=3, limit_fill="through")
    wire = desk.listen().wire
    desk.exchange.transfer("test", "BTC", Decimal("0.5"))
    events = wire.events()
    assert [event["e"] for event in events] == ["balanceUpdate", "outboundAccountPosition"]
    assert (events[0]["a"], events[0]["d"]) == ("BTC", "0.50000000")
    assert events[1]["B"] == [{"a": "BTC", "f": "0.50000000", "l": "0.00000000"}]
    desk.limit("SELL", "0.5", desk.at("1.1"))
    with pytest.raises(ValueError, match="cannot pay"):
        desk.exchange.transfer("test", "BTC", Decimal("-0.1"))
    desk.ok("DELETE /api/v3/openOrders", symbol=SYMBOL)
    desk.exchange.transfer("test", "BTC", Decimal("-0.5"))
    assert desk.balances() == {"USDT": (Decimal(1), Decimal(0))}
    assert desk.ok("GET /api/v3/myTrades", symbol=SYMBOL) == []
    for amount in ("0", "0.000000001"):
        with pytest.raises(ValueError, match="whole number"):
            desk.exchange.transfer("test", "BTC", Decimal(amount))
