"""What a venue says: outcomes of commands, and what arrives unasked on the private stream.

Both are the same values, because both re-enter the flow as events: an acceptance is an acceptance whichever way it came.
No reply can hold itself, so that the garbage collector has nothing to look for among them.
"""

from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.reality import FillSource, FundsKind, Liquidity


class Accepted(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The venue has the order."""

    order_id: OrderId
    exchange_order_id: str
    at: Instant
    """When it was known here."""
    venue_at: Instant
    submitted_at: Instant | None = None
    """When the request left, for an outcome of a submission."""


class Rejected(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A definite no: the order does not exist at the venue."""

    order_id: OrderId
    rejection_reason: str
    at: Instant
    venue_at: Instant | None = None
    submitted_at: Instant | None = None


class NotSent(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The request failed before it left: it may be sent again under the same id."""

    order_id: OrderId
    reason: str
    at: Instant


class Unknown(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The request left, and nothing tells what became of it."""

    order_id: OrderId
    reason: str
    at: Instant
    submitted_at: Instant | None = None


class Filled(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """One trade of the venue. ``order_id`` is None where the order is not one of ours."""

    order_id: OrderId | None
    symbol: str
    venue_trade_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    at: Instant
    venue_at: Instant
    exchange_order_id: str | None = None
    client_order_id: str | None = None
    source: FillSource = FillSource.STREAM


class Cancelled(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The order has ended before it was filled whole, because somebody asked, or a linked order filled."""

    order_id: OrderId
    at: Instant
    venue_at: Instant | None = None
    reason: str | None = None


class Expired(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The venue ended the order by its own rules: IOC, FOK, self-trade prevention, maintenance."""

    order_id: OrderId
    at: Instant
    venue_at: Instant | None = None
    reason: str | None = None


class Amended(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The order goes on with another quantity or price."""

    order_id: OrderId
    at: Instant
    quantity: Decimal
    price: Decimal | None = None
    venue_at: Instant | None = None


class Replaced(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The order has ended, and the order ``replaced_by`` stands in its place."""

    order_id: OrderId
    replaced_by: OrderId
    at: Instant
    venue_at: Instant | None = None


class CancelRejected(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The order could not be cancelled or changed. That proves neither that it lives nor that it has gone: query it."""

    order_id: OrderId
    reason: str
    at: Instant
    venue_at: Instant | None = None


class NotPlaced(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Proof, by the rules for unknown outcomes, that the order never reached the venue."""

    order_id: OrderId
    evidence: str
    at: Instant


class Liquidated(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """One trade by which the venue itself closed the account's position in a symbol, or a part of it, for want of margin.

    No order of ours did it. Whatever the account held in the symbol moves as by a fill: ``side`` is the side of the closing
    trade, and ``fee`` has everything in it that the venue took for it.
    """

    symbol: str
    venue_trade_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    at: Instant
    venue_at: Instant
    exchange_order_id: str | None = None


class FundsChanged(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """The venue added an amount to the account, or, below zero, took it, without a trade."""

    asset: str
    amount: Decimal
    kind: FundsKind
    at: Instant
    venue_at: Instant
    venue_change_id: str
    """What the venue calls this change, the same however often it is told."""
    symbol: str | None = None
    """What it is about, where it is about one symbol."""
    quantity: Decimal | None = None
    """The signed position that it was reckoned on."""


Outcome: TypeAlias = Accepted | Rejected | NotSent | Unknown
"""What comes of a submission, for each order."""

CancelOutcome: TypeAlias = Cancelled | CancelRejected | NotSent | Unknown
"""What comes of a cancellation."""

AmendOutcome: TypeAlias = Amended | CancelRejected | NotSent | Unknown
"""What comes of an amendment."""

ReplaceOutcome: TypeAlias = Replaced | CancelRejected | NotSent | Unknown
"""What comes of a replacement, for the order that is to end; the new order has an Outcome of its own."""

ExchangeReply: TypeAlias = (
    Accepted | Rejected | NotSent | Unknown | Filled | Cancelled | Expired | Amended | Replaced | CancelRejected | NotPlaced
)
"""Everything a venue can tell about an order."""

AccountReply: TypeAlias = Liquidated | FundsChanged
"""What a venue tells about the account itself, without any order of ours."""

VenueReply: TypeAlias = ExchangeReply | AccountReply
"""Everything that a venue can tell."""
