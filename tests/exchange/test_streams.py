"""Private and market streams, and the WebSocket API they come by."""

from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from s1mpletrader.core.clock import finished
from s1mpletrader.exchange import AccountConfig, ExchangeConfig, KeyConfig, LimitsConfig
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.routes import REST_ROUTES, SOCKET_ROUTES
from tests.exchange.harness import START, SYMBOL, Desk, Socket, Wire
from tests.exchange.test_orders import next_price

EXECUTION_REPORT = set("esEcSofqpPFgCxXriIlzLnNTtwmMOZYQVW")


def test_every_step_of_an_order_is_told() -> None:
    desk = Desk()
    wire = desk.listen().wire
    placed = desk.limit("SELL", "0.01", desk.at("1.001"), newClientOrderId="mine")
    desk.advance(next_price(desk, above=desk.at("1.001")))
    new, locked, trade, settled = wire.events()
    assert [event["e"] for event in (new, locked, trade, settled)] == ["executionReport", "outboundAccountPosition"] * 2
    assert set(new) == set(trade) == EXECUTION_REPORT
    assert (new["x"], new["X"], new["t"], new["w"], new["c"], new["i"]) == ("NEW", "NEW", -1, True, "mine", placed["orderId"])
    assert (trade["x"], trade["X"], trade["m"], trade["w"], trade["l"], trade["z"]) == (
        "TRADE",
        "FILLED",
        True,
        False,
        "0.01000000",
        "0.01000000",
    )
    assert Decimal(trade["Y"]) == Decimal(trade["Z"]) == Decimal(trade["L"]) * Decimal("0.01")
    assert (locked["B"], trade["N"]) == ([{"a": "BTC", "f": "0.99000000", "l": "0.01000000"}], "USDT")
    assert [balance["a"] for balance in settled["B"]] == ["BTC", "USDT"]
    (shown,) = desk.ok("GET /api/v3/myTrades", symbol=SYMBOL)
    assert (shown["id"], shown["time"], shown["commission"]) == (trade["t"], trade["T"], trade["n"])


def test_of_a_cancel_both_ids_are_told() -> None:
    desk = Desk()
    wire = desk.listen().wire
    desk.limit("BUY", "0.01", desk.at("0.9"), newClientOrderId="mine")
    desk.ok("DELETE /api/v3/order", symbol=SYMBOL, origClientOrderId="mine", newClientOrderId="gone")
    (report,) = [event for event in wire.events() if event.get("x") == "CANCELED"]
    assert (report["c"], report["C"], report["X"], report["w"]) == ("gone", "mine", "CANCELED", False)


def test_an_amendment_is_told() -> None:
    desk = Desk()
    wire = desk.listen().wire
    placed = desk.limit("BUY", "0.01", desk.at("0.9"), newClientOrderId="mine")
    desk.ok("PUT /api/v3/order/amend/keepPriority", symbol=SYMBOL, orderId=placed["orderId"], newQty="0.004")
    (report,) = [event for event in wire.events() if event.get("x") == "REPLACED"]
    assert (report["X"], report["q"], report["c"]) == ("NEW", "0.00400000", "mine")


def test_an_events_own_subscription_is_named() -> None:
    desk = Desk()
    socket = desk.listen()
    assert socket.signed("userDataStream.subscribe.signature")["result"] == {"subscriptionId": 1}
    assert [each["subscriptionId"] for each in socket.ask("session.subscriptions")["result"]] == [0, 1]
    desk.limit("BUY", "0.01", desk.at("0.9"))
    reports = [message["subscriptionId"] for message in socket.wire.messages() if message["event"]["e"] == "executionReport"]
    assert reports == [0, 1]
    socket.ask("userDataStream.unsubscribe", subscriptionId=0)
    assert [event["e"] for event in socket.wire.events() if event["e"] != "outboundAccountPosition"] == ["eventStreamTerminated"]
    socket.ask("userDataStream.unsubscribe")
    socket.wire.messages()
    desk.limit("BUY", "0.01", desk.at("0.9"))
    assert socket.wire.messages() == []
    assert socket.ask("userDataStream.unsubscribe", subscriptionId=7)["error"]["code"] == -2035


def test_orders_go_over_the_socket_as_over_rest() -> None:
    desk = Desk()
    socket = desk.socket()
    asked = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": desk.at("0.9")}
    placed = socket.signed("order.place", **asked)
    assert (placed["status"], placed["result"]["status"]) == (200, "NEW")
    order_id = placed["result"]["orderId"]
    assert socket.signed("order.status", symbol=SYMBOL, orderId=order_id)["result"] == desk.ok(
        "GET /api/v3/order", symbol=SYMBOL, orderId=order_id
    )
    assert socket.signed("order.cancel", symbol=SYMBOL, orderId=order_id)["result"]["status"] == "CANCELED"
    refused = socket.signed("order.cancel", symbol=SYMBOL, orderId=order_id)
    assert (refused["status"], refused["error"]["code"]) == (400, -2011)
    assert "result" not in refused


def test_all_that_rest_serves_the_socket_serves_too() -> None:
    assert {route.handler for route in REST_ROUTES.values()} == {route.handler for route in SOCKET_ROUTES.values()}


