"""The simulated exchange as a connector: the venue, seen from a distance of one latency."""

import asyncio
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

import numpy as np
from msgspec.structs import replace as changed

from s1mpletrader.api import (
    CANDLE_FIELDS,
    Accepted,
    AccountType,
    AlreadySubmitted,
    Amended,
    AmendOutcome,
    Balance,
    Cancelled,
    CancelOutcome,
    CancelRejected,
    Candle,
    Candles,
    Capabilities,
    Filled,
    FillSource,
    IClock,
    Instant,
    Instrument,
    ListKind,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    Outcome,
    Refused,
    Rejected,
    Replaced,
    ReplaceOutcome,
    Unavailable,
    UnsupportedOrder,
    VenueReply,
    iso,
)
from s1mpletrader.plugins.simulated_exchange.book.linking import check_shape
from s1mpletrader.plugins.simulated_exchange.book.market import Market
from s1mpletrader.plugins.simulated_exchange.book.order import VenueOrder
from s1mpletrader.plugins.simulated_exchange.config import SimulatedExchangeConfig
from s1mpletrader.plugins.simulated_exchange.kept import KeptVenue
from s1mpletrader.plugins.simulated_exchange.venue import Venue

VENUE: Final = "simulated"

_NONE: Final = ListKind.NONE

NOBODYS: Final = OrderId("")
"""In place of an order id, for an order that is none of ours."""
BY_HAND: Final = "by-hand-"
"""How the client ids of such orders begin."""


