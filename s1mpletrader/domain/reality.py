"""What the ledger holds: the containers Trade > ExecutionGroup > Order > Fill, and every change that can be written.

None of it knows why. A record here has no field for causality, and none may be added. Nor can any hold itself, so that the
garbage collector has nothing to look for among them.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from msgspec import Struct

from s1mpletrader.domain.directives import Action
from s1mpletrader.domain.ids import FillId, GroupId, IdKind, OrderId, TradeId, check_id
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ZERO
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.orders import ListKind, OrderDetails, OrderEventKind, Side

LIQUIDATION_ALGORITHM: Final = "liquidation"
"""The algorithm of a group whose orders the venue itself made, to close positions for want of margin: none of ours."""

# What every record is checked against: a name of the module is found at once, a member of an enumeration is not.
_TRADE: Final = IdKind.TRADE
_GROUP: Final = IdKind.GROUP
_ORDER: Final = IdKind.ORDER
_FILL: Final = IdKind.FILL
_NO_LIST: Final = ListKind.NONE
_REOPENED: Final = OrderEventKind.REOPENED


class FundsKind(StrEnum):
    """Why funds moved without a fill."""

    OPENING = "OPENING"
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    FUNDING = "FUNDING"
    ADJUSTMENT = "ADJUSTMENT"


class FundsMoved(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An amount of an asset came to (or, below zero, left) a strategy's sub-account."""

    strategy: str
    asset: str
    amount: Decimal
    kind: FundsKind
    at: Instant
    ordinal: int = 0
    """Tells apart what else would be equal: the same asset moved twice at one instant."""


class TradeOpened(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A trade began: the container of everything from its first order to its last fill."""

    trade_id: TradeId
    strategy: str
    symbol: str
    direction: Direction
    at: Instant

    def __post_init__(self) -> None:
        check_id(self.trade_id, _TRADE)


class GroupOpened(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An execution group began: the orders by which one directive is carried out.

    ``state`` is the algorithm's own, as the bytes it gave; ``wake_at`` is when it wants to be asked next.
    """

    group_id: GroupId
    trade_id: TradeId
    action: Action
    algorithm: str
    at: Instant
    state: bytes = b""
    wake_at: Instant | None = None
    done: bool = False

    def __post_init__(self) -> None:
        check_id(self.group_id, _GROUP)


class GroupAdvanced(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An algorithm's state after an event. ``ordinal`` counts from one within the group."""

    group_id: GroupId
    ordinal: int
    at: Instant
    state: bytes = b""
    wake_at: Instant | None = None
    done: bool = False


class OrderIntended(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """An order as it was meant, durable before any of it leaves.

    ``client_order_id`` is the order id in the form the venue takes; ``list_id`` joins the orders of one linked submission, and
    those that take their places; ``replaces`` names the order whose place this one takes.
    """

    order_id: OrderId
    group_id: GroupId
    trade_id: TradeId
    strategy: str
    venue: str
    account: str
    client_order_id: str
    details: OrderDetails
    decided_at: Instant
    list_kind: ListKind = ListKind.NONE
    list_id: str | None = None
    replaces: OrderId | None = None
    reference_price: Decimal | None = None
    """The last price known when the order was decided: what its fills are measured against."""

    def __post_init__(self) -> None:
        check_id(self.order_id, _ORDER)
        if (self.list_kind is _NO_LIST) != (self.list_id is None):
            raise ValueError("an order has a list id exactly when it is one of a list")


class OrderChanged(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Something other than a fill happened to an order. ``ordinal`` counts from one within the order.

    ``at`` is when it was known here (for an acceptance, the time of acknowledgement), ``submitted_at`` when the request left,
    ``venue_at`` the venue's own time.
    """

    order_id: OrderId
    ordinal: int
    kind: OrderEventKind
    at: Instant
    submitted_at: Instant | None = None
    venue_at: Instant | None = None
    exchange_order_id: str | None = None
    rejection_reason: str | None = None
    evidence: str | None = None
    """What a reopening, an unknown outcome's resolution, or a replacement rests on."""
    quantity: Decimal | None = None
    """The order's quantity from here on, where an amendment changed it."""
    price: Decimal | None = None
    """The order's price from here on, where an amendment changed it."""

    def __post_init__(self) -> None:
        if self.kind is _REOPENED and not self.evidence:
            raise ValueError("an order is reopened only with evidence")


class Liquidity(StrEnum):
    """Whether a fill took liquidity or gave it."""

    TAKER = "TAKER"
    MAKER = "MAKER"


class FillSource(StrEnum):
    """How a fill was learnt."""

    STREAM = "STREAM"
    POLL = "POLL"
    RECONCILED = "RECONCILED"


class Fill(Struct, frozen=True, kw_only=True, tag="FillBooked", gc=False):
    """What the venue executed: one trade of the venue, whole."""

    fill_id: FillId
    order_id: OrderId
    venue: str
    account: str
    symbol: str
    venue_trade_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    """What was taken from us, in ``fee_currency``; below zero for a rebate."""
    fee_currency: str
    liquidity: Liquidity
    venue_at: Instant
    at: Instant
    source: FillSource = FillSource.STREAM

    def __post_init__(self) -> None:
        check_id(self.fill_id, _FILL)
        price, quantity = self.price, self.quantity
        if not (price.is_finite() and price > ZERO):
            raise ValueError(f"a fill's price must be above zero, found {price}")
        if not (quantity.is_finite() and quantity > ZERO):
            raise ValueError(f"a fill's quantity must be above zero, found {quantity}")


class ExternalFill(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A fill on the account for an order that the ledger does not know: kept apart, never dropped."""

    fill_id: FillId
    client_order_id: str | None
    exchange_order_id: str | None
    venue: str
    account: str
    symbol: str
    venue_trade_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str
    liquidity: Liquidity
    venue_at: Instant
    at: Instant
    source: FillSource = FillSource.STREAM

    def __post_init__(self) -> None:
        check_id(self.fill_id, _FILL)


LedgerChange = FundsMoved | TradeOpened | GroupOpened | GroupAdvanced | OrderIntended | OrderChanged | Fill | ExternalFill
"""Everything that can be written to a ledger; all of it is appended, nothing is overwritten."""
