"""The markets that an exchange lists, and whether an order keeps their rules."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from s1mpletrader.api import SECOND_NS, AccountType, Instant, Instrument, Refused, plain
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.ccxt_exchange.translate import SIGNIFICANT_DIGITS, instrument_of, number

RELOAD_NS: Final = 60 * SECOND_NS
"""The least time between two questions for the markets."""


class Markets:
    """The instruments that are traded, by ccxt's symbols. They are followed from when they are asked for."""

    def __init__(self, session: Session, account_type: AccountType) -> None:
        self._session = session
        self._account_type = account_type
        self._instruments: dict[str, Instrument] = {}
        self._followed: dict[str, None] = {}
        self._are_doubted = False
        self._loaded_at: Instant = 0

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is followed, in the order in which it was asked for."""
        return tuple(self._followed)

    def instrument(self, symbol: str) -> Instrument | None:
        """The instrument, as far as it is known."""
        return self._instruments.get(symbol)

    def doubt(self) -> None:
        """The exchange refused an order: its rules may have changed."""
        self._are_doubted = True

    async def load(self) -> Mapping[str, Any]:
        """The markets as ccxt gives them; asked for anew where they are in doubt."""
        now = self._session.clock.now()
        is_due = self._are_doubted and now >= self._loaded_at + RELOAD_NS
        markets: Mapping[str, Any] = await self._session.read("load_markets", is_due)
        if is_due or not self._loaded_at:
            self._are_doubted, self._loaded_at = False, now
        return markets

    async def instruments(self, symbols: Sequence[str]) -> Mapping[str, Instrument]:
        """The rules of these symbols; ``Refused`` for one that is not listed, or not for this kind of account."""
        markets = await self.load()
        unknown = sorted(set(symbols) - markets.keys())
        if unknown:
            raise Refused(f"{self._session.exchange.id} does not list {', '.join(unknown)}")
        kind = "spot" if self._account_type is AccountType.SPOT else "contract"
        others = sorted(symbol for symbol in symbols if not markets[symbol].get(kind))
        if others:
            raise Refused(f"{', '.join(others)}: a {self._account_type} account trades {kind} markets")
        for symbol in symbols:
            self._instruments[symbol] = await self._instrument(markets[symbol])
            self._followed[symbol] = None
        return {symbol: self._instruments[symbol] for symbol in symbols}

    async def broken_rule(self, symbol: str, quantity: Decimal, *prices: Decimal | None) -> str | None:
        """The filter that an order breaks. What ccxt would round breaks one, because another order would be placed."""
        if symbol not in self._instruments or self._are_doubted:
            await self.instruments([symbol])
        broken = self._instruments[symbol].violation(quantity, *prices)
        if broken is not None:
            return broken
        try:
            if self._written("amount_to_precision", symbol, quantity) != quantity:
                return "LOT_SIZE"
            if any(self._written("price_to_precision", symbol, price) != price for price in prices if price is not None):
                return "PRICE_FILTER"
        except Exception as fault:  # noqa: BLE001  What ccxt cannot write, it cannot send.
            return self._session.shown(str(fault))
        return None

    def _written(self, method: str, symbol: str, amount: Decimal) -> Decimal | None:
        return number(self._session.local(method, symbol, plain(amount)))

    async def _instrument(self, market: Mapping[str, Any]) -> Instrument:
        mode, price = self._session.exchange.precisionMode, None
        if mode == SIGNIFICANT_DIGITS:
            price = number((await self._session.read("fetch_ticker", market["symbol"])).get("last"))
        return instrument_of(market, mode, price)
