"""Changing orders that rest: a smaller quantity in place, or another order in their stead."""

import asyncio
from decimal import Decimal

import msgspec

from s1mpletrader.api import (
    Amended,
    AmendOutcome,
    Cancelled,
    CancelRejected,
    IClock,
    Instant,
    ListKind,
    Maintenance,
    NotSent,
    OrderRef,
    OrderRequest,
    Outcome,
    RateLimited,
    Refused,
    Rejected,
    Replaced,
    ReplaceOutcome,
    SentWithoutAnswer,
    Unavailable,
    Unknown,
    UnsupportedOrder,
    plain,
)
from s1mpletrader.plugins.binance.commands import AMEND, REPLACE, Commands
from s1mpletrader.plugins.binance.desk import Desk
from s1mpletrader.plugins.binance.errors import FILTER_FAILED, VenueRefused
from s1mpletrader.plugins.binance.messages import AmendAnswer, decode, instant
from s1mpletrader.plugins.binance.orders import Orders, Tracked
from s1mpletrader.plugins.binance.reconciling import Reconciler
from s1mpletrader.plugins.binance.rendering import order_parameters
from s1mpletrader.plugins.binance.replacing import Done, Doubtful, Failed, Half, halves_of, halves_of_refusal
from s1mpletrader.plugins.binance.symbols import FilterFailure, Symbols
from s1mpletrader.plugins.binance.trading import Trading


class Changing:
    """Amends and replaces."""

    def __init__(
        self,
        commands: Commands,
        symbols: Symbols,
        orders: Orders,
        desk: Desk,
        trading: Trading,
        reconciler: Reconciler,
        clock: IClock,
    ) -> None:
        self._commands = commands
        self._symbols = symbols
        self._orders = orders
        self._desk = desk
        self._trading = trading
        self._reconciler = reconciler
        self._clock = clock

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None) -> AmendOutcome:
        """Lower the quantity; the order keeps its place in the queue."""
        if price is not None:
            raise UnsupportedOrder("binance lowers a quantity in place, but changes no price")
        rules = await self._symbols.rules(order.symbol)
        if not rules.lot.allows(quantity):
            raise FilterFailure("Filter failure: LOT_SIZE")
        self._orders.adopt(order.client_order_id, order.order_id)
        parameters = {
            "symbol": rules.venue_symbol,
            "origClientOrderId": order.client_order_id,
            "newClientOrderId": order.client_order_id,
            "newQty": plain(quantity),
        }
        try:
            body = await self._commands.send(AMEND, parameters)
        except VenueRefused as refused:
            if refused.code == FILTER_FAILED:
                await self._symbols.refresh(order.symbol)
            if refused.asks_the_order:
                self._reconciler.soon()
            return CancelRejected(order_id=order.order_id, reason=str(refused), at=self._clock.now())
        except SentWithoutAnswer as doubt:
            self._reconciler.soon()
            return Unknown(order_id=order.order_id, reason=str(doubt), at=self._clock.now())
        except (RateLimited, Maintenance):
            raise
        except Unavailable as unsent:
            return NotSent(order_id=order.order_id, reason=str(unsent), at=self._clock.now())
        tracked = self._orders.tracked(order.client_order_id)
        if tracked is not None:
            tracked.quantity = quantity
        return Amended(order_id=order.order_id, at=self._clock.now(), quantity=quantity, venue_at=_amended_at(body))

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        """Cancel and place; the venue stops where the cancellation fails."""
        venue_symbol = await self._trading.check([replacement], ListKind.NONE)
        if replacement.details.symbol != order.symbol:
            raise UnsupportedOrder("an order is replaced by one of the same symbol")
        self._orders.adopt(order.client_order_id, order.order_id)
        [new] = self._orders.claim([replacement], self._clock.now())
        old = self._orders.tracked(order.client_order_id)
        if old is not None:
            self._desk.hold(old)
        ended: ReplaceOutcome | None = None
        try:
            parameters = order_parameters(replacement, venue_symbol) | {
                "cancelReplaceMode": "STOP_ON_FAILURE",
                "cancelOrigClientOrderId": order.client_order_id,
            }
            ended, begun = await self._send(order, replacement, old, new, parameters)
            return ended, begun
        finally:
            if old is not None and old.held is not None:
                self._desk.let_go(old, replaced=isinstance(ended, Replaced))

    async def _send(
        self, order: OrderRef, replacement: OrderRequest, old: Tracked | None, new: Tracked, parameters: dict[str, str]
    ) -> tuple[ReplaceOutcome, Outcome]:
        submitted_at = self._clock.now()
        try:
            cancelled, placed = halves_of(await self._commands.send(REPLACE, parameters), self._clock.now())
        except VenueRefused as refused:
            if refused.code == FILTER_FAILED:
                await self._symbols.refresh(order.symbol)
            cancelled, placed = halves_of_refusal(refused, self._clock.now())
        except SentWithoutAnswer as doubt:
            cancelled, placed = Doubtful(str(doubt)), Doubtful(str(doubt))
        except (RateLimited, Maintenance, Refused):
            self._orders.release([replacement])
            raise
        except Unavailable as unsent:
            self._orders.release([replacement])
            at, reason = self._clock.now(), str(unsent)
            return (
                NotSent(order_id=order.order_id, reason=reason, at=at),
                NotSent(order_id=replacement.order_id, reason=reason, at=at),
            )
        except asyncio.CancelledError:
            self._trading.unknown([replacement], [new], "", submitted_at)
            raise
        begun = self._begun(replacement, new, placed, submitted_at)
        return self._ended(order, replacement, old, cancelled, placed), begun

    def _ended(
        self, order: OrderRef, replacement: OrderRequest, old: Tracked | None, cancelled: Half, placed: Half
    ) -> ReplaceOutcome:
        """What became of the old order. Cancelled without a successor is no replacement: that is told as what it is."""
        at = self._clock.now()
        match cancelled:
            case Failed():
                return CancelRejected(order_id=order.order_id, reason=cancelled.reason, at=at)
            case Doubtful():
                self._reconciler.soon()
                return Unknown(order_id=order.order_id, reason=cancelled.reason, at=at)
            case Done():
                venue_at = _instant_or_none(cancelled.venue_ms)
        if isinstance(placed, Failed):
            self._desk.cancelled(Cancelled(order_id=order.order_id, at=at, venue_at=venue_at, reason=placed.reason), old)
            reason = f"cancelled, but the order in its stead was not placed: {placed.reason}"
            return CancelRejected(order_id=order.order_id, reason=reason, at=at, venue_at=venue_at)
        return Replaced(order_id=order.order_id, replaced_by=replacement.order_id, at=at, venue_at=venue_at)

    def _begun(self, replacement: OrderRequest, new: Tracked, placed: Half, submitted_at: Instant) -> Outcome:
        match placed:
            case Done():
                return self._trading.placed(new, placed.order, submitted_at)
            case Doubtful():
                return self._trading.unknown([replacement], [new], placed.reason, submitted_at)[0]
            case Failed():
                self._orders.end(replacement.client_order_id)
                at = self._clock.now()
                return Rejected(order_id=replacement.order_id, rejection_reason=placed.reason, at=at, submitted_at=submitted_at)


def _amended_at(body: bytes) -> Instant | None:
    try:
        return _instant_or_none(decode(body, AmendAnswer).transact_time)
    except (msgspec.MsgspecError, ValueError):
        return None


def _instant_or_none(ms: int | None) -> Instant | None:
    try:
        return instant(ms) if ms is not None else None
    except ValueError:
        return None