def test_an_answer_tells_the_limits_unless_it_is_not_to() -> None:
    socket = Desk().socket()
    limits = socket.ask("time")["rateLimits"]
    assert limits == [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000, "count": 1}]
    assert "rateLimits" not in socket.ask("time", returnRateLimits=False)


@pytest.mark.parametrize("spoilt", [{"timestamp": 1}, {"signature": "00"}, {"apiKey": "stranger"}])
def test_a_wrong_signature_on_the_socket_is_refused(spoilt: dict[str, Any]) -> None:
    socket = Desk().socket()
    answer = socket.ask("account.status", **{**socket.sign({}), **spoilt})
    assert answer["error"]["code"] in (-1021, -1022, -2015)


def test_a_session_is_logged_on_by_ed25519_only() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    keys = (KeyConfig(key="ed", public_key=pem), KeyConfig(key="test", secret="test"))
    desk = Desk(ExchangeConfig(accounts=(AccountConfig(keys=keys),)))
    socket, now = desk.socket(), milliseconds(START)
    assert socket.ask("userDataStream.subscribe")["error"]["code"] == -2015
    assert socket.signed("session.logon")["error"]["code"] == -4056
    signature = b64encode(private.sign(f"apiKey=ed&timestamp={now}".encode())).decode()
    assert socket.ask("session.logon", apiKey="ed", timestamp=now, signature=signature)["result"]["apiKey"] == "ed"
    assert socket.ask("userDataStream.subscribe")["result"] == {"subscriptionId": 0}
    assert socket.ask("account.status", timestamp=now)["result"]["canTrade"]
    assert socket.ask("account.status", timestamp=now - 6_000)["error"]["code"] == -1021
    assert socket.ask("session.status")["result"]["userDataStream"] is True
    assert socket.ask("session.logout")["result"]["apiKey"] is None
    assert [event["e"] for event in socket.wire.events()] == ["eventStreamTerminated"]
    assert socket.ask("account.status", timestamp=now)["error"]["code"] == -2014


@pytest.mark.parametrize("message", [b"{", b"[]", b'{"id": 1}', b'{"method": 1}', b'{"method": "ping", "params": []}', b"\xff"])
def test_a_message_that_is_none_is_answered(message: bytes) -> None:
    socket = Desk().socket()
    finished(socket.session.receive(message))
    (answer,) = socket.wire.messages()
    assert answer["status"] == 400


def test_what_is_not_served_is_kept() -> None:
    desk = Desk()
    socket = desk.socket()
    assert socket.ask("sor.order.place")["status"] == 400
    assert desk.public("GET /sapi/v1/system/status").status == 404
    desk.stream("btcusdt@guess")
    assert desk.exchange.log.unserved == ["sor.order.place", "GET /sapi/v1/system/status", "btcusdt@guess"]


def test_each_candle_is_told_when_it_closes_and_once_a_second() -> None:
    desk = Desk()
    wire = desk.stream("btcusdt@kline_1m")
    desk.advance(125)
    told = [event["k"] for event in wire.messages()]
    closed = [kline for kline in told if kline["x"]]
    assert len(told) == 125 + 2
    listed = desk.public("GET /api/v3/klines", symbol=SYMBOL, interval="1m", limit=3).content[:2]
    shown = [[k["t"], k["o"], k["h"], k["l"], k["c"], k["v"], k["T"], k["q"], k["n"]] for k in closed]
    assert shown == [candle[:9] for candle in listed]


@pytest.mark.parametrize("step", [0.02, 0.1, 0.37, 5.0])
def test_nothing_is_told_twice_or_left_out_however_time_goes(step: float) -> None:
    desk = Desk()
    wire, since = desk.stream("btcusdt@trade", "btcusdt@kline_1s"), desk.clock.now()
    desk.exchange.advance(70 * 10**9, int(step * 10**9))
    told = wire.messages()
    trades = [trade.trade_id for trade in desk.exchange.markets[SYMBOL].tape.between(since, desk.clock.now())]
    assert [event["t"] for event in told if event["e"] == "trade"] == trades
    closed = [event["k"]["t"] for event in told if event["e"] == "kline" and event["k"]["x"]]
    assert closed == [milliseconds(since) + second * 1_000 for second in range(70)]


@pytest.mark.parametrize("stream", ["btcusdt@depth@100ms", "btcusdt@depth"])
def test_a_book_is_kept_from_a_snapshot_and_the_changes(stream: str) -> None:
    desk = Desk()
    wire = desk.stream(stream)
    desk.advance(3.25)
    snapshot = desk.public("GET /api/v3/depth", symbol=SYMBOL, limit=5000).content
    desk.advance(7)
    bids, asks = (dict(map(tuple, snapshot[side])) for side in ("bids", "asks"))
    changes = [event for event in wire.messages() if event["u"] > snapshot["lastUpdateId"]]
    local = snapshot["lastUpdateId"]
    assert changes[0]["U"] <= local + 1
    for event in changes:
        assert event["U"] <= local + 1 <= event["u"]
        local = event["u"]
        bids.update(map(tuple, event["b"]))
        asks.update(map(tuple, event["a"]))
    book = desk.exchange.markets[SYMBOL].book(local * 10**8)
    for side, kept in ((book.bids, bids), (book.asks, asks)):
        assert {Decimal(price): Decimal(amount) for price, amount in kept.items() if Decimal(amount)} == side


