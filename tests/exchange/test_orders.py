"""Single orders: what is taken, what is refused and why, and what becomes of them."""

from decimal import Decimal
from typing import Any

import pytest

from s1mpletrader.core.clock import finished
from s1mpletrader.exchange.orders import Kind
from tests.exchange.harness import SYMBOL, Desk

ORDER = "POST /api/v3/order"
FEE = Decimal("0.001")


def test_a_market_order_fills_at_once_and_pays_its_fee_in_what_it_bought() -> None:
    desk = Desk()
    before, price = desk.balances(), desk.price()
    placed = desk.order(side="BUY", type="MARKET", quantity="0.01")
    assert placed["status"] == "FILLED"
    assert [(fill["price"], fill["qty"], fill["commission"], fill["commissionAsset"]) for fill in placed["fills"]] == [
        (f"{price:.8f}", "0.01000000", "0.00001000", "BTC")
    ]
    (trade,) = desk.ok("GET /api/v3/myTrades", symbol=SYMBOL)
    assert (trade["isMaker"], trade["isBuyer"]) == (False, True)
    after = desk.balances()
    assert after["BTC"][0] - before["BTC"][0] == Decimal("0.01") * (1 - FEE)
    assert before["USDT"][0] - after["USDT"][0] == price * Decimal("0.01")
    assert Decimal(placed["cummulativeQuoteQty"]) == price * Decimal("0.01")


def test_a_market_order_by_amount_spends_no_more_than_that() -> None:
    desk = Desk()
    placed = desk.order(side="BUY", type="MARKET", quoteOrderQty="250")
    assert 249 < Decimal(placed["cummulativeQuoteQty"]) <= 250
    assert placed["origQuoteOrderQty"] == "250.00000000"


def test_a_limit_order_rests_with_its_funds_locked_until_it_is_cancelled() -> None:
    desk = Desk()
    before, price = desk.balances(), desk.at("0.9")
    placed = desk.limit("BUY", "0.01", price, newClientOrderId="mine")
    assert (placed["status"], placed["clientOrderId"]) == ("NEW", "mine")
    assert desk.balances()["USDT"][1] == Decimal(price) * Decimal("0.01")
    cancelled = desk.ok("DELETE /api/v3/order", symbol=SYMBOL, origClientOrderId="mine", newClientOrderId="gone")
    assert (cancelled["status"], cancelled["origClientOrderId"], cancelled["clientOrderId"]) == ("CANCELED", "mine", "gone")
    assert desk.balances() == before
    assert desk.ok("GET /api/v3/order", symbol=SYMBOL, origClientOrderId="mine")["status"] == "CANCELED"
    assert desk.refusal("DELETE /api/v3/order", symbol=SYMBOL, origClientOrderId="mine")[0] == -2011


def test_a_resting_order_fills_when_the_price_comes_as_a_maker() -> None:
    desk = Desk()
    placed = desk.limit("SELL", "0.01", desk.at("1.001"))
    fill_at = next_price(desk, above=desk.at("1.001"))
    desk.advance(fill_at)
    shown = desk.ok("GET /api/v3/order", symbol=SYMBOL, orderId=placed["orderId"])
    assert (shown["status"], shown["executedQty"]) == ("FILLED", "0.01000000")
    (trade,) = desk.ok("GET /api/v3/myTrades", symbol=SYMBOL, orderId=placed["orderId"])
    assert (trade["isMaker"], trade["isBuyer"], trade["commissionAsset"]) == (True, False, "USDT")
    assert trade["price"] == placed["price"]


def next_price(desk: Desk, *, above: str | None = None, below: str | None = None) -> float:
    """In how many seconds the price will be there; the market is a function of time."""
    market, now = desk.exchange.markets[SYMBOL], desk.clock.now()
    for second in range(1, 40_000):
        price = market.last_price(now + second * 10**9)
        if (above is not None and price >= Decimal(above)) or (below is not None and price <= Decimal(below)):
            return second
    raise AssertionError("the price never comes there")


