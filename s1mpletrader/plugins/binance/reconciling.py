"""Comparing the account by request: what a stream has missed, told in the venue's order."""

import asyncio
import logging
from typing import Final

from s1mpletrader.api import SECOND_NS, Duration, Filled, FillSource, IClock, Instant, S1mpleTraderError
from s1mpletrader.plugins.binance.desk import Desk
from s1mpletrader.plugins.binance.messages import OrderAnswer
from s1mpletrader.plugins.binance.orders import Orders, Tracked
from s1mpletrader.plugins.binance.reading import Reading
from s1mpletrader.plugins.binance.rest import Rest
from s1mpletrader.plugins.binance.trades import Trades
from s1mpletrader.plugins.binance.waiting import until

_log: Final = logging.getLogger(__name__)

_AGAIN_NS: Final = SECOND_NS
"""How soon a comparison is repeated that did not fit, or failed: an answer may lag behind the stream. Each pause doubles."""
_DOUBLED_MAX: Final = 20


class Reconciler:
    """Compares all live orders, and the trades of all followed symbols since the comparison before."""

    def __init__(
        self, reading: Reading, trades: Trades, orders: Orders, desk: Desk, rest: Rest, clock: IClock, every_ns: Duration
    ) -> None:
        self._reading = reading
        self._trades = trades
        self._orders = orders
        self._desk = desk
        self._rest = rest
        self._clock = clock
        self._every_ns = every_ns
        self._one_at_a_time = asyncio.Lock()
        self._began: Instant = 0
        self._followed: set[str] = set()
        self._settled: dict[str, int] = {}
        self._poked = asyncio.Event()
        self._fails = False

    def begin(self) -> None:
        """What trades from now on is this connector's to tell."""
        self._began = self._rest.time.now()

    def follow(self, symbol: str) -> None:
        """Compare a symbol's trades, too."""
        self._followed.add(symbol)

    def soon(self) -> None:
        """Something does not fit: compare without waiting for the next turn."""
        self._poked.set()

    async def catch_up(self) -> None:
        """Compare before an event is told that comes after what was missed. While comparisons fail, no event waits for one."""
        if self._fails:
            return
        try:
            await self.run()
        except S1mpleTraderError as error:
            _log.warning("binance: what was missed cannot be asked for yet: %s", error)

    async def run(self) -> bool:
        """Compare once, and tell what was missed: fills first, in the venue's order, then how orders have ended.

        False where the venue's own answers do not fit yet.
        """
        async with self._one_at_a_time:
            try:
                fits = await self._compare()
            except Exception:
                self._fails = True
                raise
            self._fails = False
            return fits

    async def keep_on(self) -> None:
        """Compare again and again, also while all seems well."""
        again = 0
        while True:
            wait_ns = min(_AGAIN_NS << min(again - 1, _DOUBLED_MAX), self._every_ns) if again else self._every_ns
            await until(self._clock, self._clock.now() + wait_ns, self._poked.wait())
            self._poked.clear()
            try:
                await self._rest.time.refresh()
                fits = await self.run()
            except S1mpleTraderError as error:
                _log.warning("binance: the account could not be compared: %s", error)
                fits = False
            except Exception:  # noqa: BLE001 - the next turn is another try, and it is logged
                _log.exception("binance: the account could not be compared")
                fits = False
            again = 0 if fits else again + 1

    async def _compare(self) -> bool:
        # Orders are asked for before trades, so that no order's end is told without the fills that came before it.
        asked = [(tracked, await self._reading.order(tracked.symbol, tracked.client_order_id)) for tracked in self._live()]
        for fill in await self._missed():
            await self._desk.fill(fill)
        fits = [await self._tell(tracked, answer) for tracked, answer in asked if answer is not None]
        return all(fits)

    def _live(self) -> list[Tracked]:
        live = self._orders.live(self._clock.now())
        for tracked in live:
            self.follow(tracked.symbol)
        return live

    async def _missed(self) -> list[Filled]:
        missed: list[Filled] = []
        for symbol in sorted(self._followed):
            settled = self._settled.get(symbol)
            if settled is None:
                fills = await self._trades.since(symbol, self._began, FillSource.RECONCILED)
            else:
                fills = await self._trades.after(symbol, settled, FillSource.RECONCILED)
            if fills:
                self._settled[symbol] = max(int(fill.venue_trade_id) for fill in fills)
            missed += fills
        return sorted(missed, key=lambda fill: (fill.venue_at, fill.symbol, int(fill.venue_trade_id)))

    async def _tell(self, tracked: Tracked, answer: OrderAnswer) -> bool:
        try:
            return await self._desk.order(answer, tracked)
        except (ValueError, ArithmeticError) as error:
            _log.error("binance: %s was put aside: %s", tracked.client_order_id, error)
            return True
