"""HTTP requests and message sockets over aiohttp, sent at most once.

aiohttp resends GET, PUT and DELETE on its own where a connection drops before an answer, and follows redirects. Both are off
here: whether something is sent twice is never the library's to decide.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from yarl import URL

from s1mpletrader.api import Defect, HttpRequest, HttpResponse, NotSentError, SentWithoutAnswer
from s1mpletrader.plugins.transport.socket import AiohttpSocket

BODY_BYTES_MAX: Final = 64 * 1024 * 1024
MESSAGE_BYTES_MAX: Final = 8 * 1024 * 1024
_HANDSHAKE_S_MAX: Final = 15
_SOCKET_CLOSE_S_MAX: Final = 2
_IDLE_S_MAX: Final = 15
"""An idle connection is closed long before a venue would: one that dies in our hands makes an outcome unknown."""
_CHUNK: Final = 64 * 1024


class AiohttpTransport:
    """Sends and receives within the running event loop. Whoever made it closes it."""

    def __init__(self, *, body_bytes_max: int = BODY_BYTES_MAX, message_bytes_max: int = MESSAGE_BYTES_MAX) -> None:
        self._body_bytes_max = body_bytes_max
        self._message_bytes_max = message_bytes_max
        self._session: aiohttp.ClientSession | None = None

    async def request(self, request: HttpRequest) -> HttpResponse:
        """One request, sent at most once; an answer of any status."""
        progress = SimpleNamespace(left=False)
        try:
            async with self._open_session().request(
                request.method,
                URL(request.url, encoded=True),
                headers=dict(request.headers),
                data=request.body or None,
                timeout=aiohttp.ClientTimeout(total=request.timeout_ms_max / 1000),
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                body = await self._read(response)
                return HttpResponse(status=response.status, headers=_headers(response.headers), body=body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _failure(f"{request.method} {_place(request.url)}", error, left=progress.left) from None

    @asynccontextmanager
    async def connect(self, url: str, headers: Mapping[str, str] = {}) -> AsyncIterator[AiohttpSocket]:
        """A message socket; pings are answered by themselves."""
        try:
            socket = await self._open_session().ws_connect(
                URL(url, encoded=True),
                headers=dict(headers),
                max_msg_size=self._message_bytes_max,
                timeout=aiohttp.ClientWSTimeout(ws_close=_SOCKET_CLOSE_S_MAX),
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NotSentError(f"no socket to {_place(url)}: {type(error).__name__}") from None
        opened = AiohttpSocket(socket, _place(url))
        try:
            yield opened
        finally:
            await opened.close()

    async def close(self) -> None:
        """Close all connections; closing twice does nothing."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = _new_session()
        return self._session

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._body_bytes_max:
                response.close()
                raise aiohttp.ClientPayloadError("the body is too long")
        return bytes(body)


def _new_session() -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=_IDLE_S_MAX),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=_HANDSHAKE_S_MAX),
        trace_configs=[_departures()],
    )
    if not hasattr(session, "_retry_connection"):
        raise Defect(f"aiohttp {aiohttp.__version__} has no known switch against resending; use a version that has")
    # aiohttp has no public switch for this; a test counts the requests that reach a server.
    session._retry_connection = False  # noqa: SLF001
    return session


def _departures() -> aiohttp.TraceConfig:
    """Notes from when on a request may have left: as soon as it has a connection."""
    trace = aiohttp.TraceConfig()

    async def left(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: Any) -> None:
        progress = context.trace_request_ctx
        if progress is not None:
            progress.left = True

    trace.on_connection_create_end.append(left)
    trace.on_connection_reuseconn.append(left)
    return trace


def _failure(what: str, error: Exception, *, left: bool) -> NotSentError | SentWithoutAnswer:
    kind = SentWithoutAnswer if left else NotSentError
    return kind(f"{what}: {type(error).__name__}")


def _place(url: str) -> str:
    """Where a URL leads, without its query: that may hold a signature."""
    try:
        parsed = URL(url, encoded=True)
    except ValueError:
        return "an address that is none"
    return f"{parsed.host}{parsed.path}"


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers by their lower-case names."""
    return {name.lower(): value for name, value in headers.items()}
