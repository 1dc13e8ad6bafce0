"""An account at any exchange that ccxt knows."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

import structlog

from s1mpletrader.api import (
    AccountType,
    AmendOutcome,
    AuthenticationFailed,
    Balance,
    CancelOutcome,
    Capabilities,
    ExchangeReply,
    Filled,
    FillSource,
    Health,
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
    ReplaceOutcome,
    Unavailable,
    UnsupportedOrder,
)
from s1mpletrader.plugins.ccxt_exchange.capabilities import capabilities_of
from s1mpletrader.plugins.ccxt_exchange.client_ids import IdRule
from s1mpletrader.plugins.ccxt_exchange.config import CcxtConfig
from s1mpletrader.plugins.ccxt_exchange.desk import Desk
from s1mpletrader.plugins.ccxt_exchange.library import is_local
from s1mpletrader.plugins.ccxt_exchange.lookup import Lookup, milliseconds
from s1mpletrader.plugins.ccxt_exchange.markets import Markets
from s1mpletrader.plugins.ccxt_exchange.registry import Known, OrderRegistry
from s1mpletrader.plugins.ccxt_exchange.replies import ReplyStream
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.ccxt_exchange.translate import (
    Unreadable,
    balances_of,
    client_id_of,
    filled_of,
    instant,
    snapshot_of,
)

_log = structlog.get_logger(__name__)

LAG_MS: Final = 5_000
"""How much earlier than its beginning the stream looks, for clocks that differ."""


class CcxtExchange:
    """One account. What is not declared by ``capabilities`` is refused here, and nothing is sent twice.

    Before anything is sent, price and quantity are compared with what ccxt would make of them: an order that it would round is
    rejected, because another one would be placed.
    """

    outlives_process = True

    def __init__(
        self,
        config: CcxtConfig,
        session: Session,
        rule: IdRule,
        *,
        account: str,
        account_type: AccountType,
        is_submitted: Callable[[OrderId], bool],
    ) -> None:
        self._session = session
        self._clock = session.clock
        self._rule = rule
        self._account = account
        self._venue = f"{config.exchange}-sandbox" if config.sandbox else config.exchange
        self._is_production = not (config.sandbox or is_local(config.host))
        self._capabilities = capabilities_of(session.exchange, account_type)
        self._registry = OrderRegistry(rule, is_submitted)
        self._markets = Markets(session, account_type)
        self._lookup = Lookup(session, lambda: self._markets.symbols)
        self._desk = Desk(session, self._registry, self._lookup, self._markets, rule.key)
        self._stream = ReplyStream(
            session,
            self._registry,
            self._lookup,
            markets=self._markets,
            watch=config.watch,
            poll_s=config.poll_s,
            reconcile_s=config.reconcile_s,
        )
        self._is_open = False

    @property
    def venue(self) -> str:
        """The exchange's name; its sandbox has another."""
        return self._venue

    @property
    def account(self) -> str:
        """The account's name."""
        return self._account

    @property
    def is_production(self) -> bool:
        """Whether orders cost real money: not in a sandbox, nor at a server on this machine."""
        return self._is_production

    def capabilities(self) -> Capabilities:
        """What ccxt declares of the exchange, as far as it keeps our promises."""
        return self._capabilities

    def venue_id(self, order_id: OrderId) -> str:
        """The order id in the form that the exchange takes."""
        return self._rule.form.write(order_id)

    def health(self) -> Health:
        """The reply stream, and whether the exchange listens."""
        return Health(streams=(self._stream.health(),), banned_until=self._session.banned_until)

    async def open(self) -> None:
        """Load the markets, find our open orders again, and begin to listen."""
        if self._is_open:
            return
        await self._markets.load()
        for order in await self._open_at_start():
            self._registry.note(order)
        self._stream.start(await self._venue_ms() - LAG_MS)
        self._is_open = True

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        """Place orders, one after the other."""
        self._check_supported([request.details for request in orders], list_kind)
        return await self._desk.submit(orders)

    async def cancel(self, order: OrderRef) -> CancelOutcome:
        """Cancel one order, and see that it has ended."""
        return await self._desk.cancel(order)

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> AmendOutcome:
        """Change an order where the exchange keeps its id; ``UnsupportedOrder`` elsewhere."""
        if not self._capabilities.amend:
            raise UnsupportedOrder(f"{self._venue} cannot change an order in place")
        return await self._desk.amend(order, await self.query(order), quantity, price)

    async def replace(self, order: OrderRef, replacement: OrderRequest) -> tuple[ReplaceOutcome, Outcome]:
        """``UnsupportedOrder``: what ccxt offers may end one order without placing the other."""
        raise UnsupportedOrder(f"{self._venue} cannot replace orders through ccxt")

    async def query(self, order: OrderRef) -> OrderSnapshot | None:
        """The order by the exchange's id or ours, wherever ccxt can look for it."""
        with _reading():
            found = await self._find(order)
        if found is None:
            return None
        known = self._registry.note(found)
        try:
            return self._snapshot(found, order.order_id, order.client_order_id, known)
        except Unreadable as fault:
            raise Unavailable(f"{self._venue} shows {order.order_id} with {fault}") from None

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        """All live orders; one whose record has no meaning here is left out, and logged."""
        snapshots = []
        with _reading():
            shown = await self._lookup.open_orders(symbol)
        for order in shown:
            known = self._registry.note(order)
            order_id = known.order_id if known else None
            try:
                snapshots.append(self._snapshot(order, order_id, client_id_of(order), known))
            except Unreadable as fault:
                _log.warning("ccxt_record_left_out", order=order.get("id"), reason=str(fault))
        return snapshots

    async def fills_since(self, symbol: str, at: Instant) -> Sequence[Filled]:
        """The account's fills in a symbol, oldest first, as far back as the exchange shows them."""
        fills = []
        with _reading():
            shown = await self._lookup.trades(symbol, milliseconds(at))
            owners = [await self._owner(trade, symbol) for trade in shown]
        for trade, known in zip(shown, owners, strict=True):
            client_order_id = self._registry.client_order_id(str(trade.get("order"))) or client_id_of(trade)
            try:
                filled = filled_of(
                    trade,
                    order_id=known.order_id if known else None,
                    client_order_id=client_order_id,
                    instrument=self._markets.instrument(symbol),
                    now=self._clock.now(),
                    source=FillSource.POLL,
                )
            except Unreadable as fault:
                _log.warning("ccxt_record_left_out", trade=trade.get("id"), reason=str(fault))
            else:
                fills.append(filled)
        return fills

    async def balances(self) -> Sequence[Balance]:
        """Every asset that is not zero."""
        with _reading():
            return balances_of(await self._session.read("fetch_balance"))

    async def server_time(self) -> Instant:
        """The exchange's present, cut to its millisecond; ``Unavailable`` where ccxt cannot ask for it."""
        if self._session.exchange.has.get("fetchTime") is not True:
            raise Unavailable(f"{self._venue} does not tell its time through ccxt")
        with _reading():
            return instant(await self._session.read("fetch_time"), self._clock.now())

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """The rules of these symbols, in ccxt's spelling: ``BTC/USDT``, or ``BTC/USDT:USDT`` for a perpetual contract."""
        return await self._markets.instruments(symbols)

    async def replies(self) -> AsyncIterator[ExchangeReply]:
        """What the exchange tells unasked, until the connector is closed."""
        async for reply in self._stream.replies():
            yield reply

    async def reconcile(self) -> None:
        """Compare with what the exchange shows now; what was missed is told by ``replies``."""
        await self._stream.reconcile()

    async def close(self) -> None:
        """End the stream and every connection."""
        await self._stream.close()
        await self._session.exchange.close()

    async def _find(self, order: OrderRef) -> Mapping[str, Any] | None:
        return await self._lookup.order(
            order.symbol,
            exchange_order_id=order.exchange_order_id or self._registry.exchange_id(order.client_order_id),
            client_order_id=order.client_order_id,
            order_id=order.order_id,
        )

    async def _owner(self, trade: Mapping[str, Any], symbol: str) -> Known | None:
        if trade.get("order") is None:
            return None
        exchange_order_id = str(trade["order"])
        if not self._registry.is_noted(exchange_order_id):
            found = await self._lookup.order(symbol, exchange_order_id=exchange_order_id, client_order_id=None)
            if found is not None:
                self._registry.note(found)
        return self._registry.known(exchange_order_id)

    def _snapshot(
        self, order: Mapping[str, Any], order_id: OrderId | None, client_order_id: str | None, known: Known | None
    ) -> OrderSnapshot:
        asked = known.details if known else None
        if asked is None and order_id is not None:
            asked = self._registry.details(order_id)
        instrument = self._markets.instrument(str(order.get("symbol")))
        return snapshot_of(
            order,
            order_id=order_id,
            client_order_id=client_order_id,
            known=asked,
            multiplier=instrument.multiplier if instrument else Decimal(1),
            now=self._clock.now(),
        )

    async def _open_at_start(self) -> list[Mapping[str, Any]]:
        """Our open orders, where they can be listed before any symbol is known."""
        try:
            return await self._lookup.open_orders(None)
        except Refused:
            return []

    async def _venue_ms(self) -> int:
        """The exchange's time, or ours where it does not tell."""
        try:
            return milliseconds(await self.server_time())
        except Unavailable as fault:
            _log.info("ccxt_no_time", venue=self._venue, reason=str(fault))
            return milliseconds(self._clock.now())

    def _check_supported(self, orders: Sequence[OrderDetails], list_kind: ListKind) -> None:
        offered = self._capabilities
        if list_kind not in offered.list_kinds:
            raise UnsupportedOrder(f"{self._venue} has no lists of kind {list_kind} through ccxt")
        for details in orders:
            if details.type not in offered.order_types:
                raise UnsupportedOrder(f"{self._venue} has no {details.type} orders through ccxt")
            if details.time_in_force not in offered.times_in_force:
                raise UnsupportedOrder(f"{self._venue} has no {details.time_in_force} orders through ccxt")
            if details.reduce_only and not offered.reduce_only:
                raise UnsupportedOrder(f"{self._venue} has no orders that only reduce")


@contextmanager
def _reading() -> Iterator[None]:
    """A question that the exchange refuses may be answered later: only a key that it refuses is refused for good."""
    try:
        yield
    except AuthenticationFailed:
        raise
    except Refused as fault:
        raise Unavailable(str(fault)) from None
