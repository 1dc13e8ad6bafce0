"""The venue: orders out, outcomes and replies back."""

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

from msgspec import Struct

from s1mpletrader.domain.errors import Refused, Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import AccountType, Instrument
from s1mpletrader.domain.orders import ListKind, OrderDetails, OrderState, OrderType, TimeInForce
from s1mpletrader.domain.replies import AmendOutcome, CancelOutcome, Filled, Outcome, ReplaceOutcome, VenueReply
from s1mpletrader.ports.market_data import Candle


class UnsupportedOrder(Refused):
    """The venue has no such order type, time in force or list. Nothing was sent."""


class AlreadySubmitted(Refused):
    """This order id has been submitted before. Nothing was sent."""


class RateLimited(Unavailable):
    """Too many requests; ``retry_at`` is when the venue will listen again."""

    def __init__(self, message: str, retry_at: Instant) -> None:
        super().__init__(message)
        self.retry_at = retry_at


class AuthenticationFailed(Refused):
    """The venue does not accept the key. Trading stops."""


class Maintenance(Unavailable):
    """The venue, or this symbol, takes no new orders now."""


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a connector can do. What is not declared is refused here, before anything is sent."""

    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    list_kinds: frozenset[ListKind] = frozenset({ListKind.NONE})
    account_type: AccountType = AccountType.SPOT
    reduce_only: bool = False
    amend: bool = False
    amend_price: bool = True
    """Where orders can be amended: whether their price can be, too, not only their quantity lowered."""
    replace: bool = False
    replace_linked: bool = False
    """Whether an order that takes another's place takes over its links with other orders, too."""


class OrderRequest(Struct, frozen=True, kw_only=True):
    """An order to submit: our id, the id in the venue's form, and what is asked for."""

    order_id: OrderId
    client_order_id: str
    details: OrderDetails


class OrderRef(Struct, frozen=True, kw_only=True):
    """An order that the venue may know."""

    order_id: OrderId
    client_order_id: str
    symbol: str
    exchange_order_id: str | None = None


class OrderSnapshot(Struct, frozen=True, kw_only=True):
    """An order as the venue shows it. ``order_id`` is None for an order that is not ours."""

    client_order_id: str | None
    exchange_order_id: str
    symbol: str
    state: OrderState
    details: OrderDetails
    filled_quantity: Decimal
    filled_notional: Decimal
    venue_at: Instant
    order_id: OrderId | None = None


class Balance(Struct, frozen=True, kw_only=True):
    """An asset as the venue holds it for us."""

    asset: str
    free: Decimal
    locked: Decimal


class IReplyStream(Protocol):
    """The private side: what the venue tells unasked."""

    def replies(self) -> AsyncIterator[VenueReply]:
        """Replies in the venue's order. After a gap, what was missed comes first, once and in order."""
        ...


class IExecutionCommands(Protocol):
    """What can be asked of a venue about orders."""

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        """Submit linked orders as one; an outcome for each. A doubt about the whole makes every one ``Unknown``."""
        ...

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Cancel. ``CancelRejected`` proves nothing about the order."""
        ...

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> AmendOutcome:
        """Change an order in place; ``UnsupportedOrder`` where not declared."""
        ...

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        """End an order and place another in its stead, as one; ``UnsupportedOrder`` where not declared."""
        ...


class IExecutionConnector(IExecutionCommands, Protocol):
    """One account at one venue.

    Laws:

    - What ``capabilities`` does not declare raises ``UnsupportedOrder``, and an id that was submitted before raises
      ``AlreadySubmitted``; nothing is sent in either case.
    - A failure before the request left is ``NotSent``, any doubt after it ``Unknown``; neither is ever ``Rejected``, and nothing
      is resent.
    - Our order id comes back on every outcome, reply and snapshot, also after a restart.
    - ``RateLimited``, ``AuthenticationFailed`` and ``Maintenance`` are distinct, and raised only where the venue has proven that
      it did nothing.
    """

    @property
    def venue(self) -> str:
        """The venue's name, part of every fill's identity."""
        ...

    @property
    def account(self) -> str:
        """The account's name at the venue, part of every fill's identity."""
        ...

    @property
    def outlives_process(self) -> bool:
        """Whether the venue goes on when this process ends. If so, intents are durable before anything is sent."""
        ...

    def capabilities(self) -> Capabilities:
        """What the connector can do, constant while it is open."""
        ...

    def venue_id(self, order_id: OrderId) -> str:
        """The order id in the form that the venue takes: pure and injective."""
        ...

    async def query(self, order: OrderRef) -> OrderSnapshot | None:
        """The order as the venue shows it; None for "not found", which is evidence only by the rules for unknown outcomes."""
        ...

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        """All live orders of the account, foreign ones too."""
        ...

    async def fills_since(self, symbol: str, at: Instant) -> Sequence[Filled]:
        """The account's fills in a symbol from a venue time on, oldest first."""
        ...

    async def balances(self) -> Sequence[Balance]:
        """Every asset that is not zero."""
        ...

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """The rules of these symbols; one that the venue does not list raises ``Refused``."""
        ...

    async def close(self) -> None:
        """Release everything; leaves no task behind."""
        ...


@runtime_checkable
class IProduction(Protocol):
    """A connector that can be told to send real orders for real money."""

    @property
    def is_production(self) -> bool:
        """Whether it is."""
        ...


@runtime_checkable
class IGrowingWorld(Protocol):
    """A simulated venue whose market is told to it as it goes on."""

    def extend(self, candle: Candle) -> None:
        """A candle has closed: what rested when it opened meets its path."""
        ...


@runtime_checkable
class IWorld(Protocol):
    """A simulated venue in virtual time: it is told to what instant it may go, and gives its replies one by one.

    Ties with other sources are broken by rank, replies first. What a reply causes meets only what is left of the world.
    """

    def next_at(self) -> Instant | None:
        """When the next reply will be, as things stand; None where nothing is pending."""
        ...

    def pop(self) -> VenueReply:
        """Go to ``next_at()`` and give its reply."""
        ...
