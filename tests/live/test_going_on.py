"""A run goes on where the last one on its store has ended, and first finds out what became of what was under way."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from s1mpletrader.domain.instant import MINUTE_NS
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reality import FundsMoved
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.plugins.simulated_exchange.connector import SimulatedExchange
from s1mpletrader.ports.execution import OrderRequest
from s1mpletrader.ports.health import Health, StreamHealth
from tests.live.telling import Running, changed, given, told

STALE = Health(streams=(StreamHealth(name="private", connected=True, stale_since=5),))


@pytest.fixture
def home(tmp_path: Path) -> tuple[str, ...]:
    """A store, and a venue that outlives the process."""
    return (f"ledger.url=sqlite:///{tmp_path}/store.sqlite", f"exchange.world={tmp_path}/venue.world")


def test_an_answer_that_never_came_leaves_the_outcome_unknown_until_the_next_run_has_found_it(home: tuple[str, ...]) -> None:
    """The request has arrived, and its answer is lost."""

    def silent(exchange: SimulatedExchange) -> SimulatedExchange:
        submit = exchange.submit

        async def lost(orders: Sequence[OrderRequest], *rest: Any) -> Any:
            await submit(orders, *rest)
            await asyncio.sleep(10_000)

        async def nothing(*_: Any) -> list[Any]:
            return []

        async def no_replies() -> Any:
            await asyncio.sleep(10**9)
            yield

        blind = changed(changed(exchange, "submit", lost), "replies", no_replies)
        return changed(changed(blind, "open_orders", nothing), "fills_since", nothing)

    async def story(running: Running) -> None:
        await running.until(lambda: running.states, every_s=30)

    first = told(story, *home, meddle=silent)
    assert first.states == [OrderState.UNKNOWN]
    assert first.texts(EntryKind.UNKNOWN) == ["no answer within 10 s"]

    async def found(running: Running) -> None:
        await running.until(lambda: running.states[0] is OrderState.FILLED, every_s=5)
        (fill,) = running.container.ledger().fills()
        assert fill.quantity == Decimal("0.01")

    last = told(found, *home)
    assert last.texts(EntryKind.ALARM) == []
    assert len(last.container.journal().runs()) == 2
    opening = [change for change in last.container.ledger().changes() if isinstance(change, FundsMoved)]
    assert len(opening) == 1, "a book that is not new gets no funds again"


def test_what_had_not_left_at_the_end_is_in_doubt_and_then_not_placed_and_never_sent(home: tuple[str, ...]) -> None:
    """A close waits for the gate when the run is stopped."""
    health = [Health()]

    async def story(running: Running) -> None:
        await running.until(lambda: running.holds, every_s=60)
        health[0] = STALE
        count = len(running.states)
        await running.until(lambda: len(running.states) > count, every_s=60)

    first = told(story, *home, meddle=given("health", lambda: health[0]))
    number = len(first.states) - 1
    assert first.states[number] is OrderState.INTENDED
    submitted: list[str] = []

    def noted(exchange: SimulatedExchange) -> SimulatedExchange:
        submit = exchange.submit

        async def note(orders: Sequence[OrderRequest], *rest: Any) -> Any:
            submitted.extend(order.order_id for order in orders)
            return await submit(orders, *rest)

        return changed(exchange, "submit", note)

    async def settled(running: Running) -> None:
        await running.until(lambda: running.states[number] is OrderState.NOT_PLACED, every_s=5)
        assert running.run.status().unknown_orders == 0

    last = told(settled, *home, meddle=noted)
    assert "the process ended before an answer came" in last.texts(EntryKind.UNKNOWN)
    (evidence,) = last.texts(EntryKind.NOT_PLACED)
    assert evidence.startswith("not found in 3 queries")
    orders = list(last.container.ledger().orders())
    assert orders[number].order_id not in submitted


def test_the_timers_of_what_was_under_way_ring_in_the_next_run_as_they_would_have(home: tuple[str, ...]) -> None:
    """Slices, one in five minutes: the run is stopped after the first of them."""
    quick = ("context.0.period=12", "context.1.period=48", "data.0.candles=900")

    async def first_slice(running: Running) -> None:
        await running.until(lambda: running.states, every_s=10)

    begun = told(first_slice, *home, *quick, file="twap.toml")
    (first,) = begun.container.ledger().orders()

    async def all_slices(running: Running) -> None:
        await running.until(lambda: len(running.states) >= 3, every_s=10)

    last = told(all_slices, *home, *quick, file="twap.toml")
    orders = list(last.container.ledger().orders(group_id=first.group_id))
    decided_at = [order.intent.decided_at for order in orders]
    assert [(at - decided_at[0]) // MINUTE_NS for at in decided_at[:3]] == [0, 5, 10]
