"""What is told of fills and of the ends of orders: each fill once, and an end after the last fill."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from s1mpletrader.api import (
    Accepted,
    Cancelled,
    ExchangeReply,
    Expired,
    FillSource,
    IClock,
    Instant,
    OrderState,
    Rejected,
    Unavailable,
)
from s1mpletrader.plugins.ccxt_exchange.lookup import Lookup, in_order, milliseconds
from s1mpletrader.plugins.ccxt_exchange.markets import Markets
from s1mpletrader.plugins.ccxt_exchange.registry import Known, OrderRegistry, filled_quantity
from s1mpletrader.plugins.ccxt_exchange.translate import Unreadable, client_id_of, filled_of, instant, state_of, trade_id_of

_log = structlog.get_logger(__name__)

TOLD_MAX: Final = 20_000
"""How many trades are remembered, so that none is told twice."""
SHORT_MAX: Final = 10
"""After so many comparisons that do not show the fills of an order that has ended, what is shown is not trusted."""


class Teller:
    """Makes replies of what the exchange shows and pushes, and gives each of them away once."""

    def __init__(
        self, clock: IClock, registry: OrderRegistry, lookup: Lookup, markets: Markets, give: Callable[[ExchangeReply], None]
    ) -> None:
        self._clock, self._registry, self._lookup, self._markets, self._give = clock, registry, lookup, markets, give
        self._told: dict[str, None] = {}
        self._held: dict[str, Mapping[str, Any]] = {}
        self._shorts: dict[str, int] = {}
        self._newest_ms: dict[str, int] = {}

    @property
    def is_holding(self) -> bool:
        """Whether an order has ended whose fills have not all been told."""
        return bool(self._held)

    def holds(self, exchange_order_id: str) -> bool:
        """Whether this order is one of those."""
        return exchange_order_id in self._held

    def newest_ms(self, symbol: str) -> int:
        """When the youngest trade in a symbol was, of those that have been told; 0 where none has."""
        return self._newest_ms.get(symbol, 0)

    def see(self, order: Mapping[str, Any]) -> None:
        """Learn whose an order is, tell of one that was in doubt, and hold what has ended until its fills are told."""
        was_lost = self._registry.is_lost(client_id_of(order))
        known = self._registry.note(order)
        if known is None:
            return
        try:
            state = state_of(order)
        except Unreadable as fault:
            _log.warning("ccxt_record_left_out", order=known.order_id, reason=str(fault))
            return
        now = self._clock.now()
        if was_lost and state is not OrderState.REJECTED:
            venue_at = instant(order.get("timestamp"), now)
            self._give(Accepted(order_id=known.order_id, exchange_order_id=known.exchange_order_id, at=now, venue_at=venue_at))
        if state.terminal and any(known is live for live in self._registry.live()):
            self._held[known.exchange_order_id] = dict(order)

    async def tell_trades(self, trades: Sequence[Mapping[str, Any]], source: FillSource) -> None:
        """Tell of trades, oldest first; ``Unavailable`` where it cannot be told yet whose they are."""
        for trade in in_order(trades):
            identity = identity_of(trade)
            if identity in self._told:
                continue
            known = await self._owner(trade)
            symbol, now = str(trade.get("symbol")), self._clock.now()
            try:
                filled = filled_of(
                    trade,
                    order_id=known.order_id if known else None,
                    client_order_id=self._registry.client_order_id(str(trade.get("order"))) or client_id_of(trade),
                    instrument=self._markets.instrument(symbol),
                    now=now,
                    source=source,
                )
            except Unreadable as fault:
                _log.warning("ccxt_record_left_out", trade=identity, reason=str(fault))
            else:
                self._give(filled)
                self._registry.tell(str(trade.get("order")), filled.quantity)
            self._newest_ms[symbol] = max(self._newest_ms.get(symbol, 0), int(trade.get("timestamp") or milliseconds(now)))
            self._remember(identity)

    def tell_ends(self, *, is_compared: bool = False) -> None:
        """Tell the end of every order whose fills have all been told.

        Of an adopted order some were told before; what is shown since has been told once it has been compared.
        """
        for exchange_order_id, order in list(self._held.items()):
            known = self._registry.known(exchange_order_id)
            if known is None or (known.told < filled_quantity(order) and not (known.is_adopted and is_compared)):
                continue
            del self._held[exchange_order_id]
            reply = _end_of(order, known, self._clock.now())
            if reply is not None:
                self._give(reply)
            self._registry.end(exchange_order_id)

    def has_shorts(self) -> bool:
        """Whether an order has ended many comparisons ago, and its fills are still missing; to be asked once in each."""
        self._shorts = {held: self._shorts.get(held, 0) + 1 for held in self._held}
        late = sorted(held for held, count in self._shorts.items() if count >= SHORT_MAX)
        if late:
            _log.warning("ccxt_fills_missing", orders=late)
        return bool(late)

    async def _owner(self, trade: Mapping[str, Any]) -> Known | None:
        """Our order that was filled; None where it is another's. ``Unavailable`` where that cannot be told yet."""
        if trade.get("order") is None:
            return None
        exchange_order_id, symbol = str(trade["order"]), str(trade["symbol"])
        if not self._registry.is_noted(exchange_order_id):
            order = await self._lookup.order(symbol, exchange_order_id=exchange_order_id, client_order_id=None)
            if order is None and self._registry.has_doubts(self._clock.now()):
                raise Unavailable(f"whose order {exchange_order_id} is cannot be told yet")
            if order is not None:
                self.see(order)
        return self._registry.known(exchange_order_id)

    def _remember(self, identity: str) -> None:
        self._told[identity] = None
        if len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]


def identity_of(trade: Mapping[str, Any]) -> str:
    """What tells a trade from every other of the account."""
    return f"{trade.get('symbol')} {trade_id_of(trade)}"


def _end_of(order: Mapping[str, Any], known: Known, now: Instant) -> ExchangeReply | None:
    """How an order ended; None for one that was filled, which its fills have told."""
    state = state_of(order)
    venue_at = instant(order.get("lastUpdateTimestamp") or order.get("timestamp"), now)
    if state is OrderState.CANCELLED:
        return Cancelled(order_id=known.order_id, at=now, venue_at=venue_at)
    if state is OrderState.EXPIRED:
        return Expired(order_id=known.order_id, at=now, venue_at=venue_at)
    if state is OrderState.REJECTED:
        return Rejected(order_id=known.order_id, rejection_reason="rejected by the exchange", at=now, venue_at=venue_at)
    return None
