"""Commands to the account: by the WebSocket API, and by REST where a message provably did not leave."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from s1mpletrader.api import Duration, HttpResponse, IClock, NotSentError, SentWithoutAnswer, Unavailable
from s1mpletrader.plugins.binance.credentials import Credentials
from s1mpletrader.plugins.binance.errors import CLOCK_SKEWED, Limited, VenueRefused, raise_for
from s1mpletrader.plugins.binance.limits import Limits
from s1mpletrader.plugins.binance.link import Link
from s1mpletrader.plugins.binance.messages import Frame
from s1mpletrader.plugins.binance.rest import Rest
from s1mpletrader.plugins.binance.signing import signed_parameters
from s1mpletrader.plugins.transport import Sealed


class Route(NamedTuple):
    """How a command is called on the socket and over REST."""

    method: str
    verb: str
    path: str
    orders: int = 0
    """How many new orders it brings."""
    urgent: bool = False
    """Whether it may use the weight that is kept for cancellations."""


PLACE: Final = Route("order.place", "POST", "/api/v3/order", orders=1)
PLACE_OCO: Final = Route("orderList.place.oco", "POST", "/api/v3/orderList/oco", orders=2)
PLACE_OTO: Final = Route("orderList.place.oto", "POST", "/api/v3/orderList/oto", orders=2)
PLACE_OTOCO: Final = Route("orderList.place.otoco", "POST", "/api/v3/orderList/otoco", orders=3)
CANCEL: Final = Route("order.cancel", "DELETE", "/api/v3/order", urgent=True)
REPLACE: Final = Route("order.cancelReplace", "POST", "/api/v3/order/cancelReplace", orders=1)
AMEND: Final = Route("order.amend.keepPriority", "PUT", "/api/v3/order/amend/keepPriority")
_WEIGHT: Final = {AMEND: 4}


class SignedApi:
    """Signed calls on a socket, and what their answers mean."""

    def __init__(self, rest: Rest, credentials: Credentials, limits: Limits, clock: IClock, timeout_ns: Duration) -> None:
        self._rest = rest
        self._credentials = credentials
        self._limits = limits
        self._clock = clock
        self._timeout_ns = timeout_ns

    async def call(self, link: Link, method: str, parameters: Mapping[str, str]) -> bytes:
        """The result of a method, called once."""
        stamped = self._rest.stamped({**parameters, "apiKey": self._credentials.api_key})
        signed = signed_parameters(stamped, self._credentials.signer)
        return self._result(await link.call(method, {name: Sealed(text) for name, text in signed.items()}, self._timeout_ns))

    def _result(self, frame: Frame) -> bytes:
        self._limits.learn(frame.rate_limits)
        if frame.status is None:
            raise SentWithoutAnswer("the answer has no status")
        if frame.status == 200:
            return bytes(frame.result)
        try:
            raise_for(HttpResponse(status=frame.status, headers={}, body=bytes(frame.error)), self._clock.now())
        except Limited as limited:
            self._limits.obey(limited)
            raise


class Commands:
    """Sends each command once. Only an answer that proves that nothing was done for the clock's sake lets it go out again."""

    def __init__(self, rest: Rest, api: SignedApi, limits: Limits, link: Callable[[], Link | None]) -> None:
        self._rest = rest
        self._api = api
        self._limits = limits
        self._link = link

    async def send(self, route: Route, parameters: Mapping[str, str]) -> bytes:
        """The venue's answer; otherwise what ``raise_for`` says, or ``NotSentError``, ``NoAnswer`` where nothing has left."""
        await self._rest.time.refresh()
        try:
            return await self._send_once(route, parameters)
        except VenueRefused as refused:
            if refused.code != CLOCK_SKEWED:
                raise
            try:
                await self._rest.time.measure()
            except Unavailable:
                raise refused from None
        return await self._send_once(route, parameters)

    async def _send_once(self, route: Route, parameters: Mapping[str, str]) -> bytes:
        self._limits.take(_WEIGHT.get(route, 1), orders=route.orders, urgent=route.urgent)
        link = self._link()
        if link is not None:
            try:
                return await self._api.call(link, route.method, parameters)
            except NotSentError:
                pass
        return await self._rest.command(route.verb, route.path, parameters)