def test_a_combined_stream_names_its_parts() -> None:
    desk = Desk()
    wire = desk.stream("btcusdt@bookTicker", "ethusdt@miniTicker", "!ticker@arr", "btcusdt@depth5@100ms", combined=True)
    desk.advance(1.1)
    told = {message["stream"]: message["data"] for message in wire.messages()}
    assert set(told["btcusdt@bookTicker"]) == {"u", "s", "b", "B", "a", "A"}
    assert told["ethusdt@miniTicker"]["e"] == "24hrMiniTicker"
    assert [ticker["s"] for ticker in told["!ticker@arr"]] == ["BTCUSDT", "ETHUSDT"]
    assert len(told["btcusdt@depth5@100ms"]["bids"]) == 5


def test_every_other_stream_has_its_event() -> None:
    desk = Desk()
    wire = desk.stream("btcusdt@aggTrade", "btcusdt@avgPrice", "btcusdt@ticker", combined=True)
    desk.advance(1)
    told = {message["stream"]: message["data"] for message in wire.messages()}
    (last,) = desk.public("GET /api/v3/trades", symbol=SYMBOL, limit=1).content
    average = desk.public("GET /api/v3/avgPrice", symbol=SYMBOL).content
    assert (told["btcusdt@aggTrade"]["e"], told["btcusdt@aggTrade"]["a"]) == ("aggTrade", last["id"])
    assert (told["btcusdt@avgPrice"]["e"], told["btcusdt@avgPrice"]["w"]) == ("avgPrice", average["price"])
    shown = desk.public("GET /api/v3/ticker/24hr", symbol=SYMBOL).content
    names = {"c": "lastPrice", "h": "highPrice", "P": "priceChangePercent", "n": "count", "b": "bidPrice"}
    assert {name: told["btcusdt@ticker"][name] for name in names} == {name: shown[full] for name, full in names.items()}


def test_a_defect_of_the_exchange_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk()
    monkeypatch.setattr(desk.exchange, "told_time", lambda at: 1 // 0)
    answer = desk.public("GET /api/v3/time")
    assert (answer.status, answer.code) == (500, -1000)
    assert desk.exchange.log.failures == ["GET /api/v3/time: ZeroDivisionError('integer division or modulo by zero')"]


def test_subscriptions_change_on_the_way() -> None:
    desk = Desk(limits=LimitsConfig(messages_1s=10))
    streams = desk.exchange.market_streams
    wire = Wire()
    session = streams.open(wire, [], combined=False)

    def ask(message: bytes) -> Any:
        streams.receive(session, message, desk.clock.now())
        return wire.messages()[-1]

    assert ask(b'{"method":"SUBSCRIBE","params":["btcusdt@trade","nothing@trade"],"id":1}') == {"result": None, "id": 1}
    assert ask(b'{"method":"LIST_SUBSCRIPTIONS","id":"two"}') == {"result": ["btcusdt@trade", "nothing@trade"], "id": "two"}
    desk.advance(1)
    assert {event["s"] for event in wire.messages()} == {"BTCUSDT"}
    assert ask(b'{"method":"SET_PROPERTY","params":["combined",true],"id":3}')["result"] is None
    assert ask(b'{"method":"GET_PROPERTY","params":["combined"],"id":4}')["result"] is True
    desk.advance(1)
    assert {event["stream"] for event in wire.messages()} == {"btcusdt@trade"}
    assert ask(b'{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":5}')["result"] is None
    desk.advance(1)
    assert wire.messages() == []
    assert ask(b'{"method":"SUBSCRIBE","params":["btcusdt@guess"],"id":6}')["error"]["code"] == 2
    assert ask(b"nonsense")["error"]["code"] == 3


def test_who_sends_too_many_messages_is_cut_off() -> None:
    desk = Desk()
    wire = Wire()
    session = desk.exchange.market_streams.open(wire, [], combined=False)
    for _ in range(5):
        desk.exchange.market_streams.receive(session, b'{"method":"LIST_SUBSCRIPTIONS","id":1}', desk.clock.now())
    assert not wire.closed
    desk.exchange.market_streams.receive(session, b'{"method":"LIST_SUBSCRIPTIONS","id":1}', desk.clock.now())
    assert wire.closed


def test_a_connection_has_a_greatest_age() -> None:
    desk = Desk(connection_hours_max=0.01)
    wire = Wire()
    with desk.exchange.connected(wire):
        desk.advance(35)
        assert not wire.closed
        desk.advance(2)
        assert wire.closed


def test_a_socket_that_has_gone_hears_nothing() -> None:
    desk = Desk()
    socket: Socket = desk.listen()
    socket.session.closed()
    desk.limit("BUY", "0.01", desk.at("0.9"))
    assert socket.wire.messages() == []
