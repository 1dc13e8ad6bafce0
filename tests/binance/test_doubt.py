"""A venue that answers oddly, late or not at all: what was sent once is never sent again."""

import asyncio
from typing import Any

import pytest

from s1mpletrader.api import (
    Accepted,
    AlreadySubmitted,
    Cancelled,
    CancelRejected,
    HttpResponse,
    NotSent,
    NotSentError,
    OrderRef,
    OrderRequest,
    Rejected,
    SentWithoutAnswer,
    Unavailable,
    Unknown,
)
from tests.binance.fake_transport import SILENCE, error
from tests.binance.fake_world import FakeWorld, accepted, fake_world, report, run
from tests.binance.samples import ref_of

NEITHER = {
    "cancelResult": "FAILURE",
    "newOrderResult": "NOT_ATTEMPTED",
    "cancelResponse": {"code": -2011, "msg": "Unknown order sent."},
    "newOrderResponse": None,
}


def placements(world: FakeWorld, request: OrderRequest) -> int:
    """How often an intent left."""
    return sum(request.client_order_id == asked.get("newClientOrderId") for _, asked in world.venue.asked)


async def placed(world: FakeWorld, request: OrderRequest) -> Any:
    (outcome,) = await world.answered(world.connector.submit([request]))
    return outcome


UNREADABLE: dict[str, Any] = {
    "null": None,
    "a list": [],
    "nothing of an order": {},
    "another order's": {"symbol": "BTCUSDT", "orderId": 1, "clientOrderId": "x"},
    "an id that is none": {"symbol": "BTCUSDT", "orderId": "x", "clientOrderId": "y"},
}


@pytest.mark.parametrize("answer", UNREADABLE)
@pytest.mark.parametrize("way", ["socket", "rest"])
def test_a_success_that_cannot_be_read_is_unknown(way: str, answer: str) -> None:
    async def story() -> None:
        async with fake_world() as world:
            world.venue.reactions["order.place"] = lambda _: NotSentError("no") if way == "rest" else UNREADABLE[answer]
            world.venue.reactions["POST /api/v3/order"] = lambda _: UNREADABLE[answer]
            request = world.request()
            assert isinstance(await placed(world, request), Unknown)
            await world.pass_by(30)
            assert placements(world, request) == (2 if way == "rest" else 1), "what did not leave is counted by the fake, too"

    run(story())


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b"\xff\xfe", b"[" * 5_000, b'{"symbol":'])
def test_a_success_that_is_no_json_is_unknown(body: bytes) -> None:
    async def story() -> None:
        async with fake_world() as world:
            world.venue.reactions["order.place"] = lambda _: NotSentError("no")
            world.venue.reactions["POST /api/v3/order"] = lambda _: HttpResponse(status=200, headers={}, body=body)
            assert isinstance(await placed(world, world.request()), Unknown)

    run(story())


def test_a_duplicate_means_that_the_order_exists() -> None:
    async def story() -> None:
        async with fake_world() as world:
            request = world.request()
            world.venue.reactions["order.place"] = lambda _: error(400, -2010, "Duplicate order sent.")
            shown = accepted({"symbol": "BTCUSDT", "newClientOrderId": request.client_order_id})
            world.venue.reactions["GET /api/v3/order"] = lambda _: shown
            outcome = await placed(world, request)
            assert isinstance(outcome, Unknown)
            assert "Duplicate" in outcome.reason
            await world.pass_by(2)
            assert [type(reply) for reply in world.told] == [Accepted], "the order was asked for, and is there"
            assert placements(world, request) == 1

    run(story())


def test_silence_is_unknown_and_rest_does_not_stand_in() -> None:
    async def story() -> None:
        async with fake_world() as world:
            world.venue.reactions["order.place"] = lambda _: SILENCE
            request = world.request()
            assert isinstance(await placed(world, request), Unknown)
            assert world.venue.count("POST /api/v3/order") == 0
            with pytest.raises(AlreadySubmitted):
                await world.connector.submit([request])

    run(story())


def test_rest_stands_in_only_for_what_provably_did_not_leave() -> None:
    async def story() -> None:
        async with fake_world() as world:
            world.venue.reactions["order.place"] = lambda _: NotSentError("closed")
            assert isinstance(await placed(world, world.request()), Accepted)
            assert world.venue.count("POST /api/v3/order") == 1
            world.venue.reactions["order.place"] = lambda _: SentWithoutAnswer("closed meanwhile")
            assert isinstance(await placed(world, world.request()), Unknown)
            assert world.venue.count("POST /api/v3/order") == 1

    run(story())


def test_what_leaves_on_no_way_was_not_sent_and_may_be_sent() -> None:
    async def story() -> None:
        async with fake_world() as world:
            for route in ("order.place", "POST /api/v3/order"):
                world.venue.reactions[route] = lambda _: NotSentError("no")
            request = world.request()
            assert isinstance(await placed(world, request), NotSent)
            world.venue.reactions["order.place"] = accepted
            assert isinstance(await placed(world, request), Accepted)

    run(story())


