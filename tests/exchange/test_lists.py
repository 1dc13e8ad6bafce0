"""Order lists: which of their orders live and die together."""

from decimal import Decimal
from typing import Any

import pytest

from tests.exchange.harness import SYMBOL, Desk
from tests.exchange.test_orders import next_price

OCO, OTO, OTOCO = (f"POST /api/v3/orderList/{kind}" for kind in ("oco", "oto", "otoco"))


def oco(desk: Desk, above: str, below: str, **more: Any) -> dict[str, Any]:
    legs = {"aboveType": "LIMIT_MAKER", "abovePrice": desk.at(above), "belowType": "STOP_LOSS", "belowStopPrice": desk.at(below)}
    return {"symbol": SYMBOL, "side": "SELL", "quantity": "0.01", **legs, **more}


def statuses(desk: Desk) -> dict[str, str]:
    return {order["type"]: order["status"] for order in desk.ok("GET /api/v3/allOrders", symbol=SYMBOL)}


@pytest.mark.parametrize(("above", "below", "filled"), [("1.001", "0.9", "LIMIT_MAKER"), ("1.1", "0.999", "STOP_LOSS")])
def test_of_an_oco_one_fills_and_the_other_expires(above: str, below: str, filled: str) -> None:
    desk = Desk()
    wire = desk.listen().wire
    placed = desk.ok(OCO, **oco(desk, above, below), listClientOrderId="pair")
    assert (placed["contingencyType"], placed["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert [report["status"] for report in placed["orderReports"]] == ["NEW", "NEW"]
    wait = {"above": desk.at(above)} if filled == "LIMIT_MAKER" else {"below": desk.at(below)}
    desk.advance(next_price(desk, **wait) + 1)
    other = {"LIMIT_MAKER": "STOP_LOSS", "STOP_LOSS": "LIMIT_MAKER"}[filled]
    assert statuses(desk) == {filled: "FILLED", other: "EXPIRED"}
    told = [(event["e"], event.get("x") or event.get("l")) for event in wire.events() if event["e"] != "outboundAccountPosition"]
    assert told == [
        ("listStatus", "EXEC_STARTED"),
        ("executionReport", "NEW"),
        ("executionReport", "NEW"),
        ("executionReport", "TRADE"),
        ("executionReport", "EXPIRED"),
        ("listStatus", "ALL_DONE"),
    ]
    shown = desk.ok("GET /api/v3/orderList", origClientOrderId="pair")
    assert (shown["orderListId"], shown["listStatusType"]) == (placed["orderListId"], "ALL_DONE")


def test_an_oco_locks_what_one_of_its_orders_needs() -> None:
    desk = Desk()
    desk.ok(OCO, **oco(desk, "1.1", "0.9"))
    assert desk.balances()["BTC"][1] == Decimal("0.01")


@pytest.mark.parametrize("by_list", [True, False])
def test_a_list_is_cancelled_whole(by_list: bool) -> None:
    desk = Desk()
    placed = desk.ok(OCO, **oco(desk, "1.1", "0.9"))
    if by_list:
        gone = desk.ok("DELETE /api/v3/orderList", symbol=SYMBOL, orderListId=placed["orderListId"])
    else:
        gone = desk.ok("DELETE /api/v3/order", symbol=SYMBOL, orderId=placed["orders"][0]["orderId"])
    assert gone["listOrderStatus"] == "ALL_DONE"
    assert [report["status"] for report in gone["orderReports"]] == ["CANCELED", "CANCELED"]
    assert desk.balances()["BTC"][1] == 0
    refused = desk.refusal("DELETE /api/v3/orderList", symbol=SYMBOL, orderListId=placed["orderListId"])
    assert refused == (-2011, "Unknown order list sent.")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"abovePrice": "10000", "belowStopPrice": "90000"}, -2010),
        ({"belowType": "LIMIT_MAKER", "belowPrice": "50000", "belowStopPrice": None}, -1158),
        ({"quantity": "50"}, -2010),
        ({"belowStopPrice": "100.001"}, -1013),
        ({"aboveType": "MARKET"}, -1106),
        ({"abovePrice": None}, -1102),
    ],
)
def test_a_list_with_a_fault_is_refused_whole(changed: dict[str, Any], code: int) -> None:
    desk = Desk()
    asked = {name: value for name, value in {**oco(desk, "1.1", "0.9"), **changed}.items() if value is not None}
    assert desk.refusal(OCO, **asked)[0] == code
    assert desk.ok("GET /api/v3/allOrders", symbol=SYMBOL) == []
    assert desk.ok("GET /api/v3/allOrderList") == []


def working(price: str) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "workingType": "LIMIT",
        "workingSide": "BUY",
        "workingTimeInForce": "GTC",
        "workingPrice": price,
        "workingQuantity": "0.01",
        "pendingSide": "SELL",
        "pendingQuantity": "0.009",
    }


def test_an_oto_waits_for_its_first_order() -> None:
    desk = Desk()
    wire = desk.listen().wire
    pending = {"pendingType": "LIMIT", "pendingTimeInForce": "GTC", "pendingPrice": desk.at("1.1")}
    placed = desk.ok(OTO, **working(desk.at("0.999")), **pending)
    assert [report["status"] for report in placed["orderReports"]] == ["NEW", "PENDING_NEW"]
    assert desk.balances()["BTC"][1] == 0
    desk.advance(next_price(desk, below=desk.at("0.999")) + 1)
    assert desk.balances()["BTC"][1] == Decimal("0.009")
    second = placed["orders"][1]["orderId"]
    assert desk.ok("GET /api/v3/order", symbol=SYMBOL, orderId=second)["status"] == "NEW"
    executions = [(event["i"], event["x"]) for event in wire.events() if event["e"] == "executionReport"]
    first = placed["orders"][0]["orderId"]
    assert executions == [(first, "NEW"), (first, "TRADE"), (second, "NEW")]


def test_an_otoco_goes_from_its_entry_to_one_of_its_exits() -> None:
    desk = Desk()
    exits = {
        "pendingAboveType": "LIMIT_MAKER",
        "pendingAbovePrice": desk.at("1.002"),
        "pendingBelowType": "STOP_LOSS_LIMIT",
        "pendingBelowStopPrice": desk.at("0.9"),
        "pendingBelowPrice": desk.at("0.89"),
        "pendingBelowTimeInForce": "GTC",
    }
    placed = desk.ok(OTOCO, **working(desk.at("1.001")), **exits)
    assert [report["status"] for report in placed["orderReports"]] == ["FILLED", "NEW", "NEW"]
    assert [each["orderListId"] for each in desk.ok("GET /api/v3/openOrderList")] == [placed["orderListId"]]
    desk.advance(next_price(desk, above=desk.at("1.002")) + 1)
    assert statuses(desk) == {"LIMIT": "FILLED", "LIMIT_MAKER": "FILLED", "STOP_LOSS_LIMIT": "EXPIRED"}
    assert desk.ok("GET /api/v3/openOrderList") == []


def test_with_its_first_order_an_oto_is_cancelled() -> None:
    desk = Desk()
    pending = {"pendingType": "MARKET"}
    placed = desk.ok(OTO, **working(desk.at("0.9")), **pending)
    gone = desk.ok("DELETE /api/v3/order", symbol=SYMBOL, orderId=placed["orders"][0]["orderId"])
    assert [report["status"] for report in gone["orderReports"]] == ["CANCELED", "CANCELED"]
    assert desk.ok("GET /api/v3/openOrders", symbol=SYMBOL) == []
