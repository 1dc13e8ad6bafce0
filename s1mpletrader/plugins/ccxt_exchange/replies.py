"""The private side: what is pushed where ccxt can watch, and what is shown when asked; each fill once and in order."""

import asyncio
import decimal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from s1mpletrader.api import (
    SECOND_NS,
    ExchangeReply,
    FillSource,
    Instant,
    S1mpleTraderError,
    StreamHealth,
)
from s1mpletrader.plugins.ccxt_exchange.lookup import Lookup
from s1mpletrader.plugins.ccxt_exchange.markets import Markets
from s1mpletrader.plugins.ccxt_exchange.registry import Known, OrderRegistry
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.ccxt_exchange.tasks import end_all
from s1mpletrader.plugins.ccxt_exchange.telling import Teller, identity_of

_log = structlog.get_logger(__name__)

OVERLAP_MS: Final = 60_000
"""How far back each question for trades goes: a trade may be shown later than a younger one."""
SETTLE_NS: Final = 2 * SECOND_NS
"""After so long without an error, a stream that has nothing to say counts as subscribed."""
BACKOFF_S_MAX: Final = 60.0
WAKE_S: Final = 0.25
"""The least time between two questions."""

WHOLE: Final = frozenset({"binance", "binanceus"})
"""Where ccxt makes of a pushed trade or order all that it makes of one that was asked for. Elsewhere fees are those of the whole
order, ids differ, or numbers are missing: there a push only says that it is time to ask."""
NUDGES: Final = 3
"""How many quick comparisons follow a push, because what was pushed may be shown a little later."""

_FOR_GOOD: Final = frozenset({"NotSupported", "ArgumentsRequired"})
"""Errors of ccxt's by which a method cannot watch at all, whatever is tried."""


