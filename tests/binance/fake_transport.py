"""A transport that a test plays the venue on: scripted answers, and sockets whose frames a test writes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import json

from s1mpletrader.api import HttpRequest, HttpResponse, NotSentError, SentWithoutAnswer

Reaction = Callable[[dict[str, Any]], Any]
"""From a request's parameters to its answer: a result, an ``HttpResponse``, or an exception to be raised."""


class FakeSocket:
    """One open socket."""

    def __init__(self, transport: "FakeTransport") -> None:
        self._transport = transport
        self._frames: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []

    async def send(self, message: str | bytes) -> None:
        asked = json.decode(str(message))
        self.sent.append(asked)
        self._transport.asked.append(
            (asked["method"], dict(asked.get("params") or {}) if isinstance(asked.get("params"), dict) else {})
        )
        answer = self._transport.answer(asked["method"], asked.get("params") or {})
        if isinstance(answer, HttpResponse):
            body = json.decode(answer.body)
            self.say({"id": asked["id"], "status": answer.status, "error": body})
        elif answer is not SILENCE:
            self.say({"id": asked["id"], "status": 200, "result": answer})

    def say(self, frame: Any) -> None:
        """The venue says something: a value, or raw text or bytes."""
        self._frames.put_nowait(frame if isinstance(frame, str | bytes) else json.encode(frame).decode())

    def event(self, event: Any) -> None:
        """Something happened on the account."""
        self.say({"subscriptionId": 0, "event": event})

    def end(self) -> None:
        """The connection is lost."""
        self._frames.put_nowait(None)

    async def messages(self) -> AsyncIterator[str | bytes]:
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def close(self) -> None:
        self.end()


ACCOUNT = {"balances": [], "canTrade": True, "canWithdraw": False}
"""What a connector asks for when it is opened: whether its key is accepted."""

SILENCE = object()
"""No answer at all."""


class FakeTransport:
    """Answers by route: ``"GET /api/v3/time"`` or a socket's method. What has no reaction is an error of the test."""

    def __init__(self, reactions: Mapping[str, Reaction]) -> None:
        self.reactions: dict[str, Reaction] = {"GET /api/v3/account": lambda _: ACCOUNT, **reactions}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.sockets: list[FakeSocket] = []
        self.refuses = False
        self.refused_count = 0

    def count(self, route: str) -> int:
        return sum(asked == route for asked, _ in self.asked)

    def answer(self, route: str, parameters: dict[str, Any]) -> Any:
        answer = self.reactions[route](parameters)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def request(self, request: HttpRequest) -> HttpResponse:
        url = urlsplit(request.url)
        parameters = dict(parse_qsl(url.query) + parse_qsl(request.body.decode()))
        route = f"{request.method} {url.path}"
        self.asked.append((route, parameters))
        answer = self.answer(route, parameters)
        if answer is SILENCE:
            raise SentWithoutAnswer("silence")
        if isinstance(answer, HttpResponse):
            return answer
        return HttpResponse(status=200, headers={}, body=answer if isinstance(answer, bytes) else json.encode(answer))

    @asynccontextmanager
    async def connect(self, url: str, headers: Mapping[str, str] = {}) -> AsyncIterator[FakeSocket]:
        if self.refuses:
            self.refused_count += 1
            raise NotSentError("refused")
        socket = FakeSocket(self)
        self.sockets.append(socket)
        try:
            yield socket
        finally:
            await socket.close()


def error(status: int, code: int, msg: str = "no", **data: Any) -> HttpResponse:
    """An answer that is an error."""
    return HttpResponse(status=status, headers={}, body=json.encode({"code": code, "msg": msg, **data}))
