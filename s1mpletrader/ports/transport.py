"""One message on a wire: what lies under every network connector, so that a simulation can stand in below the adapter."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from s1mpletrader.domain.errors import Unavailable, UnknownOutcome


class NotSentError(Unavailable):
    """The message did not leave: nothing can have happened on the other side."""


class SentWithoutAnswer(UnknownOutcome):
    """The message left and no usable answer came: timeout, dropped connection, unreadable body."""


class HttpRequest(Struct, frozen=True, kw_only=True):
    """A request, exactly as it goes out. ``body`` and ``url`` are already encoded and signed."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout_ms_max: int = 10_000


class HttpResponse(Struct, frozen=True, kw_only=True):
    """An answer of any status: what a status means is the adapter's to say."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ISocket(Protocol):
    """An open message socket."""

    async def send(self, message: str | bytes) -> None:
        """Send one message; ``NotSentError`` before it left, ``SentWithoutAnswer`` where that cannot be told."""
        ...

    def messages(self) -> AsyncIterator[str | bytes]:
        """The messages as they arrive; ends when the socket closes."""
        ...

    async def close(self) -> None:
        """Close the socket; closing twice does nothing."""
        ...


class ITransport(Protocol):
    """Sends and receives. Never resends anything on its own."""

    async def request(self, request: HttpRequest) -> HttpResponse:
        """One request, sent at most once; ``NotSentError`` or ``SentWithoutAnswer``."""
        ...

    def connect(self, url: str, headers: Mapping[str, str] = {}) -> AbstractAsyncContextManager[ISocket]:
        """A message socket, closed with its context; ``NotSentError`` where it cannot be opened."""
        ...
