"""Which socket serves what: the WebSocket API, and the streams named in an address or by message."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from s1mpletrader.exchange.delivery import Channel
from s1mpletrader.exchange.exchange import LocalExchange
from s1mpletrader.exchange.gateway import Gateway
from s1mpletrader.exchange.socket_session import SocketSession

SOCKET_API: Final = "/ws-api/v3"
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503


class OpenSocket(NamedTuple):
    """The exchange's end of a socket."""

    receive: Callable[[str | bytes], Awaitable[None]]
    """Takes a message; what it is answered goes to the socket's channel."""
    closed: Callable[[], None]
    """To be called once the socket has closed."""


class Sockets:
    """Opens sockets."""

    def __init__(self, exchange: LocalExchange, gateway: Gateway) -> None:
        self._exchange, self._gateway = exchange, gateway

    def refusal(self, path: str, query: str, address: str) -> int | None:
        """The status with which a socket is refused; None where it may be opened. Counts it as asked for."""
        exchange, at = self._exchange, self._exchange.now()
        exchange.log.add(at, f"SOCKET {path}", {"query": query})
        if exchange.faults.standing("refuse_sockets", at):
            return _UNAVAILABLE
        if not exchange.limiter.may_connect(address, at):
            return _TOO_MANY
        if path != SOCKET_API and _head(path) not in ("ws", "stream"):
            exchange.log.add_unserved(f"SOCKET {path}")
            return _NOT_FOUND
        return None

    def open(self, path: str, query: str, address: str, channel: Channel) -> OpenSocket:
        """A socket that was not refused."""
        if path == SOCKET_API:
            session = SocketSession(self._exchange, self._gateway, channel, address)
            return OpenSocket(session.receive, session.closed)
        return self._streams(channel, _streams_of(path, query), combined=_head(path) == "stream")

    def _streams(self, channel: Channel, names: list[str], *, combined: bool) -> OpenSocket:
        exchange, streams = self._exchange, self._exchange.market_streams
        session = streams.open(channel, names, combined=combined)

        async def receive(message: str | bytes) -> None:
            streams.receive(session, message, exchange.now())

        return OpenSocket(receive, lambda: streams.forget(session))


def _head(path: str) -> str:
    return path.strip("/").partition("/")[0]


def _streams_of(path: str, query: str) -> list[str]:
    """The streams that an address names; ``/ws/7`` names none."""
    rest = path.strip("/").partition("/")[2]
    names = parse_qs(query).get("streams", [""])[0] if _head(path) == "stream" else rest
    return [] if names.isdigit() else [name for name in names.split("/") if name]