@pytest.mark.parametrize(
    ("kind", "side", "stop", "limit"),
    [
        (Kind.STOP_LOSS, "SELL", "0.999", None),
        (Kind.STOP_LOSS, "BUY", "1.001", None),
        (Kind.STOP_LOSS_LIMIT, "SELL", "0.999", "0.9"),
        (Kind.STOP_LOSS_LIMIT, "BUY", "1.001", "1.1"),
        (Kind.TAKE_PROFIT, "SELL", "1.001", None),
        (Kind.TAKE_PROFIT, "BUY", "0.999", None),
        (Kind.TAKE_PROFIT_LIMIT, "SELL", "1.001", "1.0"),
        (Kind.TAKE_PROFIT_LIMIT, "BUY", "0.999", "1.0"),
    ],
)
def test_a_stop_waits_for_its_price(kind: Kind, side: str, stop: str, limit: str | None) -> None:
    desk = Desk()
    wanted: dict[str, Any] = {"side": side, "type": kind, "quantity": "0.01", "stopPrice": desk.at(stop)}
    if limit is not None:
        wanted |= {"timeInForce": "GTC", "price": desk.at(limit)}
    placed = desk.order(**wanted, newOrderRespType="RESULT")
    assert (placed["status"], placed["workingTime"]) == ("NEW", -1)
    rises = Decimal(stop) > 1
    level = desk.at(stop)
    desk.advance(next_price(desk, above=level if rises else None, below=None if rises else level) + 1)
    assert desk.ok("GET /api/v3/order", symbol=SYMBOL, orderId=placed["orderId"])["status"] == "FILLED"


