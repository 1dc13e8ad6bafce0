"""Questions about the account: orders, open orders, balances."""

import logging
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from s1mpletrader.api import Balance, IClock, Instant, KeyPermissions, OrderRef, OrderSnapshot
from s1mpletrader.plugins.binance.errors import NO_SUCH_ORDER, VenueRefused
from s1mpletrader.plugins.binance.messages import AccountAnswer, OrderAnswer, amount, decode
from s1mpletrader.plugins.binance.orders import Orders
from s1mpletrader.plugins.binance.parsing import snapshot
from s1mpletrader.plugins.binance.rest import NoAnswer, Rest
from s1mpletrader.plugins.binance.symbols import Symbols

_log: Final = logging.getLogger(__name__)

_ORDER_WEIGHT: Final = 4
_OPEN_ORDERS_WEIGHT: Final = 6
_ALL_OPEN_ORDERS_WEIGHT: Final = 80
_ACCOUNT_WEIGHT: Final = 20

T = TypeVar("T")


class Reading:
    """Asks over REST. An answer that cannot be understood is no answer."""

    def __init__(self, rest: Rest, symbols: Symbols, orders: Orders, clock: IClock) -> None:
        self._rest = rest
        self._symbols = symbols
        self._orders = orders
        self._clock = clock

    async def order(self, symbol: str, client_order_id: str) -> OrderAnswer | None:
        """An order by its client id; None where the venue does not find it."""
        rules = await self._symbols.rules(symbol)
        parameters = {"symbol": rules.venue_symbol, "origClientOrderId": client_order_id}
        try:
            return await self._ask("/api/v3/order", parameters, _ORDER_WEIGHT, OrderAnswer)
        except VenueRefused as refused:
            if refused.code == NO_SUCH_ORDER:
                return None
            raise

    async def query(self, order: OrderRef) -> OrderSnapshot | None:
        """An order as the domain sees it; ``NoAnswer`` for one whose state is not understood."""
        answer = await self.order(order.symbol, order.client_order_id)
        if answer is None:
            return None
        self._orders.adopt(order.client_order_id, order.order_id)
        try:
            found = snapshot(answer, order.order_id, order.symbol)
        except (ValueError, ArithmeticError) as error:
            raise NoAnswer(f"{order.client_order_id}: the venue's answer is not understood: {error}") from None
        self._follow(found)
        return found

    async def open_orders(self, symbol: str | None) -> list[OrderSnapshot]:
        """All live orders; one that is not understood is put aside, and logged."""
        if symbol is None:
            parameters, weight = {}, _ALL_OPEN_ORDERS_WEIGHT
        else:
            parameters, weight = {"symbol": (await self._symbols.rules(symbol)).venue_symbol}, _OPEN_ORDERS_WEIGHT
        answers = await self._ask("/api/v3/openOrders", parameters, weight, tuple[OrderAnswer, ...])
        found = [self._snapshot(answer) for answer in answers]
        return sorted((each for each in found if each is not None), key=lambda each: (each.venue_at, each.exchange_order_id))

    async def balances(self) -> list[Balance]:
        """Every asset that is not zero."""
        account = await self._account()
        try:
            found = [Balance(asset=each.asset, free=amount(each.free), locked=amount(each.locked)) for each in account.balances]
        except ValueError as error:
            raise NoAnswer(f"the balances are not understood: {error}") from None
        return [each for each in found if each.free or each.locked]

    async def permissions(self) -> KeyPermissions:
        """What the key may do; a key that the venue does not accept is refused."""
        account = await self._account()
        return KeyPermissions(trading=account.can_trade, withdrawals=account.can_withdraw)

    async def _account(self) -> AccountAnswer:
        return await self._ask("/api/v3/account", {"omitZeroBalances": "true"}, _ACCOUNT_WEIGHT, AccountAnswer)

    def _snapshot(self, answer: OrderAnswer) -> OrderSnapshot | None:
        symbol = self._symbols.ours(answer.symbol)
        try:
            found = snapshot(answer, self._orders.own(answer.client_order_id), symbol)
        except (ValueError, ArithmeticError) as error:
            _log.error("binance: the order %s was put aside: %s", answer.order_id, error)
            return None
        self._follow(found)
        return found

    def _follow(self, found: OrderSnapshot) -> None:
        """A live order of ours is compared from now on; what it has filled before is for its reader to ask."""
        if found.client_order_id is None:
            return
        self._orders.link(found.symbol, found.exchange_order_id, found.client_order_id)
        if found.order_id is not None and not found.state.terminal and not self._orders.is_finished(found.client_order_id):
            now: Instant = self._clock.now()
            self._orders.follow(
                found.client_order_id, found.order_id, found.symbol, found.details.quantity, found.filled_quantity, now
            )

    async def _ask(self, path: str, parameters: Mapping[str, str], weight: int, kind: type[T]) -> T:
        body = await self._rest.private(path, parameters, weight)
        try:
            return decode(body, kind)
        except (msgspec.MsgspecError, ValueError):
            raise NoAnswer(f"{path}: the answer cannot be read") from None
