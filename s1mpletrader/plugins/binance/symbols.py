"""Symbols: ours are written BASE/QUOTE, the venue's without the stroke; each with the rules for its orders."""

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from s1mpletrader.api import SECOND_NS, IClock, Instant, Instrument, Maintenance, OrderDetails, Refused, Unavailable
from s1mpletrader.plugins.binance.filters import Rules, rules_of
from s1mpletrader.plugins.binance.limits import Limits
from s1mpletrader.plugins.binance.messages import ExchangeAnswer, SymbolAnswer, decode
from s1mpletrader.plugins.binance.rest import NoAnswer, Rest

_log: Final = logging.getLogger(__name__)

_PATH: Final = "/api/v3/exchangeInfo"
_WEIGHT: Final = 20
_TRADING: Final = "TRADING"
_RECHECK_NS: Final = 10 * SECOND_NS


class FilterFailure(Refused):
    """An order breaks one of the venue's filters. Nothing was sent."""


class Symbols:
    """What the venue lists. Asked for once, and again for one symbol where the venue shows that its rules have changed."""

    def __init__(self, rest: Rest, limits: Limits, clock: IClock) -> None:
        self._rest = rest
        self._limits = limits
        self._clock = clock
        self._by_ours: dict[str, Rules] = {}
        self._by_venues: dict[str, Rules] = {}
        self._asked_at: dict[str, Instant] = {}

    async def load(self) -> None:
        """Fetch everything that is listed, and the limits."""
        self._take(await self._ask({}))

    async def refresh(self, symbol: str) -> None:
        """Fetch one symbol's rules anew; what is known stays where that cannot be done now."""
        known = self._by_ours.get(symbol)
        if known is None:
            return
        self._asked_at[symbol] = self._clock.now()
        try:
            self._take(await self._ask({"symbol": known.venue_symbol}))
        except (Unavailable, Refused) as error:
            _log.warning("binance: the rules of %s could not be fetched anew: %s", symbol, error)

    async def rules(self, symbol: str) -> Rules:
        """A symbol's rules; ``Refused`` where the venue does not list it."""
        if not self._by_ours:
            await self.load()
        found = self._by_ours.get(symbol)
        if found is None:
            raise Refused(f"binance does not list {symbol}; its symbols are written like BTC/USDT")
        return found

    async def tradable(self, symbol: str) -> Rules:
        """The rules of a symbol that takes orders now; ``Maintenance`` for one that does not."""
        rules = await self.rules(symbol)
        if rules.status != _TRADING:
            rules = await self._asked_again(symbol)
        if rules.status != _TRADING:
            raise Maintenance(f"{symbol} takes no new orders: {rules.status}")
        return rules

    async def taking(self, symbol: str, orders: Sequence[OrderDetails]) -> Rules:
        """The rules of a symbol that takes these orders now; ``FilterFailure`` for one that breaks a filter.

        That a filter was made looser shows in no answer to an order: before one is refused here, the rules are asked for again.
        """
        rules = await self.tradable(symbol)
        if any(rules.violation(details, None) is not None for details in orders):
            rules = await self._asked_again(symbol)
        for details in orders:
            check_filters(rules, details)
        return rules

    async def _asked_again(self, symbol: str) -> Rules:
        """The rules, fetched anew unless that was done just before."""
        if self._clock.now() - self._asked_at.get(symbol, -_RECHECK_NS) >= _RECHECK_NS:
            await self.refresh(symbol)
        return await self.rules(symbol)

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """The domain's view of their rules."""
        return {symbol: (await self.rules(symbol)).instrument() for symbol in symbols}

    def ours(self, venue_symbol: str) -> str:
        """Our name of a symbol; the venue's own where it is not listed any more."""
        found = self._by_venues.get(venue_symbol)
        return found.symbol if found is not None else venue_symbol

    async def _ask(self, parameters: Mapping[str, str]) -> ExchangeAnswer:
        body = await self._rest.public(_PATH, parameters, _WEIGHT)
        try:
            return decode(body, ExchangeAnswer)
        except (msgspec.MsgspecError, ValueError):
            raise NoAnswer("the exchange information cannot be read") from None

    def _take(self, answer: ExchangeAnswer) -> None:
        self._limits.learn(answer.rate_limits)
        for symbol in answer.symbols:
            self._take_one(symbol)

    def _take_one(self, symbol: SymbolAnswer) -> None:
        try:
            rules = rules_of(symbol)
        except (msgspec.MsgspecError, ValueError, ArithmeticError) as error:
            _log.warning("binance: the rules of %s cannot be read: %s", symbol.symbol, type(error).__name__)
            return
        self._by_ours[rules.symbol] = rules
        self._by_venues[rules.venue_symbol] = rules


def check_filters(rules: Rules, details: OrderDetails, quantity: Decimal | None = None) -> None:
    """Raise ``FilterFailure`` where an order breaks a filter that can be judged here."""
    broken = rules.violation(details, quantity)
    if broken is not None:
        raise FilterFailure(f"Filter failure: {broken}")
