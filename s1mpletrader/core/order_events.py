"""From what a venue says about an order to the ledger's event, and whether it says anything new."""

from typing import Final, TypeAlias

from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderEventKind, OrderState
from s1mpletrader.domain.reality import OrderChanged
from s1mpletrader.domain.replies import (
    Accepted,
    Amended,
    Cancelled,
    Expired,
    NotPlaced,
    NotSent,
    Rejected,
    Replaced,
    Unknown,
)

OrderReply: TypeAlias = Accepted | Rejected | NotSent | Unknown | Cancelled | Expired | Amended | Replaced | NotPlaced
"""Everything but fills and refused cancellations."""

_KIND_OF: Final[dict[type[OrderReply], OrderEventKind]] = {
    Accepted: OrderEventKind.ACCEPTED,
    Rejected: OrderEventKind.REJECTED,
    NotSent: OrderEventKind.NOT_PLACED,
    Unknown: OrderEventKind.UNKNOWN,
    Cancelled: OrderEventKind.CANCELLED,
    Expired: OrderEventKind.EXPIRED,
    Amended: OrderEventKind.AMENDED,
    Replaced: OrderEventKind.REPLACED,
    NotPlaced: OrderEventKind.NOT_PLACED,
}

_ENDED_OPEN: Final = (OrderState.CANCELLED, OrderState.EXPIRED)
_CAME_TO_AN_END: Final = (OrderState.FILLED, *_ENDED_OPEN)
_UNDECIDED: Final = (OrderState.INTENDED, OrderState.SUBMITTED)


def adds_nothing(order: Order, reply: OrderReply) -> bool:
    """Whether the ledger already knows what the reply says, or knows better."""
    match reply:
        case Accepted():
            return order.acknowledged_at is not None and order.state is not OrderState.UNKNOWN
        case Rejected():
            return order.state is OrderState.REJECTED
        case Cancelled() | Expired() | Replaced():
            return order.state in _ENDED_OPEN
        case Unknown() if reply.submitted_at is not None:
            return order.state not in _UNDECIDED
        case Unknown():
            return order.state is OrderState.UNKNOWN or order.state.terminal
        case NotSent():
            return order.state not in _UNDECIDED
        case NotPlaced():
            return order.state is OrderState.NOT_PLACED
        case Amended() if order.state in _CAME_TO_AN_END:
            # It came before the end, and is only told after it.
            return order.filled_quantity <= reply.quantity <= order.quantity
        case Amended():
            return order.quantity == reply.quantity and reply.price in (None, order.price)


def event_of(order: Order, reply: OrderReply) -> OrderChanged:
    """The next event of the order that the reply stands for."""
    ordinal = order.event_count + 1
    kind, order_id, at = _KIND_OF[type(reply)], order.intent.order_id, reply.at
    match reply:
        case Accepted():
            return OrderChanged(
                order_id=order_id,
                ordinal=ordinal,
                kind=kind,
                at=at,
                submitted_at=reply.submitted_at,
                venue_at=reply.venue_at,
                exchange_order_id=reply.exchange_order_id,
            )
        case Rejected():
            return OrderChanged(
                order_id=order_id,
                ordinal=ordinal,
                kind=kind,
                at=at,
                submitted_at=reply.submitted_at,
                venue_at=reply.venue_at,
                rejection_reason=reply.rejection_reason,
            )
        case Unknown():
            return OrderChanged(
                order_id=order_id, ordinal=ordinal, kind=kind, at=at, submitted_at=reply.submitted_at, evidence=reply.reason
            )
        case NotSent():
            return OrderChanged(order_id=order_id, ordinal=ordinal, kind=kind, at=at, evidence=reply.reason)
        case NotPlaced():
            return OrderChanged(order_id=order_id, ordinal=ordinal, kind=kind, at=at, evidence=reply.evidence)
        case Cancelled() | Expired():
            return OrderChanged(
                order_id=order_id, ordinal=ordinal, kind=kind, at=at, venue_at=reply.venue_at, evidence=reply.reason
            )
        case Amended():
            return OrderChanged(
                order_id=order_id,
                ordinal=ordinal,
                kind=kind,
                at=at,
                venue_at=reply.venue_at,
                quantity=reply.quantity,
                price=reply.price,
            )
        case Replaced():
            return OrderChanged(
                order_id=order_id, ordinal=ordinal, kind=kind, at=at, venue_at=reply.venue_at, evidence=reply.replaced_by
            )
