"""The StrategyCache: a flow's facts at its point in time, and the contexts of live orders. A projection, never the truth."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Protocol

from msgspec import Struct

from s1mpletrader.domain.causality import CausalityChain
from s1mpletrader.domain.errors import Defect, Refused
from s1mpletrader.domain.ids import FillId, OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.orders import OrderDetails, OrderState
from s1mpletrader.domain.reasons import EntryRef


class CacheMiss(Refused):
    """Nothing is stored under this key; a stored None is something."""


class CacheFull(Defect):
    """More flows are open at once than the cache may hold."""


class LaterThanAnchor(Refused):
    """A value of a later instant than the flow's own was asked for or offered."""


class OrderContext(Struct, frozen=True, kw_only=True):
    """What is known of a live order beyond the ledger: why it is there, and where its story stands in the journal."""

    order_id: OrderId
    strategy: str
    causality: CausalityChain
    order_details: OrderDetails
    status: OrderState
    fills: tuple[FillId, ...] = ()
    facts: Mapping[str, float] = {}
    """The decision's facts by key."""
    reference_price: Decimal | None = None
    decision: EntryRef
    """The entry that holds the decision."""
    last: EntryRef
    """The latest entry about the order: the parent of the next."""


FLOW_LIMIT_DEFAULT: Final = 10_000
CONTEXT_LIMIT_DEFAULT: Final = 100_000


class ICache(Protocol):
    """Short-lived storage, bounded in size.

    Laws: a flow reads what it wrote, and nothing of another flow or strategy. A miss raises ``CacheMiss``. A value stays as it
    was stored, whatever its giver does to it afterwards. Closing a flow removes its facts. Contexts live until dropped; past
    the limit the oldest may go, since each can be rebuilt from ledger and journal.
    """

    def open_flow(self, flow_id: str, strategy: str, at: Instant) -> None:
        """Begin a flow at its point in time; ``CacheFull`` when too many are open."""
        ...

    def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
        """Store a fact known at ``at``; ``LaterThanAnchor`` when that is after the flow's point in time."""
        ...

    def get(self, flow_id: str, key: str) -> Any:
        """The stored fact, or ``CacheMiss``."""
        ...

    def close_flow(self, flow_id: str) -> None:
        """End a flow and forget its facts; closing one that is not open does nothing."""
        ...

    def put_context(self, context: OrderContext) -> None:
        """Store or replace a live order's context."""
        ...

    def get_context(self, order_id: OrderId) -> OrderContext:
        """The order's context, or ``CacheMiss``."""
        ...

    def drop_context(self, order_id: OrderId) -> None:
        """Forget an order that has ended; one that is not there does nothing."""
        ...
