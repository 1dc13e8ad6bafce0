"""The market as a decision sees it: as of the cursor, and never of a moment before."""

from collections.abc import Callable
from decimal import Decimal
from statistics import stdev

import numpy as np
import pytest

from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.market import VOLATILITY_WINDOW, Market
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Key, Series
from s1mpletrader.domain.instant import MINUTE_NS
from s1mpletrader.domain.reasons import MarketSnapshot

FIRST, SECOND = Series("BTC/USDT", "1m"), Series("ETH/USDT", "1m")
AVERAGE = Key(*FIRST, "average")


def candles(series: Series, closes: list[float]) -> Candles:
    column = np.array(closes, dtype=np.float64)
    return Candles(
        series=series,
        opened_at=np.arange(len(closes), dtype=np.int64) * MINUTE_NS,
        open=column.copy(),
        high=column.copy(),
        low=column.copy(),
        close=column,
        volume=column * 10,
    )


def market_of(**closes: list[float]) -> tuple[Market, Callable[[int], None]]:
    """A market, and a way to let so many candles have closed."""
    series = {"btc": FIRST, "eth": SECOND}
    facts = FactTable({series[name]: candles(series[name], values) for name, values in closes.items()})
    facts.add(AVERAGE, np.full(len(closes["btc"]), 7.0), first=2)

    def close(count: int) -> None:
        facts.at = count * MINUTE_NS
        for cursor in facts.cursors.values():
            cursor.count = count

    keys = {series[name].symbol: Key(*series[name], "close") for name in closes}
    return Market(facts, keys, (AVERAGE,)), close


def test_a_price_is_the_last_close_however_often_it_was_asked_for_before() -> None:
    market, close = market_of(btc=[1.5, 2.25, 3.0])
    assert market.price("BTC/USDT") is None
    for count, price in ((1, "1.5"), (2, "2.25"), (2, "2.25"), (3, "3.0")):
        close(count)
        assert market.price("BTC/USDT") == Decimal(price)
        assert market.prices() == {"BTC/USDT": Decimal(price)}
    assert market.price("ETH/USDT") is None


def test_prices_that_were_given_cannot_be_changed_and_do_not_change() -> None:
    market, close = market_of(btc=[1.0, 2.0], eth=[3.0, 4.0])
    close(1)
    before = market.prices()
    with pytest.raises(TypeError):
        before["BTC/USDT"] = Decimal(9)  # type: ignore[index]
    close(2)
    assert market.prices() == {"BTC/USDT": 2, "ETH/USDT": 4}
    assert before == {"BTC/USDT": 1, "ETH/USDT": 3}


def test_recorded_facts_begin_where_the_fact_does() -> None:
    market, close = market_of(btc=[1.0, 2.0, 3.0])
    close(2)
    assert market.facts() == {}
    close(3)
    assert market.facts() == {str(AVERAGE): 7.0}


def test_a_snapshot_has_the_last_candles_volume_and_the_volatility_once_there_are_enough() -> None:
    closes = [100.0 + (index * 7) % 5 for index in range(VOLATILITY_WINDOW + 2)]
    market, close = market_of(btc=closes)
    assert market.snapshot("BTC/USDT") is None
    close(VOLATILITY_WINDOW)
    early = market.snapshot("BTC/USDT")
    assert early is not None
    assert (early.volume, early.volatility) == (closes[VOLATILITY_WINDOW - 1] * 10, None)
    close(VOLATILITY_WINDOW + 1)
    late = market.snapshot("BTC/USDT")
    assert late is not None
    assert late.volatility == pytest.approx(stdev(np.diff(np.log(closes[: VOLATILITY_WINDOW + 1])).tolist()))
    assert late.at == market.at


def test_the_volume_since_an_instant_is_that_of_the_candles_that_closed_after_it() -> None:
    market, close = market_of(btc=[1.5, 2.25, 3.0, 4.0])
    close(3)
    volumes = [market.volume_since("BTC/USDT", at) for at in (0, MINUTE_NS - 1, MINUTE_NS, 2 * MINUTE_NS, 3 * MINUTE_NS)]
    assert volumes == [Decimal("67.5"), Decimal("67.5"), Decimal("52.5"), Decimal(30), Decimal(0)]
    close(4)
    assert market.volume_since("BTC/USDT", MINUTE_NS) == Decimal("92.5")
    assert market.at == 4 * MINUTE_NS


def test_a_snapshot_names_its_symbol_price_and_volume() -> None:
    market, close = market_of(btc=[1.5, 2.25])
    close(2)
    assert market.snapshot("BTC/USDT") == MarketSnapshot(
        symbol="BTC/USDT", reference_price=Decimal("2.25"), volume=22.5, at=2 * MINUTE_NS
    )
    assert market.snapshot("ETH/USDT") is None


def test_volatility_is_that_around_the_drift() -> None:
    market, close = market_of(btc=[2.0**number for number in range(VOLATILITY_WINDOW + 1)])
    close(VOLATILITY_WINDOW + 1)
    steady = market.snapshot("BTC/USDT")
    assert steady is not None
    assert steady.volatility == pytest.approx(0, abs=1e-9)
