"""A made-up market: a geometric random walk whose volatility comes in clusters.

Everything is derived from the seed and the series. A longer market begins with the shorter one, since numbers are drawn in blocks
of one size. What is used of arithmetic is exact by its standard (no logarithm, no exponential), and prices are whole ticks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Final

import numpy as np
from pydantic import Field, field_validator

from s1mpletrader.api import (
    DAY_NS,
    BadData,
    Candles,
    DataProvision,
    FloatArray,
    Instant,
    PluginConfig,
    Series,
    instant_from_datetime,
    timeframe_ns,
)
from s1mpletrader.plugins.market_data.resampling import check_timeframes, slower

_BLOCK: Final = 1 << 14
"""How many candles are drawn at once."""

_CLUSTERS: Final = (32, 256, 2_048, 16_384)
"""For how many candles each part of the volatility stays the same: bursts within calm and busy times. Each divides a block."""

_CLUSTER_SWING: Final = 0.35
"""By how much each part raises or lowers the volatility."""

_RETURN_MAX: Final = 0.5
_PRICE_TICKS_MAX: Final = 10**12
_TICKS_MAX: Final = 2**46
"""A price never goes beyond, so that ticks remain whole numbers in a float."""


class GeneratorConfig(PluginConfig):
    """What the market is like."""

    candles: Annotated[int, Field(ge=1)] = 10_000
    """How many candles the source's time has; those that fall into a gap are left out."""
    price: Annotated[Decimal, Field(gt=0)] = Decimal(30_000)
    """The first candle's open."""
    price_tick: Annotated[Decimal, Field(gt=0)] = Decimal("0.1")
    volatility: Annotated[float, Field(gt=0, le=1)] = 0.03
    """The mean standard deviation of a day's return, whatever the timeframe."""
    drift: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """The mean logarithmic return of a day."""
    volume: Annotated[float, Field(gt=0, le=1e12)] = 10.0
    """The mean volume of a candle."""
    start: datetime = datetime(2022, 1, 1, tzinfo=UTC)
    """When the first candle opens; UTC where no zone is given."""
    gap_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """The share of candles that are missing."""
    source_timeframe: str | None = None
    """The timeframe that is drawn, where slower candles are to be made of it: with the same one, two series of a symbol agree."""

    @field_validator("start")
    @classmethod
    def _utc(cls, start: datetime) -> datetime:
        return start if start.tzinfo is not None else start.replace(tzinfo=UTC)


class GeneratorSource:
    """One made-up series."""

    def __init__(self, config: GeneratorConfig, provision: DataProvision) -> None:
        self._config = config
        self._series = provision.series
        self._source = provision.series._replace(timeframe=config.source_timeframe or provision.series.timeframe)
        self._seed = provision.seed
        check_timeframes(self._source.timeframe, self._series.timeframe)
        if config.price < config.price_tick:
            raise ValueError(f"price: {config.price} is below the tick of {config.price_tick}")
        if config.price > config.price_tick * _PRICE_TICKS_MAX:
            raise ValueError(f"price_tick: {config.price_tick} is too small for a price of {config.price}")

    @property
    def series(self) -> Sequence[Series]:
        """The one series."""
        return (self._series,)

    def history(self, series: Series) -> Candles:
        """The market, the same at each call."""
        if series != self._series:
            raise BadData(f"the generator makes {self._series}, not {series}")
        candles = _generate(self._config, self._source, self._seed)
        return candles if self._source == self._series else slower(candles, self._series.timeframe)


@dataclass(frozen=True)
class _Ticks:
    """Prices as whole numbers of ticks: ``count * numerator / denominator``, which rounds once and so is the shortest float."""

    numerator: int
    denominator: int

    def prices(self, counts: FloatArray) -> FloatArray:
        return counts * self.numerator / self.denominator


def _generate(config: GeneratorConfig, series: Series, seed: int) -> Candles:
    draw = np.random.Generator(np.random.PCG64(_derived_seed(seed, series)))
    ticks = _Ticks(*config.price_tick.as_integer_ratio())
    step_ns = timeframe_ns(series.timeframe)
    walk = _Walk(config, step_ns, float(config.price / config.price_tick))
    columns: FloatArray = np.empty((5, config.candles))
    present = np.empty(config.candles, dtype=np.bool_)
    for begin in range(0, config.candles, _BLOCK):
        end = min(begin + _BLOCK, config.candles)
        columns[:, begin:end] = walk.block(draw)[:, : end - begin]
        present[begin:end] = draw.random(_BLOCK)[: end - begin] >= config.gap_share
    present[0] = True
    for prices in columns[:4]:
        prices[:] = ticks.prices(prices)
    opened_at = _first(config) + np.arange(config.candles, dtype=np.int64) * step_ns
    if config.gap_share:
        columns, opened_at = columns[:, present], opened_at[present]
    open_, high, low, close, volume = columns
    return Candles(series=series, opened_at=opened_at, open=open_, high=high, low=low, close=close, volume=volume)


def _first(config: GeneratorConfig) -> Instant:
    return instant_from_datetime(config.start)


def _derived_seed(seed: int, series: Series) -> int:
    return int.from_bytes(sha256(f"generator\x1f{seed}\x1f{series.symbol}\x1f{series.timeframe}".encode()).digest())


class _Walk:
    """The market's price and volatility, block after block. Prices are counted in ticks."""

    def __init__(self, config: GeneratorConfig, step_ns: int, price_ticks: float) -> None:
        days = step_ns / DAY_NS
        self._sigma = config.volatility * days**0.5
        self._drift = config.drift * days
        self._volume = config.volume
        self._price = price_ticks
        self._open = round(price_ticks)

    def block(self, draw: np.random.Generator) -> FloatArray:
        """Open, high, low, close in ticks, and volume."""
        activity: FloatArray = np.ones(_BLOCK)
        for length in _CLUSTERS:
            swings = np.where(draw.random(_BLOCK // length) < 0.5, 1 - _CLUSTER_SWING, 1 + _CLUSTER_SWING)
            activity *= np.repeat(swings, length)
        sigma = self._sigma * activity
        # Half the variance on top makes the middle of the paths, not their mean, keep to the drift.
        returns = draw.standard_normal(_BLOCK) * sigma + (self._drift + sigma * sigma / 2)
        np.clip(returns, -_RETURN_MAX, _RETURN_MAX, out=returns)
        prices = np.cumprod(np.concatenate(((self._price,), 1 + returns)))
        np.clip(prices, 1, _TICKS_MAX, out=prices)
        self._price = float(prices[-1])
        close = np.rint(prices[1:])
        open_ = np.concatenate(((self._open,), close[:-1]))
        self._open = int(close[-1])
        # The extremes of a Brownian path between two known ends.
        spread = 2 * (sigma * prices[:-1]) ** 2
        move_squared, middle = (close - open_) ** 2, close + open_
        high = np.ceil((middle + np.sqrt(move_squared + spread * draw.standard_exponential(_BLOCK))) / 2)
        low = np.floor((middle - np.sqrt(move_squared + spread * draw.standard_exponential(_BLOCK))) / 2)
        volume = np.rint(self._volume * activity * (0.25 + 0.75 * draw.standard_exponential(_BLOCK)) * 1_000) / 1_000
        high = np.maximum(high, np.maximum(open_, close))
        low = np.clip(low, 1, np.minimum(open_, close))
        result: FloatArray = np.stack((open_, high, low, close, volume))
        return result
