"""Orders: what is asked for, the states an order can be in, and the graph of their changes."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.money import ZERO
from s1mpletrader.domain.opinion import Direction


class Side(StrEnum):
    """Which side of the book an order takes."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return _SELL if self is _BUY else _BUY

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: what a fill does to the position."""
        return 1 if self is _BUY else -1


# Looking a member up in its enumeration costs as much as three calls.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_LONG: Final = Direction.LONG


def opening_side(direction: Direction) -> Side:
    """The side that opens a position in this direction."""
    return _BUY if direction is _LONG else _SELL


class OrderType(StrEnum):
    """How an order names its price."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    """Becomes a market order once the market trades at or through the stop price."""
    STOP_LIMIT = "STOP_LIMIT"
    """Becomes a limit order once the market trades at or through the stop price."""


class TimeInForce(StrEnum):
    """How long an order stays."""

    GTC = "GTC"
    """Until it is filled or cancelled."""
    IOC = "IOC"
    """Fill at once what can be filled; the rest expires."""
    FOK = "FOK"
    """Fill all of it at once, or nothing."""


_HAS_PRICE: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_HAS_STOP: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


class OrderDetails(Struct, frozen=True, kw_only=True):
    """What an order asks for. A combination that no venue could mean has no constructor."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    """Never opens or turns a position: what exceeds it is not filled."""

    def __post_init__(self) -> None:
        if not (self.quantity.is_finite() and self.quantity > ZERO):
            raise ValueError(f"an order's quantity must be above zero, found {self.quantity}")
        if self.price is not None or self.type in _HAS_PRICE:
            self._check("price", self.price, wanted=self.type in _HAS_PRICE)
        if self.stop_price is not None or self.type in _HAS_STOP:
            self._check("stop_price", self.stop_price, wanted=self.type in _HAS_STOP)

    def _check(self, name: str, price: Decimal | None, *, wanted: bool) -> None:
        if (price is not None) != wanted:
            raise ValueError(f"a {self.type} order {'needs a' if wanted else 'has no'} {name}")
        if price is not None and not (price.is_finite() and price > ZERO):
            raise ValueError(f"an order's {name} must be above zero, found {price}")


class OrderState(StrEnum):
    """Where an order stands."""

    INTENDED = "INTENDED"
    """Durable here, not known to have left."""
    SUBMITTED = "SUBMITTED"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    UNKNOWN = "UNKNOWN"
    """The request's outcome is not known: its exposure counts as live, and nothing is sent again."""
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    NOT_PLACED = "NOT_PLACED"
    """Proven never to have reached the venue."""

    @property
    def terminal(self) -> bool:
        """Whether only a reopening, with evidence, leads out of this state."""
        return self in TERMINAL_STATES


TERMINAL_STATES: Final = frozenset(
    {OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED, OrderState.NOT_PLACED}
)

_ENDS: Final = frozenset({OrderState.PARTIALLY_FILLED, OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED})

TRANSITIONS: Final[dict[OrderState, frozenset[OrderState]]] = {
    OrderState.INTENDED: _ENDS
    | {OrderState.SUBMITTED, OrderState.OPEN, OrderState.REJECTED, OrderState.UNKNOWN, OrderState.NOT_PLACED},
    OrderState.SUBMITTED: _ENDS | {OrderState.OPEN, OrderState.REJECTED, OrderState.UNKNOWN, OrderState.NOT_PLACED},
    OrderState.UNKNOWN: _ENDS | {OrderState.OPEN, OrderState.REJECTED, OrderState.NOT_PLACED},
    OrderState.OPEN: _ENDS | {OrderState.UNKNOWN},
    OrderState.PARTIALLY_FILLED: _ENDS | {OrderState.UNKNOWN},
    **{state: frozenset() for state in TERMINAL_STATES},
}
"""The declared graph: from each state, the states it may change to."""


class OrderEventKind(StrEnum):
    """What can happen to an order besides a fill."""

    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    UNKNOWN = "UNKNOWN"
    NOT_PLACED = "NOT_PLACED"
    AMENDED = "AMENDED"
    REPLACED = "REPLACED"
    """Ended because another order, named in the evidence, took its place."""
    REOPENED = "REOPENED"


class ListKind(StrEnum):
    """How the orders of one submission hang together."""

    NONE = "NONE"
    OCO = "OCO"
    """One cancels the other: the first fill of one ends the rest."""
    OTO = "OTO"
    """The first, once filled, activates the rest."""
    OTOCO = "OTOCO"
    """The first, once filled, activates the rest, which cancel each other."""
