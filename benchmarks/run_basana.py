"""Basana at the job. Its bars, of Decimals, are made before it is measured."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import basana
from basana.backtesting.exchange import Exchange
from basana.backtesting.fees import Percentage
from basana.backtesting.liquidity import InfiniteLiquidity
from basana.core.bar import Bar, BarEvent
from basana.core.event import FifoQueueEventSource
from job import FAST, FEE_PERCENT, FUNDS, QUANTITY, SLOW, Columns, load_columns, measure, report

PAIR = basana.Pair("BTC", "USDT")
MINUTE = timedelta(minutes=1)


class Average:
    """An exponential average that begins with the mean of its first values."""

    def __init__(self, period: int) -> None:
        self._period, self._count, self._sum = period, 0, 0.0
        self._value = 0.0

    def update(self, value: float) -> float | None:
        """The average with one value more; None while there are too few."""
        self._count += 1
        if self._count > self._period:
            self._value += (value - self._value) * 2 / (self._period + 1)
            return self._value
        self._sum += value
        self._value = self._sum / self._period
        return self._value if self._count == self._period else None


class EmaCross:
    """The job as a strategy."""

    def __init__(self, exchange: Exchange) -> None:
        self.orders = 0
        self._exchange = exchange
        self._fast, self._slow = Average(FAST), Average(SLOW)
        self._before: float | None = None
        self._held = False

    async def on_bar(self, event: BarEvent) -> None:
        """A candle has closed."""
        close = float(event.bar.close)
        fast, slow = self._fast.update(close), self._slow.update(close)
        if fast is None or slow is None:
            return
        before, self._before = self._before, fast - slow
        if before is None:
            return
        if before <= 0 < self._before and not self._held:
            await self._order(basana.OrderOperation.BUY)
        elif before >= 0 > self._before and self._held:
            await self._order(basana.OrderOperation.SELL)

    async def _order(self, operation: basana.OrderOperation) -> None:
        self._held = not self._held
        self.orders += 1
        await self._exchange.create_market_order(operation, PAIR, Decimal(QUANTITY))


def bars(columns: Columns) -> list[BarEvent]:
    found = []
    names = ("opened_at", "open", "high", "low", "close", "volume")
    for opened_at, *values in zip(*(columns[name].tolist() for name in names), strict=True):
        begin = datetime.fromtimestamp(opened_at // 1_000_000_000, UTC)
        found.append(BarEvent(begin + MINUTE, Bar(begin, PAIR, *(Decimal(repr(value)) for value in values), MINUTE)))
    return found


def main() -> None:
    dispatcher = basana.backtesting_dispatcher()
    exchange = Exchange(
        dispatcher,
        {"USDT": Decimal(FUNDS)},
        fee_strategy=Percentage(Decimal(FEE_PERCENT)),
        liquidity_strategy_factory=InfiniteLiquidity,
    )
    for symbol in ("BTC", "USDT"):
        exchange.set_symbol_precision(symbol, 8)
    exchange.add_bar_source(FifoQueueEventSource(events=bars(load_columns())))
    strategy = EmaCross(exchange)
    exchange.subscribe_to_bar_events(PAIR, strategy.on_bar)

    def run() -> int:
        asyncio.run(dispatcher.run())
        return strategy.orders

    report(measure(run), "nothing")


if __name__ == "__main__":
    main()
