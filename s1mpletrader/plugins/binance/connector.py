"""Binance Spot as a connector: commands, questions and the private stream of one account."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec.structs import replace as changed

from s1mpletrader.api import (
    SECOND_NS,
    AccountType,
    AmendOutcome,
    Balance,
    CancelOutcome,
    Capabilities,
    ExchangeReply,
    Filled,
    FillSource,
    Health,
    Instant,
    Instrument,
    KeyPermissions,
    ListKind,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    OrderType,
    Outcome,
    ReplaceOutcome,
    TimeInForce,
)
from s1mpletrader.plugins.binance.parts import PRODUCTION, Parts
from s1mpletrader.plugins.binance.waiting import settle

VENUE: Final = "binance"
_READY_NS: Final = 30 * SECOND_NS

CAPABILITIES: Final = Capabilities(
    order_types=frozenset(OrderType),
    times_in_force=frozenset(TimeInForce),
    list_kinds=frozenset(ListKind),
    account_type=AccountType.SPOT,
    reduce_only=False,
    amend=True,
    amend_price=False,
    replace=True,
    replace_linked=False,
)


class BinanceSpot:
    """One account at Binance Spot. Its parts hold the secrets; none of them shows in a representation."""

    def __init__(self, parts: Parts, *, venue: str, account: str) -> None:
        self._parts = parts
        self._venue = venue
        self._account = account
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    def __repr__(self) -> str:
        return f"BinanceSpot(venue={self._venue!r}, account={self._account!r})"

    @property
    def venue(self) -> str:
        """The venue's name; that of the testnet is another one."""
        return self._venue

    @property
    def account(self) -> str:
        """The account's name."""
        return self._account

    @property
    def outlives_process(self) -> bool:
        """True: orders rest at the venue whatever becomes of this process."""
        return True

    def capabilities(self) -> Capabilities:
        """What Binance Spot offers."""
        return CAPABILITIES

    def venue_id(self, order_id: OrderId) -> str:
        """The order id itself: at most 36 characters, all of which the venue takes."""
        return order_id

    async def open(self) -> None:
        """Learn the time and the rules, connect, and wait until the private stream has been confirmed."""
        parts = self._parts
        try:
            await parts.rest.time.measure()
            # A key that is not accepted is told at once; a stream that nobody confirms would only be waited for.
            await parts.reading.permissions()
            await parts.symbols.load()
            parts.reconciler.begin()
            parts.private_line.start()
            parts.command_line.start()
            await parts.private_line.ready(_READY_NS)
        except BaseException:
            await self.close()
            raise
        self._tasks.append(asyncio.create_task(parts.reconciler.keep_on(), name="binance comparison"))

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        """Place one order, or a list as one."""
        return await self._parts.trading.submit(orders, list_kind)

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Cancel; the venue cancels the whole list of an order that is in one."""
        return await self._parts.trading.cancel(order)

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> AmendOutcome:
        """Lower the quantity, keeping the place in the queue; ``UnsupportedOrder`` for another price."""
        return await self._parts.changing.amend(order, quantity, price)

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        """Cancel an order and place another; nothing is placed where the cancellation fails."""
        return await self._parts.changing.replace(order, replacement)

    async def query(self, order: OrderRef) -> OrderSnapshot | None:
        """The order by our id."""
        return await self._parts.reading.query(order)

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        """All live orders, oldest first."""
        return await self._parts.reading.open_orders(symbol)

    async def fills_since(self, symbol: str, at: Instant) -> Sequence[Filled]:
        """The account's fills in a symbol from a venue time on, oldest first."""
        return await self._parts.trades.since(symbol, at, FillSource.POLL)

    async def balances(self) -> Sequence[Balance]:
        """Every asset that is not zero."""
        return await self._parts.reading.balances()

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """The rules of these symbols. Their trades are compared from now on, too, whoever makes them."""
        found = await self._parts.symbols.instruments(symbols)
        for symbol in symbols:
            self._parts.reconciler.follow(symbol)
        return found

    @property
    def is_production(self) -> bool:
        """Whether orders are for real money."""
        return self._venue == PRODUCTION

    async def server_time(self) -> Instant:
        """The venue's present instant."""
        return await self._parts.rest.server_time()

    async def key_permissions(self) -> KeyPermissions:
        """What the venue lets the key do."""
        return await self._parts.reading.permissions()

    def replies(self) -> AsyncIterator[ExchangeReply]:
        """What the venue tells of the account's orders, until the connector is closed."""
        return self._parts.inbox.replies()

    def health(self) -> Health:
        """Both connections. A lost one for commands is no gap: REST stands in for it."""
        limits = self._parts.limits
        commands = changed(self._parts.command_line.health(), stale_since=None)
        return Health(
            streams=(self._parts.private_line.health(), commands),
            weight_used=limits.weight_used,
            weight_max=limits.weight_max,
            banned_until=limits.banned_until,
        )

    async def close(self) -> None:
        """End all connections and the reply stream; closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        await settle(self._tasks)
        await self._parts.private_line.close()
        await self._parts.command_line.close()
        self._parts.inbox.close()
        if self._parts.own_transport is not None:
            await self._parts.own_transport.close()
