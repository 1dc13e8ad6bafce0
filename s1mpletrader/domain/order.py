"""The current state of an order: a fold of its intent, its events and its fills."""

from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.domain.errors import IllegalTransition
from s1mpletrader.domain.ids import FillId, GroupId, OrderId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ZERO, add, multiply, ratio, subtract
from s1mpletrader.domain.orders import TERMINAL_STATES, TRANSITIONS, OrderDetails, OrderEventKind, OrderState
from s1mpletrader.domain.reality import Fill, OrderChanged, OrderIntended

_STATE_AFTER: Final = {
    OrderEventKind.SUBMITTED: OrderState.SUBMITTED,
    OrderEventKind.ACCEPTED: OrderState.OPEN,
    OrderEventKind.REJECTED: OrderState.REJECTED,
    OrderEventKind.CANCELLED: OrderState.CANCELLED,
    OrderEventKind.REPLACED: OrderState.CANCELLED,
    OrderEventKind.EXPIRED: OrderState.EXPIRED,
    OrderEventKind.UNKNOWN: OrderState.UNKNOWN,
    OrderEventKind.NOT_PLACED: OrderState.NOT_PLACED,
}

_LATE: Final = frozenset({OrderEventKind.SUBMITTED, OrderEventKind.ACCEPTED})
"""Events that may arrive after better news and then change no state."""

_ENDED_OPEN: Final = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})
"""Ends that leave room for fills which are only told later."""

# What every event and every fill is compared with: a name of the module is found at once, a member of an enumeration is not.
_ACCEPTED: Final = OrderEventKind.ACCEPTED
_OPEN: Final = OrderState.OPEN
_PARTIALLY_FILLED: Final = OrderState.PARTIALLY_FILLED
_FILLED: Final = OrderState.FILLED


class Order(Struct, frozen=True, kw_only=True, gc=False):
    """An order as it stands: its intent, its state, and what has been executed so far."""

    intent: OrderIntended
    state: OrderState = OrderState.INTENDED
    quantity: Decimal
    price: Decimal | None
    filled_quantity: Decimal = ZERO
    filled_notional: Decimal = ZERO
    """The sum of price times quantity over the fills, without the instrument's multiplier."""
    exchange_order_id: str | None = None
    rejection_reason: str | None = None
    submitted_at: Instant | None = None
    acknowledged_at: Instant | None = None
    venue_at: Instant | None = None
    event_count: int = 0
    fill_ids: tuple[FillId, ...] = ()

    @property
    def order_id(self) -> OrderId:
        """The id that everything about this order carries."""
        return self.intent.order_id

    @property
    def group_id(self) -> GroupId:
        """The execution group the order belongs to."""
        return self.intent.group_id

    @property
    def trade_id(self) -> TradeId:
        """The trade the order belongs to."""
        return self.intent.trade_id

    @property
    def details(self) -> OrderDetails:
        """What was asked for."""
        return self.intent.details

    @property
    def remaining_quantity(self) -> Decimal:
        """What has not been filled, whether or not it still can be."""
        return subtract(self.quantity, self.filled_quantity)

    @property
    def live(self) -> bool:
        """Whether the order may still fill; one of unknown outcome may."""
        return self.state not in TERMINAL_STATES

    @property
    def average_price(self) -> Decimal | None:
        """The mean price of the fills, derived; ``None`` before the first."""
        return ratio(self.filled_notional, self.filled_quantity)


def order_from_intent(intent: OrderIntended) -> Order:
    """The order at its beginning."""
    return Order(intent=intent, quantity=intent.details.quantity, price=intent.details.price)


def apply_event(order: Order, event: OrderChanged) -> Order:
    """The order after an event; ``IllegalTransition`` where the declared graph has no such change.

    A late acknowledgement adds what it knows (the venue's id, the times) without moving the state back. An amendment known only
    after the fills which it left room for ends the order as filled.
    """
    return replace(
        order,
        state=_next_state(order, event),
        event_count=event.ordinal,
        exchange_order_id=event.exchange_order_id or order.exchange_order_id,
        rejection_reason=event.rejection_reason or order.rejection_reason,
        submitted_at=order.submitted_at if order.submitted_at is not None else event.submitted_at,
        acknowledged_at=event.at if event.kind is _ACCEPTED else order.acknowledged_at,
        venue_at=event.venue_at if event.venue_at is not None else order.venue_at,
        quantity=event.quantity if event.quantity is not None else order.quantity,
        price=event.price if event.price is not None else order.price,
    )


def apply_fill(order: Order, fill: Fill) -> Order:
    """The order after a fill; a fill that is already part of it changes nothing.

    A fill that comes late to a cancelled or expired order is kept, and the order stays as it ended. One that would contradict
    the end (a rejected order that fills, a cancelled one that fills wholly) raises ``IllegalTransition``: the order has to be
    reopened first, with the fill as evidence. So does a fill beyond the quantity.
    """
    if fill.fill_id in order.fill_ids:
        return order
    filled = add(order.filled_quantity, fill.quantity)
    if filled > order.quantity:
        raise IllegalTransition(f"{order.order_id}: fills of {filled} exceed the quantity {order.quantity}")
    return replace(
        order,
        state=_state_after_fill(order, filled),
        filled_quantity=filled,
        filled_notional=add(order.filled_notional, multiply(fill.price, fill.quantity)),
        fill_ids=(*order.fill_ids, fill.fill_id),
    )


def needs_reopening(order: Order, fill_quantity: Decimal) -> bool:
    """Whether a fill of this quantity contradicts the terminal state that the order is in."""
    if order.state not in TERMINAL_STATES or order.state is _FILLED:
        return False
    return not (order.state in _ENDED_OPEN and add(order.filled_quantity, fill_quantity) < order.quantity)


def _next_state(order: Order, event: OrderChanged) -> OrderState:
    after = _STATE_AFTER.get(event.kind)
    if after is None:
        return _reopened(order) if event.kind is OrderEventKind.REOPENED else _amended(order, event)
    if after in TRANSITIONS[order.state]:
        return _PARTIALLY_FILLED if after is _OPEN and order.filled_quantity else after
    if event.kind in _LATE and order.state is not OrderState.NOT_PLACED and order.state is not OrderState.REJECTED:
        return order.state
    raise IllegalTransition(f"{order.order_id} is {order.state} and cannot become {after}")


def _reopened(order: Order) -> OrderState:
    if order.live:
        raise IllegalTransition(f"{order.order_id} is {order.state}: only a terminal order can be reopened")
    return _PARTIALLY_FILLED if order.filled_quantity else _OPEN


def _amended(order: Order, event: OrderChanged) -> OrderState:
    if event.quantity is not None and event.quantity < order.filled_quantity:
        raise IllegalTransition(f"{order.order_id}: cannot shrink to {event.quantity}, {order.filled_quantity} is filled")
    if not order.live:
        raise IllegalTransition(f"{order.order_id} is {order.state} and cannot be amended")
    return _FILLED if event.quantity == order.filled_quantity else order.state


def _state_after_fill(order: Order, filled: Decimal) -> OrderState:
    after = _FILLED if filled == order.quantity else _PARTIALLY_FILLED
    if order.state in _ENDED_OPEN and after is _PARTIALLY_FILLED:
        return order.state
    if after not in TRANSITIONS[order.state]:
        raise IllegalTransition(f"{order.order_id} is {order.state} and cannot become {after} by a fill")
    return after
