"""Execution algorithms: persisted state machines that turn a directive into orders over time.

An algorithm keeps nothing in memory. Its state is bytes that the ledger stores with the group, so that a restart goes on.
"""

from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.directives import ExecutionDirective
from s1mpletrader.domain.ids import GroupId, OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import ListKind, OrderDetails
from s1mpletrader.domain.reality import Fill, TradeOpened


class PlannedOrder(Struct, frozen=True, kw_only=True):
    """An order that an algorithm wants, and what it is for: entry, stop, target, close, slice."""

    details: OrderDetails
    role: str


class Place(Struct, frozen=True, kw_only=True):
    """Submit these orders as one."""

    orders: tuple[PlannedOrder, ...]
    list_kind: ListKind = ListKind.NONE


class Cancel(Struct, frozen=True, kw_only=True):
    """Cancel this order."""

    order_id: OrderId


AlgorithmCommand = Place | Cancel


class Advance(Struct, frozen=True, kw_only=True):
    """What an algorithm wants next, and what it wants to remember."""

    commands: tuple[AlgorithmCommand, ...] = ()
    state: bytes = b""
    wake_at: Instant | None = None
    done: bool = False
    """Whether it needs to hear no further event."""


class OrderUpdate(Struct, frozen=True, kw_only=True):
    """An order of the trade has changed; ``fill`` is what filled, if that was the change."""

    order: Order
    fill: Fill | None = None


class Timer(Struct, frozen=True, kw_only=True):
    """The time it asked for has come."""

    at: Instant


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


class ExecutionAlgorithm(Protocol):
    """A state machine over one execution group."""

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """The first commands for an approved directive."""
        ...

    def advance(self, state: bytes, event: OrderUpdate | Timer, context: GroupContext) -> Advance:
        """The next commands after an event, from the state that was stored last."""
        ...
