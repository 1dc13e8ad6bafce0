"""Misbehaviour by a script: each fault does what it says, when it says, and nothing else."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from s1mpletrader.core.clock import finished
from s1mpletrader.exchange import Fault, FaultScript
from s1mpletrader.exchange.faults import EVENT_KINDS, REQUEST_KINDS, STATE_KINDS
from s1mpletrader.exchange.gateway import Answer
from tests.exchange.harness import START, SYMBOL, Desk

ORDER = "POST /api/v3/order"
MARKET_ORDER = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}


def orders(desk: Desk) -> int:
    return len(desk.ok("GET /api/v3/allOrders", symbol=SYMBOL))


def test_only_the_calls_that_are_named_go_wrong() -> None:
    desk = Desk()
    desk.fails(kind="error", route="GET /api/v3/ping", calls=(2, 3))
    assert [desk.public("GET /api/v3/ping").status for _ in range(4)] == [200, 503, 503, 200]
    assert [(fired.call, fired.fault.kind, fired.at) for fired in desk.exchange.faults.fired] == [
        (2, "error", START),
        (3, "error", START),
    ]
    assert desk.public("GET /api/v3/time").status == 200


def test_only_within_its_time_a_fault_acts_and_counts() -> None:
    desk = Desk()
    desk.fails(kind="error", route="GET /api/v3/ping", calls=(2,), from_ms=1_000, until_ms=3_000)
    statuses = []
    for _ in range(5):
        statuses.append(desk.public("GET /api/v3/ping").status)
        desk.advance(1)
    assert statuses == [200, 200, 503, 200, 200]


def test_a_fault_may_be_one_accounts_alone() -> None:
    desk = Desk()
    desk.fails(kind="error", route=ORDER, account="another")
    desk.order(side="BUY", type="MARKET", quantity="0.01")


def test_a_script_is_cleared() -> None:
    desk = Desk()
    desk.fails(kind="error", route="GET /api/v3/ping")
    assert desk.public("GET /api/v3/ping").status == 503
    desk.exchange.faults.clear()
    assert desk.public("GET /api/v3/ping").status == 200


@pytest.mark.parametrize("kind", ["drop", "error", "html"])
@pytest.mark.parametrize(("commit", "placed"), [("never", 0), ("first", 1)])
def test_a_request_is_carried_out_or_not_whatever_is_answered(kind: str, commit: str, placed: int) -> None:
    desk = Desk()
    desk.fails(kind=kind, route=ORDER, commit=commit)
    answer = finished(desk.gateway.rest(desk.signed(ORDER, **MARKET_ORDER)))
    found = None if answer is None else (answer.status, answer.content_type, answer.code)
    assert (
        found == {"drop": None, "error": (503, "application/json;charset=UTF-8", -1007), "html": (403, "text/html", None)}[kind]
    )
    assert orders(desk) == placed
    (request,) = desk.exchange.log.of(ORDER)
    assert (request.fault, request.committed) == (kind, bool(placed))


def test_a_refusal_for_too_much_carries_nothing_out() -> None:
    desk = Desk()
    desk.fails(kind="rate_limit", route=ORDER, status=418, retry_after_s=7, calls=(1,))
    answer = desk.send(ORDER, **MARKET_ORDER)
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (418, -1003, "7")
    assert orders(desk) == 0


def test_an_answer_is_rewritten() -> None:
    desk = Desk()
    desk.limit("BUY", "0.01", desk.at("0.9"))
    desk.fails(kind="rewrite", route="GET /api/v3/openOrders", fields={"status": "NEW_THING"})
    desk.fails(kind="rewrite", route="GET /api/v3/account", fields={"balances": []})
    assert [order["status"] for order in desk.ok("GET /api/v3/openOrders")] == ["NEW_THING"]
    assert desk.ok("GET /api/v3/account")["balances"] == []


async def under_way(desk: Desk, **more: Any) -> "asyncio.Task[Answer | None]":
    task = asyncio.create_task(desk.gateway.rest(desk.signed(ORDER, **{**MARKET_ORDER, **more})))
    await settled()
    return task


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_request_is_late() -> None:
    async def story() -> None:
        desk = Desk()
        desk.fails(kind="delay", route=ORDER, delay_ms=3_000)
        task = await under_way(desk)
        desk.advance(2.9)
        await settled()
        assert orders(desk) == 0
        desk.advance(0.1)
        answer = await task
        assert answer is not None
        assert answer.content["transactTime"] == START // 10**6 + 3_000

    asyncio.run(story())


def test_what_comes_after_its_window_is_refused() -> None:
    async def story() -> None:
        desk = Desk()
        desk.fails(kind="delay", route=ORDER, delay_ms=5_100)
        task = await under_way(desk)
        desk.advance(5.1)
        answer = await task
        assert answer is not None
        assert answer.code == -1021
        assert orders(desk) == 0

    asyncio.run(story())


def test_a_fill_is_told_before_its_order_is_acknowledged() -> None:
    async def story() -> None:
        desk = Desk()
        wire = desk.listen().wire
        desk.fails(kind="delay", route=ORDER, commit="first", delay_ms=1_000)
        task = await under_way(desk)
        assert [event["x"] for event in wire.events() if event["e"] == "executionReport"] == ["NEW", "TRADE"]
        assert not task.done()
        desk.advance(1)
        assert (await task) is not None

    asyncio.run(story())


@pytest.mark.parametrize(("delay_ms", "placed"), [(2_000, 1), (6_000, 0)])
def test_a_dropped_request_may_arrive_later(delay_ms: int, placed: int) -> None:
    async def story() -> None:
        desk = Desk()
        desk.fails(kind="drop", route=ORDER, commit="later", delay_ms=delay_ms)
        assert await (await under_way(desk)) is None
        assert orders(desk) == 0
        desk.advance(delay_ms / 1_000)
        await settled()
        assert orders(desk) == placed
        await desk.gateway.close()

    asyncio.run(story())


def test_what_is_still_under_way_ends_with_the_exchange() -> None:
    async def story() -> None:
        desk = Desk()
        desk.fails(kind="drop", route=ORDER, commit="later", delay_ms=1_000)
        await (await under_way(desk))
        await desk.gateway.close()
        desk.advance(2)
        await settled()
        assert orders(desk) == 0

    asyncio.run(story())


def reports(desk: Desk, act: Callable[[], Any], **fault: Any) -> list[str]:
    wire = desk.listen().wire
    desk.fails(route="executionReport", **fault)
    act()
    return [event["x"] for event in wire.events() if event["e"] == "executionReport"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "duplicate", "calls": (2,)}, ["NEW", "TRADE", "TRADE"]),
        ({"kind": "lose", "calls": (2,)}, ["NEW"]),
        ({"kind": "lose"}, []),
        ({"kind": "reorder", "calls": (1,)}, ["TRADE", "NEW"]),
        ({"kind": "rewrite", "calls": (2,), "fields": {"x": "NEW_THING"}}, ["NEW", "NEW_THING"]),
    ],
)
def test_events_are_lost_doubled_reordered_and_changed(fault: dict[str, Any], told: list[str]) -> None:
    desk = Desk()
    assert reports(desk, lambda: desk.order(**{**MARKET_ORDER, "type": "MARKET"}), **fault) == told


@pytest.mark.parametrize(("count", "place"), [(1, 1), (2, 2), (3, 3)])
def test_an_event_comes_after_so_many_later_ones(count: int, place: int) -> None:
    desk = Desk()
    wire = desk.listen().wire
    desk.fails(kind="reorder", route="executionReport", calls=(1,), count=count)
    for _ in range(2):
        desk.order(side="BUY", type="MARKET", quantity="0.01")
    told = [(event["e"], event.get("i"), event.get("x")) for event in wire.events()]
    assert told.index(("executionReport", 1, "NEW")) == place
    assert len(told) == 6


def test_an_event_is_held_for_a_while() -> None:
    desk = Desk()
    wire = desk.listen().wire
    desk.fails(kind="hold", route="executionReport", calls=(1,), delay_ms=500)
    desk.order(side="BUY", type="MARKET", quantity="0.01")
    assert [event.get("x") for event in wire.events()] == ["TRADE", None]
    desk.advance(0.4)
    assert wire.events() == []
    desk.advance(0.1)
    assert [event["x"] for event in wire.events()] == ["NEW"]


def test_an_event_is_garbled() -> None:
    desk = Desk()
    wire = desk.listen().wire
    desk.fails(kind="garbage", route="executionReport", calls=(1,))
    desk.order(side="BUY", type="MARKET", quantity="0.01")
    assert wire.raw[0].startswith(b'{"subscriptionId"')
    assert not wire.raw[0].endswith(b"}")


def test_a_socket_is_cut_instead_of_an_event() -> None:
    desk = Desk()
    wire = desk.listen().wire
    desk.fails(kind="cut", route="executionReport", calls=(2,))
    desk.order(side="BUY", type="MARKET", quantity="0.01")
    assert wire.closed
    assert [event["x"] for event in wire.events()] == ["NEW"]


def test_a_market_stream_goes_wrong_by_its_events_name() -> None:
    desk = Desk()
    wire = desk.stream("btcusdt@kline_1m", "!ticker@arr")
    desk.fails(kind="lose", route="kline")
    desk.fails(kind="rewrite", route="24hrTicker", fields={"c": "0"})
    desk.advance(1)
    (tickers,) = wire.messages()
    assert [ticker["s"] for ticker in tickers] == ["BTCUSDT", "ETHUSDT"]
    assert [ticker["c"] for ticker in tickers] == ["0", "0"]


def test_a_silent_socket_stays_open_and_says_nothing() -> None:
    desk = Desk()
    socket, stream = desk.listen(), desk.stream("btcusdt@trade")
    desk.fails(kind="silent", from_ms=1_000, until_ms=3_000)
    desk.advance(0.9)
    stream.messages()
    desk.advance(1.1)
    desk.order(side="BUY", type="MARKET", quantity="0.01")
    assert socket.wire.messages() == stream.messages() == []
    with pytest.raises(AssertionError, match="not answered"):
        socket.ask("ping")
    assert not socket.wire.closed
    desk.advance(2)
    assert stream.messages()
    assert socket.ask("ping")["status"] == 200


def test_in_maintenance_orders_are_refused_and_cancels_go_on() -> None:
    desk = Desk()
    placed = desk.limit("BUY", "0.01", desk.at("0.9"))
    desk.fails(kind="maintenance", symbol=SYMBOL)
    info = desk.public("GET /api/v3/exchangeInfo").content["symbols"]
    assert [symbol["status"] for symbol in info] == ["BREAK", "TRADING"]
    assert desk.refusal(ORDER, **MARKET_ORDER) == (-1013, "Market is closed.")
    assert desk.ok("DELETE /api/v3/order", symbol=SYMBOL, orderId=placed["orderId"])["status"] == "CANCELED"
    desk.order(symbol="ETHUSDT", side="BUY", type="MARKET", quantity="0.1")


def test_queries_lag_behind() -> None:
    desk = Desk()
    desk.fails(kind="replica_lag", delay_ms=2_000)
    placed = desk.limit("BUY", "0.01", desk.at("0.9"), newClientOrderId="mine")
    named = {"symbol": SYMBOL, "orderId": placed["orderId"]}
    assert desk.refusal("GET /api/v3/order", **named) == (-2013, "Order does not exist.")
    assert orders(desk) == len(desk.ok("GET /api/v3/openOrders")) == 0
    desk.advance(2)
    assert desk.ok("GET /api/v3/order", **named)["clientOrderId"] == "mine"
    assert orders(desk) == len(desk.ok("GET /api/v3/openOrders")) == 1


def test_only_trades_may_lag_behind() -> None:
    desk = Desk()
    desk.fails(kind="replica_lag", route="GET /api/v3/myTrades", delay_ms=2_000)
    placed = desk.order(side="BUY", type="MARKET", quantity="0.01")
    assert desk.ok("GET /api/v3/order", symbol=SYMBOL, orderId=placed["orderId"])["executedQty"] == "0.01000000"
    assert desk.ok("GET /api/v3/myTrades", symbol=SYMBOL) == []
    desk.advance(2)
    assert len(desk.ok("GET /api/v3/myTrades", symbol=SYMBOL)) == 1


def test_filters_change_in_the_middle() -> None:
    desk = Desk()
    price = f"{desk.price() * Decimal('0.9'):.1f}7"
    desk.fails(kind="filters", symbol=SYMBOL, filters={"price_tick": Decimal("0.1")}, from_ms=1_000)
    desk.limit("BUY", "0.01", price)
    desk.advance(1)
    wanted = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": price}
    assert desk.refusal(ORDER, **wanted) == (-1013, "Filter failure: PRICE_FILTER")
    (filters,) = (symbol["filters"] for symbol in desk.public("GET /api/v3/exchangeInfo", symbol=SYMBOL).content["symbols"])
    assert filters[0]["tickSize"] == "0.10000000"


def test_the_clock_is_wrong() -> None:
    desk = Desk()
    desk.fails(kind="clock_skew", skew_ms=6_000)
    assert desk.public("GET /api/v3/time").content["serverTime"] == START // 10**6 + 6_000
    assert desk.refusal("GET /api/v3/account")[0] == -1021
    assert desk.ok("GET /api/v3/account", timestamp=START // 10**6 + 6_000)["canTrade"]


@pytest.mark.parametrize("key", ["test", None])
def test_a_key_is_revoked(key: str | None) -> None:
    desk = Desk()
    wire = desk.listen().wire
    desk.fails(kind="key_revoked", key=key, from_ms=1_000)
    desk.ok("GET /api/v3/account")
    desk.advance(1)
    assert [event["e"] for event in wire.events()] == ["eventStreamTerminated"]
    assert desk.refusal("GET /api/v3/account") == (-2015, "Invalid API-key, IP, or permissions for action.")
    assert desk.public("GET /api/v3/ping").status == 200


def test_a_request_over_the_socket_goes_wrong_too() -> None:
    desk = Desk()
    socket = desk.socket()
    desk.fails(kind="error", route="order.place", commit="first", calls=(1,))
    answer = socket.signed("order.place", **MARKET_ORDER)
    assert (answer["status"], answer["error"]["code"]) == (503, -1007)
    assert orders(desk) == 1
    desk.fails(kind="drop", route="order.place")
    with pytest.raises(AssertionError, match="not answered"):
        socket.signed("order.place", **MARKET_ORDER)
    assert socket.wire.closed


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode", "route": ORDER},
        {"kind": "drop"},
        {"kind": "drop", "route": ORDER, "calls": (0,)},
        {"kind": "maintenance", "calls": (1,)},
        {"kind": "rate_limit", "route": ORDER, "status": 500},
        {"kind": "filters"},
        {"kind": "filters", "symbol": SYMBOL, "filters": {"tick": 1}},
        {"kind": "drop", "route": ORDER, "when": "often"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Fault(**wrong)


def test_every_kind_is_of_one_of_three_sorts() -> None:
    assert sorted(REQUEST_KINDS & EVENT_KINDS) == ["rewrite"]
    assert not STATE_KINDS & (REQUEST_KINDS | EVENT_KINDS)


def test_every_matching_fault_counts_and_the_first_acts() -> None:
    script = FaultScript(
        [Fault(kind="lose", route="kline", calls=(1,)), Fault(kind="duplicate", route="kline", calls=(1, 2))], START
    )
    acted = [script.at_call(EVENT_KINDS, "kline", None, START) for _ in range(3)]
    assert [fault.kind if fault else None for fault in acted] == ["lose", "duplicate", None]
