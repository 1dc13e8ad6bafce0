"""One file for every environment: the breakout on spot loads in each, and its paper run goes on from the one before."""

import asyncio
from pathlib import Path

import pytest

from s1mpletrader.analysis import audit_store
from s1mpletrader.api import PluginConfig
from s1mpletrader.configuration import Mode, Portfolio, load
from s1mpletrader.container import live_run
from s1mpletrader.domain.instant import HOUR_NS, Instant
from tests.live.virtual_loop import run_virtually
from tests.running import EXAMPLES

FILE = EXAMPLES / "breakout_spot.toml"


@pytest.mark.parametrize(
    ("mode", "data", "exchange", "store", "speed"),
    [
        (Mode.BACKTEST, "generator", "simulated", "sqlite:///s1mpletrader.sqlite", 1),
        (Mode.PAPER, "generator", "simulated", "sqlite:///paper.sqlite", 300),
        (Mode.LIVE, "binance", "binance", "sqlite:///live.sqlite", 60),
    ],
)
def test_it_loads_in_every_environment(mode: Mode, data: str, exchange: str, store: str, speed: float) -> None:
    portfolio = load(FILE, [f"environment.mode={mode}"])
    (one,) = portfolio.strategies
    assert portfolio.environment.mode is mode
    assert [table.plugin.name for table in one.data] == [data]
    assert portfolio.exchange.plugin.name == exchange
    assert portfolio.ledger.url == store
    assert portfolio.environment.speed == speed


def test_the_strategy_is_the_same_in_all_of_them() -> None:
    backtest, paper, live = (load(FILE, [f"environment.mode={mode}"]) for mode in Mode)
    assert _strategy(backtest) == _strategy(paper) == _strategy(live)
    assert len(_strategy(backtest)) > 8
    assert backtest.account == paper.account == live.account


def _strategy(portfolio: Portfolio) -> list[tuple[str, str, PluginConfig]]:
    (one,) = portfolio.strategies
    return [(table.name, table.plugin.name, table.config) for table in one.deciding_tables if table is not one.exchange]


async def _for(portfolio: Portfolio, length: Instant) -> tuple[Instant, Instant, int]:
    """Run until so much of its time has passed; when it began and ended, and how many fills its store has."""
    async with live_run(portfolio) as container:
        run, clock, stop = container.run(), container.real_clock(), asyncio.Event()
        begun_at = clock.now()
        running = asyncio.create_task(run.run(stop))
        await clock.sleep_until(begun_at + length)
        stop.set()
        await running
        assert not audit_store([container.ledger()], container.journal()).violations
        return begun_at, clock.now(), len(list(container.ledger().fills()))


def test_on_paper_it_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    stores = ("exchange.world", "ledger.url", "recording.directory")
    places = (f"{tmp_path}/venue.world", f"sqlite:///{tmp_path}/paper.sqlite", str(tmp_path))
    overrides = ["environment.mode=paper", *(f"{key}={place}" for key, place in zip(stores, places, strict=True))]
    first_at, stopped_at, fills = run_virtually(_for(load(FILE, overrides), 6 * HOUR_NS))
    again_at, ended_at, fills_in_all = run_virtually(_for(load(FILE, overrides), 6 * HOUR_NS))
    assert 0 < fills < fills_in_all
    assert first_at + 6 * HOUR_NS <= stopped_at
    assert stopped_at - HOUR_NS < again_at < ended_at
