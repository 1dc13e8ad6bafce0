"""Binance's market as a source of data: history, candles as they close, and the finer streams."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import time_ns
from typing import Final
from urllib.parse import urlsplit

from s1mpletrader.api import (
    SECOND_NS,
    BadData,
    Candle,
    Candles,
    DataProvision,
    Health,
    IClock,
    Instant,
    ITransport,
    Series,
    instant_from_datetime,
)
from s1mpletrader.plugins.binance.candle_feed import CandleFeed
from s1mpletrader.plugins.binance.config import BinanceDataConfig
from s1mpletrader.plugins.binance.endpoints import Endpoints, endpoints
from s1mpletrader.plugins.binance.klines import Klines, columns_of, interval_of, venue_symbol
from s1mpletrader.plugins.binance.limits import Limits
from s1mpletrader.plugins.binance.line import Line, Pace
from s1mpletrader.plugins.binance.market_stream import MarketStream
from s1mpletrader.plugins.binance.messages import MS_NS
from s1mpletrader.plugins.binance.order_book import BookView
from s1mpletrader.plugins.binance.rest import Rest
from s1mpletrader.plugins.binance.tape_feed import PublicTrade, TapeFeed, Ticker
from s1mpletrader.plugins.transport import AiohttpTransport

_FAR_NS: Final = 3_600 * SECOND_NS


class MachineClock:
    """The machine's time, for a history that is fetched where no clock is given."""

    def now(self) -> Instant:
        """The present."""
        return time_ns()

    async def sleep_until(self, at: Instant) -> None:
        """Wait for an instant."""
        while (left := at - self.now()) > 0:  # noqa: ASYNC110 - time passes; no event can be set for it
            await asyncio.sleep(min(left, _FAR_NS) / SECOND_NS)


class BinanceMarket:
    """One series of Binance Spot. Nothing is connected before something is asked for."""

    def __init__(self, config: BinanceDataConfig, provision: DataProvision) -> None:
        interval_of(provision.series.timeframe)
        venue_symbol(provision.series.symbol)
        self._config = config
        self._series = provision.series
        self._given = provision.transport
        self._clock: IClock = provision.clock or MachineClock()
        self._place = endpoints(config.environment, rest=config.rest_url, stream=config.stream_url)
        self._live: _Live | None = None

    @property
    def series(self) -> Sequence[Series]:
        """The one series of its table."""
        return (self._series,)

    def history(self, series: Series) -> Candles:
        """The closed candles from ``start`` to ``end``."""
        if self._config.start is None:
            raise BadData(f"{series}: binance has years of candles; give start in the [[data]] table")
        start = instant_from_datetime(self._config.start)
        end = instant_from_datetime(self._config.end) if self._config.end is not None else self._clock.now()
        # A loop may be running here already; a download never shares it.
        with ThreadPoolExecutor(max_workers=1) as elsewhere:
            return elsewhere.submit(asyncio.run, self._download(series, start, end)).result()

    async def open(self) -> None:
        """Measure the venue's time, and connect."""
        live = self._opened()
        await live.rest.time.measure()

    async def past(self, series: Series, start: Instant, end: Instant) -> Candles:
        """The closed candles of a span."""
        return columns_of(series, await self._opened().klines.closed(series, start, end))

    def candles(self, series: Sequence[Series], after: Instant) -> AsyncIterator[Candle]:
        """Candles as they close."""
        return self._opened().candles.candles(series, after)

    def trades(self, symbol: str) -> AsyncIterator[PublicTrade]:
        """Trades of anybody."""
        return self._opened().tape.trades(symbol)

    def tickers(self, symbol: str) -> AsyncIterator[Ticker]:
        """The best bid and ask."""
        return self._opened().tape.tickers(symbol)

    def books(self, symbol: str, depth: int = 20) -> AsyncIterator[BookView]:
        """The order book's best levels."""
        return self._opened().tape.books(symbol, depth)

    def health(self) -> Health:
        """The stream, once there is one."""
        if self._live is None:
            return Health()
        limits = self._live.limits
        return Health(
            streams=(self._live.line.health(),),
            weight_used=limits.weight_used,
            weight_max=limits.weight_max,
            banned_until=limits.banned_until,
        )

    async def close(self) -> None:
        """End the connection, and with it every iterator."""
        live, self._live = self._live, None
        if live is not None:
            await live.close()

    def _opened(self) -> "_Live":
        if self._live is None:
            self._live = _Live(self._config, self._place, self._clock, self._given)
        return self._live

    async def _download(self, series: Series, start: Instant, end: Instant) -> Candles:
        own = AiohttpTransport() if self._given is None else None
        try:
            rest, _ = _rest_of(self._config, self._place, self._clock, _either(self._given, own))
            return columns_of(series, await Klines(rest, self._clock).closed(series, start, end))
        finally:
            if own is not None:
                await own.close()


class _Live:
    """What is there while the source is connected."""

    def __init__(self, config: BinanceDataConfig, place: Endpoints, clock: IClock, given: ITransport | None) -> None:
        self._own = AiohttpTransport() if given is None else None
        transport = _either(given, self._own)
        timeout_ns = config.request_timeout_ms * MS_NS
        self.rest, self.limits = _rest_of(config, place, clock, transport)
        self.klines = Klines(self.rest, clock)
        self._stream = MarketStream(clock, timeout_ns)
        pace = Pace(silence_ns=config.silence_ms * MS_NS, answer_ns=timeout_ns)
        self.line = Line("market", f"{place.stream}/stream", transport, clock, self._stream, pace)
        self.candles = CandleFeed(self._stream, self.klines, clock, config.late_ms * MS_NS)
        self.tape = TapeFeed(self._stream, self.rest, clock)
        self.line.start()

    async def close(self) -> None:
        """End the connection, and with it every iterator."""
        self._stream.close()
        await self.line.close()
        if self._own is not None:
            await self._own.close()


def _rest_of(config: BinanceDataConfig, place: Endpoints, clock: IClock, transport: ITransport) -> tuple[Rest, Limits]:
    limits = Limits(clock, urlsplit(place.rest).netloc, None)
    return Rest(place.rest, transport, clock, limits, timeout_ms=config.request_timeout_ms), limits


def _either(given: ITransport | None, own: AiohttpTransport | None) -> ITransport:
    transport = given or own
    if transport is None:
        raise TypeError("a source needs a transport")
    return transport
