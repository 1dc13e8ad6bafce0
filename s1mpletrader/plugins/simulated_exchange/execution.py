"""What happens to an order at a point of the path: fills, ends, and what these do to the orders linked with it."""

from collections import defaultdict, deque
from decimal import Decimal
from typing import Final

from msgspec.structs import replace as changed

from s1mpletrader.api import (
    ZERO,
    Cancelled,
    Expired,
    Filled,
    Instant,
    Liquidity,
    OrderState,
    TimeInForce,
    VenueReply,
    decimal_from_float,
    subtract,
)
from s1mpletrader.plugins.simulated_exchange import reasons
from s1mpletrader.plugins.simulated_exchange.accounts import Account, Trade
from s1mpletrader.plugins.simulated_exchange.book.market import Market
from s1mpletrader.plugins.simulated_exchange.book.order import Hold, VenueOrder
from s1mpletrader.plugins.simulated_exchange.fees import Slippage
from s1mpletrader.plugins.simulated_exchange.path import Point

FILLS_MAX: Final = 1_024
"""How many fills of a symbol are kept at least."""

# Members of enumerations that every order is compared with: a name of the module is found at once, a class's member is not.
_FILLED: Final = OrderState.FILLED
_PARTIALLY_FILLED: Final = OrderState.PARTIALLY_FILLED
_FOK: Final = TimeInForce.FOK
_MAKER: Final = Liquidity.MAKER
_TAKER: Final = Liquidity.TAKER


