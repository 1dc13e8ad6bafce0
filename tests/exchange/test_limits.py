"""How much may be asked for, and what comes of asking for more."""

import pytest

from s1mpletrader.exchange import LimitsConfig
from s1mpletrader.exchange.clock import milliseconds
from tests.exchange.harness import START, SYMBOL, Desk

ORDER = "POST /api/v3/order"


@pytest.mark.parametrize(
    ("route", "params", "weight"),
    [
        ("GET /api/v3/ping", {}, 1),
        ("GET /api/v3/exchangeInfo", {}, 20),
        ("GET /api/v3/depth", {"symbol": SYMBOL, "limit": 100}, 5),
        ("GET /api/v3/depth", {"symbol": SYMBOL, "limit": 101}, 25),
        ("GET /api/v3/depth", {"symbol": SYMBOL, "limit": 501}, 50),
        ("GET /api/v3/depth", {"symbol": SYMBOL, "limit": 5000}, 250),
        ("GET /api/v3/klines", {"symbol": SYMBOL, "interval": "1m", "limit": 1}, 2),
        ("GET /api/v3/trades", {"symbol": SYMBOL, "limit": 1}, 25),
        ("GET /api/v3/ticker/price", {"symbol": SYMBOL}, 2),
        ("GET /api/v3/ticker/price", {}, 4),
        ("GET /api/v3/ticker/24hr", {}, 80),
    ],
)
def test_a_request_weighs_what_the_venue_says(route: str, params: dict[str, object], weight: int) -> None:
    answer = Desk().public(route, **params)
    assert (answer.status, answer.headers["X-MBX-USED-WEIGHT-1M"]) == (200, str(weight))


def test_too_much_weight_is_refused_until_the_window_ends() -> None:
    desk = Desk(limits=LimitsConfig(request_weight_1m=3))
    desk.advance(15)
    assert [desk.public("GET /api/v3/ping").status for _ in range(3)] == [200, 200, 200]
    refused = desk.public("GET /api/v3/ping")
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, -1003, "45")
    desk.advance(44)
    assert desk.public("GET /api/v3/ping").status == 429
    desk.advance(1)
    assert desk.public("GET /api/v3/ping").status == 200


def test_who_goes_on_is_banned() -> None:
    desk = Desk(limits=LimitsConfig(request_weight_1m=1, refusals_before_ban=3, ban_s=120))
    statuses = [desk.public("GET /api/v3/ping").status for _ in range(6)]
    assert statuses == [200, 429, 429, 429, 418, 418]
    assert desk.public("GET /api/v3/ping").headers["Retry-After"] == "120"
    desk.advance(119.9)
    assert desk.public("GET /api/v3/ping").status == 418
    desk.advance(0.1)
    assert desk.public("GET /api/v3/ping").status == 200


def test_on_the_socket_the_end_of_a_limit_is_told_in_milliseconds() -> None:
    desk = Desk(limits=LimitsConfig(request_weight_1m=1))
    socket = desk.socket()
    socket.ask("ping")
    refused = socket.ask("ping")
    assert (refused["status"], refused["error"]["code"]) == (429, -1003)
    assert refused["error"]["data"]["retryAfter"] == milliseconds(START) + 60_000


def test_unfilled_orders_are_counted_by_account() -> None:
    desk = Desk(limits=LimitsConfig(orders_10s=2))
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": desk.at("0.9")}
    counts = [desk.send(ORDER, **asked).headers["X-MBX-ORDER-COUNT-10S"] for _ in range(2)]
    assert counts == ["1", "2"]
    refused = desk.send(ORDER, **asked)
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, -1015, "10")
    assert desk.ok("GET /api/v3/rateLimit/order")[0]["count"] == 2
    desk.advance(10)
    assert desk.send(ORDER, **asked).headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert desk.send("GET /api/v3/account").headers["X-MBX-ORDER-COUNT-1D"] == "3"


def test_an_order_that_fills_is_not_counted() -> None:
    desk = Desk(limits=LimitsConfig(orders_10s=1))
    for _ in range(5):
        desk.order(side="BUY", type="MARKET", quantity="0.001")


def test_an_order_that_fills_in_parts_is_taken_back_once() -> None:
    desk = Desk(volume_share="0.001")
    for ratio in ("0.5", "0.6"):
        desk.limit("BUY", "0.01", desk.at(ratio))
    placed = desk.limit("BUY", "0.5", desk.at("1.1"))
    desk.advance(600)
    assert len(desk.ok("GET /api/v3/myTrades", symbol=SYMBOL, orderId=placed["orderId"])) > 2
    assert desk.ok("GET /api/v3/rateLimit/order")[1]["count"] == 2


def test_a_refused_order_is_not_counted() -> None:
    desk = Desk(limits=LimitsConfig(orders_10s=1))
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.0000001"}
    assert [desk.refusal(ORDER, **asked)[0] for _ in range(3)] == [-1013] * 3


def test_an_address_may_open_so_many_sockets() -> None:
    limiter = Desk(limits=LimitsConfig(connections_5m=2)).exchange.limiter
    assert [limiter.may_connect("here", START) for _ in range(3)] == [True, True, False]
    assert limiter.may_connect("there", START)
    assert limiter.may_connect("here", START + 300 * 10**9)
