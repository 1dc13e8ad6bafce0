"""What happens to an order at a point of the path: fills, ends, and what these do to the orders linked with it."""

from collections import deque
from decimal import Decimal
from typing import Final

from msgspec.structs import replace as changed

from s1mpletrader.api import (
    Cancelled,
    Expired,
    Filled,
    Instant,
    Liquidity,
    OrderState,
    Side,
    TimeInForce,
    VenueReply,
    add,
    decimal_from_float,
    multiply,
    subtract,
)
from s1mpletrader.plugins.simulated_exchange import reasons
from s1mpletrader.plugins.simulated_exchange.accounts import Account
from s1mpletrader.plugins.simulated_exchange.book.market import Market
from s1mpletrader.plugins.simulated_exchange.book.order import Hold, VenueOrder
from s1mpletrader.plugins.simulated_exchange.fees import Slippage
from s1mpletrader.plugins.simulated_exchange.path import Point

FILLS_MAX: Final = 1_024
"""How many fills of a symbol are kept at least."""

_OPEN: Final = frozenset({OrderState.OPEN, OrderState.PARTIALLY_FILLED})


class Execution:
    """Carries orders out against an account. What it tells is queued in ``replies``; each is known ``latency_ns`` later."""

    def __init__(self, account: Account, slippage: Slippage, latency_ns: int) -> None:
        self._account = account
        self._slippage = slippage
        self._latency_ns = latency_ns
        self.replies: deque[VenueReply] = deque()
        self.told_from: Instant = 0
        """Nothing is told any more as known before this instant."""
        self.fills: dict[str, list[Filled]] = {}
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
        self.told_from = max(at + self._latency_ns, self.told_from)
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
        if state is not OrderState.FILLED:
            self._cancel_all(market, order.followers, reasons.OTO, at)

    def _fill(self, market: Market, order: VenueOrder, point: Point) -> str | None:
        """Fill what can be filled; the reason why the rest expires, None where there is no rest or it stays."""
        details = order.details
        wanted, reason = self._bounded(market, order, point)
        whole = details.time_in_force is TimeInForce.FOK
        if wanted <= 0 or (whole and wanted < order.remaining):
            return reason
        price, liquidity = self._terms(order, point)
        trade = self._account.trade(order.instrument, details.side, price, wanted, liquidity, whole=whole)
        if trade.quantity < wanted:
            reason = self._account.shortage
        if trade.quantity:
            market.take_volume(point.candle, trade.quantity)
            self._tell_fill(order, price, trade.quantity, trade.fee, trade.fee_currency, liquidity, point.at)
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
        details, instrument = order.details, order.instrument
        if details.price is not None and point is not order.arrival and point.price == order.level:
            return details.price, Liquidity.MAKER
        price = decimal_from_float(point.price)
        price = instrument.price_up(price) if details.side is Side.BUY else instrument.price_down(price)
        if details.price is None:
            price = self._slippage.worse(price, details.side, instrument, order.told_id, order.fill_count)
        return price, Liquidity.TAKER

    def _tell_fill(
        self, order: VenueOrder, price: Decimal, quantity: Decimal, fee: Decimal, currency: str, liquidity: Liquidity, at: Instant
    ) -> None:
        order.fill_count += 1
        order.venue_at = at
        order.remaining = subtract(order.remaining, quantity)
        order.filled_notional = add(order.filled_notional, multiply(price, quantity))
        order.state = OrderState.PARTIALLY_FILLED
        request = order.request
        symbol = request.details.symbol
        fill = Filled(
            order_id=order.own_id,
            symbol=symbol,
            # By the order, and not by a count of all trades: what others do on the account changes no id of ours.
            venue_trade_id=f"{request.client_order_id}-{order.fill_count}",
            side=request.details.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_currency=currency,
            liquidity=liquidity,
            at=self.known_at(at),
            venue_at=at,
            exchange_order_id=order.exchange_order_id,
            client_order_id=request.client_order_id,
        )
        self.replies.append(fill)
        self._keep(symbol, fill)

    def _keep(self, symbol: str, fill: Filled) -> None:
        fills = self.fills.setdefault(symbol, [])
        fills.append(fill)
        if len(fills) >= 2 * FILLS_MAX:
            self.forgotten_until[symbol] = fills[-FILLS_MAX - 1].venue_at
            del fills[:-FILLS_MAX]

    def _follow_up(self, market: Market, order: VenueOrder, at: Instant) -> None:
        """After a fill: what is linked to the order ends, or, once it is filled whole, begins."""
        self._cancel_all(market, order.rivals, reasons.OCO, at)
        if order.remaining > 0:
            return
        self.end(market, order, OrderState.FILLED, at)
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
