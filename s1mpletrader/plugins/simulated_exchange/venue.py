"""The venue: takes commands at an instant of its own time, and lets the path act on what rests."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

from msgspec import Struct

from s1mpletrader.api import Candle, Instant, ListKind, OrderRequest, OrderState, OrderType, Refused, VenueReply, subtract
from s1mpletrader.plugins.simulated_exchange import reasons
from s1mpletrader.plugins.simulated_exchange.accounts import Account
from s1mpletrader.plugins.simulated_exchange.book.linking import link, take_place
from s1mpletrader.plugins.simulated_exchange.book.market import Market
from s1mpletrader.plugins.simulated_exchange.book.matching import Hit
from s1mpletrader.plugins.simulated_exchange.book.order import VenueOrder
from s1mpletrader.plugins.simulated_exchange.clearing import Clearing, Shortfall
from s1mpletrader.plugins.simulated_exchange.config import LimitFill
from s1mpletrader.plugins.simulated_exchange.execution import Execution
from s1mpletrader.plugins.simulated_exchange.marks import Marks

# Members of enumerations that every order is compared with: a name of the module is found at once, a class's member is not.
_MARKET: Final = OrderType.MARKET
_NONE: Final = ListKind.NONE

ENDED_MAX: Final = 1_024
"""How many ended orders are kept at least."""

LAG_CANDLES_MAX: Final = 2
"""By how many of its candles one growing path may lag before those that are known further go on without it."""


class Upcoming(Struct, frozen=True):
    """What happens next on the path, and when."""

    at: Instant
    happen: Callable[[], None]


class Venue:
    """One account's venue. Commands come in the order of time; each first lets everything happen that comes before it.

    A placement gives the order, or the reason why it was refused; every other command None, or the reason. Orders that ended
    long ago are forgotten: of them only the id is kept.
    """

    def __init__(
        self,
        markets: Mapping[str, Market],
        account: Account,
        execution: Execution,
        marks: Marks,
        clearing: Clearing | None,
        latency_ns: int,
        limit_fill: LimitFill,
    ) -> None:
        self._markets = markets
        self.account = account
        self.execution = execution
        self._marks = marks
        self._clearing = clearing
        self._latency_ns = latency_ns
        self._limit_fill: LimitFill = limit_fill
        self._orders: dict[str, VenueOrder] = {}
        self._forgotten: set[str] = set()
        self._forget_from = 2 * ENDED_MAX
        self._sequence = 0
        self._at: Instant = 0
        self._cleared_at: Instant = 0
        self._horizon: Instant | None = None
        self._sees_now = True
        """Whether all that bears on the present is known: where positions carry one another, every one's price."""
        self._grows = self._has_early = False
        self._active: list[Market] = []
        self._next: Upcoming | None = None
        self._is_stale = False

    def next_at(self) -> Instant | None:
        """When the next reply will be known; None where nothing is pending."""
        if self.execution.replies:
            return self.execution.replies[0].at
        upcoming = self._upcoming()
        return None if upcoming is None else max(upcoming.at + self._latency_ns, self.execution.told_from)

    def pop(self) -> VenueReply:
        """The next reply; ``LookupError`` where nothing is pending."""
        if not self.execution.replies:
            upcoming = self._upcoming()
            if upcoming is None:
                raise LookupError("no reply is pending")
            self._let_happen(upcoming)
        return self.execution.replies.popleft()

    def settle(self, at: Instant) -> Instant:
        """Let everything happen until an instant, and give it; time never goes back, so it may be later than asked for."""
        at = max(at, self._at)
        while (upcoming := self._upcoming()) is not None and upcoming.at <= at:
            self._let_happen(upcoming)
        self._at = self._marks.at = at
        horizon = self._horizon
        reached = at if horizon is None or at < horizon else horizon - 1
        self._sees_now = reached == at
        self._cleared_at = max(self._cleared_at, reached)
        for market in self._active:
            if market.forget_after(reached):
                self._is_stale = True
        return at

    def extend(self, candle: Candle, at: Instant) -> None:
        """Go on along a symbol's path by a candle, and let everything happen on it; it is known from ``at`` on."""
        self.settle(at)
        self._markets[candle.series.symbol].grow(candle)
        self._grows = True
        self.execution.tell_from(at)
        self._is_stale = True
        self.settle(at)

    def submit(self, requests: Sequence[OrderRequest], kind: ListKind, at: Instant) -> list[VenueOrder | str]:
        """Place orders, linked as one, or each for itself."""
        at = self.settle(at)
        if self._active or self._clearing is not None:
            self._is_stale = True
        if len(self._orders) >= self._forget_from:
            self._forget_ended()
        if kind is not _NONE:
            return self._place_list(requests, kind, at)
        return [self._place(request, at) for request in requests]

    def cancel(self, client_order_id: str, at: Instant) -> str | None:
        """End an order. Linked orders that compete with it stay."""
        at = self.settle(at)
        order = self._live(client_order_id)
        if isinstance(order, str):
            return order
        self._is_stale = True
        self.execution.end(self._market(order), order, OrderState.CANCELLED, at)
        return None

    def amend(self, client_order_id: str, quantity: Decimal, price: Decimal | None, at: Instant) -> str | None:
        """Take quantity away, or change the limit; another limit loses the order's place in the queue."""
        at = self.settle(at)
        order = self._live(client_order_id)
        if isinstance(order, str):
            return order
        reason = _amendment_refusal(order, quantity, price) or self._change(order, quantity, price)
        if reason is None and price is not None and not order.pending:
            self._queue_again(order, at)
        self._is_stale = True
        return reason

    def replace(self, client_order_id: str, request: OrderRequest, at: Instant) -> tuple[str | None, VenueOrder | str]:
        """End an order and place another in its stead and in its links; where the new one is refused the old one stays."""
        at = self.settle(at)
        old = self._live(client_order_id)
        if isinstance(old, str):
            return old, reasons.NOT_REPLACED
        if request.details.symbol != old.details.symbol:
            return reasons.SYMBOL_CHANGED, reasons.SYMBOL_CHANGED
        market = self._market(old)
        self._look_at(market, at)
        self._is_stale = True
        new = self._order(request, market, at)
        if old.hold is not None:
            self.account.release(old.hold)
        reason = _filter_refusal(new) or (None if old.pending else self._shortage([new]))
        if reason is not None:
            if old.hold is not None:
                self.account.hold(old.hold)
            return reason, reason
        take_place(old, new)
        self.execution.end(market, old, OrderState.CANCELLED, at)
        self._orders[request.client_order_id] = new
        if not new.pending:
            self._enter(market, new, at)
        return None, new

    def order(self, client_order_id: str) -> VenueOrder | None:
        """An order that was taken once, live or ended; ``Refused`` for one that has been forgotten."""
        if client_order_id in self._forgotten:
            raise Refused(f"{client_order_id} ended long ago; of such an order the venue knows only that it was there")
        return self._orders.get(client_order_id)

    def live_orders(self) -> list[VenueOrder]:
        """All live orders, oldest first."""
        return [order for order in self._orders.values() if order.live]

    def _forget_ended(self) -> None:
        """Keep what is live, and what ended last."""
        ended = [client_order_id for client_order_id, order in self._orders.items() if not order.live]
        for client_order_id in ended[:-ENDED_MAX]:
            del self._orders[client_order_id]
            self._forgotten.add(client_order_id)
        self._forget_from = len(self._orders) + ENDED_MAX

    def _place(self, request: OrderRequest, at: Instant) -> VenueOrder | str:
        market = self._markets.get(request.details.symbol)
        if market is None:
            return reasons.UNKNOWN_SYMBOL
        self._look_at(market, at)
        order = self._order(request, market, at)
        reason = _filter_refusal(order) or self._shortage((order,))
        if reason is not None:
            return reason
        self._orders[request.client_order_id] = order
        self._enter(market, order, at)
        if order.live:
            self._is_stale = True
        return order

    def _place_list(self, requests: Sequence[OrderRequest], kind: ListKind, at: Instant) -> list[VenueOrder | str]:
        market = self._markets.get(requests[0].details.symbol)
        if market is None:
            return [reasons.UNKNOWN_SYMBOL] * len(requests)
        self._is_stale = True
        self._look_at(market, at)
        orders = [self._order(request, market, at) for request in requests]
        refusals = [_filter_refusal(order) for order in orders]
        if any(refusals):
            return [refusal or reasons.LIST_REJECTED for refusal in refusals]
        active = link(orders, kind)
        shortage = self._shortage(active)
        if shortage is not None:
            return [shortage if order in active else reasons.LIST_REJECTED for order in orders]
        for order in orders:
            self._orders[order.request.client_order_id] = order
        for order in active:
            if order.live:
                self._enter(market, order, at)
        return list(orders)

    def _order(self, request: OrderRequest, market: Market, at: Instant) -> VenueOrder:
        self._sequence += 1
        last_price = None
        if request.details.type is _MARKET:
            last_price = market.last_price() if self._sees_now else market.path.price_at(at)
        return VenueOrder(request, market.instrument, self._sequence, at, self._limit_fill, last_price)

    def _shortage(self, orders: Sequence[VenueOrder]) -> str | None:
        return self.account.shortage if self.account.is_short(orders) else None

    def _change(self, order: VenueOrder, quantity: Decimal, price: Decimal | None) -> str | None:
        before = order.details
        if order.hold is not None:
            self.account.release(order.hold)
        order.change(quantity, price)
        reason = None if order.pending else self._shortage([order])
        if reason is not None:
            order.change(before.quantity, before.price)
        if order.hold is not None:
            self.account.hold(order.hold)
        return reason

    def _queue_again(self, order: VenueOrder, at: Instant) -> None:
        market = self._market(order)
        self._sequence += 1
        order.sequence = self._sequence
        market.remove(order)
        self._look_at(market, at)
        self._enter(market, order, at)

    def _look_at(self, market: Market, at: Instant) -> None:
        if self._sees_now:
            market.go_to(at)

    def _enter(self, market: Market, order: VenueOrder, at: Instant) -> None:
        if self._sees_now and at < market.path.ends_at:
            self.execution.enter(market, order, at)
        else:
            self._has_early = True
            self.execution.defer(market, order, at)

    def _live(self, client_order_id: str) -> VenueOrder | str:
        order = self._orders.get(client_order_id)
        if order is None:
            return reasons.ORDER_ENDED if client_order_id in self._forgotten else reasons.UNKNOWN_ORDER
        return order if order.live else reasons.ORDER_ENDED

    def _market(self, order: VenueOrder) -> Market:
        return self._markets[order.details.symbol]

    def _upcoming(self) -> Upcoming | None:
        """What comes first in all markets; found once until something changes."""
        if self._is_stale:
            self._active = [market for market in self._markets.values() if market.orders or market.early]
            hit = _first_hit(self._active) if self._active else None
            found = None if hit is None else Upcoming(hit[1].point.at, partial(self._reach, *hit))
            if self._clearing is not None:
                self._horizon = self._find_horizon(self._clearing)
                found = self._cleared(self._clearing, found)
            arrival = _first_arrival(self._active) if self._has_early else None
            if arrival is not None and (found is None or arrival[1].venue_at < found.at):
                found = Upcoming(arrival[1].venue_at, partial(self.execution.arrive, *arrival))
            self._next = found if found is not None and (self._horizon is None or found.at < self._horizon) else None
            self._is_stale = False
        return self._next

    def _find_horizon(self, clearing: Clearing) -> Instant | None:
        """Until when the paths that matter are known; None where none does.

        Where paths grow, the one that is known least far counts, unless it lags far behind: then it lacks candles.
        """
        matter = [
            market.path for symbol, market in self._markets.items() if market.orders or market.early or clearing.holds(symbol)
        ]
        latest = max((path.ends_at for path in matter), default=None)
        if latest is None or not self._grows:
            return latest
        return min(max(path.ends_at, latest - LAG_CANDLES_MAX * path.duration_ns) for path in matter)

    def _cleared(self, clearing: Clearing, found: Upcoming | None) -> Upcoming | None:
        """What the venue itself does before something else happens: at the same instant funding first, liquidation last."""
        funding_at = clearing.funding_at(self._cleared_at)
        if funding_at is not None and (found is None or funding_at <= found.at):
            found = Upcoming(funding_at, partial(self._fund, clearing, funding_at))
        until = None if found is None else found.at
        if self._horizon is not None and (until is None or until >= self._horizon):
            until = self._horizon - 1
        shortfall = clearing.shortfall(self._cleared_at, until)
        if shortfall is not None and (found is None or shortfall.at < found.at):
            found = Upcoming(shortfall.at, partial(self._liquidate, clearing, shortfall))
        return found

    def _let_happen(self, upcoming: Upcoming) -> None:
        self._is_stale = True
        self._at, self._cleared_at = max(self._at, upcoming.at), max(self._cleared_at, upcoming.at)
        self._marks.at = upcoming.at
        upcoming.happen()

    def _reach(self, market: Market, hit: Hit) -> None:
        market.reach(hit.point)
        self.execution.act(market, hit.order, hit.point)

    def _fund(self, clearing: Clearing, at: Instant) -> None:
        self.execution.replies.extend(clearing.fund(at, self.execution.known_at(at)))

    def _liquidate(self, clearing: Clearing, shortfall: Shortfall) -> None:
        """Close the positions, then cancel what lives, so that no order opens anything again."""
        at = shortfall.at
        self.execution.replies.extend(clearing.liquidate(shortfall, self.execution.known_at(at)))
        for market in self._active:
            market.forget_after(at)
        for order in self.live_orders():
            if order.live and order.instrument.settlement == shortfall.currency:
                self.execution.cancel(self._market(order), order, reasons.LIQUIDATION, at)


