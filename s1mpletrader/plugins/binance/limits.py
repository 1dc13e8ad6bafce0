"""What the venue counts: requests by weight, orders, and for how long it will not listen at all."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from s1mpletrader.api import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS, IClock, Instant, IState, StateConflict, iso
from s1mpletrader.plugins.binance.errors import Limited
from s1mpletrader.plugins.binance.messages import RateLimit

_log: Final = logging.getLogger(__name__)

WEIGHT_MAX_DEFAULT: Final = 6_000
RESERVED_SHARE: Final = 10
"""One part in so many of the weight is kept for cancellations."""

_UNITS: Final = {"SECOND": SECOND_NS, "MINUTE": MINUTE_NS, "HOUR": HOUR_NS, "DAY": DAY_NS}
_LETTERS: Final = {"S": SECOND_NS, "M": MINUTE_NS, "H": HOUR_NS, "D": DAY_NS}
_ORDER_HEADER: Final = re.compile(r"x-mbx-order-count-(\d{1,4})([smhd])", re.IGNORECASE)
_WEIGHT_HEADER: Final = "x-mbx-used-weight-1m"


class Window:
    """A count within an interval that begins at whole multiples of its length."""

    def __init__(self, length_ns: int, count_max: int) -> None:
        self.length_ns = length_ns
        self.count_max = count_max
        self._count = 0
        self._began = -1

    def used(self, now: Instant) -> int:
        """What has been counted in the present interval."""
        return self._count if self._began == now // self.length_ns else 0

    def add(self, count: int, now: Instant) -> None:
        """Count what is about to be sent."""
        self._count, self._began = self.used(now) + count, now // self.length_ns

    def told(self, count: int, now: Instant) -> None:
        """The venue's own count, which is the one that counts. It may still leave out what is on its way."""
        self._count, self._began = max(count, self.used(now)), now // self.length_ns

    def next_at(self, now: Instant) -> Instant:
        """When the next interval begins."""
        return (now // self.length_ns + 1) * self.length_ns


class Limits:
    """Refuses what the venue would refuse, before it is sent. What the venue said of a ban outlives the process."""

    def __init__(self, clock: IClock, key: str, open_state: Callable[[], IState] | None) -> None:
        self._clock = clock
        self._key = f"binance/{key}/banned_until"
        self._state = open_state() if open_state is not None else None
        self._weight = Window(MINUTE_NS, WEIGHT_MAX_DEFAULT)
        self._orders: dict[int, Window] = {}
        self._orders_wait_until: Instant = 0
        self._banned_until: Instant = self._remembered()

    @property
    def weight_used(self) -> int:
        """Weight used in this minute."""
        return self._weight.used(self._clock.now())

    @property
    def weight_max(self) -> int:
        """Weight allowed in a minute."""
        return self._weight.count_max

    @property
    def banned_until(self) -> Instant | None:
        """Until when nothing may be sent; None where that is not so."""
        return self._banned_until if self._banned_until > self._clock.now() else None

    def learn(self, limits: Sequence[RateLimit]) -> None:
        """Take over the venue's limits, and where a message tells them, its counts."""
        for limit in limits:
            length = _UNITS.get(limit.interval, 0) * limit.interval_num
            if length <= 0 or limit.limit <= 0:
                continue
            if limit.rate_limit_type == "REQUEST_WEIGHT" and length == MINUTE_NS:
                self._weight.count_max = limit.limit
                self._told(self._weight, limit.count)
            elif limit.rate_limit_type == "ORDERS":
                window = self._orders.setdefault(length, Window(length, limit.limit))
                window.count_max = limit.limit
                self._told(window, limit.count)

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Take over the counts of a REST answer."""
        now = self._clock.now()
        weight = headers.get(_WEIGHT_HEADER, "")
        if _is_count(weight):
            self._weight.told(int(weight), now)
        for name, value in headers.items():
            match = _ORDER_HEADER.fullmatch(name)
            if match is not None and _is_count(value):
                window = self._orders.get(int(match[1]) * _LETTERS[match[2].upper()])
                if window is not None:
                    window.told(int(value), now)

    def take(self, weight: int, *, orders: int = 0, urgent: bool = False) -> None:
        """Count a request that is about to be sent; ``Limited`` where it must not be. Nothing has been sent then."""
        now = self._clock.now()
        if self._banned_until > now:
            raise Limited(f"the venue does not listen until {iso(self._banned_until)}", self._banned_until)
        allowed = self._weight.count_max
        if not urgent:
            allowed -= allowed // RESERVED_SHARE
        if self._weight.used(now) + weight > allowed:
            raise Limited("the request weight of this minute is used up", self._weight.next_at(now))
        if orders:
            self._check_orders(orders, now)
        self._weight.add(weight, now)
        for window in self._orders.values():
            window.add(orders, now)

    def obey(self, limited: Limited) -> None:
        """Send nothing before the venue listens again; no new orders, where only those were meant."""
        if limited.of_orders:
            self._orders_wait_until = max(self._orders_wait_until, limited.retry_at)
            return
        if limited.retry_at > self._banned_until:
            self._banned_until = limited.retry_at
            self._remember()

    def _check_orders(self, orders: int, now: Instant) -> None:
        if self._orders_wait_until > now:
            raise Limited("the venue takes no new orders yet", self._orders_wait_until, of_orders=True)
        for window in self._orders.values():
            if window.used(now) + orders > window.count_max:
                raise Limited("the number of orders of this interval is used up", window.next_at(now), of_orders=True)

    def _told(self, window: Window, count: int | None) -> None:
        if count is not None and count >= 0:
            window.told(count, self._clock.now())

    def _remembered(self) -> Instant:
        if self._state is None:
            return 0
        found = self._state.get(self._key)
        return int(found.value) if found is not None and found.value.isdigit() else 0

    def _remember(self) -> None:
        """Another process may have written at the same time: what it wrote is as good."""
        if self._state is None:
            return
        found = self._state.get(self._key)
        if found is not None and found.value.isdigit() and int(found.value) >= self._banned_until:
            return
        with suppress(StateConflict):
            self._state.put(self._key, b"%d" % self._banned_until, expected_version=found.version if found is not None else 0)
        _log.warning("binance does not listen until %s", iso(self._banned_until))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