@pytest.mark.parametrize(
    ("wanted", "code", "sentence"),
    [
        ({"symbol": "DOGEUSDT"}, -1121, "Invalid symbol."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"type": "GUESS"}, -1116, "Invalid orderType."),
        ({"timeInForce": "GTD"}, -1115, "Invalid timeInForce."),
        ({"timeInForce": None}, -1102, "Mandatory parameter 'timeInForce' was not sent"),
        ({"price": None}, -1102, "Mandatory parameter 'price' was not sent"),
        ({"quantity": "1e-3"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"quantity": "-1"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"quantity": "0.000011"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "9001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "2000000"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "1000"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.00001"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
        ({"stopPrice": "50000"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
        ({"newClientOrderId": "no spaces"}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
        ({"newClientOrderId": "x" * 37}, -1100, "Illegal characters found in parameter 'newClientOrderId'"),
        ({"icebergQty": "0.001"}, -2010, "Iceberg orders are not supported for this symbol."),
        ({"hidden": "true"}, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'"),
    ],
)
def test_an_order_that_cannot_be_is_refused_by_its_fault(wanted: dict[str, Any], code: int, sentence: str) -> None:
    desk = Desk()
    usual = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "50000"}
    sent = {name: value for name, value in {**usual, **wanted}.items() if value is not None}
    for route in (ORDER, "POST /api/v3/order/test"):
        if route.endswith("test") and "insufficient" in sentence:
            continue
        found_code, found = desk.refusal(route, **sent)
        assert (found_code, found[: len(sentence)]) == (code, sentence)
    assert desk.ok("GET /api/v3/allOrders", symbol=SYMBOL) == []


def test_what_would_take_or_trigger_at_once_is_refused() -> None:
    desk = Desk()
    maker = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.01", "price": desk.at("1.01")}
    assert desk.refusal(ORDER, **maker) == (-2010, "Order would immediately match and take.")
    stops = [
        ("SELL", "STOP_LOSS", "1.01"),
        ("BUY", "STOP_LOSS", "0.99"),
        ("SELL", "TAKE_PROFIT", "0.99"),
        ("BUY", "TAKE_PROFIT", "1.01"),
    ]
    for side, kind, stop in stops:
        wanted = {"symbol": SYMBOL, "side": side, "type": kind, "quantity": "0.01", "stopPrice": desk.at(stop)}
        assert desk.refusal(ORDER, **wanted) == (-2010, "Stop price would trigger immediately.")


@pytest.mark.parametrize("time_in_force", ["IOC", "FOK"])
def test_what_does_not_fill_at_once_expires(time_in_force: str) -> None:
    desk = Desk()
    asked = {"side": "BUY", "type": "LIMIT", "quantity": "0.01", "timeInForce": time_in_force}
    assert desk.order(**asked, price=desk.at("0.99"))["status"] == "EXPIRED"
    assert desk.order(**asked, price=desk.at("1.01"))["status"] == "FILLED"


def test_in_a_thin_market_a_market_order_expires_with_what_it_got() -> None:
    desk = Desk(volume_share="0.0001")
    placed = desk.order(side="BUY", type="MARKET", quantity="1")
    assert placed["status"] == "EXPIRED"
    assert 0 < Decimal(placed["executedQty"]) < 1


@pytest.mark.parametrize(("response", "keys"), [("ACK", False), ("RESULT", True), ("FULL", True)])
def test_an_answer_tells_as_much_as_is_asked_for(response: str, keys: bool) -> None:
    desk = Desk()
    placed = desk.order(side="BUY", type="MARKET", quantity="0.01", newOrderRespType=response)
    assert ("status" in placed, "fills" in placed) == (keys, response == "FULL")
    assert {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"} <= placed.keys()


def test_a_client_order_id_is_unique_among_open_orders_only() -> None:
    desk = Desk()
    desk.limit("BUY", "0.01", desk.at("0.9"), newClientOrderId="again")
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01", "newClientOrderId": "again"}
    assert desk.refusal(ORDER, **asked) == (-2010, "Duplicate order sent.")
    desk.ok("DELETE /api/v3/order", symbol=SYMBOL, origClientOrderId="again")
    first, second = desk.ok(ORDER, **asked), desk.ok(ORDER, **asked)
    assert first["orderId"] < second["orderId"]
    assert desk.ok("GET /api/v3/order", symbol=SYMBOL, origClientOrderId="again")["orderId"] == second["orderId"]


def test_a_test_order_places_nothing() -> None:
    desk = Desk()
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
    assert desk.ok("POST /api/v3/order/test", **asked) == {}
    rates = desk.ok("POST /api/v3/order/test", **asked, computeCommissionRates="true")
    assert rates["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    assert desk.ok("GET /api/v3/allOrders", symbol=SYMBOL) == []


def test_an_amendment_only_takes_quantity_away() -> None:
    desk = Desk()
    placed = desk.limit("BUY", "0.01", desk.at("0.9"), newClientOrderId="first")
    amend = "PUT /api/v3/order/amend/keepPriority"
    named = {"symbol": SYMBOL, "orderId": placed["orderId"]}
    for quantity in ("0.01", "0.02"):
        assert desk.refusal(amend, **named, newQty=quantity)[0] == -2038
    assert desk.refusal(amend, **named, newQty="0.000015") == (-1013, "Filter failure: LOT_SIZE")
    changed = desk.ok(amend, **named, newQty="0.004", newClientOrderId="second")["amendedOrder"]
    assert (changed["qty"], changed["origClientOrderId"], changed["clientOrderId"]) == ("0.00400000", "first", "second")
    assert desk.balances()["USDT"][1] == Decimal(placed["price"]) * Decimal("0.004")
    assert desk.ok("GET /api/v3/order", symbol=SYMBOL, origClientOrderId="second")["origQty"] == "0.00400000"


REPLACE = "POST /api/v3/order/cancelReplace"


def test_a_cancel_replace_does_both_one_or_neither() -> None:
    desk = Desk()
    placed = desk.limit("BUY", "0.01", desk.at("0.9"))
    new = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02", "price": desk.at("0.8")}
    both = desk.ok(REPLACE, **new, cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=placed["orderId"])
    assert (both["cancelResult"], both["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    missing = {"cancelOrderId": placed["orderId"]}
    outcomes = [
        ({**new, **missing, "cancelReplaceMode": "STOP_ON_FAILURE"}, 400, "FAILURE", "NOT_ATTEMPTED"),
        ({**new, **missing, "cancelReplaceMode": "ALLOW_FAILURE"}, 409, "FAILURE", "SUCCESS"),
        ({**new, **missing, "cancelReplaceMode": "ALLOW_FAILURE", "quantity": "0.000011"}, 400, "FAILURE", "FAILURE"),
    ]
    for params, status, cancel, order in outcomes:
        answer = desk.send(REPLACE, **params)
        data = answer.content["data"]
        assert (answer.status, data["cancelResult"], data["newOrderResult"]) == (status, cancel, order)
    live = desk.ok("GET /api/v3/openOrders", symbol=SYMBOL)
    broken = {**new, "quantity": "0.000011", "cancelOrderId": live[0]["orderId"], "cancelReplaceMode": "STOP_ON_FAILURE"}
    answer = desk.send(REPLACE, **broken)
    assert (answer.status, answer.content["code"], answer.content["data"]["cancelResult"]) == (409, -2021, "SUCCESS")


def test_a_cancel_may_be_restricted_to_a_status() -> None:
    desk = Desk()
    placed = desk.limit("BUY", "0.01", desk.at("0.9"))
    named = {"symbol": SYMBOL, "orderId": placed["orderId"]}
    assert desk.refusal("DELETE /api/v3/order", **named, cancelRestrictions="ONLY_PARTIALLY_FILLED")[0] == -2011
    assert desk.ok("DELETE /api/v3/order", **named, cancelRestrictions="ONLY_NEW")["status"] == "CANCELED"


def test_no_more_orders_than_may_be_open() -> None:
    symbols = {"BTC/USDT": {"price": 60_000, "orders_max": 3, "algo_orders_max": 1, "position_max": "1.02"}}
    desk = Desk(symbols=symbols)
    desk.order(side="SELL", type="STOP_LOSS", quantity="0.01", stopPrice=desk.at("0.9"))
    asked = {"symbol": SYMBOL, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01", "stopPrice": desk.at("0.9")}
    assert desk.refusal(ORDER, **asked) == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    desk.limit("BUY", "0.01", desk.at("0.9"))
    bought = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.02"}
    assert desk.refusal(ORDER, **bought) == (-1013, "Filter failure: MAX_POSITION")
    desk.limit("SELL", "0.01", desk.at("1.1"))
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    assert desk.refusal(ORDER, **asked) == (-1013, "Filter failure: MAX_NUM_ORDERS")


def test_a_market_order_may_be_smaller_only_than_a_limit_order() -> None:
    desk = Desk(symbols={"BTC/USDT": {"price": 60_000, "market_quantity_max": "0.5"}})
    asked = {"symbol": SYMBOL, "side": "SELL", "type": "MARKET", "quantity": "0.6"}
    assert desk.refusal(ORDER, **asked) == (-1013, "Filter failure: MARKET_LOT_SIZE")
    assert desk.limit("SELL", "0.6", desk.at("1.1"))["status"] == "NEW"


def test_lists_of_orders_and_trades_are_cut_as_asked() -> None:
    desk = Desk()
    ids = []
    for _ in range(4):
        ids.append(desk.order(side="BUY", type="MARKET", quantity="0.001")["orderId"])
        desk.advance(1)
    assert [order["orderId"] for order in desk.ok("GET /api/v3/allOrders", symbol=SYMBOL, limit=2)] == ids[-2:]
    assert [order["orderId"] for order in desk.ok("GET /api/v3/allOrders", symbol=SYMBOL, orderId=ids[1], limit=2)] == ids[1:3]
    trades = desk.ok("GET /api/v3/myTrades", symbol=SYMBOL)
    assert [trade["orderId"] for trade in trades] == ids
    since = desk.ok("GET /api/v3/myTrades", symbol=SYMBOL, startTime=trades[2]["time"])
    assert [trade["id"] for trade in since] == [trade["id"] for trade in trades[2:]]
    from_id = desk.ok("GET /api/v3/myTrades", symbol=SYMBOL, fromId=trades[1]["id"], limit=2)
    assert [trade["id"] for trade in from_id] == [trade["id"] for trade in trades[1:3]]


def test_a_parameter_that_is_there_twice_is_refused() -> None:
    desk = Desk()
    twice = finished(desk.gateway.rest(desk.request("GET /api/v3/ticker/price", "symbol=BTCUSDT&symbol=ETHUSDT")))
    assert twice is not None
    assert (twice.status, twice.code) == (400, -1101)


def test_what_a_strategy_calls_itself_is_kept() -> None:
    desk = Desk()
    placed = desk.limit("BUY", "0.01", desk.at("0.9"), strategyId=7, strategyType=1_000_000)
    shown = desk.ok("GET /api/v3/order", symbol=SYMBOL, orderId=placed["orderId"])
    assert (shown["strategyId"], shown["strategyType"]) == (7, 1_000_000)


def test_all_orders_of_a_symbol_are_cancelled_together() -> None:
    desk = Desk()
    for ratio in ("0.9", "0.8"):
        desk.limit("BUY", "0.01", desk.at(ratio))
    assert [order["status"] for order in desk.ok("DELETE /api/v3/openOrders", symbol=SYMBOL)] == ["CANCELED", "CANCELED"]
    assert desk.refusal("DELETE /api/v3/openOrders", symbol=SYMBOL) == (-2011, "Unknown order sent.")
