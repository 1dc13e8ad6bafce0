"""Market data comes in whole or not at all: a bad row is refused with its place, a gap is counted."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from s1mpletrader.api import BadData, Candles, DataProvision, Series
from s1mpletrader.domain.instant import MINUTE_NS, SECOND_NS, instant_from_stamp
from s1mpletrader.plugins.market_data.file import FileConfig, FileSource
from s1mpletrader.plugins.market_data.generator import GeneratorConfig, GeneratorSource
from s1mpletrader.plugins.market_data.trades import TradesConfig, TradesSource

MINUTE = Series("BTC/USDT", "1m")
HEADER = "timestamp,open,high,low,close,volume"
ROWS = ["2022-01-01 00:00:00,10,12,9,11,5", "2022-01-01 00:01:00,11,13,10,12,6", "2022-01-01 00:03:00,12,12,12,12,0"]


def provision(directory: Path, series: Series = MINUTE, seed: int = 7) -> DataProvision:
    return DataProvision(series=series, seed=seed, directory=str(directory))


def read(directory: Path, rows: list[str], name: str = "candles.csv") -> Candles:
    (directory / name).write_text("\n".join([HEADER, *rows]) + "\n")
    return FileSource(FileConfig(path=name), provision(directory)).history(MINUTE)


def test_a_csv_gives_its_candles_and_counts_its_gaps(tmp_path: Path) -> None:
    candles = read(tmp_path, ROWS)
    assert candles.close.tolist() == [11.0, 12.0, 12.0]
    assert candles.opened_at.item(0) == instant_from_stamp("20220101_000000")
    assert candles.closed_at.item(0) == candles.opened_at.item(0) + MINUTE_NS
    assert candles.gap_count == 1


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_parquet_and_feather_give_the_same_candles(tmp_path: Path, kind: str) -> None:
    expected = read(tmp_path, ROWS)
    frame = pl.read_csv(tmp_path / "candles.csv", try_parse_dates=True).rename({"timestamp": "date"})
    path = tmp_path / f"candles.{kind}"
    if kind == "parquet":
        frame.write_parquet(path)
    else:
        frame.write_ipc(path)
    found = FileSource(FileConfig(path=path.name), provision(tmp_path)).history(MINUTE)
    assert found.fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2022-01-01 00:04:00,nan,12,9,11,5", "not a finite number"),
        ("2022-01-01 00:04:00,-1,12,9,11,5", "open"),
        ("2022-01-01 00:04:00,10,12,9,11,-5", "volume"),
        ("2022-01-01 00:04:00,10,10,9,11,5", "high"),
        ("2022-01-01 00:04:00,10,12,10.5,11,5", "low"),
        ("2022-01-01 00:03:00,10,12,9,11,5", "time"),
        ("2022-01-01 00:02:00,10,12,9,11,5", "time"),
    ],
)
def test_a_row_that_is_no_candle_is_refused_with_its_line(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(BadData) as refused:
        read(tmp_path, [*ROWS, row])
    message = str(refused.value)
    assert "candles.csv" in message
    assert "line 5" in message
    assert reason in message


def test_the_generator_repeats_under_a_seed_and_differs_under_another(tmp_path: Path) -> None:
    def made(seed: int, series: Series = MINUTE) -> Candles:
        return GeneratorSource(GeneratorConfig(candles=500), provision(tmp_path, series, seed)).history(series)

    assert len(made(1)) == 500
    assert made(1).fingerprint == made(1).fingerprint
    assert made(1).fingerprint != made(2).fingerprint
    assert made(1).close.tolist() != made(1, Series("ETH/USDT", "1m")).close.tolist()


REAL = pytest.mark.skipif("MARKET_DATA" not in os.environ, reason="real market data: MARKET_DATA is not set")


@REAL
@pytest.mark.parametrize(
    ("name", "timeframe", "rows", "has_gaps"),
    [
        ("BTCUSDT-PERP-1m-2022-01.csv", "1m", 45_031, False),
        ("ETH_BTC-5m.feather", "5m", 5_760, False),
        ("ADA_BTC-5m.feather", "5m", 5_720, True),
        ("GAPS_BTC-1m-2017-11.feather", "1m", 13_681, True),
    ],
)
def test_real_candles_are_read_whole(name: str, timeframe: str, rows: int, *, has_gaps: bool) -> None:
    series = Series("BTC/USDT", timeframe)
    path = Path(os.environ["MARKET_DATA"]) / name
    candles = FileSource(FileConfig(path=str(path)), provision(path.parent, series)).history(series)
    assert len(candles) == rows
    assert (candles.gap_count > 0) == has_gaps


@REAL
def test_real_trades_become_the_candles_of_a_plain_loop() -> None:
    path = Path(os.environ["MARKET_DATA"]) / "BTCUSDT-trades-2021-01-08.parquet"
    second = Series("BTC/USDT", "1s")
    candles = TradesSource(TradesConfig(path=str(path)), provision(path.parent, second)).history(second)
    frame = pl.read_parquet(path)
    stamps = frame["timestamp"]
    times = stamps.dt.epoch("ns") if stamps.dtype.is_temporal() else stamps.cast(pl.Int64) * 1_000_000
    loop: dict[int, list[float]] = {}
    for at, price, quantity in zip(times, frame["price"].cast(pl.Float64), frame["quantity"].cast(pl.Float64), strict=True):
        opening = at // SECOND_NS * SECOND_NS
        bar = loop.setdefault(opening, [price, price, price, price, 0.0])
        bar[1], bar[2], bar[3], bar[4] = max(bar[1], price), min(bar[2], price), price, bar[4] + quantity
    opened = candles.opened_at.tolist()
    assert len(opened) > 5
    assert set(opened) <= set(loop)
    for row, at in enumerate(opened):
        found = [values.item(row) for values in (candles.open, candles.high, candles.low, candles.close)]
        assert found == loop[at][:4]
        assert np.isclose(candles.volume.item(row), loop[at][4])
