"""The breakout strategy, live against the local exchange on a bad day: afterwards the ledger says what the exchange says."""

import asyncio
from pathlib import Path

import pytest
import tomli

from s1mpletrader.analysis import audit_store
from s1mpletrader.configuration import load
from s1mpletrader.container import live_run
from s1mpletrader.exchange import ExchangeConfig, Fault, serve
from tests.exchange.submissions import sent_by_id
from tests.live.reckoning import overrides, owned, trades_of
from tests.running import EXAMPLES

SPEED = 600
HOURS = 10
STRATEGY = "live_local"


def bad_day() -> tuple[Fault, ...]:
    script = tomli.loads((EXAMPLES / "faults" / "bad_day.toml").read_text())
    return tuple(Fault.model_validate(fault) for fault in script["faults"])


async def day(store: Path) -> None:
    async with serve(ExchangeConfig(speed=SPEED, seed=3, faults=bad_day())) as running:
        exchange = running.exchange
        opening = owned(running)
        async with live_run(load(EXAMPLES / "live_local.toml", overrides(store, running, SPEED))) as container:
            run, stop = container.run(), asyncio.Event()
            asyncio.get_running_loop().call_later(HOURS * 3600 / SPEED, stop.set)
            await run.run(stop)
            ledger, journal = container.ledger(), container.journal()
            balances = dict(run.view(STRATEGY).balances)
            balances["USDT"] -= 50_000
            moved = {asset: amount - opening.get(asset, 0) for asset, amount in owned(running).items()}
            assert {asset: moved[asset] - balances.get(asset, 0) for asset in moved} == dict.fromkeys(moved, 0)
            ours, theirs = trades_of(ledger, running)
            assert ours == theirs
            assert len(ours) > 5
            assert list(ledger.orders(live=True)) == []
            assert exchange.accounts["test"].records.live() == []
            assert {len(sent) for sent in sent_by_id(exchange.log.requests).values()} == {1}
            assert exchange.faults.fired
            assert (exchange.log.unserved, exchange.log.failures) == ([], [])
            assert not audit_store([ledger], journal).violations


def test_ten_hours_of_a_bad_day_end_with_ledger_and_exchange_in_agreement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "test")
    monkeypatch.setenv("BINANCE_API_SECRET", "test")
    asyncio.run(day(tmp_path / "day.sqlite"))
