"""ccxt's errors in the port's words: what is known of the other side after each of them."""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from s1mpletrader.plugins.ccxt_exchange.wire import Call


class Fate(Enum):
    """What has become of a request."""

    NOT_SENT = auto()
    """It did not leave, or the exchange has proven that it did not look at it: it may be sent again."""
    REFUSED = auto()
    """A definite no."""
    NOT_FOUND = auto()
    """The exchange knows no such order."""
    RATE_LIMITED = auto()
    AUTHENTICATION = auto()
    MAINTENANCE = auto()
    UNKNOWN = auto()
    """Nothing is known."""


FATES: Final[Mapping[str, Fate]] = {
    "RateLimitExceeded": Fate.RATE_LIMITED,
    "DDoSProtection": Fate.RATE_LIMITED,
    "OnMaintenance": Fate.MAINTENANCE,
    "AuthenticationError": Fate.AUTHENTICATION,
    "OrderNotFound": Fate.NOT_FOUND,
    "OrderNotCached": Fate.NOT_FOUND,
    "DuplicateOrderId": Fate.UNKNOWN,
    "InvalidOrder": Fate.REFUSED,
    "InsufficientFunds": Fate.REFUSED,
    "InvalidAddress": Fate.REFUSED,
    "ArgumentsRequired": Fate.REFUSED,
    "BadRequest": Fate.REFUSED,
    "OperationRejected": Fate.REFUSED,
    "NotSupported": Fate.REFUSED,
    "InvalidProxySettings": Fate.REFUSED,
    "ChecksumError": Fate.UNKNOWN,
    "InvalidNonce": Fate.NOT_SENT,
    "ExchangeClosedByUser": Fate.NOT_SENT,
    "OperationFailed": Fate.UNKNOWN,
    "ExchangeError": Fate.UNKNOWN,
}
"""By ccxt's class, the nearest one that is named here. ``ExchangeError`` itself is raised for codes that ccxt does not know."""

_DUPLICATE: Final = re.compile(r"duplicat|already exist|repeated", re.IGNORECASE)
"""How exchanges say that they have an order of this id already: it may be ours."""

_LIMIT_STATUSES: Final = frozenset({418, 429})
_SERVER_FAULT: Final = 500


def fate_of(fault: BaseException, call: Call) -> Fate:
    """What is known after a fault, by its class and by what was seen on the wire."""
    named = next((FATES[kind.__name__] for kind in type(fault).__mro__ if kind.__name__ in FATES), None)
    if call.is_unsent:
        return _local_fate(named)
    if named is None or call.status is None:
        # Without an answer nothing is known, whatever ccxt makes of what it remembers.
        return Fate.UNKNOWN
    if named is Fate.UNKNOWN and call.status in _LIMIT_STATUSES:
        return Fate.RATE_LIMITED
    if named is Fate.RATE_LIMITED:
        return named if call.is_json or call.status in _LIMIT_STATUSES else Fate.UNKNOWN
    if named is Fate.MAINTENANCE:
        return named
    if call.status is not None and call.status >= _SERVER_FAULT:
        return Fate.UNKNOWN
    return Fate.UNKNOWN if named is Fate.REFUSED and _DUPLICATE.search(str(fault)) else named


def _local_fate(named: Fate | None) -> Fate:
    """Nothing left: what ccxt itself refuses, or cannot do, it would refuse again; the rest is a connection that failed."""
    if named in (Fate.UNKNOWN, Fate.NOT_SENT, Fate.RATE_LIMITED, Fate.MAINTENANCE):
        return Fate.NOT_SENT
    return named if named is not None else Fate.REFUSED
