"""How much has been asked for, and when it was too much."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from s1mpletrader.domain.instant import DAY_NS, MINUTE_NS, SECOND_NS, Duration, Instant
from s1mpletrader.exchange.clock import milliseconds
from s1mpletrader.exchange.config import LimitsConfig
from s1mpletrader.exchange.errors import ApiError

REQUEST_WEIGHT: Final = "REQUEST_WEIGHT"
ORDERS: Final = "ORDERS"
RAW_REQUESTS: Final = "RAW_REQUESTS"
_TOO_MANY_REQUESTS: Final = 429
_BANNED: Final = 418


class Limit(NamedTuple):
    """So much of a kind in each window."""

    kind: str
    interval: str
    interval_num: int
    window_ns: Duration
    maximum: int

    @property
    def header(self) -> str:
        """The end of the header that tells how much is used."""
        return f"{self.interval_num}{self.interval[0]}"

    def told(self) -> dict[str, Any]:
        """The limit as ``exchangeInfo`` tells it."""
        return {
            "rateLimitType": self.kind,
            "interval": self.interval,
            "intervalNum": self.interval_num,
            "limit": self.maximum,
        }


class Limiter:
    """Counts by address and by account, in windows of the exchange's time."""

    def __init__(self, config: LimitsConfig) -> None:
        self._config = config
        self.weight = Limit(REQUEST_WEIGHT, "MINUTE", 1, MINUTE_NS, config.request_weight_1m)
        self.raw = Limit(RAW_REQUESTS, "MINUTE", 5, 5 * MINUTE_NS, config.raw_requests_5m)
        self._connections = Limit("CONNECTIONS", "MINUTE", 5, 5 * MINUTE_NS, config.connections_5m)
        self.orders = (
            Limit(ORDERS, "SECOND", 10, 10 * SECOND_NS, config.orders_10s),
            Limit(ORDERS, "DAY", 1, DAY_NS, config.orders_1d),
        )
        self._counts: defaultdict[tuple[str, Limit], tuple[int, int]] = defaultdict(lambda: (0, 0))
        self._refusals: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._banned_until: dict[str, Instant] = {}

    def told(self) -> list[dict[str, Any]]:
        """All limits."""
        return [limit.told() for limit in (self.weight, *self.orders, self.raw)]

    def ban(self, address: str, until: Instant) -> None:
        """Refuse an address until an instant."""
        self._banned_until[address] = until

    def request(self, address: str, weight: int, at: Instant) -> None:
        """Count a request; ``ApiError`` with 429 where it is too much, with 418 where the address is banned."""
        until = self._banned_until.get(address, 0)
        if at < until:
            message = f"Way too much request weight used; IP banned until {milliseconds(until)}."
            raise limit_error(_BANNED, -1003, message, at, until)
        for limit, amount in ((self.weight, weight), (self.raw, 1)):
            if self._used(address, limit, at) + amount > limit.maximum:
                self._refuse(address, limit, at)
            self._add(address, limit, amount, at)

    def may_connect(self, address: str, at: Instant) -> bool:
        """Count an attempt to open a socket, and tell whether it is not one too many."""
        self._add(address, self._connections, 1, at)
        return self._used(address, self._connections, at) <= self._connections.maximum

    @contextmanager
    def placing(self, account: str, count: int, at: Instant) -> Iterator[None]:
        """Count new orders, unless they are refused; ``ApiError`` with 429 where they are too many."""
        for limit in self.orders:
            if self._used(account, limit, at) + count > limit.maximum:
                message = (
                    f"Too many new orders; current limit is {limit.maximum} orders per {limit.interval_num} {limit.interval}."
                )
                raise limit_error(_TOO_MANY_REQUESTS, -1015, message, at, _end(limit, at))

        self._add_orders(account, count, at)
        try:
            yield
        except ApiError:
            self._add_orders(account, -count, at)
            raise

    def filled(self, account: str, at: Instant) -> None:
        """Only unfilled orders count: one that has begun to fill is taken back."""
        self._add_orders(account, -1, at)

    def headers(self, address: str, account: str | None, at: Instant) -> dict[str, str]:
        """What a REST answer tells of this address's and this account's use."""
        weight = str(self._used(address, self.weight, at))
        headers = {"X-MBX-USED-WEIGHT": weight, f"X-MBX-USED-WEIGHT-{self.weight.header}": weight}
        if account is not None:
            headers |= {f"X-MBX-ORDER-COUNT-{limit.header}": str(self._used(account, limit, at)) for limit in self.orders}
        return headers

    def counts(self, address: str, account: str | None, at: Instant) -> list[dict[str, Any]]:
        """What an answer over the WebSocket API tells of the same."""
        found = [self.weight.told() | {"count": self._used(address, self.weight, at)}]
        return found if account is None else [*self.order_counts(account, at), *found]

    def order_counts(self, account: str, at: Instant) -> list[dict[str, Any]]:
        """An account's unfilled orders, by window."""
        return [limit.told() | {"count": self._used(account, limit, at)} for limit in self.orders]

    def _refuse(self, address: str, limit: Limit, at: Instant) -> None:
        key = (address, at // limit.window_ns)
        self._refusals[key] += 1
        if self._refusals[key] >= self._config.refusals_before_ban:
            self.ban(address, at + self._config.ban_s * SECOND_NS)
        message = (
            f"Too much request weight used; current limit is {limit.maximum} request weight per {limit.interval_num} MINUTE."
        )
        raise limit_error(_TOO_MANY_REQUESTS, -1003, message, at, _end(limit, at))

    def _add_orders(self, account: str, count: int, at: Instant) -> None:
        for limit in self.orders:
            self._add(account, limit, max(count, -self._used(account, limit, at)), at)

    def _used(self, who: str, limit: Limit, at: Instant) -> int:
        window, count = self._counts[(who, limit)]
        return count if window == at // limit.window_ns else 0

    def _add(self, who: str, limit: Limit, amount: int, at: Instant) -> None:
        self._counts[(who, limit)] = (at // limit.window_ns, self._used(who, limit, at) + amount)


def limit_error(status: int, code: int, message: str, at: Instant, until: Instant) -> ApiError:
    """A refusal that says when to come back: in seconds in a header, in milliseconds since 1970 in the data."""
    seconds = -((at - until) // SECOND_NS)
    data = {"serverTime": milliseconds(at), "retryAfter": milliseconds(until)}
    return ApiError(code, message, status=status, data=data, headers={"Retry-After": str(max(seconds, 1))})


def _end(limit: Limit, at: Instant) -> Instant:
    return (at // limit.window_ns + 1) * limit.window_ns