class ReplyStream:
    """Tells fills, and ends of orders that nobody here asked for.

    What is pushed whole is told at once while nothing can have been missed; any other push is a reason to ask. After an error
    everything is stale: what the exchange shows when asked is told first, and only then what was pushed since. From time to time
    the two are compared anyway, because a stream may lose something and not know it.
    """

    def __init__(
        self,
        session: Session,
        registry: OrderRegistry,
        lookup: Lookup,
        *,
        markets: Markets,
        watch: bool,
        poll_s: float,
        reconcile_s: float,
    ) -> None:
        self._session, self._registry, self._lookup, self._markets = session, registry, lookup, markets
        self._clock = session.clock
        self._poll_s, self._reconcile_s = poll_s, reconcile_s
        has = session.exchange.has
        pushed = {"watch_my_trades": has.get("watchMyTrades"), "watch_orders": has.get("watchOrders")}
        self._watched = {method for method, offered in pushed.items() if watch and offered is True}
        self._is_whole = session.exchange.id in WHOLE
        self._nudges = 0
        self._waiting_since: dict[str, Instant] = {}
        self._confirmed: set[str] = set()
        self._queue: asyncio.Queue[ExchangeReply | None] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._teller = Teller(session.clock, registry, lookup, markets, self._queue.put_nowait)
        self._pushed: dict[str, Mapping[str, Any]] = {}
        self._started_ms = 0
        self._stale_since: Instant | None = None
        self._last_at: Instant | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    def start(self, venue_ms: int) -> None:
        """Begin to listen; fills from this venue time on are told."""
        self._started_ms = venue_ms
        self._stale_since = self._clock.now()
        handlers = {"watch_my_trades": self._on_trades, "watch_orders": self._on_orders}
        self._tasks = [asyncio.create_task(self._watch(method, handlers[method])) for method in sorted(self._watched)]
        self._tasks.append(asyncio.create_task(self._compare_for_ever()))

    async def replies(self) -> AsyncIterator[ExchangeReply]:
        """What is told, until the stream is closed."""
        while not self._is_closed or not self._queue.empty():
            reply = await self._queue.get()
            if reply is None:
                return
            yield reply

    def health(self) -> StreamHealth:
        """How the stream is doing."""
        return StreamHealth(
            name="replies",
            connected=self._stale_since is None,
            last_at=self._last_at,
            stale_since=self._stale_since,
        )

    async def reconcile(self) -> None:
        """Compare with what the exchange shows now, and tell what was missed."""
        async with self._turn:
            await self._compare()

    async def close(self) -> None:
        """End every task, and the stream."""
        self._is_closed = True
        await end_all(self._tasks)
        self._tasks = []
        self._queue.put_nowait(None)

    async def _watch(self, method: str, handle: Callable[[Sequence[Mapping[str, Any]]], Awaitable[None]]) -> None:
        failures = 0
        while True:
            self._waiting_since[method] = self._clock.now()
            try:
                with decimal.localcontext():
                    items = list(await getattr(self._session.exchange, method)())
                failures = 0
                self._confirmed.add(method)
                await handle(items)
            except Exception as fault:  # noqa: BLE001  Whatever a stream fails with, it is begun again.
                if any(kind.__name__ in _FOR_GOOD for kind in type(fault).__mro__):
                    self._watched.discard(method)
                    _log.info("ccxt_polls", method=method, reason=self._session.shown(str(fault)))
                    self._woken.set()
                    return
                self._lose(method, fault)
                failures += 1
                await self._sleep(min(WAKE_S * 2**failures, BACKOFF_S_MAX))

    def _lose(self, method: str, fault: Exception) -> None:
        reason = self._session.shown(f"{type(fault).__name__}: {fault}")
        _log.warning("ccxt_stream_lost", method=method, reason=reason)
        self._confirmed.discard(method)
        self._waiting_since.pop(method, None)
        self._go_stale()
        self._woken.set()

    def _go_stale(self) -> None:
        if self._stale_since is None:
            self._stale_since = self._clock.now()

    async def _compare_for_ever(self) -> None:
        failures = 0
        while True:
            try:
                await self.reconcile()
                failures = 0
            except S1mpleTraderError as fault:
                failures += 1
                self._go_stale()
                _log.warning("ccxt_comparison_failed", reason=self._session.shown(str(fault)))
            is_quiet = self._stale_since is None and not self._teller.is_holding and not self._nudges
            self._nudges = max(0, self._nudges - 1)
            pause = self._reconcile_s if is_quiet and "watch_my_trades" in self._watched else self._poll_s
            await self._pause(min(pause * 2**failures, BACKOFF_S_MAX) if failures else pause)

    async def _pause(self, seconds: float) -> None:
        """Wait, or less where something asks for a comparison."""
        await self._sleep(min(WAKE_S, seconds))
        waits = [asyncio.create_task(self._woken.wait()), asyncio.create_task(self._sleep(seconds - WAKE_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_all(waits)
        self._woken.clear()

    async def _sleep(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now() + max(0, round(seconds * SECOND_NS)))

    def _nudge(self) -> None:
        """Something has happened, and the exchange will show what."""
        self._nudges = NUDGES
        self._woken.set()

    async def _on_trades(self, trades: Sequence[Mapping[str, Any]]) -> None:
        if not self._is_whole:
            self._nudge()
            return
        async with self._turn:
            self._last_at = self._clock.now()
            self._pushed |= {identity_of(trade): dict(trade) for trade in trades}
            try:
                if self._stale_since is not None:
                    await self._compare()
                await self._tell_pushed()
            except S1mpleTraderError as fault:
                # They are kept, and told with what the next comparison finds.
                _log.info("ccxt_push_waits", reason=self._session.shown(str(fault)))
                self._go_stale()
                self._nudge()
            self._teller.tell_ends()

    async def _tell_pushed(self) -> None:
        await self._teller.tell_trades(list(self._pushed.values()), FillSource.STREAM)
        self._pushed.clear()

    async def _on_orders(self, orders: Sequence[Mapping[str, Any]]) -> None:
        if not self._is_whole:
            self._nudge()
            return
        async with self._turn:
            self._last_at = self._clock.now()
            for order in orders:
                if order.get("id") is not None:
                    self._teller.see(order)
            self._teller.tell_ends()
            if self._teller.is_holding:
                self._nudge()

    async def _compare(self) -> None:
        """Ask for our orders first and for the trades after them, so that every trade of an order that has ended is there."""
        begun = self._clock.now()
        await self._see_orders()
        shown: list[Mapping[str, Any]] = []
        for symbol in self._markets.symbols:
            since = max(self._started_ms, self._teller.newest_ms(symbol) - OVERLAP_MS)
            shown += await self._lookup.trades(symbol, since)
        source = FillSource.RECONCILED if self._watched else FillSource.POLL
        await self._teller.tell_trades([*shown, *self._pushed.values()], source)
        self._pushed.clear()
        self._teller.tell_ends(is_compared=True)
        self._last_at = self._clock.now()
        if self._teller.has_shorts():
            self._go_stale()
        elif all(self._is_subscribed(method, begun) for method in self._watched):
            self._stale_since = None

    def _is_subscribed(self, method: str, by: Instant) -> bool:
        waiting = self._waiting_since.get(method)
        return method in self._confirmed or (waiting is not None and waiting + SETTLE_NS <= by)

    async def _see_orders(self) -> None:
        """What has become of our live orders."""
        live = self._registry.live()
        symbols = {known.symbol for known in live}
        if self._registry.has_doubts(self._clock.now()):
            symbols |= set(self._markets.symbols)
        shown: dict[str, Mapping[str, Any]] = {}
        for symbol in sorted(symbols):
            shown |= {str(order["id"]): order for order in await self._lookup.open_orders(symbol) if order.get("id") is not None}
        for order in shown.values():
            self._teller.see(order)
        for known in live:
            if known.exchange_order_id in shown or self._teller.holds(known.exchange_order_id):
                continue
            found = await self._order(known)
            if found is not None:
                self._teller.see(found)

    async def _order(self, known: Known) -> Mapping[str, Any] | None:
        return await self._lookup.order(
            known.symbol,
            exchange_order_id=known.exchange_order_id,
            client_order_id=known.client_order_id,
            order_id=known.order_id,
        )
