"""A request reaches a server at most once, and the error tells whether it left."""

import asyncio
import socket
from collections.abc import Coroutine

import pytest

from s1mpletrader.api import HttpRequest, HttpResponse, NotSentError, SentWithoutAnswer
from s1mpletrader.plugins.transport import AiohttpTransport, SealedHeaders
from tests.transport.servers import drop, http, raw_server, say_nothing, saying

METHODS = ("GET", "POST", "PUT", "DELETE")


async def sent(transport: AiohttpTransport, request: HttpRequest) -> HttpResponse:
    try:
        return await transport.request(request)
    finally:
        await transport.close()


def run(story: Coroutine[None, None, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(bounded())


@pytest.mark.parametrize("method", METHODS)
def test_a_dropped_connection_is_never_answered_by_sending_again(method: str) -> None:
    async def story() -> None:
        async with raw_server(drop) as server:
            with pytest.raises(SentWithoutAnswer):
                await sent(AiohttpTransport(), HttpRequest(method=method, url=f"{server.url}/order?a=1"))
            await asyncio.sleep(0.05)
            assert server.count(method) == 1
            assert len(server.requests) == 1

    run(story())


@pytest.mark.parametrize("method", METHODS)
def test_nor_is_a_connection_that_was_good_before(method: str) -> None:
    """The library's own resending concerns exactly connections that are used again."""

    async def story() -> None:
        answers = iter((saying(http(b"{}")), drop))

        async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
            await next(answers, drop)(request, writer)

        async with raw_server(answer) as server:
            transport = AiohttpTransport()
            assert (await transport.request(HttpRequest(method="GET", url=f"{server.url}/time"))).status == 200
            with pytest.raises(SentWithoutAnswer):
                await sent(transport, HttpRequest(method=method, url=f"{server.url}/order"))
            await asyncio.sleep(0.05)
            assert len(server.requests) == 2

    run(story())


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async def story() -> None:
        raw = http(b"", "307 Temporary Redirect", "Location: /elsewhere\r\n")
        async with raw_server(saying(raw)) as server:
            answer = await sent(AiohttpTransport(), HttpRequest(method="POST", url=f"{server.url}/order", body=b"a=1"))
            assert answer.status == 307
            assert len(server.requests) == 1

    run(story())


def test_what_finds_no_server_was_not_sent() -> None:
    async def story() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with pytest.raises(NotSentError):
            await sent(AiohttpTransport(), HttpRequest(method="POST", url=f"http://127.0.0.1:{port}/order"))
        with pytest.raises(NotSentError):
            await sent(AiohttpTransport(), HttpRequest(method="POST", url="nowhere"))

    run(story())


def test_a_connection_that_is_never_made_was_not_sent_either() -> None:
    async def story() -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(0)
            blockers = [socket.socket() for _ in range(3)]
            try:
                for blocker in blockers:
                    blocker.setblocking(False)
                    blocker.connect_ex(deaf.getsockname())
                url = f"http://127.0.0.1:{deaf.getsockname()[1]}/order"
                with pytest.raises(NotSentError):
                    await sent(AiohttpTransport(), HttpRequest(method="POST", url=url, timeout_ms_max=300))
            finally:
                for blocker in blockers:
                    blocker.close()

    run(story())


UNUSABLE = {
    "no answer in time": say_nothing,
    "half a body": saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{}"),
    "not HTTP": saying(b"what do you want\r\n\r\n"),
    "a body that never ends": saying(http(b"x" * 4096)),
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_what_left_without_a_usable_answer_is_unknown(fault: str) -> None:
    async def story() -> None:
        async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
            await UNUSABLE[fault](request, writer)
            if fault == "half a body":
                writer.close()

        async with raw_server(answer) as server:
            transport = AiohttpTransport(body_bytes_max=1024)
            with pytest.raises(SentWithoutAnswer):
                await sent(transport, HttpRequest(method="POST", url=f"{server.url}/order", timeout_ms_max=300))
            assert len(server.requests) == 1

    run(story())


def test_url_and_body_go_out_byte_for_byte() -> None:
    async def story() -> None:
        async with raw_server(saying(http(b'{"ok":true}', headers="X-Weight: 3\r\n"))) as server:
            transport = AiohttpTransport()
            url = f"{server.url}/order?a=%2Bx%3D&b=%e2%82%ac&signature=AB%2F%2B%3D"
            answer = await sent(transport, HttpRequest(method="POST", url=url, body=b"c=%2B", headers={"X-Key": "k"}))
            assert (answer.status, answer.body, answer.headers["x-weight"]) == (200, b'{"ok":true}', "3")
            assert server.requests[0].startswith(b"POST /order?a=%2Bx%3D&b=%e2%82%ac&signature=AB%2F%2B%3D HTTP/1.1\r\n")
            assert server.requests[0].endswith(b"\r\n\r\nc=%2B")

    run(story())


def test_an_error_says_where_it_was_but_no_query_and_no_header() -> None:
    async def story() -> None:
        async with raw_server(drop) as server:
            request = HttpRequest(
                method="DELETE", url=f"{server.url}/order?signature=SECRET1", headers=SealedHeaders({"X-Key": "SECRET2"})
            )
            with pytest.raises(SentWithoutAnswer) as raised:
                await sent(AiohttpTransport(), request)
            assert "127.0.0.1/order" in str(raised.value)
            assert "SECRET" not in repr(raised.value)
            assert "SECRET2" not in repr(request)

    run(story())
