"""The exchange as a transport within the process: what an adapter sees of it without any network."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from s1mpletrader.domain.errors import UnknownOutcome
from s1mpletrader.exchange import LoopbackTransport
from s1mpletrader.ports.transport import HttpRequest, ISocket, ITransport, NotSentError, SentWithoutAnswer
from tests.exchange.harness import SYMBOL, Desk

ORDER = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
URL = "https://api.binance.com"

Story = Callable[[Desk, ITransport], Awaitable[None]]


def run(story: Story) -> None:
    async def told() -> None:
        desk = Desk()
        transport = LoopbackTransport(desk.exchange)
        await story(desk, transport)
        await transport.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(told())


def order(desk: Desk, timeout_ms_max: int = 10_000) -> HttpRequest:
    signed = desk.signed("POST /api/v3/order", **ORDER)
    headers = {"X-MBX-APIKEY": "test"}
    url = f"{URL}{signed.path}"
    return HttpRequest(method="POST", url=url, headers=headers, body=signed.query.encode(), timeout_ms_max=timeout_ms_max)


def trades(desk: Desk) -> int:
    return len(desk.exchange.accounts["test"].records.trades)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_request_is_answered() -> None:
    async def story(desk: Desk, transport: ITransport) -> None:
        response = await transport.request(order(desk))
        assert response.status == 200
        assert msgspec.json.decode(response.body)["status"] == "FILLED"
        assert response.headers["X-MBX-USED-WEIGHT-1M"] == "1"

    run(story)


@pytest.mark.parametrize(("commit", "count"), [("never", 0), ("first", 1)])
def test_a_dropped_request_has_an_unknown_outcome(commit: str, count: int) -> None:
    async def story(desk: Desk, transport: ITransport) -> None:
        desk.fails(kind="drop", route="POST /api/v3/order", commit=commit)
        with pytest.raises(UnknownOutcome):
            await transport.request(order(desk))
        assert trades(desk) == count

    run(story)


def test_who_gives_up_waiting_does_not_stop_the_request() -> None:
    async def story(desk: Desk, transport: ITransport) -> None:
        desk.fails(kind="delay", route="POST /api/v3/order", delay_ms=3_000)
        asking = asyncio.ensure_future(transport.request(order(desk, timeout_ms_max=1_000)))
        await settled()
        desk.advance(1)
        with pytest.raises(SentWithoutAnswer):
            await asking
        assert trades(desk) == 0
        desk.advance(2)
        await settled()
        assert trades(desk) == 1

    run(story)


async def one(socket: ISocket) -> dict[str, object]:
    async for message in socket.messages():
        return dict(msgspec.json.decode(message))
    raise AssertionError("the socket closed")


def test_a_socket_answers_and_tells() -> None:
    async def story(desk: Desk, transport: ITransport) -> None:
        async with transport.connect("wss://ws-api.binance.com:443/ws-api/v3") as socket:
            await socket.send('{"id": 1, "method": "ping"}')
            assert (await one(socket))["status"] == 200
        async with transport.connect("wss://stream.binance.com:9443/stream?streams=btcusdt@trade") as socket:
            desk.advance(1)
            assert (await one(socket))["stream"] == "btcusdt@trade"

    run(story)


def test_a_socket_is_cut_and_refused() -> None:
    async def story(desk: Desk, transport: ITransport) -> None:
        async with transport.connect("wss://here/ws/btcusdt@trade") as socket:
            desk.advance(1)
            desk.exchange.cut()
            assert len([message async for message in socket.messages()]) == 1
            with pytest.raises(NotSentError):
                await socket.send("late")
        desk.advance(1)
        desk.fails(kind="refuse_sockets")
        with pytest.raises(NotSentError):
            await transport.connect("wss://here/ws").__aenter__()

    run(story)
