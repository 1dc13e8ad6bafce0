"""What is asked of an exchange about orders, and what comes of it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import structlog

from s1mpletrader.api import (
    SECOND_NS,
    Accepted,
    Amended,
    AmendOutcome,
    Cancelled,
    CancelOutcome,
    CancelRejected,
    Instant,
    NotSent,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    OrderState,
    OrderType,
    Outcome,
    Refused,
    Rejected,
    Side,
    TimeInForce,
    Unavailable,
    Unknown,
    UnknownId,
    plain,
)
from s1mpletrader.plugins.ccxt_exchange.capabilities import BUYS_IN_BASE
from s1mpletrader.plugins.ccxt_exchange.faults import Fate
from s1mpletrader.plugins.ccxt_exchange.lookup import Lookup
from s1mpletrader.plugins.ccxt_exchange.markets import Markets
from s1mpletrader.plugins.ccxt_exchange.registry import OrderRegistry
from s1mpletrader.plugins.ccxt_exchange.session import Failure, NumberText, Session
from s1mpletrader.plugins.ccxt_exchange.translate import Unreadable, instant, state_of

_log = structlog.get_logger(__name__)

CONFIRMATIONS_MAX: Final = 5
"""How often an order is looked at after the exchange has taken a cancellation without saying that the order has ended."""
CONFIRMATION_NS: Final = SECOND_NS // 5

_TYPES: Final = {
    OrderType.MARKET: "market",
    OrderType.STOP: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP_LIMIT: "limit",
}
"""A stop is an order of these with a stop price."""


class Desk:
    """Places, cancels and changes orders: each request leaves at most once."""

    def __init__(self, session: Session, registry: OrderRegistry, lookup: Lookup, markets: Markets, client_id_key: str) -> None:
        self._session, self._registry, self._lookup, self._markets = session, registry, lookup, markets
        self._client_id_key = client_id_key
        self._clock = session.clock

    async def submit(self, orders: Sequence[OrderRequest]) -> Sequence[Outcome]:
        """Place orders, one after the other."""
        self._registry.claim(orders, self._clock.now())
        outcomes: list[Outcome] = []
        for request in orders:
            try:
                outcomes.append(await self._place(request))
            except (Refused, Unavailable) as fault:
                # It is proven that the exchange did nothing.
                self._registry.release(request)
                if not outcomes:
                    for other in orders[1:]:
                        self._registry.release(other)
                    raise
                outcomes.append(NotSent(order_id=request.order_id, reason=str(fault), at=self._clock.now()))
        return outcomes

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Cancel one order, and see that it has ended."""
        exchange_order_id = order.exchange_order_id or self._registry.exchange_id(order.client_order_id)
        if exchange_order_id is None:
            found = await self._lookup.order(
                order.symbol, exchange_order_id=None, client_order_id=order.client_order_id, order_id=order.order_id
            )
            if found is None:
                return CancelRejected(order_id=order.order_id, reason="the exchange knows no such order", at=self._clock.now())
            exchange_order_id = str(found["id"])
        answer = await self._session.change("cancel_order", exchange_order_id, order.symbol)
        if isinstance(answer, Failure):
            return self._cancel_failure(order, answer)
        return await self._confirmed(order, exchange_order_id, answer)

    async def amend(self, order: OrderRef, shown: OrderSnapshot | None, quantity: Decimal, price: Decimal | None) -> AmendOutcome:
        """Change an order, which the exchange shows like this, where it stands."""
        if shown is None or shown.state.terminal:
            return CancelRejected(order_id=order.order_id, reason="there is no such live order", at=self._clock.now())
        new_price = shown.details.price if price is None else price
        fault = await self._markets.broken_rule(shown.symbol, quantity, new_price)
        if fault is not None:
            return CancelRejected(order_id=order.order_id, reason=fault, at=self._clock.now())
        answer = await self._session.change(
            "edit_order",
            shown.exchange_order_id,
            shown.symbol,
            _TYPES[shown.details.type],
            shown.details.side.value.lower(),
            _text(quantity),
            _text(new_price),
            {},
        )
        if isinstance(answer, Failure):
            return self._cancel_failure(order, answer)
        now = self._clock.now()
        return Amended(order_id=order.order_id, at=now, quantity=quantity, price=price, venue_at=_time(answer, now))

    async def _place(self, request: OrderRequest) -> Outcome:
        details, submitted_at = request.details, self._clock.now()
        fault = await self._markets.broken_rule(details.symbol, details.quantity, details.price, details.stop_price)
        if fault is not None:
            self._registry.refused(request)
            return Rejected(order_id=request.order_id, rejection_reason=fault, at=self._clock.now(), submitted_at=submitted_at)
        answer = await self._session.change(
            "create_order",
            details.symbol,
            _TYPES[details.type],
            details.side.value.lower(),
            _text(details.quantity),
            _text(details.price),
            self._parameters(request),
        )
        now = self._clock.now()
        if isinstance(answer, Failure):
            return self._submit_failure(request, answer, submitted_at)
        exchange_order_id = answer.get("id")
        if exchange_order_id in (None, ""):
            self._registry.lost(request)
            return Unknown(order_id=request.order_id, reason="the answer names no order", at=now, submitted_at=submitted_at)
        if answer.get("status") == "rejected":
            self._registry.refused(request)
            reason = "rejected by the exchange"
            return Rejected(order_id=request.order_id, rejection_reason=reason, at=now, submitted_at=submitted_at)
        self._registry.accepted(request, str(exchange_order_id))
        return Accepted(
            order_id=request.order_id,
            exchange_order_id=str(exchange_order_id),
            at=now,
            venue_at=_time(answer, now),
            submitted_at=submitted_at,
        )

    def _parameters(self, request: OrderRequest) -> dict[str, Any]:
        details = request.details
        parameters: dict[str, Any] = {self._client_id_key: request.client_order_id}
        if details.time_in_force is not TimeInForce.GTC:
            parameters["timeInForce"] = details.time_in_force.value
        if details.stop_price is not None:
            parameters["stopLossPrice"] = plain(details.stop_price)
        if details.reduce_only:
            parameters["reduceOnly"] = True
        if details.type in (OrderType.MARKET, OrderType.STOP) and details.side is Side.BUY:
            parameters |= BUYS_IN_BASE.get(self._session.exchange.id, {})
        return parameters

    def _submit_failure(self, request: OrderRequest, failure: Failure, submitted_at: Instant) -> Outcome:
        order_id, now, reason = request.order_id, self._clock.now(), failure.reason
        if failure.fate is Fate.NOT_SENT:
            self._registry.release(request)
            return NotSent(order_id=order_id, reason=reason, at=now)
        if failure.fate is Fate.REFUSED:
            self._registry.refused(request)
            self._markets.doubt()
            return Rejected(order_id=order_id, rejection_reason=reason, at=now, submitted_at=submitted_at)
        self._registry.lost(request)
        return Unknown(order_id=order_id, reason=reason, at=now, submitted_at=submitted_at)

    def _cancel_failure(self, order: OrderRef, failure: Failure) -> CancelRejected | NotSent | Unknown:
        now = self._clock.now()
        if failure.fate is Fate.NOT_SENT:
            return NotSent(order_id=order.order_id, reason=failure.reason, at=now)
        if failure.fate in (Fate.REFUSED, Fate.NOT_FOUND):
            return CancelRejected(order_id=order.order_id, reason=failure.reason, at=now)
        return Unknown(order_id=order.order_id, reason=failure.reason, at=now)

    async def _confirmed(self, order: OrderRef, exchange_order_id: str, answer: Any) -> CancelOutcome:
        """Many exchanges answer that they will cancel. What has become of the order, only the order shows."""
        shown = answer if isinstance(answer, Mapping) and answer.get("status") == "canceled" else None
        for _ in range(CONFIRMATIONS_MAX):
            if shown is None:
                try:
                    shown = await self._lookup.order(
                        order.symbol, exchange_order_id=exchange_order_id, client_order_id=None, order_id=order.order_id
                    )
                except (Unavailable, UnknownId, Refused) as fault:
                    _log.info("ccxt_cancel_not_confirmed", order=order.order_id, reason=str(fault))
            try:
                state = None if shown is None else state_of(shown)
            except Unreadable:
                state = None
            now = self._clock.now()
            if state in (OrderState.CANCELLED, OrderState.EXPIRED):
                return Cancelled(order_id=order.order_id, at=now, venue_at=_time(shown or {}, now))
            if state is OrderState.FILLED:
                return CancelRejected(order_id=order.order_id, reason="it is filled", at=now, venue_at=_time(shown or {}, now))
            shown = None
            await self._clock.sleep_until(now + CONFIRMATION_NS)
        reason = "the exchange took the cancellation, and the order has not ended yet"
        return Unknown(order_id=order.order_id, reason=reason, at=self._clock.now())


def _text(amount: Decimal | None) -> NumberText | None:
    return None if amount is None else NumberText(plain(amount))


def _time(order: Any, otherwise: Instant) -> Instant:
    if not isinstance(order, Mapping):
        return otherwise
    return instant(order.get("lastUpdateTimestamp") or order.get("timestamp"), otherwise)
