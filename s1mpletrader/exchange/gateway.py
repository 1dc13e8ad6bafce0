"""A request from its bytes to its answer: limits, who asks, the script of faults, and the route that serves it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple

from s1mpletrader.exchange.authentication import ApiKey
from s1mpletrader.exchange.call import Call, Route, Security
from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.errors import ApiError
from s1mpletrader.exchange.exchange import LocalExchange
from s1mpletrader.exchange.faults import REQUEST_KINDS, Fault, rewritten
from s1mpletrader.exchange.limits import limit_error
from s1mpletrader.exchange.params import Params, request_params
from s1mpletrader.exchange.request_log import Request
from s1mpletrader.exchange.routes import REST_ROUTES
from s1mpletrader.exchange.signing import SignedText, signed_request
from s1mpletrader.exchange.text import to_json

_OK: Final = 200
_NOT_FOUND: Final = 404
_FORBIDDEN: Final = 403
_INTERNAL: Final = 500
_JSON: Final = "application/json;charset=UTF-8"
_PAGE: Final = "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>"

_log: Final = logging.getLogger(__name__)


class RestRequest(NamedTuple):
    """A request exactly as it came; ``query`` and ``body`` are still encoded."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    key: str | None = None
    address: str = "127.0.0.1"


class Answer(NamedTuple):
    """What is answered; ``content`` is text where the answer is a page, else what becomes JSON."""

    status: int
    content: Any
    headers: Mapping[str, str] = {}
    account: str | None = None

    @property
    def code(self) -> int | None:
        """The error's code."""
        return self.content.get("code") if self.status != _OK and isinstance(self.content, dict) else None

    def body(self) -> bytes:
        """The bytes to send."""
        return self.content.encode() if isinstance(self.content, str) else to_json(self.content)

    @property
    def content_type(self) -> str:
        """What the bytes are."""
        return "text/html" if isinstance(self.content, str) else _JSON


Commit = Callable[[], Answer]


class Gateway:
    """Carries requests out. ``None`` instead of an answer is a dropped connection."""

    def __init__(self, exchange: LocalExchange) -> None:
        self._exchange = exchange
        self._later: set[asyncio.Task[None]] = set()

    async def rest(self, request: RestRequest) -> Answer | None:
        """Answer a REST request."""
        name = f"{request.method} {request.path}"
        try:
            values = request_params(request.query, request.body)
        except ApiError as error:
            entry = self._exchange.log.add(self._exchange.now(), name, {})
            entry.status, entry.code = error.status, error.code
            return Answer(error.status, error.body())
        entry = self._exchange.log.add(self._exchange.now(), name, values)
        route = REST_ROUTES.get(name)
        if route is None:
            self._exchange.log.add_unserved(name)
            entry.status = _NOT_FOUND
            return Answer(_NOT_FOUND, {"code": -1000, "msg": f"{name} is not served here."})
        signed = signed_request(request.query, request.body)

        def commit() -> Answer:
            return self.carry_out(name, route, values, request.address, lambda params: self.signer(request.key, signed, params))

        answer = await self.with_faults(name, entry, self._exchange.authenticator.account_of(request.key), commit)
        if answer is None:
            return None
        headers = self._exchange.limiter.headers(request.address, answer.account, self._exchange.now())
        return answer._replace(headers={**headers, **answer.headers})

    def signer(self, key: str | None, signed: SignedText, params: Params) -> ApiKey:
        """The key that signed; ``ApiError`` where it did not."""
        exchange, at = self._exchange, self._exchange.now()
        found = exchange.authenticator.find(key, exchange.revoked(at))
        exchange.authenticator.check(found, signed, params, exchange.told_time(at))
        return found

    def carry_out(
        self, name: str, route: Route, values: Mapping[str, str], address: str, find_signer: Callable[[Params], ApiKey]
    ) -> Answer:
        """Answer now."""
        exchange, at, params, account = self._exchange, self._exchange.now(), Params(values), None
        try:
            exchange.limiter.request(address, route.weight_of(params), at)
            if route.security is Security.SIGNED:
                account = find_signer(params).account
            with exchange.limiter.placing(account.name if account else "", route.orders, at):
                content = route.handler(Call(exchange, name, params, at, account))
                params.check_all_read()
        except ApiError as error:
            return Answer(error.status, error.body(), error.headers, account.name if account else None)
        except Exception as failure:  # noqa: BLE001 - a defect of the exchange is told to who tests with it, and ends nothing.
            _log.exception("the local exchange failed to answer %s", name)
            exchange.log.failures.append(f"{name}: {failure!r}")
            return Answer(_INTERNAL, {"code": -1000, "msg": "The local exchange itself has failed; see its log."})
        return Answer(_OK, content, account=account.name if account else None)

    async def with_faults(self, route: str, entry: Request, account: str | None, commit: Commit) -> Answer | None:
        """Answer as the script lets it."""
        fault = self._exchange.faults.at_call(REQUEST_KINDS, route, account, self._exchange.now())
        entry.account = account

        def committed() -> Answer:
            entry.committed = True
            answer = commit()
            entry.status, entry.code = answer.status, answer.code
            return answer

        if fault is None:
            answer: Answer | None = committed()
        else:
            entry.fault = fault.kind
            answer = await self._misbehave(fault, committed)
            if answer is not None:
                entry.status, entry.code = answer.status, answer.code
        _log.debug("answered %s", entry)
        return answer

    async def close(self) -> None:
        """Forget what is still under way."""
        for task in list(self._later):
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)

    async def _misbehave(self, fault: Fault, commit: Commit) -> Answer | None:
        if fault.kind == "rate_limit":
            return self._limited(fault)
        if fault.kind == "rewrite":
            answer = commit()
            return answer._replace(content=rewritten(answer.content, fault.fields))
        if fault.kind == "delay" and fault.commit != "first":
            await self._pause(fault)
            return commit()
        early = commit() if fault.commit == "first" else None
        if fault.commit == "later":
            self._start(self._commit_later(fault, commit))
        else:
            await self._pause(fault)
        match fault.kind:
            case "delay":
                return early
            case "error":
                return Answer(fault.status, {"code": fault.code, "msg": fault.message})
            case "html":
                return Answer(_FORBIDDEN, _PAGE)
            case _:
                return None

    def _limited(self, fault: Fault) -> Answer:
        at = self._exchange.now()
        until = at + fault.retry_after_s * 1_000 * MILLISECOND_NS
        error = limit_error(fault.status, -1003, "Too much request weight used.", at, until)
        return Answer(error.status, error.body(), error.headers)

    async def _pause(self, fault: Fault) -> None:
        if fault.delay_ms:
            await self._exchange.clock.sleep_until(self._exchange.now() + fault.delay_ms * MILLISECOND_NS)

    async def _commit_later(self, fault: Fault, commit: Commit) -> None:
        await self._pause(fault)
        commit()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)