def test_a_wrong_time_is_measured_and_the_order_signed_anew_once() -> None:
    async def story() -> None:
        async with fake_world() as world:
            request, stamps = world.request(), []

            def place(parameters: dict[str, Any]) -> Any:
                stamps.append(int(parameters["timestamp"]))
                return error(400, -1021, "Timestamp for this request is outside of the recvWindow.")

            world.venue.reactions["order.place"] = place
            world.venue.reactions["GET /api/v3/time"] = lambda _: {"serverTime": world.clock.now() // 1_000_000 + 90_000}
            assert isinstance(await placed(world, request), Rejected)
            assert len(stamps) == 2
            assert stamps[1] - stamps[0] == 90_000

    run(story())


def test_evidence_of_the_stream_is_told_after_the_doubt() -> None:
    async def story() -> None:
        async with fake_world() as world:
            request = world.request()

            def place(_: Any) -> Any:
                world.private.event(report(request.client_order_id))
                return SILENCE

            world.venue.reactions["order.place"] = place
            outcome = await placed(world, request)
            assert isinstance(outcome, Unknown)
            await world.rest()
            [told] = world.told
            assert isinstance(told, Accepted)
            assert told.order_id == request.order_id

    run(story())


@pytest.mark.parametrize("code", [-2011, -2013, -2026, -2039])
def test_a_refused_cancel_asks_what_became_of_the_order(code: int) -> None:
    async def story() -> None:
        async with fake_world() as world:
            request = world.request()
            await placed(world, request)
            world.venue.reactions["order.cancel"] = lambda _: error(400, code, "no")
            asked = world.venue.count("GET /api/v3/order")
            assert isinstance(await world.connector.cancel(ref_of(request)), CancelRejected)
            await world.rest()
            assert world.venue.count("GET /api/v3/order") == asked + 1

    run(story())


@pytest.mark.parametrize("answer", ["silence", "refused"])
def test_an_end_that_comes_while_a_replacement_is_in_flight_is_told_unless_it_was_that(answer: str) -> None:
    async def story() -> None:
        async with fake_world() as world:
            request, other = world.request(), world.request()
            await placed(world, request)

            def exchange(_: Any) -> Any:
                world.private.event(report("x", "CANCELED", "CANCELED", C=request.client_order_id))
                return SILENCE if answer == "silence" else error(400, -2022, "no", data=NEITHER)

            world.venue.reactions["order.cancelReplace"] = exchange
            ended, begun = await world.answered(world.connector.replace(ref_of(request), other))
            assert type(ended) is (Unknown if answer == "silence" else CancelRejected)
            assert type(begun) is (Unknown if answer == "silence" else Rejected)
            await world.rest()
            assert [type(reply) for reply in world.told] == [Cancelled]

    run(story())


def test_a_cancellation_whose_successor_was_refused_is_told_as_one() -> None:
    async def story() -> None:
        async with fake_world() as world:
            request = world.request()
            await placed(world, request)
            half = {
                "cancelResult": "SUCCESS",
                "newOrderResult": "FAILURE",
                "cancelResponse": {"transactTime": 5},
                "newOrderResponse": {"code": -2010, "msg": "poor"},
            }
            world.venue.reactions["order.cancelReplace"] = lambda _: error(409, -2021, "half", data=half)
            ended, begun = await world.answered(world.connector.replace(ref_of(request), world.request()))
            assert (type(ended), type(begun)) == (CancelRejected, Rejected)
            await world.rest()
            assert [type(reply) for reply in world.told] == [Cancelled]

    run(story())


def test_a_cancelled_call_leaves_a_doubt_that_is_looked_into() -> None:
    async def story() -> None:
        async with fake_world() as world:
            request = world.request()
            world.venue.reactions["order.place"] = lambda _: SILENCE
            shown = accepted({"symbol": "BTCUSDT", "newClientOrderId": request.client_order_id})
            world.venue.reactions["GET /api/v3/order"] = lambda _: shown
            task = asyncio.create_task(world.connector.submit([request]))
            await world.rest()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await world.pass_by(2)
            assert [type(reply) for reply in world.told] == [Accepted]

    run(story())


def test_an_order_that_is_not_understood_is_no_answer_and_not_not_found() -> None:
    async def story() -> None:
        async with fake_world() as world:
            odd = {**accepted({"symbol": "BTCUSDT", "newClientOrderId": "x"}), "status": "NEW_THING", "type": "LIMIT"}
            good = {**odd, "orderId": 8, "status": "NEW", "side": "BUY", "price": "9.5", "origQty": "1"}
            world.venue.reactions["GET /api/v3/order"] = lambda _: odd
            world.venue.reactions["GET /api/v3/openOrders"] = lambda _: [odd, good]
            ref = OrderRef(order_id=world.request().order_id, client_order_id="x", symbol="BTC/USDT")
            with pytest.raises(Unavailable, match="NEW_THING"):
                await world.connector.query(ref)
            assert [order.exchange_order_id for order in await world.connector.open_orders()] == ["8"]

    run(story())
