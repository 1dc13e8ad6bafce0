"""An account at any exchange that ccxt knows."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

import structlog

from s1mpletrader.api import (
    SECOND_NS,
    Accepted,
    AccountType,
    Amended,
    AmendOutcome,
    AuthenticationFailed,
    Balance,
    Cancelled,
    CancelOutcome,
    CancelRejected,
    Capabilities,
    ExchangeReply,
    Filled,
    FillSource,
    Health,
    Instant,
    Instrument,
    ListKind,
    NotSent,
    OrderDetails,
    OrderId,
    OrderRef,
    OrderRequest,
    OrderSnapshot,
    OrderState,
    OrderType,
    Outcome,
    Refused,
    Rejected,
    ReplaceOutcome,
    Side,
    TimeInForce,
    Unavailable,
    Unknown,
    UnknownId,
    UnsupportedOrder,
    plain,
)
from s1mpletrader.plugins.ccxt_exchange.capabilities import BUYS_IN_BASE, capabilities_of
from s1mpletrader.plugins.ccxt_exchange.client_ids import IdRule
from s1mpletrader.plugins.ccxt_exchange.config import CcxtConfig
from s1mpletrader.plugins.ccxt_exchange.faults import Fate
from s1mpletrader.plugins.ccxt_exchange.library import is_local
from s1mpletrader.plugins.ccxt_exchange.lookup import Lookup, milliseconds
from s1mpletrader.plugins.ccxt_exchange.registry import Known, OrderRegistry
from s1mpletrader.plugins.ccxt_exchange.replies import ReplyStream
from s1mpletrader.plugins.ccxt_exchange.session import Failure, NumberText, Session
from s1mpletrader.plugins.ccxt_exchange.translate import (
    SIGNIFICANT_DIGITS,
    Unreadable,
    balances_of,
    client_id_of,
    filled_of,
    instant,
    instrument_of,
    number,
    snapshot_of,
    state_of,
)

_log = structlog.get_logger(__name__)

CONFIRMATIONS_MAX: Final = 5
"""How often an order is looked at after the exchange has taken a cancellation without saying that the order has ended."""
CONFIRMATION_NS: Final = SECOND_NS // 5
MARKETS_NS: Final = 60 * SECOND_NS
"""The least time between two questions for the markets."""
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
        self._instruments: dict[str, Instrument] = {}
        self._symbols: dict[str, None] = {}
        self._lookup = Lookup(session, lambda: tuple(self._symbols))
        self._stream = ReplyStream(
            session,
            self._registry,
            self._lookup,
            symbols=lambda: tuple(self._symbols),
            instrument=self._instruments.get,
            watch=config.watch,
            poll_s=config.poll_s,
            reconcile_s=config.reconcile_s,
        )
        self._is_open = False
        self._are_rules_doubted = False
        self._loaded_at: Instant = 0

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
        await self._markets()
        for order in await self._open_at_start():
            self._registry.note(order)
        self._stream.start(await self._venue_ms() - LAG_MS)
        self._is_open = True

    async def submit(self, orders: Sequence[OrderRequest], list_kind: ListKind = ListKind.NONE) -> Sequence[Outcome]:
        """Place orders, one after the other."""
        self._check_supported([request.details for request in orders], list_kind)
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
            found = await self._find(order)
            if found is None:
                return CancelRejected(order_id=order.order_id, reason="the exchange knows no such order", at=self._clock.now())
            exchange_order_id = str(found["id"])
        answer = await self._session.change("cancel_order", exchange_order_id, order.symbol)
        if isinstance(answer, Failure):
            return self._cancel_failure(order, answer)
        return await self._confirmed(order, exchange_order_id, answer)

    async def amend(self, order: OrderRef, quantity: Decimal, price: Decimal | None = None) -> AmendOutcome:
        """Change an order where the exchange keeps its id; ``UnsupportedOrder`` elsewhere."""
        if not self._capabilities.amend:
            raise UnsupportedOrder(f"{self._venue} cannot change an order in place")
        shown = await self.query(order)
        if shown is None or shown.state.terminal:
            return CancelRejected(order_id=order.order_id, reason="there is no such live order", at=self._clock.now())
        new_price = shown.details.price if price is None else price
        fault = await self._rule_broken(shown.symbol, quantity, new_price)
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
                    instrument=self._instruments.get(symbol),
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
        markets = await self._markets()
        unknown = sorted(set(symbols) - markets.keys())
        if unknown:
            raise Refused(f"{self._venue} does not list {', '.join(unknown)}")
        kind = "spot" if self._capabilities.account_type is AccountType.SPOT else "contract"
        others = sorted(symbol for symbol in symbols if not markets[symbol].get(kind))
        if others:
            raise Refused(f"{', '.join(others)}: a {self._capabilities.account_type} account trades {kind} markets")
        for symbol in symbols:
            self._instruments[symbol] = await self._instrument(markets[symbol])
            self._symbols[symbol] = None
        return {symbol: self._instruments[symbol] for symbol in symbols}

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

    async def _place(self, request: OrderRequest) -> Outcome:
        details, submitted_at = request.details, self._clock.now()
        self._symbols[details.symbol] = None
        fault = await self._rule_broken(details.symbol, details.quantity, details.price, details.stop_price)
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
        parameters: dict[str, Any] = {self._rule.key: request.client_order_id}
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
            self._are_rules_doubted = True
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
        instrument = self._instruments.get(str(order.get("symbol")))
        return snapshot_of(
            order,
            order_id=order_id,
            client_order_id=client_order_id,
            known=asked,
            multiplier=instrument.multiplier if instrument else Decimal(1),
            now=self._clock.now(),
        )

    async def _rule_broken(self, symbol: str, quantity: Decimal, *prices: Decimal | None) -> str | None:
        """The filter that an order breaks. What ccxt would round breaks one."""
        if symbol not in self._instruments or self._are_rules_doubted:
            await self.instruments([symbol])
        fault = self._instruments[symbol].violation(quantity, *prices)
        if fault is not None:
            return fault
        try:
            if number(self._session.local("amount_to_precision", symbol, plain(quantity))) != quantity:
                return "LOT_SIZE"
            for price in prices:
                if price is not None and number(self._session.local("price_to_precision", symbol, plain(price))) != price:
                    return "PRICE_FILTER"
        except Exception as fault:  # noqa: BLE001  What ccxt cannot write, it cannot send.
            return self._session.shown(str(fault))
        return None

    async def _markets(self) -> Mapping[str, Any]:
        """The markets; asked for anew after an order was refused, because the rules may have changed."""
        now = self._clock.now()
        is_due = self._are_rules_doubted and now >= self._loaded_at + MARKETS_NS
        markets: Mapping[str, Any] = await self._session.read("load_markets", is_due)
        if is_due or not self._loaded_at:
            self._are_rules_doubted, self._loaded_at = False, now
        return markets

    async def _instrument(self, market: Mapping[str, Any]) -> Instrument:
        mode, price = self._session.exchange.precisionMode, None
        if mode == SIGNIFICANT_DIGITS:
            price = number((await self._session.read("fetch_ticker", market["symbol"])).get("last"))
        return instrument_of(market, mode, price)

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


_TYPES: Final = {
    OrderType.MARKET: "market",
    OrderType.STOP: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP_LIMIT: "limit",
}
"""A stop is an order of these with a stop price."""


def _text(amount: Decimal | None) -> NumberText | None:
    return None if amount is None else NumberText(plain(amount))


def _time(order: Any, otherwise: Instant) -> Instant:
    if not isinstance(order, Mapping):
        return otherwise
    return instant(order.get("lastUpdateTimestamp") or order.get("timestamp"), otherwise)
