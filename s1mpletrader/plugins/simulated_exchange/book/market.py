"""One symbol's market: its path, the orders that rest on it, and the volume that a candle has left for us."""

from decimal import Decimal

from s1mpletrader.api import Candle, Instant, Instrument, decimal_from_float, multiply, subtract
from s1mpletrader.plugins.simulated_exchange.book.matching import Hit, next_hit
from s1mpletrader.plugins.simulated_exchange.book.order import VenueOrder
from s1mpletrader.plugins.simulated_exchange.path import Path, Point


class Market:
    """A symbol's market at a point of its path; time only goes forward.

    Looking ahead commits nothing, with one exception that is taken back: a stop that only turns into a resting order tells
    nobody, so the search goes past it, and ``forget_after`` undoes what lies beyond the instant at which something else happens.
    """

    __slots__ = (
        "_candle",
        "_foreseen",
        "_hit",
        "_searched",
        "_share",
        "_volume",
        "_volume_candle",
        "early",
        "instrument",
        "is_bounded",
        "orders",
        "path",
        "point",
    )

    def __init__(self, instrument: Instrument, path: Path, volume_share: Decimal | None) -> None:
        self.instrument = instrument
        self.path = path
        self.point: Point | None = None
        self.orders: list[VenueOrder] = []
        self.early: list[VenueOrder] = []
        """Orders that came where the path is not known yet, each at its ``venue_at``."""
        self._candle = -1
        self._share = volume_share
        self.is_bounded = volume_share is not None
        """Whether our orders may fill only a share of each candle's volume."""
        self._volume_candle = -1
        self._volume = Decimal(0)
        self._foreseen: list[VenueOrder] = []
        self._searched = False
        self._hit: Hit | None = None

    def go_to(self, at: Instant) -> None:
        """Move on to an instant before which no resting order acts."""
        if self.point is not None and self.point.at == at:
            return
        self._candle = self.path.candle_at(at)
        self.point = self.path.point_at(self._candle, at)
        self._searched = False

    def reach(self, point: Point) -> None:
        """Move on to the point of the next hit."""
        self.point, self._candle = point, point.candle
        self._foreseen.clear()
        self._searched = False

    def last_price(self) -> float | None:
        """The last price that was seen before what happens now; None before the first candle."""
        return self.path.price_before(self._candle, self.point)

    def price_at(self, at: Instant) -> Decimal | None:
        """The price at an instant, or the last one before it; None before the first candle."""
        price = self.path.price_at(at)
        return decimal_from_float(price) if price is not None else None

    def grow(self, candle: Candle) -> None:
        """Go on along the path by a candle."""
        self.path.append(candle)
        self._searched = False

    def rest(self, order: VenueOrder) -> None:
        """Let an order wait for its price."""
        self.orders.append(order)
        self._searched = False

    def remove(self, order: VenueOrder) -> None:
        """Take an order out, if it rests here, or has come early."""
        if order in self.early:
            self.early.remove(order)
        if order in self.orders:
            self.orders.remove(order)
            self._searched = False

    def volume_left(self, candle: int) -> Decimal | None:
        """How much of a candle our orders may still fill, in whole lots; None without a bound."""
        if self._share is None:
            return None
        if candle == self._volume_candle:
            return self._volume
        return self.instrument.quantity_down(multiply(self._share, decimal_from_float(self.path.volume(candle))))

    def take_volume(self, candle: int, quantity: Decimal) -> None:
        """Use up some of a candle's volume."""
        left = self.volume_left(candle)
        if left is not None:
            self._volume_candle, self._volume = candle, subtract(left, quantity)

    def next_hit(self) -> Hit | None:
        """The first hit from here on that the outside will notice; found once until something changes."""
        if not self._searched:
            self._hit = self._search()
            self._searched = True
        return self._hit

    def forget_after(self, at: Instant) -> bool:
        """Take back what was foreseen for later than an instant; what was foreseen until then has happened.

        True where anything had been foreseen, so that the next hit may be another.
        """
        if not self._foreseen:
            return False
        for order in self._foreseen:
            if order.arrival is not None and order.arrival.at > at:
                order.untrigger()
        self._foreseen.clear()
        self._searched = False
        self.go_to(at)
        return True

    def _search(self) -> Hit | None:
        if not self.orders:
            return None
        point, candle = self.point, self._candle
        while (hit := next_hit(self.path, self.orders, point, candle + 1, self._has_volume)) is not None:
            if not self._is_silent(hit):
                return hit
            hit.order.trigger(hit.point)
            self._foreseen.append(hit.order)
            point, candle = hit.point, hit.point.candle
        return None

    def _is_silent(self, hit: Hit) -> bool:
        order = hit.order
        if not order.waits_for_stop or order.at_once:
            return False
        return not order.fills_at(hit.point.price) or not self._has_volume(hit.point.candle)

    def _has_volume(self, candle: int) -> bool:
        left = self.volume_left(candle)
        return left is None or left > 0
