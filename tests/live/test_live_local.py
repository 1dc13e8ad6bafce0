"""The breakout strategy, live against the local exchange on a bad day: afterwards the ledger says what the exchange says."""

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import tomli

from s1mpletrader.analysis import audit_store
from s1mpletrader.configuration import load
from s1mpletrader.container import live_run
from s1mpletrader.exchange import ExchangeConfig, Fault, RunningExchange, serve
from s1mpletrader.ports.ledger import ILedgerReader
from tests.running import EXAMPLES

SPEED = 600
HOURS = 10
STRATEGY = "live_local"


def bad_day() -> tuple[Fault, ...]:
    script = tomli.loads((EXAMPLES / "faults" / "bad_day.toml").read_text())
    return tuple(Fault.model_validate(fault) for fault in script["faults"])


def overrides(store: Path, running: RunningExchange) -> list[str]:
    return [
        f"ledger.url=sqlite:///{store}",
        f"recording.directory={store.parent}",
        f"environment.speed={SPEED}",
        f"data.rest_url={running.rest_url}",
        f"data.stream_url={running.stream_url}",
        f"exchange.rest_url={running.rest_url}",
        f"exchange.api_url={running.socket_api_url}",
    ]


def moved(running: RunningExchange, opening: dict[str, Decimal]) -> dict[str, Decimal]:
    """What the day did to the exchange's balances."""
    balances = running.exchange.accounts["test"].balances()
    return {one.asset: one.free + one.locked - opening.get(one.asset, Decimal(0)) for one in balances}


def submitted(running: RunningExchange) -> Counter[str]:
    """How often each of our ids came in a request that the exchange acted on, or might have."""
    ids: Counter[str] = Counter()
    for request in running.exchange.log.requests:
        if request.route in ("order.place", "orderList.place.oco", "POST /api/v3/order", "POST /api/v3/orderList/oco"):
            names = ("newClientOrderId", "aboveClientOrderId", "belowClientOrderId")
            ids.update(str(request.params[name]) for name in names if name in request.params)
    return ids


def trades_of(ledger: ILedgerReader, running: RunningExchange) -> tuple[list[tuple[str, Decimal, Decimal]], ...]:
    ours = sorted((fill.venue_trade_id, fill.price, fill.quantity) for fill in ledger.fills())
    theirs = sorted(
        (str(trade.trade_id), trade.price, trade.quantity) for trade in running.exchange.accounts["test"].records.trades
    )
    return ours, theirs


async def day(store: Path) -> None:
    async with serve(ExchangeConfig(speed=SPEED, seed=3, faults=bad_day())) as running:
        exchange = running.exchange
        opening = {one.asset: one.free + one.locked for one in exchange.accounts["test"].balances()}
        async with live_run(load(EXAMPLES / "live_local.toml", overrides(store, running))) as container:
            run, stop = container.run(), asyncio.Event()
            asyncio.get_running_loop().call_later(HOURS * 3600 / SPEED, stop.set)
            await run.run(stop)
            ledger, journal = container.ledger(), container.journal()
            balances = dict(run.view(STRATEGY).balances)
            balances["USDT"] -= 50_000
            difference = moved(running, opening)
            assert {asset: difference[asset] - balances.get(asset, 0) for asset in difference} == dict.fromkeys(difference, 0)
            ours, theirs = trades_of(ledger, running)
            assert ours == theirs
            assert len(ours) > 5
            assert list(ledger.orders(live=True)) == []
            assert exchange.accounts["test"].records.live() == []
            assert set(submitted(running).values()) == {1}
            assert exchange.faults.fired
            assert (exchange.log.unserved, exchange.log.failures) == ([], [])
            assert not audit_store([ledger], journal).violations


def test_ten_hours_of_a_bad_day_end_with_ledger_and_exchange_in_agreement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "test")
    monkeypatch.setenv("BINANCE_API_SECRET", "test")
    asyncio.run(day(tmp_path / "day.sqlite"))
