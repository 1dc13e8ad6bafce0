"""A whole live run through ccxt: its candles and its orders at the local exchange, until the first fill is in the ledger."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from s1mpletrader.analysis import audit_store
from s1mpletrader.configuration import load
from s1mpletrader.container import live_run
from s1mpletrader.exchange import ExchangeConfig, SymbolConfig, serve

STRATEGY = """
[strategy]
name = "through_ccxt"
symbols = ["BTC/USDT"]
timeframes = ["1s"]

[environment]
mode = "live"

[account]
type = "spot"
currency = "USDT"
funds = {{ USDT = 100_000, BTC = 1 }}

[[data]]
plugin = "ccxt"
exchange = "binance"
host = "{host}"
rate_limit = false
settle_s = 0.1

[exchange]
plugin = "ccxt"
exchange = "binance"
sandbox = false
host = "{host}"
rate_limit = false

[ledger]
url = "sqlite:///{directory}/store.sqlite"

[[context]]
plugin = "ema"
name = "fast"
period = 2

[[context]]
plugin = "ema"
name = "slow"
period = 3

[[signal]]
plugin = "crossover"
fast = "fast"
slow = "slow"

[planner]
plugin = "weighing"
directions = ["LONG"]
opposite_signal = "close"

[[entry]]
plugin = "market"

[[size]]
plugin = "fixed"
quantity = "1"

[[execution]]
plugin = "single"
"""


def waves(directory: Path) -> ExchangeConfig:
    """A market of one-second candles that rises for four seconds and falls for four."""
    prices = [100 + abs(4 - second % 8) for second in range(2_000)]
    rows = [
        f"{1_767_225_600 + second},{before},{max(before, after)},{min(before, after)},{after},50"
        for second, (before, after) in enumerate(pairwise(prices))
    ]
    path = directory / "waves.csv"
    path.write_text("timestamp,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    return ExchangeConfig(timeframe="1s", candles_before=500, symbols={"BTC/USDT": SymbolConfig(file=path)})


def test_a_strategy_trades_through_ccxt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "test")
    monkeypatch.setenv("BINANCE_API_SECRET", "test")

    async def run() -> None:
        async with asyncio.timeout(90), serve(waves(tmp_path), directory=tmp_path) as running:
            path = tmp_path / "live.toml"
            path.write_text(STRATEGY.format(host=running.rest_url, directory=tmp_path))
            async with live_run(load(path)) as container:
                stopping = asyncio.Event()
                task = asyncio.create_task(container.run().run(stopping))
                for _ in range(200):
                    await asyncio.sleep(0.2)
                    if list(container.ledger().fills()) or task.done():
                        break
                stopping.set()
                await task
                (fill, *_) = container.ledger().fills()
                (trade, *_) = running.exchange.accounts["test"].records.trades
                assert (fill.price, fill.quantity) == (trade.price, trade.quantity)
                assert not audit_store([container.ledger()], container.journal()).violations
            assert running.exchange.log.unserved == []

    asyncio.run(run())
