"""An order at the venue, and at what price of the path it acts."""

from decimal import Decimal
from math import inf, nextafter
from typing import Final

from msgspec.structs import replace

from s1mpletrader.api import (
    Filled,
    Instant,
    Instrument,
    OrderId,
    OrderRequest,
    OrderSnapshot,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
    decimal_from_float,
    multiply,
    subtract,
    total,
)
from s1mpletrader.plugins.simulated_exchange.config import LimitFill
from s1mpletrader.plugins.simulated_exchange.path import Point

# Members of enumerations that every order is compared with: a name of the module is found at once, a class's member is not.
_BUY: Final = Side.BUY
_GTC: Final = TimeInForce.GTC
_OPEN: Final = OrderState.OPEN
_STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


class Hold:
    """What an account sets aside for orders of which only one can fill: the most that any of them needs."""

    __slots__ = ("amounts", "orders")

    def __init__(self, orders: "list[VenueOrder]") -> None:
        self.orders = orders
        self.amounts: dict[str, Decimal] = {}


class VenueOrder:
    """An order that the venue has taken.

    ``level`` is the price at which it acts: at or below it where ``down`` is true, else at or above it. A market order acts at
    any price. An order that ``needs_volume`` does nothing in a candle that has none left for us.

    ``last_price`` is the one seen before the order came, for an order that names no price of its own.
    """

    __slots__ = (
        "arrival",
        "buys",
        "details",
        "down",
        "exchange_order_id",
        "fills",
        "followers",
        "hold",
        "instrument",
        "last_price",
        "leader",
        "level",
        "limit_fill",
        "limit_level",
        "live",
        "needs_volume",
        "pending",
        "remaining",
        "request",
        "rivals",
        "sequence",
        "state",
        "venue_at",
        "waits_for_stop",
    )

    def __init__(
        self,
        request: OrderRequest,
        instrument: Instrument,
        sequence: int,
        at: Instant,
        limit_fill: LimitFill,
        last_price: float | None,
    ) -> None:
        details = request.details
        self.request = request
        self.instrument = instrument
        self.sequence = sequence
        self.exchange_order_id = str(sequence)
        self.venue_at = at
        self.last_price = last_price
        self.limit_fill: LimitFill = limit_fill
        self.state = _OPEN
        self.live = True
        self.pending = False
        self.fills: list[Filled] = []
        self.arrival: Point | None = None
        self.hold: Hold | None = None
        self.rivals: tuple[VenueOrder, ...] = ()
        self.followers: tuple[VenueOrder, ...] = ()
        self.leader: VenueOrder | None = None
        self.buys = details.side is _BUY
        self.remaining = details.quantity
        self.waits_for_stop = details.type in _STOPS
        self.details = details
        self._aim()

    def change(self, quantity: Decimal, price: Decimal | None) -> None:
        """Take a smaller quantity, and another limit where one is given."""
        self.remaining = subtract(self.remaining, subtract(self.details.quantity, quantity))
        self.details = replace(self.details, quantity=quantity, price=self.details.price if price is None else price)
        self._aim()

    def trigger(self, point: Point) -> None:
        """The stop price is reached: go on as a market or a limit order that comes at this point."""
        self.waits_for_stop = False
        self.arrival = point
        self._aim()

    def untrigger(self) -> None:
        """Wait for the stop price again."""
        self.waits_for_stop = True
        self.arrival = None
        self._aim()

    @property
    def own_id(self) -> OrderId | None:
        """Our id of the order; None where it is not one of ours."""
        return self.request.order_id or None

    @property
    def told_id(self) -> OrderId:
        """What the order is called in what is told about it, whether or not it is ours."""
        return self.request.order_id or OrderId(self.request.client_order_id)

    @property
    def at_once(self) -> bool:
        """Whether what does not fill at the first point it meets expires there."""
        return self.details.time_in_force is not _GTC

    @property
    def reference(self) -> Decimal | None:
        """What stands in for the price of an order that names none; None where no price is known."""
        return None if self.last_price is None else decimal_from_float(self.last_price)

    @property
    def price_needed(self) -> Decimal | None:
        """The price at which funds are set aside; None for a market order where no price is known."""
        return self.details.price or self.details.stop_price or self.reference

    def acts_at(self, price: float) -> bool:
        """Whether the order does something at this price."""
        return price <= self.level if self.down else price >= self.level

    def fills_at(self, price: float) -> bool:
        """Whether the order's limit, if it names one, allows a fill while the path is at this price."""
        if self.details.price is None:
            return True
        return price <= self.limit_level if self.buys else price >= self.limit_level

    def priority(self, price: float) -> tuple[bool, float, int]:
        """The place in the queue at this price: no limit before a limit, the better limit first, then the earlier order."""
        if self.waits_for_stop or self.details.price is None:
            return False, 0.0, self.sequence
        return True, price - self.limit_level if self.buys else self.limit_level - price, self.sequence

    def snapshot(self) -> OrderSnapshot:
        """The order as the venue shows it."""
        return OrderSnapshot(
            client_order_id=self.request.client_order_id,
            exchange_order_id=self.exchange_order_id,
            symbol=self.details.symbol,
            state=self.state,
            details=self.details,
            filled_quantity=subtract(self.details.quantity, self.remaining),
            filled_notional=total(multiply(fill.price, fill.quantity) for fill in self.fills),
            venue_at=self.venue_at,
            order_id=self.own_id,
        )

    def _aim(self) -> None:
        details = self.details
        self.level = self.limit_level = inf
        self.down, self.needs_volume = True, details.time_in_force is _GTC
        if details.price is not None:
            self.limit_level = self._limit_level(details.price)
            if self.needs_volume:
                self.level, self.down = self.limit_level, self.buys
        if self.waits_for_stop and details.stop_price is not None:
            self.level, self.down, self.needs_volume = float(details.stop_price), not self.buys, False

    def _limit_level(self, price: Decimal) -> float:
        level = float(price)
        if self.limit_fill == "touch":
            return level
        return nextafter(level, -inf if self.buys else inf)
