"""An order at the venue, and at what price of the path it acts."""

from decimal import Decimal
from math import inf, nextafter

from msgspec.structs import replace

from s1mpletrader.api import (
    ZERO,
    Instant,
    Instrument,
    OrderId,
    OrderRequest,
    OrderSnapshot,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
    subtract,
)
from s1mpletrader.plugins.simulated_exchange.config import LimitFill
from s1mpletrader.plugins.simulated_exchange.path import Point

_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


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

    ``own_id`` is None where it is not one of ours; ``told_id`` names it all the same.
    """

    __slots__ = (
        "arrival",
        "buys",
        "details",
        "down",
        "exchange_order_id",
        "fill_count",
        "filled_notional",
        "followers",
        "hold",
        "instrument",
        "leader",
        "level",
        "limit_level",
        "live",
        "needs_volume",
        "own_id",
        "pending",
        "reference",
        "remaining",
        "request",
        "rivals",
        "sequence",
        "state",
        "through",
        "told_id",
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
        reference: Decimal | None,
    ) -> None:
        details = request.details
        self.request = request
        self.own_id = request.order_id or None
        self.told_id = request.order_id or OrderId(request.client_order_id)
        self.instrument = instrument
        self.sequence = sequence
        self.exchange_order_id = str(sequence)
        self.venue_at = at
        self.reference = reference
        self.through = limit_fill == "through"
        self.state = OrderState.OPEN
        self.live = True
        self.pending = False
        self.filled_notional = ZERO
        self.fill_count = 0
        self.arrival: Point | None = None
        self.hold: Hold | None = None
        self.rivals: tuple[VenueOrder, ...] = ()
        self.followers: tuple[VenueOrder, ...] = ()
        self.leader: VenueOrder | None = None
        self.buys = details.side is Side.BUY
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
    def at_once(self) -> bool:
        """Whether what does not fill at the first point it meets expires there."""
        return self.details.time_in_force is not TimeInForce.GTC

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
            filled_notional=self.filled_notional,
            venue_at=self.venue_at,
            order_id=self.own_id,
        )

    def _aim(self) -> None:
        details = self.details
        self.limit_level = self._limit_level(details.price)
        if self.waits_for_stop and details.stop_price is not None:
            self.level, self.down, self.needs_volume = float(details.stop_price), not self.buys, False
        elif details.time_in_force is not TimeInForce.GTC:
            self.level, self.down, self.needs_volume = inf, True, False
        elif details.price is None:
            self.level, self.down, self.needs_volume = inf, True, True
        else:
            self.level, self.down, self.needs_volume = self.limit_level, self.buys, True

    def _limit_level(self, price: Decimal | None) -> float:
        if price is None:
            return inf
        level = float(price)
        if not self.through:
            return level
        return nextafter(level, -inf if self.buys else inf)
