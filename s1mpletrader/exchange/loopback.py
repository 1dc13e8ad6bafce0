"""A transport to an exchange in the same process: no sockets, no threads, and no time but the exchange's own."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.exchange import LocalExchange
from s1mpletrader.exchange.gateway import Answer, Gateway, RestRequest
from s1mpletrader.exchange.sockets import OpenSocket, Sockets
from s1mpletrader.ports.transport import HttpRequest, HttpResponse, ISocket, NotSentError, SentWithoutAnswer

_ADDRESS: Final = "127.0.0.1"
_KEY: Final = "x-mbx-apikey"


class LoopbackTransport:
    """An ``ITransport`` whose other side is a local exchange. Scheme and host of an address do not matter, its path does."""

    def __init__(self, exchange: LocalExchange) -> None:
        self._exchange = exchange
        self._gateway = Gateway(exchange)
        self._sockets = Sockets(exchange, self._gateway)
        self._under_way: set[asyncio.Task[Any]] = set()

    async def request(self, request: HttpRequest) -> HttpResponse:
        """One request. After ``timeout_ms_max`` of the exchange's time nobody waits for it any more, but it goes on."""
        answering = self._start(self._gateway.rest(_rest(request)))
        timing = self._start(self._exchange.clock.sleep_until(self._exchange.now() + request.timeout_ms_max * MILLISECOND_NS))
        await asyncio.wait({answering, timing}, return_when=asyncio.FIRST_COMPLETED)
        timing.cancel()
        answer = answering.result() if answering.done() else None
        if answer is None:
            raise SentWithoutAnswer(f"{request.method} {urlsplit(request.url).path}: no answer came")
        return _response(answer)

    @asynccontextmanager
    async def connect(self, url: str, headers: Mapping[str, str] = {}) -> AsyncIterator[ISocket]:
        """A socket; ``NotSentError`` where the exchange refuses it."""
        address = urlsplit(url)
        refusal = self._sockets.refusal(address.path, address.query, _ADDRESS)
        if refusal is not None:
            raise NotSentError(f"{address.path}: the socket was refused with {refusal}")
        channel = _Channel()
        opened = self._sockets.open(address.path, address.query, _ADDRESS, channel)
        try:
            with self._exchange.connected(channel):
                yield _Socket(opened, channel, self._start)
        finally:
            channel.close()
            opened.closed()

    async def close(self) -> None:
        """Forget what is still under way."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._gateway.close()

    def _start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task


class _Channel:
    """What the exchange has sent and the client has not yet read; None where it closed the socket."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.is_closed = False

    def send(self, message: bytes) -> None:
        """Queue a message; nothing happens once it is closed."""
        if not self.is_closed:
            self.queue.put_nowait(message.decode())

    def close(self) -> None:
        """Close the socket; what is queued can still be read."""
        if not self.is_closed:
            self.is_closed = True
            self.queue.put_nowait(None)


class _Socket:
    """The client's end."""

    def __init__(self, opened: OpenSocket, channel: _Channel, start: Any) -> None:
        self._opened, self._channel, self._start = opened, channel, start

    async def send(self, message: str | bytes) -> None:
        """Send a message; ``NotSentError`` on a closed socket."""
        if self._channel.is_closed:
            raise NotSentError("the socket is closed")
        # Text that hides itself is text all the same, once it is on the way.
        self._start(self._opened.receive(message if isinstance(message, bytes) else str.__str__(message)))

    async def messages(self) -> AsyncIterator[str | bytes]:
        """The messages as they come, until the socket closes."""
        while (message := await self._channel.queue.get()) is not None:
            yield message

    async def close(self) -> None:
        """Close the socket."""
        self._channel.close()


def _rest(request: HttpRequest) -> RestRequest:
    address = urlsplit(request.url)
    key = next((value for name, value in request.headers.items() if name.lower() == _KEY), None)
    return RestRequest(request.method, address.path, address.query, request.body.decode(), key, _ADDRESS)


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(status=answer.status, headers={"Content-Type": answer.content_type, **answer.headers}, body=answer.body())
