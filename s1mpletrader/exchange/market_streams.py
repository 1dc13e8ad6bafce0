"""Market streams: who has subscribed to which, and the messages by which they do."""

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import msgspec

from s1mpletrader.domain.instant import SECOND_NS, Instant
from s1mpletrader.exchange.config import LimitsConfig
from s1mpletrader.exchange.delivery import Channel, Delivery
from s1mpletrader.exchange.market import SymbolMarket
from s1mpletrader.exchange.request_log import RequestLog
from s1mpletrader.exchange.stream_events import STREAM_KINDS

_ALL_SYMBOLS: Final = {"!ticker@arr": "ticker", "!miniTicker@arr": "miniTicker"}


class _Message(msgspec.Struct):
    method: str
    id: Any = None
    params: Any = None


class StreamSession:
    """One socket's subscriptions; ``combined`` events are in an envelope that names their stream."""

    def __init__(self, channel: Channel, *, combined: bool) -> None:
        self.channel, self.combined = channel, combined
        self.streams: dict[str, None] = {}
        self.message_second = 0
        self.message_count = 0


class MarketStreams:
    """All sockets with market streams."""

    def __init__(
        self, markets: Mapping[str, SymbolMarket], delivery: Delivery, log: RequestLog, limits: LimitsConfig, at: Instant
    ) -> None:
        self._markets, self._delivery, self._log, self._limits = markets, delivery, log, limits
        self._published_until = at
        self._sessions: list[StreamSession] = []

    def open(self, channel: Channel, streams: list[str], *, combined: bool) -> StreamSession:
        """A socket has come, with the streams of its address."""
        session = StreamSession(channel, combined=combined)
        self._sessions.append(session)
        self._subscribe(session, streams)
        return session

    def forget(self, session: StreamSession) -> None:
        """A socket has closed."""
        self._sessions.remove(session)

    def receive(self, session: StreamSession, text: str | bytes, at: Instant) -> None:
        """A message of a socket: it wants other streams, or to know which it has. Too many messages close it."""
        if not self._counts(session, at):
            session.channel.close()
            return
        try:
            message = msgspec.json.decode(text, type=_Message)
        except (msgspec.DecodeError, msgspec.ValidationError) as fault:
            self._answer(session, {"error": {"code": 3, "msg": f"Invalid JSON: {fault}"}}, at)
            return
        self._log.add(at, message.method, {"params": message.params})
        self._answer(session, self._carry_out(session, message) | {"id": message.id}, at)

    def publish(self, at: Instant) -> None:
        """Tell everybody what has happened since the last time."""
        after, self._published_until = self._published_until, max(at, self._published_until)
        listeners: defaultdict[str, list[StreamSession]] = defaultdict(list)
        for session in self._sessions:
            for stream in session.streams:
                listeners[stream].append(session)
        for stream, sessions in listeners.items():
            for name, event in self._events(stream, after, at):
                for session in sessions:
                    wrap = partial(_wrapped, stream) if session.combined else _bare
                    self._delivery.event(session.channel, name, None, event, wrap, at)

    def _events(self, stream: str, after: Instant, at: Instant) -> list[tuple[str, Any]]:
        if stream in _ALL_SYMBOLS:
            kind = STREAM_KINDS[_ALL_SYMBOLS[stream]]
            every = [event for market in self._markets.values() for event in kind.events(market, after, at)]
            return [(kind.name, every)] if every else []
        symbol, _, rest = stream.partition("@")
        market, found = self._markets.get(symbol.upper()), STREAM_KINDS[rest]
        return [] if market is None else [(found.name, event) for event in found.events(market, after, at)]

    def _carry_out(self, session: StreamSession, message: _Message) -> dict[str, Any]:
        params = message.params if isinstance(message.params, list) else []
        match message.method:
            case "SUBSCRIBE":
                unknown = self._subscribe(session, [str(stream) for stream in params])
                if unknown:
                    return {"error": {"code": 2, "msg": f"Invalid request: unknown stream {unknown[0]}"}}
            case "UNSUBSCRIBE":
                for stream in params:
                    session.streams.pop(stream, None)
            case "LIST_SUBSCRIPTIONS":
                return {"result": list(session.streams)}
            case "SET_PROPERTY" if len(params) == 2 and params[0] == "combined":
                session.combined = bool(params[1])
            case "GET_PROPERTY" if params == ["combined"]:
                return {"result": session.combined}
            case _:
                self._log.add_unserved(message.method)
                return {"error": {"code": 2, "msg": f"Invalid request: unknown method {message.method}"}}
        return {"result": None}

    def _subscribe(self, session: StreamSession, streams: list[str]) -> list[str]:
        """Subscribe to what there is, and give what there is not. A symbol that is not listed is a stream that says nothing."""
        unknown = [stream for stream in streams if not _is_known(stream)]
        for stream in unknown:
            self._log.add_unserved(stream)
        if len(session.streams) + len(streams) > self._limits.streams_per_connection:
            session.channel.close()
            return unknown
        session.streams |= {stream: None for stream in streams if stream not in unknown}
        return unknown

    def _counts(self, session: StreamSession, at: Instant) -> bool:
        second = at // SECOND_NS
        if session.message_second != second:
            session.message_second, session.message_count = second, 0
        session.message_count += 1
        return session.message_count <= self._limits.messages_1s

    def _answer(self, session: StreamSession, content: Any, at: Instant) -> None:
        self._delivery.answer(session.channel, content, at)


def _is_known(stream: str) -> bool:
    symbol, _, rest = stream.partition("@")
    return stream in _ALL_SYMBOLS or (rest in STREAM_KINDS and symbol == symbol.lower())


def _wrapped(stream: str, event: Any) -> Any:
    return {"stream": stream, "data": event}


def _bare(event: Any) -> Any:
    return event
