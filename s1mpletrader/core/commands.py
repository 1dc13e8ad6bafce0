"""Commands: what leaves for the venue once it is recorded."""

from collections.abc import Awaitable, Sequence
from decimal import Decimal

from msgspec import Struct

from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import ListKind
from s1mpletrader.domain.replies import ExchangeReply
from s1mpletrader.ports.execution import IExecutionCommands, OrderRef, OrderRequest


class SubmitOrders(Struct, frozen=True, gc=False):
    """Submit these orders as one."""

    requests: tuple[OrderRequest, ...]
    list_kind: ListKind

    @property
    def order_ids(self) -> tuple[OrderId, ...]:
        """The orders that the command is about."""
        return tuple([request.order_id for request in self.requests])

    @property
    def changed_id(self) -> None:
        """Every order is new to the venue."""
        return None

    def send(self, venue: IExecutionCommands) -> Awaitable[Sequence[ExchangeReply]]:
        """The venue's answer."""
        return venue.submit(self.requests, self.list_kind)


class CancelOrder(Struct, frozen=True, gc=False):
    """Cancel this order."""

    order: OrderRef

    @property
    def order_ids(self) -> tuple[OrderId, ...]:
        """The order that the command is about."""
        return (self.order.order_id,)

    @property
    def note(self) -> str:
        """What its entry says."""
        return "CANCEL"

    @property
    def changed_id(self) -> OrderId:
        """The order at the venue that the command is to change or end."""
        return self.order.order_id

    async def send(self, venue: IExecutionCommands) -> Sequence[ExchangeReply]:
        """The venue's answer."""
        return [await venue.cancel(self.order)]


class AmendOrder(Struct, frozen=True, gc=False):
    """Change this order in place."""

    order: OrderRef
    quantity: Decimal
    price: Decimal | None

    @property
    def order_ids(self) -> tuple[OrderId, ...]:
        """The order that the command is about."""
        return (self.order.order_id,)

    @property
    def note(self) -> str:
        """What its entry says."""
        price = "" if self.price is None else f" at {self.price}"
        return f"AMEND to {self.quantity}{price}"

    @property
    def changed_id(self) -> OrderId:
        """The order at the venue that the command is to change or end."""
        return self.order.order_id

    async def send(self, venue: IExecutionCommands) -> Sequence[ExchangeReply]:
        """The venue's answer."""
        return [await venue.amend(self.order, self.quantity, self.price)]


class ReplaceOrder(Struct, frozen=True, gc=False):
    """End this order and place the other in its stead, as one."""

    order: OrderRef
    replacement: OrderRequest

    @property
    def order_ids(self) -> tuple[OrderId, ...]:
        """The order that ends, and the one that takes its place."""
        return self.order.order_id, self.replacement.order_id

    @property
    def note(self) -> str:
        """What its entry says."""
        return f"REPLACE by {self.replacement.order_id}"

    @property
    def changed_id(self) -> OrderId:
        """The order at the venue that the command is to change or end."""
        return self.order.order_id

    def send(self, venue: IExecutionCommands) -> Awaitable[Sequence[ExchangeReply]]:
        """The venue's answer."""
        return venue.replace(self.order, self.replacement)


Command = SubmitOrders | CancelOrder | AmendOrder | ReplaceOrder


def order_ref(order: Order) -> OrderRef:
    """How a connector is told which order is meant."""
    return OrderRef(
        order_id=order.order_id,
        client_order_id=order.intent.client_order_id,
        symbol=order.details.symbol,
        exchange_order_id=order.exchange_order_id,
    )
