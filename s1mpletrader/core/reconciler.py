"""Reconciling with the venue: what it shows of our orders comes in as replies, and what is not ours to settle as alarms.

After a crash the reason comes from the journal, the state from the ledger, and the truth from here. Nothing in here writes or
resubmits anything; a second reconciliation without news has no effect.
"""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from s1mpletrader.core.book import Book
from s1mpletrader.core.commands import order_ref
from s1mpletrader.core.evidence import EvidenceRules, MissingOrders
from s1mpletrader.domain.ids import OrderId, fill_id
from s1mpletrader.domain.instant import SECOND_NS, Instant
from s1mpletrader.domain.money import total
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reality import FillSource
from s1mpletrader.domain.replies import Accepted, Cancelled, ExchangeReply, Expired, Filled, NotPlaced, Rejected, Unknown
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import IExecutionConnector, OrderSnapshot

PAST_NS: Final = 60 * SECOND_NS
"""How far before the oldest thing of interest fills are asked for: clocks differ."""

_UNCONFIRMED: Final = frozenset({OrderState.INTENDED, OrderState.SUBMITTED, OrderState.UNKNOWN})


class Reconciler:
    """Compares the book with the venue.

    ``is_busy`` says whether a command about an order is under way, or the order has yet to leave: such a one is left alone.
    ``is_unanswered`` says whether one was under way when the process before this one ended.
    """

    def __init__(
        self,
        *,
        connector: IExecutionConnector,
        book: Book,
        clock: IClock,
        deliver: Callable[[Sequence[ExchangeReply]], None],
        alarm: Callable[[str], None],
        is_busy: Callable[[OrderId], bool],
        is_unanswered: Callable[[OrderId], bool],
        find_order: Callable[[str | None, str | None], Order | None],
        rules: EvidenceRules,
    ) -> None:
        self._connector = connector
        self._book = book
        self._clock = clock
        self._deliver = deliver
        self._alarm = alarm
        self._is_busy = is_busy
        self._is_unanswered = is_unanswered
        self._find_order = find_order
        self._missing = MissingOrders(rules)
        self._told: set[str] = set()

    def doubt_what_was_under_way(self) -> None:
        """After a restart: whether an intent or a command without an answer was sent, nobody knows."""
        at = self._clock.now()
        self._deliver(
            [
                Unknown(order_id=order.order_id, reason="the process ended before an answer came", at=at)
                for order in self._book.live_orders()
                if order.state in (OrderState.INTENDED, OrderState.SUBMITTED)
                or (order.state is not OrderState.UNKNOWN and self._is_unanswered(order.order_id))
            ]
        )

    async def reconcile(self) -> None:
        """Ask the venue about every live order, and about what happened meanwhile."""
        live = [order for order in self._book.live_orders() if not self._is_busy(order.order_id)]
        symbols = sorted({order.details.symbol for order in live})
        fills = {symbol: await self._fills(symbol, live) for symbol in symbols}
        open_orders = {snapshot.client_order_id: snapshot for snapshot in await self._connector.open_orders()}
        for symbol in symbols:
            self._deliver([replace(fill, source=FillSource.RECONCILED) for fill in fills[symbol] if self._is_new(fill, live)])
        for order in live:
            snapshot = open_orders.get(order.intent.client_order_id) or await self._connector.query(order_ref(order))
            if not self._is_busy(order.order_id):
                self._settle(order, snapshot, fills[order.details.symbol])
        self._look_at_others(list(open_orders.values()))

    def _is_new(self, fill: Filled, live: Sequence[Order]) -> bool:
        """Whether the fill is about a live order that does not have it; one of an order that has ended is for its own flow."""
        connector = self._connector
        identity = fill_id(connector.venue, connector.account, fill.symbol, fill.venue_trade_id, fill.venue_at)
        return any(_is_of(fill, order) and identity not in order.fill_ids for order in live)

    async def _fills(self, symbol: str, live: Sequence[Order]) -> Sequence[Filled]:
        since = min(order.intent.decided_at for order in live if order.details.symbol == symbol)
        return await self._connector.fills_since(symbol, since - PAST_NS)

    def _settle(self, order: Order, snapshot: OrderSnapshot | None, fills: Sequence[Filled]) -> None:
        """Tell what the venue shows of an order."""
        at = self._clock.now()
        if snapshot is None:
            self._settle_missing(order, fills, at)
            return
        self._missing.seen(order.order_id)
        if order.state in _UNCONFIRMED and snapshot.state is not OrderState.REJECTED:
            self._deliver([_accepted(order, snapshot, at)])
        known = total(fill.quantity for fill in fills if _is_of(fill, order))
        if snapshot.filled_quantity > max(known, order.filled_quantity):
            # The order shows more than its trades: those are visible a little later, and then the end is told, too.
            return
        ended = _ended(order, snapshot, at)
        if ended is not None:
            self._deliver([ended])

    def _settle_missing(self, order: Order, fills: Sequence[Filled], at: Instant) -> None:
        if any(_is_of(fill, order) for fill in fills):
            self._missing.seen(order.order_id)
            return
        if order.state not in _UNCONFIRMED or order.acknowledged_at is not None:
            self._tell_once(f"{order.order_id} is {order.state} here, and the venue does not find it")
            return
        evidence = self._missing.missing(order, at)
        if evidence is not None:
            self._deliver([NotPlaced(order_id=order.order_id, evidence=evidence, at=at)])

    def _look_at_others(self, open_orders: Sequence[OrderSnapshot]) -> None:
        """Open orders that are none of our live ones: somebody else's, or ours that we thought had ended."""
        live = {order.intent.client_order_id for order in self._book.live_orders()}
        for snapshot in open_orders:
            if snapshot.client_order_id in live:
                continue
            known = self._find_order(snapshot.client_order_id, snapshot.exchange_order_id)
            if known is None:
                self._tell_once(f"the order {snapshot.exchange_order_id} in {snapshot.symbol} is open and not ours")
            elif known.state in (OrderState.NOT_PLACED, OrderState.REJECTED):
                self._deliver([_accepted(known, snapshot, self._clock.now())])

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._alarm(text)


def _is_of(fill: Filled, order: Order) -> bool:
    return fill.order_id == order.order_id or (
        fill.exchange_order_id is not None and fill.exchange_order_id == order.exchange_order_id
    )


def _accepted(order: Order, snapshot: OrderSnapshot, at: Instant) -> Accepted:
    return Accepted(order_id=order.order_id, exchange_order_id=snapshot.exchange_order_id, at=at, venue_at=snapshot.venue_at)


def _ended(order: Order, snapshot: OrderSnapshot, at: Instant) -> ExchangeReply | None:
    """How the venue says that the order has ended; a filled one is told by its fills."""
    match snapshot.state:
        case OrderState.CANCELLED:
            return Cancelled(order_id=order.order_id, at=at, venue_at=snapshot.venue_at, reason="the venue shows it cancelled")
        case OrderState.EXPIRED:
            return Expired(order_id=order.order_id, at=at, venue_at=snapshot.venue_at, reason="the venue shows it expired")
        case OrderState.REJECTED:
            return Rejected(
                order_id=order.order_id, rejection_reason="the venue shows it rejected", at=at, venue_at=snapshot.venue_at
            )
        case _:
            return None
