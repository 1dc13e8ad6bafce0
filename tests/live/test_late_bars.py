"""Bars that come late in a whole run: it is decided without them and told, or waited for them, and what came late is known."""

import asyncio
from functools import cache
from typing import NamedTuple

import pytest

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer, live_run
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.real_time import ScaledClock
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import MINUTE_NS, SECOND_NS, iso
from s1mpletrader.domain.orders import OrderDetails
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.ports.market_data import Candle
from tests.live.meddling import meddled
from tests.live.virtual_loop import run_virtually
from tests.running import EXAMPLES, MEMORY

QUICK = (*MEMORY, "recording.plugin=none", "signal.0.window=20", "signal.0.entry_deviation=1.5")
CANDLES = ("data.0.candles=150", "data.1.candles=150")
BTC, ETH = Series("BTC/USDT", "5m"), Series("ETH/USDT", "5m")


@cache
def histories() -> dict[Series, Candles]:
    container = BacktestContainer(configuration=load(EXAMPLES / "pairs.toml", [*QUICK, *CANDLES]))
    return dict(container.candles())


class Ended(NamedTuple):
    """What a run came to."""

    alarms: list[str | None]
    orders: list[tuple[OrderDetails, str]]
    decided_at: list[int]
    totals: list[int]
    prices: list[object]


def ended(late_s: float = 0, row: int = 100, *overrides: str) -> Ended:
    """A run on paper over candles that come as from a live source, of which one of ETH's is late."""
    late_at = histories()[ETH].opened_at.item(row)

    def delay_s(candle: Candle) -> float:
        return late_s if (candle.series, candle.opened_at) == (ETH, late_at) else 0

    live = ["environment.mode=paper", "exchange.plugin=meddled", "data.0.plugin=meddled", "data.1.plugin=meddled"]
    # Keys of their own make two sources of the two series, so that one does not wait for the other.
    portfolio = load(
        EXAMPLES / "pairs.toml",
        [*QUICK, *live, "data.1.number=1", *overrides],
        load_plugins=meddled(histories=histories(), delay_s=delay_s),
    )

    async def running() -> Ended:
        clock = ScaledClock(histories()[BTC].closed_at.item(30) + SECOND_NS)
        async with live_run(portfolio, clock=clock) as container:
            run = container.run()
            await run.run(asyncio.Event())
            (lane,) = container.lanes()
            entries = [entry for name in container.journal().runs() for entry in container.journal().entries(name)]
            return Ended(
                [read_reasons(entry).text for entry in entries if entry.kind is EntryKind.ALARM],
                [(order.details, str(order.state)) for order in container.ledger().orders()],
                [order.intent.decided_at for order in container.ledger().orders()],
                [cursor.total for cursor in lane.feed.strategy.facts.cursors.values()],
                [run.prices("pairs")[one.symbol] for one in (BTC, ETH)],
            )

    return run_virtually(running())


def test_bars_that_come_in_time_or_within_the_grace_are_decided_upon_together() -> None:
    punctual = ended()
    assert punctual.alarms == []
    assert punctual.orders, "a run that does nothing shows nothing"
    assert punctual.totals == [150, 150]
    a_little_late = ended(4)
    assert a_little_late.alarms == []
    assert a_little_late.orders == punctual.orders


@pytest.mark.parametrize("late_s", [20, 400])
def test_past_the_grace_it_is_decided_without_the_late_bar_and_that_is_told(late_s: float) -> None:
    late = ended(late_s)
    closed_at = histories()[ETH].closed_at.item(100)
    said = [f"pairs: decided without the bar of {ETH} that closed at {iso(closed_at)}"]
    if late_s > 300:
        said.append(f"pairs: decided without the bar of {ETH} that closed at {iso(closed_at + 5 * MINUTE_NS)}")
    assert late.alarms == said
    assert late.totals == [150, 150], "what came late is known later"
    assert late.prices == ended().prices


def test_a_longer_grace_waits_longer() -> None:
    assert ended(20, 100, "environment.grace=30s").alarms == []


def test_where_late_bars_are_waited_for_nothing_is_decided_without_them() -> None:
    first_at = ended().decided_at[0]
    row = int((histories()[ETH].closed_at <= first_at).sum()) - 1
    late = ended(20, row, "environment.late_bars=wait")
    assert late.alarms == []
    assert late.decided_at[0] // SECOND_NS - first_at // SECOND_NS == 20
    assert late.orders[0] == ended().orders[0]
    without = ended(20, row)
    assert (without.decided_at[:1] != late.decided_at[:1], len(without.alarms)) == (True, 1)
