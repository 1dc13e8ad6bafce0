"""Execution algorithms: persisted state machines that turn a directive into orders over time.

An algorithm keeps nothing in memory. Its state is bytes that the ledger stores with the group, so that a restart goes on.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol, runtime_checkable

from msgspec import Struct

from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.directives import ExecutionDirective, Plans, RefusalDraft
from s1mpletrader.domain.ids import GroupId, OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import ListKind, OrderDetails
from s1mpletrader.domain.reality import Fill, TradeOpened
from s1mpletrader.ports.execution import Capabilities


class PlannedOrder(Struct, frozen=True, kw_only=True):
    """An order that an algorithm wants, and what it is for: entry, stop, target, close, slice."""

    details: OrderDetails
    role: str
    replaces: OrderId | None = None
    """The order whose place it takes, where that one has been cancelled for it."""


class Place(Struct, frozen=True, kw_only=True):
    """Submit these orders as one."""

    orders: tuple[PlannedOrder, ...]
    list_kind: ListKind = ListKind.NONE


class Cancel(Struct, frozen=True, kw_only=True):
    """Cancel this order."""

    order_id: OrderId


class Amend(Struct, frozen=True, kw_only=True):
    """Change this order in place: a smaller quantity, or another limit. Only where the connector declares it."""

    order_id: OrderId
    quantity: Decimal
    price: Decimal | None = None


class Replace(Struct, frozen=True, kw_only=True):
    """End this order and place another in its stead, as one. Only where the connector declares it."""

    order_id: OrderId
    order: PlannedOrder


AlgorithmCommand = Place | Cancel | Amend | Replace


class Advance(Struct, frozen=True, kw_only=True):
    """What an algorithm wants next, and what it wants to remember."""

    commands: tuple[AlgorithmCommand, ...] = ()
    state: bytes = b""
    wake_at: Instant | None = None
    """When it wants a ``Timer`` next; every advance says so anew, and None is none."""
    done: bool = False
    """Whether it needs to hear no further event."""
    given_up: RefusalDraft | None = None
    """What of the directive will not be carried out, and why: an entry that expired, a rest that was left."""
    alarm: str | None = None
    """A sentence for a person who should look at this: a position that nothing protects any more."""


class OrderUpdate(Struct, frozen=True, kw_only=True):
    """An order of the trade has changed; ``fill`` is what filled, if that was the change."""

    order: Order
    fill: Fill | None = None


class CommandRefused(Struct, frozen=True, kw_only=True):
    """An order of the trade could not be cancelled or changed. It may live on, or have just ended: its own news tells."""

    order: Order
    reason: str


class Timer(Struct, frozen=True, kw_only=True):
    """The time it asked for has come; after a restart it may have passed long ago."""

    at: Instant


class PlansChanged(Struct, frozen=True, kw_only=True):
    """A later directive modifies the trade. Orders that are live already are changed by that directive's own group."""

    plans: Plans


class Stop(Struct, frozen=True, kw_only=True):
    """Place nothing more, cancel what is live, and be done when nothing of the group is."""

    reason: str


GroupEvent = OrderUpdate | CommandRefused | Timer | PlansChanged | Stop
"""Everything that an algorithm may hear after its beginning."""


class GroupContext(Struct, frozen=True, kw_only=True):
    """What an algorithm may look at."""

    trade: TradeOpened
    group_id: GroupId
    instrument: Instrument
    at: Instant
    orders: tuple[Order, ...]
    """The group's live orders, and the one that the event is about."""
    trade_orders: tuple[Order, ...]
    """The live orders of the whole trade."""
    view: AccountView
    held_quantity: Decimal
    """What the trade holds now, signed: below zero for a short."""
    capabilities: Capabilities
    """What the connector can do: whether an order is amended, replaced, or cancelled and placed anew."""
    last_price: Decimal | None = None
    """The last known price of the trade's symbol."""
    volume_since: Callable[[Instant], Decimal]
    """The market's volume in the candles that closed after an instant."""
    find_order: Callable[[OrderId], Order | None]
    """Any order of the ledger as it stands, also one that has ended: what another took the place of."""


class ExecutionAlgorithm(Protocol):
    """A state machine over one execution group."""

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """The first commands for an approved directive."""
        ...

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """The next commands after an event, from the state that was stored last."""
        ...


@runtime_checkable
class IPlansAhead(Protocol):
    """An algorithm's optional form: it tells what it has not placed yet, so that risk gates count that as exposure, too."""

    def planned_quantity(self, state: bytes, group_id: GroupId, trade_orders: tuple[Order, ...]) -> Decimal:
        """How much it may still enter beside what is live, from the state that was stored last; zero or above.

        ``trade_orders`` are the live orders of the whole trade. What has filled or may still fill, together with this, never
        grows again: nothing is placed that was not foretold.
        """
        ...
