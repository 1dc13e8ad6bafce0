"""Every built-in indicator: its incremental and its whole-history form are equal to the bit, on any data and on real data."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import CANDLE_FIELDS, Columns, ContextWorker, FloatArray, IWholeHistory, Key, Plugin, WorkerProvision
from s1mpletrader.contracts.generated import PROVISION, SERIES
from s1mpletrader.plugins.market_data.tables import read_table
from s1mpletrader.plugins.workers import s1mple_context_workers

BUILT_IN = {plugin.name: plugin for plugin in s1mple_context_workers()}
FILES = ("BTCUSDT-PERP-1m-2022-01.csv", "ETH_BTC-5m.feather", "GAPS_BTC-1m-2017-11.feather")
PRICES = st.floats(1e-8, 1e7) | st.sampled_from([0.1, 0.2, 0.3, 1.0, 1e-8, 1e7])


def worker_of(plugin: Plugin[Any, WorkerProvision, ContextWorker], period: int, **keys: str) -> ContextWorker:
    return plugin.build(plugin.config(period=period, **keys), replace(PROVISION, name="made"))


def same_to_the_bit(worker: ContextWorker, fields: dict[str, FloatArray]) -> int:
    """How many values there were: of both forms, and all of them the same bits."""
    assert isinstance(worker, IWholeHistory)
    data: Columns = {key: fields[key.name] for key in worker.needs}
    rows = len(fields["close"])
    (whole,) = worker.columns(data).values()
    update, made = worker.begin(), []
    for row in range(rows):
        given_ = update(tuple([data[key].item(row) for key in worker.needs]))
        assert (given_ is None) == (row < worker.window - 1)
        if given_ is not None:
            made.append(given_[0])
    incremental = np.array(made, dtype=np.float64)
    assert len(whole) == rows
    assert np.isfinite(incremental).all()
    assert incremental.tobytes() == np.ascontiguousarray(whole[worker.window - 1 :]).tobytes()
    return len(made)


def candle_columns(prices: list[float], reach: list[float]) -> dict[str, FloatArray]:
    """Candles through these closes, each reaching so far (in parts of its price) beyond its ends."""
    close = np.array(prices)
    opened = np.concatenate([close[:1], close[:-1]])
    beyond = 1.0 + np.resize(np.array(reach), len(close))
    return {
        "open": opened,
        "high": np.maximum(opened, close) * beyond,
        "low": np.minimum(opened, close) / beyond,
        "close": close,
        "volume": np.ones(len(close)),
    }


@pytest.mark.parametrize("name", BUILT_IN)
@settings(max_examples=150)
@given(
    prices=st.lists(PRICES, min_size=1, max_size=60) | st.tuples(PRICES, st.integers(1, 60)).map(lambda it: [it[0]] * it[1]),
    reach=st.lists(st.floats(0, 0.5), min_size=1, max_size=5),
    period=st.integers(2, 14),
)
def test_on_any_data(name: str, prices: list[float], reach: list[float], period: int) -> None:
    same_to_the_bit(worker_of(BUILT_IN[name], period), candle_columns(prices, reach))


def real_columns(path: Path) -> dict[str, FloatArray]:
    table = read_table(path, CANDLE_FIELDS)
    return {name: table.numbers(name) for name in CANDLE_FIELDS}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", BUILT_IN)
def test_on_real_data(name: str, file: str) -> None:
    folder = os.environ.get("MARKET_DATA")
    if folder is None:
        pytest.skip(f"{file}: MARKET_DATA is not set")
    fields = {field: column[:40_000] for field, column in real_columns(Path(folder) / file).items()}
    for period in (2, 14, 200):
        assert same_to_the_bit(worker_of(BUILT_IN[name], period), fields) > 1_000


@pytest.mark.parametrize("field", ["open", "high", "low", "volume"])
def test_of_another_field(field: str) -> None:
    random = np.random.Generator(np.random.PCG64(7))
    fields = {name: np.round(100 + np.cumsum(random.normal(0, 1, 300)), 2) for name in CANDLE_FIELDS}
    worker = worker_of(BUILT_IN["ema"], 9, source=field)
    assert worker.needs == (Key(*SERIES, field),)
    assert same_to_the_bit(worker, fields) == 292
