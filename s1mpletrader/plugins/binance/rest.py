"""One REST request: its weight, its signature, and what its answer means."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from s1mpletrader.api import (
    HttpRequest,
    IClock,
    Instant,
    ITransport,
    SentWithoutAnswer,
    Unavailable,
)
from s1mpletrader.plugins.binance.credentials import Credentials
from s1mpletrader.plugins.binance.errors import CLOCK_SKEWED, Limited, VenueRefused, raise_for
from s1mpletrader.plugins.binance.limits import Limits
from s1mpletrader.plugins.binance.messages import TimeAnswer, decode, instant
from s1mpletrader.plugins.binance.server_time import ServerTime
from s1mpletrader.plugins.binance.signing import signed_query
from s1mpletrader.plugins.transport import Sealed, SealedHeaders

_FORM: Final = "application/x-www-form-urlencoded"
_KEY_HEADER: Final = "X-MBX-APIKEY"
TIME_PATH: Final = "/api/v3/time"


class NoAnswer(Unavailable):
    """A question got no usable answer. Nothing was changed by it, so that it may be asked again."""


class Rest:
    """Sends each request once, after it has been counted."""

    def __init__(
        self,
        url: str,
        transport: ITransport,
        clock: IClock,
        limits: Limits,
        *,
        timeout_ms: int,
        receive_window_ms: int = 5_000,
        credentials: Credentials | None = None,
    ) -> None:
        self._url = url
        self._transport = transport
        self._clock = clock
        self._limits = limits
        self._timeout_ms = timeout_ms
        self._receive_window_ms = receive_window_ms
        self._credentials = credentials
        self.time = ServerTime(clock, self.server_time)

    async def public(self, path: str, parameters: Mapping[str, str], weight: int) -> bytes:
        """Ask what anybody may ask; ``NoAnswer`` where nothing usable came."""
        self._limits.take(weight)
        query = urlencode(parameters, quote_via=quote, safe="")
        return await self._question(HttpRequest(method="GET", url=self._address(path, query), timeout_ms_max=self._timeout_ms))

    async def private(self, path: str, parameters: Mapping[str, str], weight: int) -> bytes:
        """Ask about the account; ``NoAnswer`` where nothing usable came."""
        try:
            return await self._private(path, parameters, weight)
        except VenueRefused as refused:
            if refused.code != CLOCK_SKEWED:
                raise
        await self.time.measure()
        return await self._private(path, parameters, weight)

    async def command(self, method: str, path: str, parameters: Mapping[str, str]) -> bytes:
        """Send what changes something, already counted: once, whatever comes of it."""
        query = self._signed(parameters)
        if method == "DELETE":
            request = HttpRequest(
                method=method, url=self._address(path, query), headers=self._headers(), timeout_ms_max=self._timeout_ms
            )
        else:
            headers = self._headers()
            headers["Content-Type"] = _FORM
            request = HttpRequest(
                method=method, url=f"{self._url}{path}", headers=headers, body=query.encode(), timeout_ms_max=self._timeout_ms
            )
        return await self._send(request)

    def stamped(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The parameters with the time at which they are signed, and for how long they are good."""
        return {**parameters, "recvWindow": str(self._receive_window_ms), "timestamp": self.time.timestamp()}

    async def _private(self, path: str, parameters: Mapping[str, str], weight: int) -> bytes:
        await self.time.refresh()
        self._limits.take(weight)
        address = self._address(path, self._signed(parameters))
        request = HttpRequest(method="GET", url=address, headers=self._headers(), timeout_ms_max=self._timeout_ms)
        return await self._question(request)

    async def _question(self, request: HttpRequest) -> bytes:
        try:
            return await self._send(request)
        except SentWithoutAnswer as doubt:
            raise NoAnswer(str(doubt)) from None

    async def _send(self, request: HttpRequest) -> bytes:
        answer = await self._transport.request(request)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        self._limits.read_headers(headers)
        if answer.status == 200:
            return answer.body
        try:
            raise_for(answer, self._clock.now())
        except Limited as limited:
            self._limits.obey(limited)
            raise

    def _signed(self, parameters: Mapping[str, str]) -> Sealed:
        if self._credentials is None:
            raise TypeError("a private request needs credentials")
        return Sealed(signed_query(self.stamped(parameters), self._credentials.signer))

    def _headers(self) -> SealedHeaders:
        if self._credentials is None:
            raise TypeError("a private request needs credentials")
        return SealedHeaders({_KEY_HEADER: self._credentials.api_key})

    def _address(self, path: str, query: str) -> str:
        return Sealed(f"{self._url}{path}?{query}") if query else f"{self._url}{path}"

    async def server_time(self) -> Instant:
        """The venue's present instant, as its answer says."""
        return instant(decode(await self.public(TIME_PATH, {}, 1), TimeAnswer).server_time)
