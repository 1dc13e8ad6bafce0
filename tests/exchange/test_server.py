"""The exchange over a real network: its paths, its sockets, and the ways in which it may let a client down."""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from s1mpletrader.exchange import ExchangeConfig, Fault, ManualClock, RunningExchange, serve
from s1mpletrader.exchange.clock import milliseconds
from tests.exchange.harness import START, SYMBOL

ORDER = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.01"}
CONFIG = ExchangeConfig(candles_after=2_000)

Story = Callable[[RunningExchange, aiohttp.ClientSession], Awaitable[None]]


def run(story: Story, config: ExchangeConfig = CONFIG) -> None:
    async def told() -> None:
        async with serve(config, clock=ManualClock(START)) as running, aiohttp.ClientSession() as session:
            session._retry_connection = False
            await story(running, session)

    asyncio.run(asyncio.wait_for(told(), 20))


def signature(payload: str) -> str:
    return hmac.new(b"test", payload.encode(), hashlib.sha256).hexdigest()


def signed(running: RunningExchange, params: dict[str, Any]) -> str:
    query = urlencode({**params, "timestamp": milliseconds(running.exchange.now())})
    return f"{query}&signature={signature(query)}"


async def place(running: RunningExchange, session: aiohttp.ClientSession) -> tuple[int, str]:
    url = f"{running.rest_url}/api/v3/order?{signed(running, ORDER)}"
    async with session.post(url, headers={"X-MBX-APIKEY": "test"}) as response:
        return response.status, await response.text()


async def listen(running: RunningExchange, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    socket = await session.ws_connect(running.socket_api_url)
    params: dict[str, Any] = {"apiKey": "test", "timestamp": milliseconds(running.exchange.now())}
    params["signature"] = signature("&".join(f"{name}={params[name]}" for name in sorted(params)))
    await socket.send_json({"id": 1, "method": "userDataStream.subscribe.signature", "params": params})
    assert (await socket.receive_json())["result"] == {"subscriptionId": 0}
    return socket


def test_an_order_goes_out_and_its_fill_comes_back() -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        async with await listen(running, session) as socket:
            status, _ = await place(running, session)
            assert status == 200
            events = [(await socket.receive_json())["event"] for _ in range(3)]
            assert [event.get("x") for event in events] == ["NEW", "TRADE", None]

    run(story)


def test_a_form_in_the_body_is_signed_too() -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        body = signed(running, ORDER)
        headers = {"X-MBX-APIKEY": "test", "Content-Type": "application/x-www-form-urlencoded"}
        async with session.post(f"{running.rest_url}/api/v3/order", data=body, headers=headers) as response:
            assert response.status == 200
            assert response.headers["X-MBX-ORDER-COUNT-10S"] == "0"

    run(story)


@pytest.mark.parametrize(("commit", "trades"), [("never", 0), ("first", 1)])
def test_a_connection_is_dropped_without_an_answer(commit: str, trades: int) -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        running.exchange.faults.add(Fault.model_validate({"kind": "drop", "route": "POST /api/v3/order", "commit": commit}))
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await place(running, session)
        assert len(running.exchange.accounts["test"].records.trades) == trades
        assert len(running.exchange.log.of("POST /api/v3/order")) == 1

    run(story)


def test_a_page_is_answered_where_json_should_be() -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        running.exchange.faults.add(Fault(kind="html", route="POST /api/v3/order"))
        status, text = await place(running, session)
        assert (status, text[:6]) == (403, "<html>")

    run(story)


@pytest.mark.parametrize(
    ("path", "is_combined"),
    [("/stream?streams=btcusdt@trade", True), ("/ws/btcusdt@trade", False), ("/ws/ethusdt@trade/btcusdt@trade", False)],
)
def test_streams_are_named_in_the_address(path: str, is_combined: bool) -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(running.stream_url + path) as socket:
            running.exchange.advance(10**9)
            message = await socket.receive_json()
            assert ("stream" in message) is is_combined
            assert (message["data"] if is_combined else message)["e"] == "trade"

    run(story)


@pytest.mark.parametrize("path", ["/ws", "/ws/3", "/stream"])
def test_streams_are_named_by_message(path: str) -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(running.stream_url + path) as socket:
            await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@trade"], "id": 1})
            assert await socket.receive_json() == {"result": None, "id": 1}
            running.exchange.advance(10**9)
            assert "trade" in str(await socket.receive_json())

    run(story)


def test_sockets_are_cut_and_refused() -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        async with session.ws_connect(f"{running.stream_url}/ws") as socket:
            running.exchange.cut()
            assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        running.exchange.faults.add(Fault(kind="refuse_sockets"))
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{running.stream_url}/ws")

    run(story)


def test_a_socket_that_nobody_serves_is_kept() -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{running.stream_url}/sapi")
        assert running.exchange.log.unserved == ["SOCKET /sapi"]

    run(story)


def test_a_request_that_waits_holds_back_no_other() -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        running.exchange.faults.add(Fault(kind="delay", route="ping", delay_ms=1_000))
        async with session.ws_connect(running.socket_api_url) as socket:
            for request, method in enumerate(("ping", "time")):
                await socket.send_json({"id": request, "method": method})
            assert (await socket.receive_json())["id"] == 1
            running.exchange.advance(10**9)
            assert (await socket.receive_json())["id"] == 0

    run(story)


def test_in_real_time_things_happen_by_themselves() -> None:
    async def story() -> None:
        async with serve(ExchangeConfig(speed=100, candles_after=2_000)) as running, aiohttp.ClientSession() as session:
            async with session.ws_connect(f"{running.stream_url}/ws/btcusdt@kline_1m") as socket:
                while not (await socket.receive_json(timeout=5))["k"]["x"]:
                    """The candle is open still."""
            status, _ = await place_whenever(running, session)
            assert status == 200

    asyncio.run(asyncio.wait_for(story(), 20))


async def place_whenever(running: RunningExchange, session: aiohttp.ClientSession) -> tuple[int, str]:
    """At a speed other than 1 no time is checked."""
    query = urlencode({**ORDER, "timestamp": 1})
    url = f"{running.rest_url}/api/v3/order?{query}&signature={signature(query)}"
    async with session.post(url, headers={"X-MBX-APIKEY": "test"}) as response:
        return response.status, await response.text()


def test_a_port_that_is_taken_is_an_error() -> None:
    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        with pytest.raises(OSError, match="address already in use"):
            async with serve(CONFIG, port=running.port):
                """Never here."""

    run(story)


def test_a_client_that_is_gone_before_its_socket_opens_leaves_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    handshake = b"GET /ws-api/v3 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    handshake += b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

    async def story(running: RunningExchange, session: aiohttp.ClientSession) -> None:
        for _ in range(20):
            _, writer = await asyncio.open_connection(running.host, running.port)
            writer.write(handshake)
            writer.transport.abort()
        async with await listen(running, session):
            pass

    run(story)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
