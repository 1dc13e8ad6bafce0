"""What lies below ccxt: every request is counted, sent at most once, and may go through the framework's own transport."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from s1mpletrader.api import HttpRequest, HttpResponse, ITransport, NotSentError, S1mpleTraderError

NEVER_LEFT: Final = (socket.gaierror, aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, NotSentError)
"""Faults of opening a connection: nothing was written to it."""


@dataclass
class Call:
    """What one call into ccxt did on the wire."""

    left: int = 0
    """How many requests have left, or may have."""
    posted: int = 0
    """How many of them were more than a GET."""
    is_stuck: bool = False
    """Whether the last request was more than a GET, and never left."""
    status: int | None = None
    """The last answer's status."""
    is_json: bool = False
    retry_after_s: float | None = None

    @property
    def is_unsent(self) -> bool:
        """Whether no change was asked for: what was asked before it was only read."""
        return not self.left or (self.is_stuck and not self.posted)


_current: ContextVar[Call | None] = ContextVar("ccxt_call", default=None)


@contextmanager
def counted() -> Iterator[Call]:
    """Count what leaves in this task and those that it starts."""
    call = Call()
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


def causes(fault: BaseException | None) -> Iterator[BaseException]:
    """The fault, and what it was raised from."""
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or fault.__context__


def wired(exchange_class: type[Any], transport: ITransport | None) -> type[Any]:
    """The exchange's class with its one way out replaced."""
    from ccxt.base.errors import ExchangeNotAvailable  # noqa: PLC0415 - who wires a class of ccxt's has imported it.

    class Wired(exchange_class):  # type: ignore[misc] # ccxt has no types.
        """The same exchange, on our wire."""

        async def fetch(
            self, url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: str | None = None
        ) -> Any:
            """Send one request, and read its answer as ccxt does."""
            call = _current.get() or Call()
            is_more = method != "GET"
            call.left, call.posted, call.is_stuck = call.left + 1, call.posted + is_more, False
            call.status, call.is_json, call.retry_after_s = None, False, None
            try:
                if transport is None:
                    self.open(True)
                    refuse_resending(self.session)
                    return await super().fetch(url, method, headers, body)
                return await self._fetch_by(transport, url, method, headers, body)
            except Exception as fault:
                if any(isinstance(cause, NEVER_LEFT) for cause in causes(fault)):
                    call.left, call.posted, call.is_stuck = call.left - 1, call.posted - is_more, is_more
                raise

        async def _fetch_by(
            self, sender: ITransport, url: str, method: str, headers: Mapping[str, str] | None, body: str | None
        ) -> Any:
            sent_headers = self.prepare_request_headers(headers)
            self.last_request_headers = sent_headers
            request = HttpRequest(
                method=method,
                url=url,
                headers={str(name): str(value) for name, value in sent_headers.items()},
                body=body.encode() if body else b"",
                timeout_ms_max=int(self.timeout),
            )
            try:
                answer = await sender.request(request)
            except S1mpleTraderError as fault:
                raise ExchangeNotAvailable(f"{self.id} {method} {url}") from fault
            return self._read(request, answer, body)

        def _read(self, request: HttpRequest, answer: HttpResponse, body: str | None) -> Any:
            """The end of ccxt's own ``fetch``: errors of the exchange, then those of HTTP, then the answer."""
            text = answer.body.decode(errors="replace")
            headers = {name.title(): value for name, value in answer.headers.items()}
            where = (request.url, request.method)
            text = self.on_rest_response(answer.status, "", *where, headers, text, request.headers, body)
            parsed = self.parse_json(text)
            self.last_http_response, self.last_response_headers, self.last_json_response = text, headers, parsed
            self.handle_errors(answer.status, "", *where, headers, text, parsed, request.headers, body)
            self.handle_http_status_code(answer.status, "", *where, text)
            return parsed if parsed is not None else text

        def on_rest_response(self, code: int, reason: str, url: str, method: str, *rest: Any) -> str:
            """Note what kind of answer this is."""
            text: str = super().on_rest_response(code, reason, url, method, *rest)
            call = _current.get()
            if call is not None:
                call.status, call.is_json = code, text[:1] in ("{", "[")
                call.retry_after_s = _seconds({name.lower(): value for name, value in rest[0].items()}.get("retry-after"))
            return text

    Wired.__name__ = Wired.__qualname__ = exchange_class.__name__
    return Wired


def refuse_resending(session: Any) -> None:
    """Keep aiohttp from sending a DELETE or PUT a second time where the connection was dropped."""
    session._retry_connection = False  # noqa: SLF001  There is no public switch.


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None
