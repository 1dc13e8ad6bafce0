"""One connection to the WebSocket API: requests and answers, a session that may be logged on, and private streams."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from s1mpletrader.exchange.authentication import ApiKey
from s1mpletrader.exchange.call import Route
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.delivery import Channel
from s1mpletrader.exchange.errors import ApiError
from s1mpletrader.exchange.exchange import LocalExchange
from s1mpletrader.exchange.gateway import Answer, Gateway
from s1mpletrader.exchange.params import Params, socket_params
from s1mpletrader.exchange.routes import SOCKET_ROUTES
from s1mpletrader.exchange.signing import signed_params

_OK: Final = 200
_BAD: Final = 400
_UNAUTHORIZED: Final = 401
_CONNECTION_WEIGHT: Final = 2


class _Request(msgspec.Struct):
    method: str
    id: Any = None
    params: dict[str, msgspec.Raw] = {}


class SocketSession:
    """One connection's state."""

    def __init__(self, exchange: LocalExchange, gateway: Gateway, channel: Channel, address: str) -> None:
        self._exchange, self._gateway, self._channel, self._address = exchange, gateway, channel, address
        self._logged_on: ApiKey | None = None
        self._connected_at = exchange.now()
        self._since = self._connected_at
        self._subscriptions = 0
        self._by_session: list[int] = []
        self._own: dict[str, Callable[[Mapping[str, str], Params], Any]] = {
            "session.logon": self._log_on,
            "session.status": self._session_status,
            "session.logout": self._log_out,
            "session.subscriptions": self._list_subscriptions,
            "userDataStream.subscribe": self._subscribe,
            "userDataStream.subscribe.signature": self._subscribe_signed,
            "userDataStream.unsubscribe": self._unsubscribe,
        }

    async def receive(self, message: str | bytes) -> None:
        """Answer one message. A dropped request closes the connection."""
        at = self._exchange.now()
        try:
            request = msgspec.json.decode(message, type=_Request)
            values = socket_params(request.params)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as fault:
            error = ApiError(-1000, f"Malformed request: {fault}").body()
            self._exchange.delivery.answer(self._channel, {"id": None, "status": _BAD, "error": error}, at)
            return
        entry = self._exchange.log.add(at, request.method, values)
        key = values.get("apiKey")
        account = (
            self._logged_on.account.name if key is None and self._logged_on else self._exchange.authenticator.account_of(key)
        )
        answer = await self._gateway.with_faults(request.method, entry, account, lambda: self._answer(request.method, values))
        if answer is None or isinstance(answer.content, str):
            self._channel.close()
            return
        self._exchange.delivery.answer(self._channel, self._shown(request.id, answer, values), self._exchange.now())

    def closed(self) -> None:
        """The connection has ended."""
        self._exchange.user_streams.forget(self._channel)

    def _answer(self, method: str, values: Mapping[str, str]) -> Answer:
        route = SOCKET_ROUTES.get(method) or self._own_route(method, values)
        if route is None:
            self._exchange.log.add_unserved(method)
            return Answer(_BAD, ApiError(-1000, f"The method {method} is not served here.").body())
        return self._gateway.carry_out(method, route, values, self._address, lambda params: self._signer(values, params))

    def _own_route(self, method: str, values: Mapping[str, str]) -> Route | None:
        own = self._own.get(method)
        return None if own is None else Route(lambda call: own(values, call.params), socket=method, weight=_CONNECTION_WEIGHT)

    def _signer(self, values: Mapping[str, str], params: Params) -> ApiKey:
        """Who asks: by a signature, or, in a session that is logged on, by the session."""
        key = params.text("apiKey")
        if key is None and self._logged_on is not None:
            at = self._exchange.now()
            found = self._exchange.authenticator.find(self._logged_on.key, self._exchange.revoked(at))
            self._exchange.authenticator.check_time(params, self._exchange.told_time(at))
            return found
        return self._gateway.signer(key, signed_params(values), params)

    def _shown(self, request_id: Any, answer: Answer, values: Mapping[str, str]) -> dict[str, Any]:
        name = "result" if answer.status == _OK else "error"
        shown = {"id": request_id, "status": answer.status, name: answer.content}
        if values.get("returnRateLimits") == "false":
            return shown
        counts = self._exchange.limiter.counts(self._address, answer.account, self._exchange.now())
        return shown | {"rateLimits": counts}

    def _log_on(self, values: Mapping[str, str], params: Params) -> Any:
        key = self._gateway.signer(params.text("apiKey"), signed_params(values), params)
        if not key.may_log_on:
            raise ApiError(-4056, "HMAC_SHA256 API key is not supported.")
        self._logged_on, self._since = key, self._exchange.now()
        return self._session_status(values, params)

    def _session_status(self, _values: Mapping[str, str], _params: Params) -> Any:
        on = self._logged_on
        return {
            "apiKey": on.key if on else None,
            "authorizedSince": milliseconds(self._since) if on else None,
            "connectedSince": milliseconds(self._connected_at),
            "returnRateLimits": True,
            "serverTime": milliseconds(self._exchange.told_time(self._exchange.now())),
            "userDataStream": bool(self._exchange.user_streams.of(self._channel)),
        }

    def _log_out(self, values: Mapping[str, str], params: Params) -> Any:
        for number in self._by_session:
            self._exchange.user_streams.unsubscribe(self._channel, number, self._exchange.now())
        self._logged_on = None
        return self._session_status(values, params)

    def _list_subscriptions(self, _values: Mapping[str, str], _params: Params) -> Any:
        return [{"subscriptionId": each.number} for each in self._exchange.user_streams.of(self._channel)]

    def _subscribe(self, _values: Mapping[str, str], _params: Params) -> Any:
        if self._logged_on is None:
            raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=_UNAUTHORIZED)
        subscribed = self._subscribe_to(self._logged_on)
        self._by_session.append(subscribed["subscriptionId"])
        return subscribed

    def _subscribe_signed(self, values: Mapping[str, str], params: Params) -> Any:
        return self._subscribe_to(self._gateway.signer(params.text("apiKey"), signed_params(values), params))

    def _subscribe_to(self, key: ApiKey) -> dict[str, int]:
        number, self._subscriptions = self._subscriptions, self._subscriptions + 1
        self._exchange.user_streams.subscribe(self._channel, number, key)
        return {"subscriptionId": number}

    def _unsubscribe(self, _values: Mapping[str, str], params: Params) -> Any:
        number = params.integer("subscriptionId")
        if number is not None and all(each.number != number for each in self._exchange.user_streams.of(self._channel)):
            raise ApiError(-2035, "User Data Stream subscription not active.")
        self._exchange.user_streams.unsubscribe(self._channel, number, self._exchange.now())
        return {}
