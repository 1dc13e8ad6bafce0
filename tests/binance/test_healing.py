"""Streams that heal: gaps are closed in order, floods lose nothing, and no message ends anything."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import json

from s1mpletrader.api import Accepted, Amended, AuthenticationFailed, Cancelled, Expired, Filled, FillSource, OrderId, Rejected
from s1mpletrader.plugins.binance.inbox import Inbox
from tests.binance.fake_transport import SILENCE, error
from tests.binance.fake_world import START, FakeWorld, accepted, fake_world, fill, report, run, trade


async def with_order(world: FakeWorld) -> str:
    """An order that was accepted; its client id."""
    request = world.request()
    await world.answered(world.connector.submit([request]))
    world.venue.reactions["GET /api/v3/order"] = lambda asked: {
        **accepted({"symbol": "BTCUSDT", "newClientOrderId": asked["origClientOrderId"]}),
        "executedQty": "0",
    }
    return request.client_order_id


def trades_of(world: FakeWorld) -> list[tuple[str, FillSource]]:
    return [(reply.venue_trade_id, reply.source) for reply in world.told if isinstance(reply, Filled)]


def test_what_comes_while_a_gap_is_closed_is_told_after_what_was_missed_and_once() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.private.event(fill(client_id, 1, "1"))
            await world.rest()
            world.private.end()
            await world.rest()
            assert world.connector.health().stale

            def trades(_: Any) -> Any:
                for number in (3, 4):
                    world.private.event(fill(client_id, number, str(number)))
                return [trade(3), trade(2), trade(1)]

            world.venue.reactions["GET /api/v3/myTrades"] = trades
            await world.pass_by(2)
            assert not world.connector.health().stale
            assert trades_of(world) == [
                ("1", FillSource.STREAM),
                ("2", FillSource.RECONCILED),
                ("3", FillSource.RECONCILED),
                ("4", FillSource.STREAM),
            ]

    run(story())


def test_a_gap_that_cannot_be_closed_yet_stays_stale_and_keeps_what_comes() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: error(503, -1000)
            world.private.end()
            await world.pass_by(2)
            world.private.event(fill(client_id, 2, "2"))
            await world.pass_by(3)
            assert world.connector.health().stale
            assert trades_of(world) == []
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]
            await world.pass_by(15)
            assert [number for number, _ in trades_of(world)] == ["1", "2"]
            assert not world.connector.health().stale

    run(story())


def test_a_fill_that_the_stream_left_out_is_told_before_the_next_one() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1), trade(2)]
            world.private.event(fill(client_id, 2, "2"))
            world.private.event(fill(client_id, 3, "3"))
            await world.pass_by(1)
            assert trades_of(world) == [("1", FillSource.RECONCILED), ("2", FillSource.RECONCILED), ("3", FillSource.STREAM)]

    run(story())


def test_an_end_is_told_after_the_fill_that_the_stream_left_out() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]
            world.private.event(report(client_id, "CANCELED", "CANCELED", z="1"))
            await world.pass_by(1)
            assert [type(reply) for reply in world.told if reply.order_id == client_id] == [Filled, Cancelled]

    run(story())


def test_a_message_that_cannot_be_read_may_have_been_a_fill() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]
            world.private.say(json.encode({"event": fill(client_id, 1, "1")})[:-40].decode())
            await world.pass_by(1)
            assert trades_of(world) == [("1", FillSource.RECONCILED)]

    run(story())


def test_an_answer_that_lags_behind_is_asked_for_until_it_does_not() -> None:
    """With pauses that grow: it does not give up, nor ask without end."""

    async def story() -> None:
        async with fake_world() as world:
            await with_order(world)
            shown = world.venue.reactions["GET /api/v3/order"]
            world.venue.reactions["GET /api/v3/order"] = lambda asked: {**shown(asked), "executedQty": "1"}
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: []
            world.connector._parts.reconciler.soon()
            await world.pass_by(60)
            assert trades_of(world) == []
            assert 5 <= world.venue.count("GET /api/v3/myTrades") <= 9
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]
            await world.pass_by(60)
            assert trades_of(world) == [("1", FillSource.RECONCILED)]

    run(story())


def test_two_connections_that_overlap_tell_a_change_once() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            for _ in range(2):
                world.private.event(report(client_id, "REPLACED", "NEW", q="3", I=5))
                await world.rest()
            assert [type(reply) for reply in world.told if reply.order_id == client_id] == [Amended]

    run(story())


@pytest.mark.parametrize("execution_id", [5, 6])
def test_an_end_that_comes_again_is_no_news(execution_id: int) -> None:
    """Neither as the same event, nor as one that was overtaken; and the order is not looked for any more."""

    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            shown = world.venue.reactions["GET /api/v3/order"]
            world.venue.reactions["GET /api/v3/order"] = lambda asked: {**shown(asked), "status": "CANCELED"}
            for number in (5, execution_id):
                world.private.event(report(client_id, "CANCELED", "CANCELED", I=number))
                await world.rest()
            asked = world.venue.count("GET /api/v3/order")
            world.connector._parts.reconciler.soon()
            await world.pass_by(2)
            assert [type(reply) for reply in world.told if reply.order_id == client_id] == [Cancelled]
            assert world.venue.count("GET /api/v3/order") == asked

    run(story())


def test_events_do_not_wait_for_answers_that_do_not_come() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: error(503, -1000)
            for number in (2, 3, 4):
                world.private.event(fill(client_id, number, str(number)))
            await world.pass_by(0.5)
            assert [number for number, _ in trades_of(world)] == ["2", "3", "4"]
            assert world.venue.count("GET /api/v3/myTrades") <= 3, "once at the opening, for the first of them, and beside"
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]
            await world.pass_by(5)
            assert [number for number, _ in trades_of(world)] == ["2", "3", "4", "1"]

    run(story())


@pytest.mark.parametrize(
    ("status", "end"), [("CANCELED", Cancelled), ("EXPIRED", Expired), ("EXPIRED_IN_MATCH", Expired), ("REJECTED", Rejected)]
)
def test_an_end_within_a_gap_is_told_after_its_fills(status: str, end: type) -> None:
    async def story() -> None:
        async with fake_world() as world:
            await with_order(world)
            shown = {**accepted({"symbol": "BTCUSDT", "newClientOrderId": ""}), "status": status, "executedQty": "1"}
            world.venue.reactions["GET /api/v3/order"] = lambda asked: {**shown, "clientOrderId": asked["origClientOrderId"]}
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]
            world.private.end()
            await world.pass_by(2)
            assert [type(reply) for reply in world.told] == [Filled, end]
            await world.pass_by(700, 20)
            assert len(world.told) == 2, "nor is it told again"

    run(story())


EXECUTIONS: dict[str, tuple[dict[str, Any], type | None]] = {
    "expired": ({"x": "EXPIRED", "X": "EXPIRED"}, Expired),
    "prevented": ({"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, Expired),
    "prevented in part": ({"x": "TRADE_PREVENTION", "X": "NEW"}, None),
    "rejected": ({"x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCES"}, Rejected),
}


@pytest.mark.parametrize("name", EXECUTIONS)
def test_an_execution_means(name: str) -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            changes, kind = EXECUTIONS[name]
            world.private.event({**report(client_id), **changes})
            await world.rest()
            assert [type(reply) for reply in world.told] == ([] if kind is None else [kind])

    run(story())


def test_a_cancellation_names_the_order_in_its_other_field() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.private.event(report("the-cancel", "CANCELED", "CANCELED", C=client_id))
            await world.rest()
            [told] = world.told
            assert isinstance(told, Cancelled)
            assert told.order_id == client_id

    run(story())


def test_a_fee_keeps_its_sign_and_its_currency_and_numbers_stay_exact() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            raw = json.encode(fill(client_id, 1, "1", N="BNB")).decode()
            raw = raw.replace('"n":"0.001"', '"n":-0.123456789012345678').replace('"L":"9.5"', '"L":9.123456789012345678')
            world.private.say('{"subscriptionId":0,"event":' + raw + "}")
            await world.rest()
            [told] = world.told
            assert isinstance(told, Filled)
            assert (told.fee, told.fee_currency) == (Decimal("-0.123456789012345678"), "BNB")
            assert told.price == Decimal("9.123456789012345678")
            assert (told.venue_at, told.at) == (START, world.clock.now())

    run(story())


def test_a_subscription_that_is_refused_is_asked_for_again() -> None:
    async def story() -> None:
        async with fake_world() as world:
            answers = [error(503, -1000), error(400, -1121), SILENCE, {"subscriptionId": 1}]
            world.venue.reactions["userDataStream.subscribe.signature"] = lambda _: answers.pop(0)
            world.private.end()
            await world.pass_by(3)
            assert world.connector.health().stale
            await world.pass_by(20)
            assert answers == []
            assert not world.connector.health().stale

    run(story())


def test_a_key_that_is_refused_is_said_at_the_opening() -> None:
    async def story() -> None:
        world = FakeWorld()
        world.venue.reactions["userDataStream.subscribe.signature"] = lambda _: error(401, -2015, "Invalid API-key")
        with pytest.raises(AuthenticationFailed):
            await world.answered(world.connector.open())

    run(story())


def test_a_server_that_says_it_goes_is_left_before_it_does() -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id, first = await with_order(world), world.private
            first.event({"e": "serverShutdown", "E": 1})
            await world.rest()
            assert world.private is not first
            assert not world.connector.health().stale
            for socket in (first, world.private):
                socket.event(fill(client_id, 1, "1"))
            await world.rest()
            assert trades_of(world) == [("1", FillSource.STREAM)]
            await world.pass_by(10)
            assert not world.connector.health().stale

    run(story())


def test_a_connection_that_is_cut_before_its_successor_speaks_is_a_gap() -> None:
    async def story() -> None:
        async with fake_world() as world:
            await with_order(world)
            first = world.private
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]

            def subscribe(_: Any) -> Any:
                first.end()
                return {"subscriptionId": 1}

            world.venue.reactions["userDataStream.subscribe.signature"] = subscribe
            first.event({"e": "serverShutdown", "E": 1})
            await world.pass_by(2)
            assert trades_of(world) == [("1", FillSource.RECONCILED)]
            assert not world.connector.health().stale

    run(story())


def test_a_second_gap_asks_only_for_what_came_after_the_first() -> None:
    async def story() -> None:
        async with fake_world() as world:
            await with_order(world)
            booked, asked = [trade(1)], []

            def trades(parameters: dict[str, Any]) -> Any:
                asked.append(parameters)
                return [each for each in booked if each["id"] >= int(parameters.get("fromId", 0))]

            world.venue.reactions["GET /api/v3/myTrades"] = trades
            for number in (2, 3):
                world.private.end()
                await world.pass_by(2)
                booked.append(trade(number))
            world.private.end()
            await world.pass_by(2)
            assert [number for number, _ in trades_of(world)] == ["1", "2", "3"]
            assert [each.get("fromId") for each in asked] == [None, "2", "2", "3"]

    run(story())


def test_a_frame_that_is_too_large_is_put_aside_even_if_it_could_be_read(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            world.private.event(fill(client_id, 1, "1", padding="x" * (5 * 1024 * 1024)))
            await world.rest()
            assert trades_of(world) == []
            assert "was put aside" in caplog.text

    run(story())


def test_a_lowered_quantity_that_was_missed_is_told() -> None:
    async def story() -> None:
        async with fake_world() as world:
            await with_order(world)
            before = world.venue.reactions["GET /api/v3/order"]
            world.venue.reactions["GET /api/v3/order"] = lambda asked: {**before(asked), "origQty": "3"}
            for _ in range(2):
                world.private.end()
                await world.pass_by(2)
            [told] = world.told
            assert isinstance(told, Amended)
            assert told.quantity == 3

    run(story())


def test_a_ledger_that_cannot_answer_loses_no_event() -> None:
    async def story() -> None:
        async with fake_world() as world:
            await world.connector.instruments(["BTC/USDT"])
            known, world.known = world.known, Broken()
            foreign = world.request().client_order_id
            world.venue.reactions["GET /api/v3/myTrades"] = lambda _: [trade(1)]
            world.venue.reactions["GET /api/v3/allOrders"] = lambda _: [
                accepted({"symbol": "BTCUSDT", "newClientOrderId": foreign})
            ]
            world.private.event(fill(foreign, 1, "1"))
            await world.rest()
            assert trades_of(world) == []
            world.known = known
            await world.pass_by(2)
            assert [number for number, _ in trades_of(world)] == ["1"]
            assert not world.connector.health().stale

    run(story())


def test_connections_are_opened_with_growing_pauses() -> None:
    async def story() -> None:
        async with fake_world() as world:
            before, world.venue.refuses = len(world.venue.sockets), True
            world.private.end()
            await world.pass_by(60)
            assert 6 <= world.venue.refused_count <= 14
            world.venue.refuses = False
            await world.pass_by(11)
            assert len(world.venue.sockets) == before + 1
            assert not world.connector.health().stale

    run(story())


def test_the_inbox_is_bounded_and_drops_nothing() -> None:
    async def story() -> None:
        inbox = Inbox(length_max=3)
        order = OrderId("ORD_20260101_000000_0123456789abcdef")

        async def tell() -> None:
            for number in range(50):
                await inbox.room()
                inbox.put(Accepted(order_id=order, exchange_order_id=str(number), at=0, venue_at=0))
            inbox.close()

        telling = asyncio.create_task(tell())
        await asyncio.sleep(0.01)
        assert not telling.done()
        heard = [reply async for reply in inbox.replies()]
        assert [reply.exchange_order_id for reply in heard if isinstance(reply, Accepted)] == [str(n) for n in range(50)]
        await telling

    run(story())


def test_a_slow_listener_loses_no_fill() -> None:
    async def story() -> None:
        world = FakeWorld()
        world.connector._parts.inbox._length_max = 2
        await world.answered(world.connector.open())
        client_id = await with_order(world)
        for number in range(1, 40):
            world.private.event(fill(client_id, number, "0", z=str(number)))
        await world.pass_by(120, 5)
        assert not world.connector.health().stale, "a stream that waits for its listener is not silent"
        hearing = asyncio.create_task(world.hear())
        await world.rest(300)
        assert [number for number, _ in trades_of(world)] == [str(number) for number in range(1, 40)]
        await world.connector.close()
        await hearing

    run(story())


class Broken(set[str]):
    """A ledger whose database is away."""

    def __contains__(self, item: object) -> bool:
        raise OSError("the database is away")


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8
)
mutations = st.tuples(st.sampled_from(sorted(fill("", 1, "1"))), values)
events = st.builds(
    lambda kind, changes: {**fill("x", 1, "1"), "e": kind, **dict(changes)},
    st.sampled_from(["executionReport", "listStatus", "outboundAccountPosition", "NEW_THING"]),
    st.lists(mutations, max_size=4),
)
wrapped = events.map(lambda event: b'{"subscriptionId":0,"event":' + json.encode(event) + b"}")
truncated = st.tuples(wrapped, st.integers(1, 400)).map(lambda cut: cut[0][: cut[1]])
frames = st.one_of(
    wrapped,
    truncated,
    values.map(json.encode),
    st.binary(max_size=50),
    st.text(max_size=50),
    st.just("[" * 20_000),
    st.just(b'{"event":' + b'{"a":' * 5_000),
    st.just("x" * (5 * 1024 * 1024)),
    st.just(b"\xff\xfe{}"),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(frames, max_size=8))
def test_no_message_ends_anything(said: list[str | bytes]) -> None:
    async def story() -> None:
        async with fake_world() as world:
            client_id = await with_order(world)
            for frame in said:
                world.private.say(frame)
            world.private.event(fill(client_id, 77_777, "1"))
            await world.rest(60)
            await world.pass_by(2)
            ours = [reply for reply in world.told if isinstance(reply, Filled) and reply.order_id == client_id]
            assert [reply.venue_trade_id for reply in ours] == ["77777"]
            assert all(each.connected for each in world.connector.health().streams)

    run(story())
