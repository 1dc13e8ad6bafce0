"""One request on its way to who answers it."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.instant import Instant
from s1mpletrader.exchange.account import Account
from s1mpletrader.exchange.params import Params

if TYPE_CHECKING:
    from s1mpletrader.exchange.exchange import LocalExchange


class Security(StrEnum):
    """What a request has to bring."""

    NONE = "NONE"
    SIGNED = "SIGNED"


class Call(NamedTuple):
    """A request whose sender is known, at the instant at which it is carried out."""

    exchange: "LocalExchange"
    route: str
    params: Params
    at: Instant
    caller: Account | None = None

    @property
    def account(self) -> Account:
        """Who asks; a route that uses it is signed."""
        if self.caller is None:
            raise Defect("a route without a signature asks for its account")
        return self.caller

    @property
    def seen_at(self) -> Instant:
        """Up to when a query sees what has changed."""
        return self.exchange.seen_at(self.route, self.at)


Handler = Callable[[Call], Any]
"""Answers a request with what becomes JSON, or raises ``ApiError``."""

Weight = int | Callable[[Params], int]


class Route(NamedTuple):
    """A request that the venue serves: over REST, over the WebSocket API, or over both."""

    handler: Handler
    rest: str | None = None
    """Method and path."""
    socket: str | None = None
    """The WebSocket API's method."""
    security: Security = Security.NONE
    weight: Weight = 1
    orders: int = 0
    """How many new orders it counts as."""

    def weight_of(self, params: Params) -> int:
        """What the request costs."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)