def _first_hit(markets: Sequence[Market]) -> tuple[Market, Hit] | None:
    hits = [(market, hit) for market in markets if (hit := market.next_hit()) is not None]
    return min(hits, key=lambda item: (item[1].point.at, item[1].order.sequence), default=None)


def _first_arrival(markets: Sequence[Market]) -> tuple[Market, VenueOrder] | None:
    early = [(market, order) for market in markets for order in market.early if order.venue_at < market.path.ends_at]
    return min(early, key=lambda item: (item[1].venue_at, item[1].sequence), default=None)


def _filter_refusal(order: VenueOrder) -> str | None:
    details, instrument = order.details, order.instrument
    reference = order.reference if instrument.notional_min else None
    return instrument.violation(details.quantity, details.price, details.stop_price, reference=reference)


def _amendment_refusal(order: VenueOrder, quantity: Decimal, price: Decimal | None) -> str | None:
    details = order.details
    if quantity > details.quantity:
        return reasons.QUANTITY_RAISED
    if quantity <= subtract(details.quantity, order.remaining):
        return reasons.QUANTITY_FILLED
    if price is not None and details.price is None:
        return reasons.NO_LIMIT_PRICE
    limit = details.price if price is None else price
    return order.instrument.violation(quantity, limit, details.stop_price, reference=order.reference)
