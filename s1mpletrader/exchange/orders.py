"""An account's orders, trades and lists, as the venue tells them."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import ZERO, add, multiply
from s1mpletrader.domain.orders import ListKind, OrderDetails, OrderType, Side, TimeInForce
from s1mpletrader.exchange.market import SymbolMarket


class Kind(StrEnum):
    """The venue's order types."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"


class Status(StrEnum):
    """Where an order stands."""

    NEW = "NEW"
    PENDING_NEW = "PENDING_NEW"
    """Waits for another order of its list to be filled."""
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


LIVE: Final = frozenset({Status.NEW, Status.PENDING_NEW, Status.PARTIALLY_FILLED})
LIMITED: Final = frozenset({Kind.LIMIT, Kind.STOP_LOSS_LIMIT, Kind.TAKE_PROFIT_LIMIT, Kind.LIMIT_MAKER})
"""The types with a limit price."""
STOPPED: Final = frozenset({Kind.STOP_LOSS, Kind.STOP_LOSS_LIMIT, Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_LIMIT})
"""The types with a stop price."""
TAKES_PROFIT: Final = frozenset({Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_LIMIT})


class NewOrder(Struct, frozen=True, kw_only=True):
    """An order as it was asked for, its form checked. ``quote_quantity`` is what a market order is to spend or to gain."""

    market: SymbolMarket
    side: Side
    kind: Kind
    quantity: Decimal
    client_order_id: str
    price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    response: str = "ACK"
    self_trade_prevention: str = "EXPIRE_MAKER"
    strategy_id: int | None = None
    strategy_type: int | None = None

    @property
    def prices(self) -> tuple[Decimal, ...]:
        """Its limit and its stop price, as far as it has them."""
        return tuple(price for price in (self.price, self.stop_price) if price is not None)

    def details(self) -> OrderDetails:
        """The order for the matching engine.

        The engine has no order that waits for a better price to take it. One that takes a profit is a limit order at the worse of
        its two prices: it fills when and where it would have.
        """
        kind, price, stop, time_in_force = self._in_engine()
        return OrderDetails(
            symbol=self.market.instrument.symbol,
            side=self.side,
            type=kind,
            quantity=self.quantity,
            price=price,
            stop_price=stop,
            time_in_force=time_in_force,
        )

    def _in_engine(self) -> tuple[OrderType, Decimal | None, Decimal | None, TimeInForce]:
        match self.kind:
            case Kind.MARKET:
                return OrderType.MARKET, None, None, TimeInForce.IOC
            case Kind.LIMIT | Kind.LIMIT_MAKER:
                return OrderType.LIMIT, self.price, None, self.time_in_force
            case Kind.STOP_LOSS:
                return OrderType.STOP, None, self.stop_price, TimeInForce.GTC
            case Kind.STOP_LOSS_LIMIT:
                return OrderType.STOP_LIMIT, self.price, self.stop_price, self.time_in_force
            case Kind.TAKE_PROFIT | Kind.TAKE_PROFIT_LIMIT:
                hardest = max(self.prices) if self.side is Side.SELL else min(self.prices)
                return OrderType.LIMIT, hardest, None, TimeInForce.GTC


class Trade(NamedTuple):
    """A trade of the account."""

    trade_id: int
    order_id: int
    list_id: int
    market: SymbolMarket
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    at: Instant
    is_maker: bool


@dataclass(slots=True, eq=False)
class Order:
    """An order that the venue has taken, as it stands."""

    asked: NewOrder
    order_id: int
    list_id: int
    engine_id: str
    created_at: Instant
    updated_at: Instant
    working_at: Instant | None
    client_order_id: str
    quantity: Decimal
    status: Status = Status.NEW
    executed: Decimal = ZERO
    executed_quote: Decimal = ZERO
    trades: list[Trade] = field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """Whether it may still fill."""
        return self.status in LIVE

    def fill(self, trade: Trade) -> None:
        """Add a trade."""
        self.trades.append(trade)
        self.executed = add(self.executed, trade.quantity)
        self.executed_quote = add(self.executed_quote, multiply(trade.price, trade.quantity))
        self.status = Status.FILLED if self.executed == self.quantity else Status.PARTIALLY_FILLED
        self.updated_at = trade.at
        self.working_at = trade.at if self.working_at is None else self.working_at

    def end(self, status: Status, at: Instant) -> None:
        """Cancelled, or expired."""
        self.status, self.updated_at = status, at


@dataclass(slots=True, eq=False)
class OrderList:
    """Orders placed as one. The first of an OTO or an OTOCO works, the others wait for it."""

    list_id: int
    client_list_id: str
    kind: ListKind
    market: SymbolMarket
    orders: list[Order]
    created_at: Instant

    @property
    def is_done(self) -> bool:
        """Whether none of its orders may still fill."""
        return not any(order.is_live for order in self.orders)

    @property
    def contingency(self) -> str:
        """``OCO`` or ``OTO``, as the venue calls it."""
        return "OCO" if self.kind is ListKind.OCO else "OTO"
