"""A strategy on paper, over replayed data in virtual time, does what its backtest does: the flows are the same ones."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from s1mpletrader.analysis import audit_store
from s1mpletrader.configuration import Portfolio, load
from s1mpletrader.container import BacktestContainer, live_run
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.domain.orders import OrderDetails
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.ledger import ILedgerReader
from tests.live.virtual_loop import run_virtually
from tests.running import ALL_EXAMPLES, EXAMPLES, MEMORY


class Ended(NamedTuple):
    """What a run came to."""

    balances: Mapping[str, Mapping[str, Decimal]]
    orders: list[tuple[OrderDetails, str, Decimal]]
    fills: list[tuple[Decimal, Decimal, Decimal]]
    metrics: Metrics
    ledger: ILedgerReader
    journal: IJournalReader


def ended(ledger: ILedgerReader, journal: IJournalReader, balances: dict[str, Mapping[str, Decimal]], metrics: Metrics) -> Ended:
    return Ended(
        balances,
        [(order.details, str(order.state), order.filled_quantity) for order in ledger.orders()],
        [(fill.price, fill.quantity, fill.fee) for fill in ledger.fills()],
        metrics,
        ledger,
        journal,
    )


async def on_paper(portfolio: Portfolio) -> Ended:
    async with live_run(portfolio) as container:
        run = container.run()
        await run.run(asyncio.Event())
        balances = {name: run.view(name).balances for name in run.identity.strategies}
        return ended(container.ledger(), container.journal(), balances, container.metrics())


def in_a_backtest(portfolio: Portfolio) -> Ended:
    container = BacktestContainer(configuration=portfolio)
    backtest = container.backtest()
    backtest.run()
    balances = {name: backtest.view(name).balances for name in backtest.identity.strategies}
    return ended(container.ledger(), container.journal(), balances, container.metrics())


def overrides(file: str) -> list[str]:
    tables = 0 if file == "portfolio.toml" else 2 if file in {"pairs.toml", "rebalance.toml"} else 1
    polling = ["news.0.poll_s=86400"] if file == "news.toml" else []
    return [*MEMORY, "recording.plugin=none", *polling, *(f"data.{number}.candles=1500" for number in range(tables))]


HAS_ANOTHER_VENUE_ON_PAPER = "breakout_spot.toml"
ALONE = [file for file in ALL_EXAMPLES if file not in ("portfolio.toml", HAS_ANOTHER_VENUE_ON_PAPER)]


@pytest.mark.parametrize("file", ALONE)
def test_paper_ends_as_the_backtest_does(file: str) -> None:
    backtest = in_a_backtest(load(EXAMPLES / file, overrides(file)))
    paper = run_virtually(on_paper(load(EXAMPLES / file, [*overrides(file), "environment.mode=paper"])))
    assert paper.orders == backtest.orders
    assert paper.fills == backtest.fills
    assert paper.balances == backtest.balances
    assert (paper.metrics.signals, paper.metrics.trades) == (backtest.metrics.signals, backtest.metrics.trades)
    assert paper.metrics.alarms == 0
    assert not audit_store([paper.ledger], paper.journal).violations
    assert backtest.orders, "an example that does nothing shows nothing"


def test_strategies_of_a_portfolio_begin_together_on_paper() -> None:
    """Whoever has short windows waits for the others, where a backtest lets it begin: so only the books are compared."""
    paper = run_virtually(on_paper(load(EXAMPLES / "portfolio.toml", [*MEMORY, "data.0.candles=600", "environment.mode=paper"])))
    assert not audit_store([paper.ledger], paper.journal).violations
    assert len(paper.balances) == 3
    assert {order.intent.strategy for order in paper.ledger.orders()} == set(paper.balances)


def test_a_run_on_postgresql_and_the_next_one_on_the_same_book(postgres_url: str, tmp_path: Path) -> None:
    """The book lasts, the journal's runs are chained, and the simulated venue is the same one."""
    keys = ["environment.mode=paper", "account.name=on_postgresql", f"exchange.world={tmp_path}/venue.world"]
    stores = [f"ledger.url={postgres_url}", *keys, *overrides("ema_cross.toml")[2:]]
    first = run_virtually(on_paper(load(EXAMPLES / "ema_cross.toml", [*stores, "data.0.candles=400"])))
    second = run_virtually(on_paper(load(EXAMPLES / "ema_cross.toml", [*stores, "data.0.candles=400"])))
    assert second.orders == first.orders, "the market has nothing new"
    assert second.balances == first.balances
    assert not audit_store([second.ledger], second.journal).violations
    assert len(second.journal.runs()) >= 2
