"""What the exchange was asked, kept for who wants to look at it afterwards."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from s1mpletrader.domain.instant import Instant

REQUESTS_MAX: Final = 100_000
"""How many requests are kept; all are counted."""


class Request(Struct, kw_only=True):
    """One request over REST or the WebSocket API, or one opened socket; ``status`` is None until it is answered."""

    at: Instant
    route: str
    """``"POST /api/v3/order"``, ``"order.place"``, or ``"SOCKET /stream"``."""
    params: Mapping[str, Any]
    """As they came, signature and key left out."""
    account: str | None = None
    status: int | None = None
    code: int | None = None
    """The error's code."""
    fault: str | None = None
    """The kind of the fault that acted on it."""
    committed: bool = False
    """Whether it was carried out."""


class RequestLog:
    """Every request in the order of its coming, and what nobody serves."""

    def __init__(self) -> None:
        self.requests: deque[Request] = deque(maxlen=REQUESTS_MAX)
        """The last ones."""
        self._counts: Counter[str] = Counter()
        self.unserved: list[str] = []
        """Routes, methods and streams that were asked for and that this exchange does not have."""

        self.failures: list[str] = []
        """What the exchange itself failed to answer: always a defect of it."""

    def add(self, at: Instant, route: str, params: Mapping[str, Any]) -> Request:
        """Keep a request."""
        shown = {name: value for name, value in params.items() if name not in ("signature", "apiKey")}
        request = Request(at=at, route=route, params=shown)
        self.requests.append(request)
        self._counts[route] += 1
        return request

    def add_unserved(self, route: str) -> None:
        """Keep what nobody serves."""
        self.unserved.append(route)

    def counts(self) -> Counter[str]:
        """How often each route was asked."""
        return Counter(self._counts)

    def of(self, route: str) -> list[Request]:
        """The requests of one route."""
        return [request for request in self.requests if request.route == route]
