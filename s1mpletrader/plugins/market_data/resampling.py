"""Slower candles from faster ones, and candles from trades.

Candles begin at whole multiples of their length since 1970, those of weeks on Mondays. Sums run in the order of time, so that
they are the same on every machine.
"""

from typing import Final

import numpy as np

from s1mpletrader.api import DAY_NS, BoolArray, Candles, FloatArray, InstantArray, Series, timeframe_ns

_WEEK_NS: Final = 7 * DAY_NS
_FIRST_MONDAY_NS: Final = 4 * DAY_NS


def check_timeframes(source: str, target: str) -> None:
    """``ValueError`` unless candles of the target timeframe are made of whole candles of the source timeframe."""
    if timeframe_ns(target) % timeframe_ns(source):
        raise ValueError(f"source_timeframe: {target} candles are not made of whole {source} candles")


def slower(candles: Candles, timeframe: str) -> Candles:
    """The candles of a slower timeframe, from one candle at least.

    Left out are the first where the source begins within it, and the last where the source ends within it: neither is known
    whole. A gap inside a candle is a time without trades.
    """
    starts = _starts(candles.opened_at, timeframe)
    first, groups = _groups(starts)
    opened_at = starts[first]
    whole = np.ones(len(first), dtype=np.bool_)
    whole[0] = candles.opened_at[0] == opened_at[0]
    whole[-1] &= candles.closed_at[-1] >= opened_at[-1] + timeframe_ns(timeframe)
    return _candles(
        Series(candles.series.symbol, timeframe),
        opened_at,
        whole,
        candles.open[first],
        np.maximum.reduceat(candles.high, first),
        np.minimum.reduceat(candles.low, first),
        candles.close[_last(first, len(candles))],
        _sums(groups, candles.volume),
    )


def candles_from_trades(series: Series, at: InstantArray, price: FloatArray, quantity: FloatArray) -> Candles:
    """The candles of one trade or more, in the order of time. The last is left out: no later trade shows that it has ended."""
    starts = _starts(at, series.timeframe)
    first, groups = _groups(starts)
    whole = np.ones(len(first), dtype=np.bool_)
    whole[-1] = False
    return _candles(
        series,
        starts[first],
        whole,
        price[first],
        np.maximum.reduceat(price, first),
        np.minimum.reduceat(price, first),
        price[_last(first, len(at))],
        _sums(groups, quantity),
    )


def _starts(at: InstantArray, timeframe: str) -> InstantArray:
    length = timeframe_ns(timeframe)
    shift = _FIRST_MONDAY_NS if length % _WEEK_NS == 0 else 0
    starts: InstantArray = at - (at - shift) % length
    return starts


def _groups(starts: InstantArray) -> tuple[InstantArray, InstantArray]:
    """The first row of each run of equal starts, and each row's run."""
    changes = np.diff(starts, prepend=starts[:1] - 1) != 0
    return np.flatnonzero(changes), np.cumsum(changes) - 1


def _last(first: InstantArray, count: int) -> InstantArray:
    last: InstantArray = np.append(first[1:], count) - 1
    return last


def _sums(groups: InstantArray, values: FloatArray) -> FloatArray:
    sums: FloatArray = np.bincount(groups, weights=values).astype(np.float64, copy=False)
    return sums


def _candles(
    series: Series,
    opened_at: InstantArray,
    whole: BoolArray,
    open_: FloatArray,
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    volume: FloatArray,
) -> Candles:
    return Candles(
        series=series,
        opened_at=opened_at[whole],
        open=open_[whole],
        high=high[whole],
        low=low[whole],
        close=close[whole],
        volume=volume[whole],
    )
