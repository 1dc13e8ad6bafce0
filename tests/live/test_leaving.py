"""What a turn leaves to be done never keeps its orders waiting, though their outcomes have a deadline."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from s1mpletrader.core.engine import RANK_MARKET
from s1mpletrader.core.patience import PatientConnector
from s1mpletrader.domain.instant import SECOND_NS
from tests.live.test_live_engine import Desk
from tests.live.virtual_loop import run_virtually


def played(story: Callable[[Desk], Awaitable[None]]) -> list[str]:
    """What happens at a desk whose commands leave with a deadline."""

    async def told() -> list[str]:
        desk = Desk()
        desk.outbox._connector = PatientConnector(desk, desk.clock, 10 * SECOND_NS, desk.inbox.deliver)  # type: ignore[arg-type]
        desk.engine.begin(desk.say("after"))
        await asyncio.sleep(1)
        desk.said.clear()
        await story(desk)
        return desk.said

    return run_virtually(told())


def test_orders_leave_before_the_states_are_kept() -> None:
    async def story(desk: Desk) -> None:
        desk.inbox.put(RANK_MARKET, desk.decide)
        desk.inbox.put(RANK_MARKET, desk.decide)
        await asyncio.sleep(1)
        await desk.engine.end()

    said = played(story)
    assert said.index("commit") < said.index("submit 1") < said.index("submit 2") < said.index("after")


def test_states_are_not_kept_once_a_later_turn_has_failed() -> None:
    async def story(desk: Desk) -> None:
        def breaks() -> None:
            raise ZeroDivisionError("a worker")

        def decide_and_break_soon() -> None:
            desk.decide()
            desk.inbox.put(RANK_MARKET, breaks, at=desk.clock.now() + 1)
            asyncio.get_running_loop().now_s += 1e-6  # type: ignore[attr-defined]
            desk.inbox.look()

        desk.inbox.put(RANK_MARKET, decide_and_break_soon)
        await asyncio.sleep(1)
        await desk.engine.end()
        with pytest.raises(ZeroDivisionError):
            desk.engine.failure.result()

    said = played(story)
    assert "submit 1" in said
    assert "after" not in said