class SimulatedExchange:
    """An account at a venue whose prices are recorded candles.

    A command travels one latency to the venue and its answer one latency back; a reply is known one latency after it happened.
    Reading (queries, balances) takes no time: it shows the venue as it is now.
    """

    def __init__(
        self,
        config: SimulatedExchangeConfig,
        *,
        account: str,
        account_type: AccountType,
        clock: IClock,
        markets: Mapping[str, Market],
        venue: Venue | KeptVenue,
        is_submitted: Callable[[OrderId], bool],
        submitted: Iterable[str] = (),
    ) -> None:
        self._latency_ns = config.latency_ns
        self._venue = venue
        self._markets = markets
        self._instruments = {symbol: market.instrument for symbol, market in markets.items()}
        self._account = account
        self._clock = clock
        self._is_submitted = is_submitted
        self._submitted = set(submitted)
        self._changed = asyncio.Event()
        self._closed = False
        self._capabilities = Capabilities(
            order_types=config.order_types,
            times_in_force=config.times_in_force,
            list_kinds=config.list_kinds,
            account_type=account_type,
            reduce_only=True,
            amend=True,
            replace=True,
            replace_linked=True,
        )

    @property
    def venue(self) -> str:
        """The venue's name."""
        return VENUE

    @property
    def account(self) -> str:
        """The account's name."""
        return self._account

    @property
    def outlives_process(self) -> bool:
        """Whether the venue is kept in a file; without one it ends with this process."""
        return isinstance(self._venue, KeptVenue)

    def capabilities(self) -> Capabilities:
        """What the configuration offers."""
        return self._capabilities

    def venue_id(self, order_id: OrderId) -> str:
        """The order id itself."""
        return order_id

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        """Place orders, linked as one; each is accepted or rejected by the venue's rules."""
        self._check_supported(orders, list_kind)
        self._claim(orders)
        submitted_at = self._clock.now()
        venue_at = await self._travel(submitted_at) if self._latency_ns else submitted_at
        try:
            placed = self._venue.submit(orders, list_kind, venue_at)
        except Unavailable:
            self._disclaim(orders)
            raise
        self._changed.set()
        at = await self._travel(venue_at) if self._latency_ns else venue_at
        outcomes = []
        for request, result in zip(orders, placed, strict=True):
            outcomes.append(_outcome(request, result, submitted_at, venue_at, at))
        return outcomes

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Cancel one order; one that is linked with it as its rival stays."""
        venue_at = await self._travel(self._clock.now())
        reason = self._venue.cancel(order.client_order_id, venue_at)
        self._changed.set()
        at = await self._travel(venue_at)
        if reason is not None:
            return CancelRejected(order_id=order.order_id, reason=reason, at=at, venue_at=venue_at)
        return Cancelled(order_id=order.order_id, at=at, venue_at=venue_at)

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> AmendOutcome:
        """Lower an order's quantity, or change its limit."""
        venue_at = await self._travel(self._clock.now())
        reason = self._venue.amend(order.client_order_id, quantity, price, venue_at)
        self._changed.set()
        at = await self._travel(venue_at)
        if reason is not None:
            return CancelRejected(order_id=order.order_id, reason=reason, at=at, venue_at=venue_at)
        return Amended(order_id=order.order_id, at=at, quantity=quantity, price=price, venue_at=venue_at)

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        """End an order and place another in its stead: both happen, or neither."""
        self._check_supported([replacement], ListKind.NONE)
        self._claim([replacement])
        submitted_at = self._clock.now()
        venue_at = await self._travel(submitted_at)
        try:
            reason, placed = self._venue.replace(order.client_order_id, replacement, venue_at)
        except Unavailable:
            self._disclaim([replacement])
            raise
        self._changed.set()
        at = await self._travel(venue_at)
        outcome = _outcome(replacement, placed, submitted_at, venue_at, at)
        if reason is not None:
            return CancelRejected(order_id=order.order_id, reason=reason, at=at, venue_at=venue_at), outcome
        return Replaced(order_id=order.order_id, replaced_by=replacement.order_id, at=at, venue_at=venue_at), outcome

    async def query(self, order: OrderRef) -> OrderSnapshot | None:
        """The order by its client id; None for one that was never taken, ``Refused`` for one that ended too long ago."""
        self._venue.settle(self._clock.now())
        found = self._venue.order(order.client_order_id)
        return None if found is None else found.snapshot()

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        """All live orders, oldest first; those too that wait for another to be filled."""
        self._venue.settle(self._clock.now())
        live = self._venue.live_orders()
        return [order.snapshot() for order in live if symbol is None or order.details.symbol == symbol]

    async def fills_since(self, symbol: str, at: Instant) -> Sequence[Filled]:
        """The fills from a venue time on, oldest first; ``Refused`` where some of them are no longer kept."""
        now = self._clock.now()
        self._venue.settle(now)
        execution = self._venue.execution
        if at <= execution.forgotten_until.get(symbol, at - 1):
            raise Refused(f"{VENUE} no longer keeps every fill of {symbol} since {iso(at)}")
        fills = execution.fills.get(symbol, [])
        start = bisect_left(fills, at, key=attrgetter("venue_at"))
        return [changed(fill, source=FillSource.POLL, at=now) for fill in fills[start:]]

    async def balances(self) -> Sequence[Balance]:
        """Every asset that is not zero."""
        self._venue.settle(self._clock.now())
        return self._venue.account.balances()

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """The rules of these symbols; ``Refused`` for one that is not listed."""
        unknown = sorted(set(symbols) - self._instruments.keys())
        if unknown:
            raise Refused(f"{VENUE} does not list {', '.join(unknown)}; it lists {', '.join(sorted(self._instruments))}")
        return {symbol: self._instruments[symbol] for symbol in symbols}

    async def close(self) -> None:
        """End the reply stream, and let the world's file go."""
        self._closed = True
        if isinstance(self._venue, KeptVenue):
            self._venue.close()
        self._changed.set()

    def next_at(self) -> Instant | None:
        """When the next reply will be known; None where nothing is pending."""
        return self._venue.next_at()

    def pop(self) -> VenueReply:
        """The next reply; ``LookupError`` where nothing is pending."""
        return self._venue.pop()

    def extend(self, candle: Candle) -> None:
        """Go on along a symbol's path by a candle that has closed.

        Orders that came meanwhile act on it from their arrival on; what happens on it is known now. A candle that is known
        already, or of another timeframe than the path's, changes nothing, and neither does one that comes after the end. A symbol
        that is not listed raises ``Refused``, what is no candle ``NotCandles``.
        """
        symbol, timeframe = candle.series
        market = self._markets.get(symbol)
        if market is None:
            raise Refused(f"{VENUE} does not list {symbol}")
        path = market.path
        if self._closed or path.timeframe not in (None, timeframe) or candle.opened_at < path.ends_at:
            return
        _check_candle(candle)
        self._venue.extend(candle, self._clock.now())
        self._changed.set()

    def place_by_hand(self, details: OrderDetails) -> str:
        """Place an order as a person at the venue's screen would: it is none of ours. Gives the venue's id of it.

        Its fills are told without an order id; its end, where the venue ends it, under its client id.
        ``Refused`` where the venue refuses it.
        """
        number = sum(client_order_id.startswith(BY_HAND) for client_order_id in self._submitted) + 1
        request = OrderRequest(order_id=NOBODYS, client_order_id=f"{BY_HAND}{number}", details=details)
        (placed,) = self._venue.submit([request], ListKind.NONE, self._clock.now())
        self._submitted.add(request.client_order_id)
        self._changed.set()
        if isinstance(placed, str):
            raise Refused(placed)
        return placed.exchange_order_id

    async def replies(self) -> AsyncIterator[VenueReply]:
        """The replies as the clock reaches them, until the connector is closed."""
        while not self._closed:
            self._changed.clear()
            at = self.next_at()
            if at is not None and at <= self._clock.now():
                yield self.pop()
            else:
                await self._wait(at)

    async def _wait(self, at: Instant | None) -> None:
        """Return at an instant, or as soon as something has changed."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(self._changed.wait())]
        if at is not None:
            waits.append(asyncio.create_task(self._sleep(at)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _sleep(self, at: Instant) -> None:
        await self._clock.sleep_until(at)

    async def _travel(self, sent_at: Instant) -> Instant:
        """Be under way for one latency, and tell when it has passed."""
        if not self._latency_ns:
            return sent_at
        due = sent_at + self._latency_ns
        await self._clock.sleep_until(due)
        return max(due, self._clock.now())

    def _check_supported(self, orders: Sequence[OrderRequest], list_kind: ListKind) -> None:
        offered = self._capabilities
        for request in orders:
            details = request.details
            if details.type not in offered.order_types:
                raise UnsupportedOrder(f"{VENUE} has no {details.type} orders")
            if details.time_in_force not in offered.times_in_force:
                raise UnsupportedOrder(f"{VENUE} has no {details.time_in_force} orders")
        if list_kind not in offered.list_kinds:
            raise UnsupportedOrder(f"{VENUE} has no lists of kind {list_kind}")
        if list_kind is not _NONE:
            check_shape(orders, list_kind)

    def _claim(self, orders: Sequence[OrderRequest]) -> None:
        """Remember these ids; ``AlreadySubmitted``, and none remembered, where one was submitted before."""
        claimed: set[str] = set()
        for request in orders:
            venue_id = request.client_order_id
            if venue_id in claimed or venue_id in self._submitted or self._is_submitted(request.order_id):
                raise AlreadySubmitted(f"{request.order_id} has been submitted before")
            claimed.add(venue_id)
        self._submitted |= claimed

    def _disclaim(self, orders: Sequence[OrderRequest]) -> None:
        """Nothing has come to the venue: the orders may be submitted again."""
        self._submitted.difference_update(order.client_order_id for order in orders)


def _check_candle(candle: Candle) -> None:
    """Raise ``NotCandles`` for numbers that no candle has."""
    columns = {name: np.array([getattr(candle, name)], np.float64) for name in CANDLE_FIELDS}
    Candles(series=candle.series, opened_at=np.array([candle.opened_at], np.int64), **columns)


def _outcome(request: OrderRequest, placed: VenueOrder | str, submitted_at: Instant, venue_at: Instant, at: Instant) -> Outcome:
    if isinstance(placed, str):
        return Rejected(order_id=request.order_id, rejection_reason=placed, at=at, venue_at=venue_at, submitted_at=submitted_at)
    return Accepted(
        order_id=request.order_id,
        exchange_order_id=placed.exchange_order_id,
        at=at,
        venue_at=venue_at,
        submitted_at=submitted_at,
    )
