"""What Binance's answers mean: a definite no, a no of a distinct kind, or nothing that can be relied on."""

import re
from typing import Final, NoReturn

import msgspec

from s1mpletrader.api import (
    SECOND_NS,
    AuthenticationFailed,
    HttpResponse,
    Instant,
    Maintenance,
    RateLimited,
    Refused,
    SentWithoutAnswer,
)
from s1mpletrader.plugins.binance.messages import MS_NS, Trouble, decode

DUPLICATE: Final = "Duplicate order sent."
"""The one refusal of an order that proves that the order exists."""

REPLACE_FAILED: Final = frozenset({-2021, -2022})
FILTER_FAILED: Final = -1013
NO_SUCH_ORDER: Final = -2013
CLOCK_SKEWED: Final = -1021

_AUTHENTICATION: Final = frozenset({-1002, -1022, -2014, -2015})
_ASK_THE_ORDER: Final = frozenset({-2011, -2013, -2026, -2039})
_DEFINITE: Final = frozenset({-1013, -1014, -1020, -1021, -2010, -2038}) | _ASK_THE_ORDER | REPLACE_FAILED
_BANNED_UNTIL: Final = re.compile(r"banned until (\d{13})")
_CLOSED: Final = re.compile(r"market is closed", re.IGNORECASE)
_WAIT_NS: Final = 10 * SECOND_NS
_WAIT_NS_MAX: Final = 4 * 86_400 * SECOND_NS
_OVERLOADED_WAIT_NS: Final = 2 * SECOND_NS
_ORDERS_WAIT_NS: Final = 10 * SECOND_NS


class VenueRefused(Refused):
    """The venue did not do it, and said why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(f"{trouble.msg} ({trouble.code})")
        self.code = trouble.code
        self.data = trouble.data

    @property
    def asks_the_order(self) -> bool:
        """Whether it says only that there is nothing to change: what the order is has to be asked."""
        return self.code in _ASK_THE_ORDER


class Limited(RateLimited):
    """The venue counts too much from here; ``of_orders`` where only new orders are meant."""

    def __init__(self, message: str, retry_at: Instant, *, of_orders: bool = False) -> None:
        super().__init__(message, retry_at)
        self.of_orders = of_orders


def raise_for(answer: HttpResponse, now: Instant) -> NoReturn:
    """Raise what an answer other than a success means.

    ``VenueRefused``, ``Limited``, ``AuthenticationFailed`` and ``Maintenance`` prove that nothing was done; all else is
    ``SentWithoutAnswer``.
    """
    trouble = _trouble(answer.body)
    if answer.status in (418, 429):
        raise Limited(_told(trouble, answer.status), _retry_at(answer, trouble, now))
    if answer.status >= 500 or trouble is None:
        raise SentWithoutAnswer(f"the venue answered {answer.status}" + (f" ({trouble.code})" if trouble else ""))
    _raise_for_code(trouble, answer, now)


def raise_for_trouble(trouble: Trouble, now: Instant) -> NoReturn:
    """Raise what an error within another answer means, as ``raise_for`` does."""
    _raise_for_code(trouble, HttpResponse(status=400, headers={}, body=b""), now)


def _raise_for_code(trouble: Trouble, answer: HttpResponse, now: Instant) -> NoReturn:
    code, message = trouble.code, _told(trouble, answer.status)
    if code == -1003:
        raise Limited(message, _retry_at(answer, trouble, now))
    if code == -1015:
        raise Limited(message, _retry_at(answer, trouble, now, _ORDERS_WAIT_NS), of_orders=True)
    if code == -1008:
        raise Maintenance(message)
    if code in _AUTHENTICATION or answer.status == 401:
        raise AuthenticationFailed(message)
    if code in (-1013, -2010) and _CLOSED.search(trouble.msg):
        raise Maintenance(message)
    if code == -2010 and trouble.msg == DUPLICATE:
        raise SentWithoutAnswer(f"{message}: an order of this id exists")
    if answer.status < 500 and (code in _DEFINITE or -1199 <= code <= -1100):
        raise VenueRefused(trouble)
    raise SentWithoutAnswer(f"the venue answered {answer.status} ({code}): {trouble.msg[:200]}")


def _told(trouble: Trouble | None, status: int) -> str:
    return f"{trouble.msg[:200]} ({trouble.code})" if trouble else f"the venue answered {status}"


def _trouble(body: bytes) -> Trouble | None:
    try:
        return decode(body, Trouble)
    except (msgspec.MsgspecError, ValueError):
        return None


class _RetryData(msgspec.Struct, frozen=True, rename="camel"):
    retry_after: int | None = None


def _retry_at(answer: HttpResponse, trouble: Trouble | None, now: Instant, default_ns: int = _WAIT_NS) -> Instant:
    """When the venue will listen again: by its header, its data or its words, and never later than the longest ban."""
    found = _retry_told(answer, trouble, now)
    return min(max(found if found is not None else now + default_ns, now), now + _WAIT_NS_MAX)


def _retry_told(answer: HttpResponse, trouble: Trouble | None, now: Instant) -> Instant | None:
    header = answer.headers.get("retry-after", "")
    if header.isascii() and header.isdigit() and len(header) < 9:
        return now + int(header) * SECOND_NS
    if trouble is None:
        return None
    try:
        data = decode(trouble.data, _RetryData) if bytes(trouble.data) else _RetryData()
    except (msgspec.MsgspecError, ValueError):
        data = _RetryData()
    if data.retry_after is not None:
        return data.retry_after * MS_NS
    words = _BANNED_UNTIL.search(trouble.msg)
    return int(words[1]) * MS_NS if words else None
