"""Placing and cancelling: what is refused here, what leaves, and what its answer means."""

import asyncio
from collections.abc import Sequence

import msgspec

from s1mpletrader.api import (
    Accepted,
    Cancelled,
    CancelOutcome,
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
    SentWithoutAnswer,
    Unavailable,
    Unknown,
)
from s1mpletrader.plugins.binance.commands import CANCEL, Commands
from s1mpletrader.plugins.binance.desk import Desk
from s1mpletrader.plugins.binance.errors import FILTER_FAILED, VenueRefused
from s1mpletrader.plugins.binance.messages import CancelAnswer, ListAnswer, OrderAnswer, decode, instant
from s1mpletrader.plugins.binance.orders import Orders, Tracked
from s1mpletrader.plugins.binance.parsing import answered_at
from s1mpletrader.plugins.binance.reconciling import Reconciler
from s1mpletrader.plugins.binance.rendering import check_shape, submission
from s1mpletrader.plugins.binance.symbols import Symbols


class Trading:
    """Submits and cancels. Nothing is sent twice under one id, but what provably did not leave."""

    def __init__(
        self, commands: Commands, symbols: Symbols, orders: Orders, desk: Desk, reconciler: Reconciler, clock: IClock
    ) -> None:
        self._commands = commands
        self._symbols = symbols
        self._orders = orders
        self._desk = desk
        self._reconciler = reconciler
        self._clock = clock

    async def submit(self, requests: Sequence[OrderRequest], kind: ListKind) -> list[Outcome]:
        """Place one order, or a list as one."""
        venue_symbol = await self.check(requests, kind)
        tracked = self._orders.claim(requests, self._clock.now())
        route, parameters = submission(requests, kind, venue_symbol)
        submitted_at = self._clock.now()
        try:
            body = await self._commands.send(route, parameters)
        except VenueRefused as refused:
            return await self.rejected(requests, refused, submitted_at)
        except SentWithoutAnswer as doubt:
            return self.unknown(requests, tracked, str(doubt), submitted_at)
        except (RateLimited, Maintenance, Refused):
            self._orders.release(requests)
            raise
        except Unavailable as unsent:
            self._orders.release(requests)
            return [NotSent(order_id=each.order_id, reason=str(unsent), at=self._clock.now()) for each in requests]
        except asyncio.CancelledError:
            self.unknown(requests, tracked, "", submitted_at)
            raise
        answers = _answers(body, kind)
        return [self.placed(one, answers.get(one.client_order_id), submitted_at) for one in tracked]

    async def check(self, requests: Sequence[OrderRequest], kind: ListKind) -> str:
        """Refuse what cannot be sent, before anything is; the venue's name of the symbol."""
        check_shape(requests, kind)
        rules = await self._symbols.taking(requests[0].details.symbol, [request.details for request in requests])
        return rules.venue_symbol

    def placed(self, tracked: Tracked, answer: OrderAnswer | None, submitted_at: Instant) -> Outcome:
        """The outcome of an order by its own answer; one that is missing leaves it in doubt."""
        now = self._clock.now()
        if answer is None:
            self._desk.doubted(tracked)
            self._reconciler.soon()
            return Unknown(
                order_id=tracked.order_id, reason="the venue's answer cannot be read", at=now, submitted_at=submitted_at
            )
        self._reconciler.follow(tracked.symbol)
        self._desk.accepted(tracked, answer)
        return Accepted(
            order_id=tracked.order_id,
            exchange_order_id=str(answer.order_id),
            at=now,
            venue_at=_time_of(answer) or now,
            submitted_at=submitted_at,
        )

    async def rejected(self, requests: Sequence[OrderRequest], refused: VenueRefused, submitted_at: Instant) -> list[Outcome]:
        """The venue's definite no. A filter that was kept here shows that the venue has changed its rules."""
        for request in requests:
            self._orders.end(request.client_order_id)
        at = self._clock.now()
        if refused.code == FILTER_FAILED:
            await self._symbols.refresh(requests[0].details.symbol)
        return [
            Rejected(order_id=each.order_id, rejection_reason=str(refused), at=at, submitted_at=submitted_at) for each in requests
        ]

    def unknown(
        self, requests: Sequence[OrderRequest], tracked: Sequence[Tracked], reason: str, submitted_at: Instant
    ) -> list[Outcome]:
        """Nothing is known of them; evidence is looked for."""
        for one in tracked:
            self._desk.doubted(one)
        self._reconciler.soon()
        at = self._clock.now()
        return [Unknown(order_id=each.order_id, reason=reason, at=at, submitted_at=submitted_at) for each in requests]

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Cancel by our id."""
        self._orders.adopt(order.client_order_id, order.order_id)
        rules = await self._symbols.rules(order.symbol)
        parameters = {"symbol": rules.venue_symbol, "origClientOrderId": order.client_order_id}
        try:
            body = await self._commands.send(CANCEL, parameters)
        except VenueRefused as refused:
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
        try:
            answer = decode(body, CancelAnswer)
            venue_ms = answer.transact_time or answer.transaction_time
            venue_at = instant(venue_ms) if venue_ms is not None else None
        except (msgspec.MsgspecError, ValueError):
            self._reconciler.soon()
            return Unknown(order_id=order.order_id, reason="the venue's answer cannot be read", at=self._clock.now())
        return Cancelled(order_id=order.order_id, at=self._clock.now(), venue_at=venue_at)


def _answers(body: bytes, kind: ListKind) -> dict[str, OrderAnswer]:
    """The answers by client id; none where the body cannot be read."""
    try:
        answers = (decode(body, OrderAnswer),) if kind is ListKind.NONE else decode(body, ListAnswer).order_reports
    except (msgspec.MsgspecError, ValueError):
        return {}
    return {answer.client_order_id: answer for answer in answers}


def _time_of(answer: OrderAnswer) -> Instant | None:
    try:
        return answered_at(answer)
    except ValueError:
        return None
