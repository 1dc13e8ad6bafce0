"""Message sockets: what is sent, what comes, and how they end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import WSMsgType, web

from s1mpletrader.api import NotSentError
from s1mpletrader.plugins.transport import AiohttpTransport

Talk = Callable[[web.WebSocketResponse], Awaitable[None]]


@asynccontextmanager
async def socket_server(talk: Talk) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await talk(socket)
        return socket

    application = web.Application()
    application.router.add_get("/ws", handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ws"
    finally:
        await runner.cleanup()


def told(talk: Talk, **options: int) -> list[str | bytes]:
    """Everything that a client hears until the socket ends."""

    async def story() -> list[str | bytes]:
        transport = AiohttpTransport(**options)
        try:
            async with asyncio.timeout(10), socket_server(talk) as url, transport.connect(url) as socket:
                return [message async for message in socket.messages()]
        finally:
            await transport.close()

    return asyncio.run(story())


def test_texts_and_bytes_come_as_they_are_until_the_end() -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str("one")
        await socket.send_bytes(b"\xff")
        await socket.close()

    assert told(talk) == ["one", b"\xff"]


def test_a_frame_that_is_too_large_ends_the_socket_and_nothing_else() -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str("one")
        await socket.send_str("x" * 5000)
        await socket.receive()

    assert told(talk, message_bytes_max=1000) == ["one"]


def test_a_text_that_is_no_text_ends_the_socket_and_nothing_else() -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str("one")
        await socket.send_frame(b"\xff\xfe", WSMsgType.TEXT)
        await socket.receive()

    assert told(talk) == ["one"]


def test_a_socket_that_has_ended_sends_nothing() -> None:
    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.close()

    async def story() -> None:
        transport = AiohttpTransport()
        async with socket_server(talk) as url, transport.connect(url) as socket:
            assert [message async for message in socket.messages()] == []
            with pytest.raises(NotSentError):
                await socket.send("order")
            await socket.close()
        await transport.close()

    asyncio.run(story())


def test_what_is_sent_arrives_once() -> None:
    heard: list[str] = []

    async def talk(socket: web.WebSocketResponse) -> None:
        async for message in socket:
            heard.append(message.data)
            await socket.send_str(f"got {message.data}")

    async def story() -> None:
        transport = AiohttpTransport()
        async with socket_server(talk) as url, transport.connect(url) as socket:
            await socket.send("order")
            answers = socket.messages()
            assert await anext(aiter(answers)) == "got order"
        await transport.close()

    asyncio.run(story())
    assert heard == ["order"]


def test_a_socket_that_cannot_be_opened_was_not_sent() -> None:
    async def story() -> None:
        transport = AiohttpTransport()
        with pytest.raises(NotSentError) as raised:
            async with transport.connect("ws://127.0.0.1:1/ws?key=SECRET"):
                pass
        assert "SECRET" not in str(raised.value)
        await transport.close()

    asyncio.run(story())