class Execution:
    """Carries orders out against an account. What it tells is queued in ``replies``; each is known ``latency_ns`` later."""

    def __init__(self, account: Account, slippage: Slippage, latency_ns: int) -> None:
        self._account = account
        self._slippage = slippage
        self._latency_ns = latency_ns
        self.replies: deque[VenueReply] = deque()
        self.told_from: Instant = 0
        """Nothing is told any more as known before this instant."""
        self.fills: defaultdict[str, list[Filled]] = defaultdict(list)
        self.forgotten_until: dict[str, Instant] = {}
        """By symbol: when the latest fill that is no longer kept happened."""

    def enter(self, market: Market, order: VenueOrder, at: Instant) -> None:
        """An order meets the market where it is now: it acts there, or waits for its price."""
        order.arrival = point = market.point
        order.venue_at = at
        if point is not None and order.acts_at(point.price):
            self.act(market, order, point)
        if order.live:
            self.rest(market, order)

    def rest(self, market: Market, order: VenueOrder) -> None:
        """Let an order wait for its price, with funds set aside."""
        market.rest(order)
        self._set_aside(order)

    def defer(self, market: Market, order: VenueOrder, at: Instant) -> None:
        """Let an order that comes where the path is not known yet wait for it, with funds set aside."""
        order.venue_at = at
        market.early.append(order)
        self._set_aside(order)

    def arrive(self, market: Market, order: VenueOrder) -> None:
        """The path is known where the order came: there it meets the market."""
        market.early.remove(order)
        market.go_to(order.venue_at)
        self.enter(market, order, order.venue_at)

    def _set_aside(self, order: VenueOrder) -> None:
        if order.hold is None:
            order.hold = Hold([order])
        self._renew(order.hold)

    def act(self, market: Market, order: VenueOrder, point: Point) -> None:
        """An order's level is reached, or it has just come: trigger it, fill it, or let it expire."""
        if order.waits_for_stop:
            order.trigger(point)
        if not order.fills_at(point.price):
            if order.at_once:
                self._expire(market, order, order.details.time_in_force, point.at)
            return
        if order.hold is not None:
            self._account.release(order.hold)
        reason = self._fill(market, order, point)
        if reason is not None and order.live:
            self._expire(market, order, reason, point.at)
        elif order.live and order.hold is not None:
            self._renew(order.hold)

    def cancel(self, market: Market, order: VenueOrder, reason: str, at: Instant) -> None:
        """The venue itself ends an order, and tells so."""
        self.replies.append(Cancelled(order_id=order.told_id, at=self.known_at(at), venue_at=at, reason=reason))
        self.end(market, order, OrderState.CANCELLED, at)

    def known_at(self, at: Instant) -> Instant:
        """When what happens at an instant is known to the other side: in the order in which it is told."""
        told_at = at + self._latency_ns
        self.told_from = max(self.told_from, told_at)
        return self.told_from

    def tell_from(self, at: Instant) -> None:
        """Tell nothing any more as known before an instant, also of what has happened."""
        if self.replies and self.replies[0].at < at:
            late = [changed(reply, at=max(reply.at, at)) for reply in self.replies]
            self.replies.clear()
            self.replies.extend(late)
        self.told_from = max(at, self.told_from)

    def end(self, market: Market, order: VenueOrder, state: OrderState, at: Instant) -> None:
        """An order ends: its funds are freed, and what waited for it to be filled is cancelled."""
        order.state, order.live, order.venue_at = state, False, at
        market.remove(order)
        if order.hold is not None:
            self._renew(order.hold)
        if state is not _FILLED:
            self._cancel_all(market, order.followers, reasons.OTO, at)

    def _fill(self, market: Market, order: VenueOrder, point: Point) -> str | None:
        """Fill what can be filled; the reason why the rest expires, None where there is no rest or it stays."""
        details = order.details
        wanted, reason, whole = order.remaining, None, details.time_in_force is _FOK
        if market.is_bounded or details.reduce_only:
            wanted, reason = self._bounded(market, order, point)
            if wanted <= ZERO or (whole and wanted < order.remaining):
                return reason
        price, liquidity = self._terms(order, point)
        trade = self._account.trade(order.instrument, details.side, price, wanted, liquidity, whole=whole)
        if trade.quantity < wanted:
            reason = self._account.shortage
        if trade.quantity:
            if market.is_bounded:
                market.take_volume(point.candle, trade.quantity)
            self._tell_fill(order, price, trade, liquidity, point.at)
            self._follow_up(market, order, point.at)
        return reason

    def _bounded(self, market: Market, order: VenueOrder, point: Point) -> tuple[Decimal, str | None]:
        """How much may be filled, by volume and position, and why what is beyond it expires."""
        wanted, reason = order.remaining, None
        left = market.volume_left(point.candle)
        if left is not None and left < wanted:
            wanted = left
            reason = str(order.details.time_in_force) if order.at_once else None
        if order.details.reduce_only:
            reducible = self._account.reducible(order.instrument, order.details.side)
            if reducible < wanted:
                wanted, reason = reducible, reasons.REDUCE_ONLY
        return wanted, reason

    def _terms(self, order: VenueOrder, point: Point) -> tuple[Decimal, Liquidity]:
        """The price, and whether the order took it or had been waiting there."""
        limit, instrument = order.details.price, order.instrument
        if limit is not None and point is not order.arrival and point.price == order.level:
            return limit, _MAKER
        price = decimal_from_float(point.price)
        price = instrument.price_up(price) if order.buys else instrument.price_down(price)
        if limit is None and not self._slippage.none:
            price = self._slippage.worse(price, order.details.side, instrument, order.told_id, len(order.fills))
        return price, _TAKER

    def _tell_fill(self, order: VenueOrder, price: Decimal, trade: Trade, liquidity: Liquidity, at: Instant) -> None:
        order.venue_at = at
        order.remaining = subtract(order.remaining, trade.quantity)
        order.state = _PARTIALLY_FILLED
        request, details = order.request, order.details
        fill = Filled(
            order_id=request.order_id or None,
            symbol=details.symbol,
            # By the order, and not by a count of all trades: what others do on the account changes no id of ours.
            venue_trade_id=f"{request.client_order_id}-{len(order.fills) + 1}",
            side=details.side,
            price=price,
            quantity=trade.quantity,
            fee=trade.fee,
            fee_currency=trade.fee_currency,
            liquidity=liquidity,
            at=self.known_at(at),
            venue_at=at,
            exchange_order_id=order.exchange_order_id,
            client_order_id=request.client_order_id,
        )
        order.fills.append(fill)
        self.replies.append(fill)
        kept = self.fills[details.symbol]
        kept.append(fill)
        if len(kept) >= 2 * FILLS_MAX:
            self.forgotten_until[details.symbol] = kept[-FILLS_MAX - 1].venue_at
            del kept[:-FILLS_MAX]

    def _follow_up(self, market: Market, order: VenueOrder, at: Instant) -> None:
        """After a fill: what is linked to the order ends, or, once it is filled whole, begins."""
        if order.rivals:
            self._cancel_all(market, order.rivals, reasons.OCO, at)
        if order.remaining > ZERO:
            return
        self.end(market, order, _FILLED, at)
        for follower in order.followers:
            if follower.live:
                follower.pending = False
                self.enter(market, follower, at)

    def _cancel_all(self, market: Market, orders: tuple[VenueOrder, ...], reason: str, at: Instant) -> None:
        for order in orders:
            if order.live:
                self.cancel(market, order, reason, at)

    def _expire(self, market: Market, order: VenueOrder, reason: str, at: Instant) -> None:
        self.replies.append(Expired(order_id=order.told_id, at=self.known_at(at), venue_at=at, reason=str(reason)))
        self.end(market, order, OrderState.EXPIRED, at)

    def _renew(self, hold: Hold) -> None:
        self._account.release(hold)
        self._account.hold(hold)
