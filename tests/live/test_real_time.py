"""Clocks that go by themselves, and tasks beside the flows whose faults are never lost."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from s1mpletrader.core.real_time import NAP_S_MAX, LoopTasks, ScaledClock, SystemClock, TurnClock
from s1mpletrader.domain.instant import SECOND_NS
from tests.live.virtual_loop import run_virtually


def test_the_machines_time_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    times = [5, 9, 7, 8, 10]
    monkeypatch.setattr(time, "time_ns", lambda: times.pop(0))
    clock = SystemClock()
    assert [clock.now() for _ in range(5)] == [5, 9, 9, 9, 10]


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_a_sleep_takes_no_longer_than_it_should_and_is_taken_in_pieces(speed: float, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> tuple[float, list[float]]:
        loop, naps = asyncio.get_running_loop(), []
        sleep = asyncio.sleep

        async def noted(seconds: float) -> None:
            naps.append(seconds)
            await sleep(seconds)

        monkeypatch.setattr(asyncio, "sleep", noted)
        monkeypatch.setattr(time, "time_ns", lambda: int(loop.time() * SECOND_NS))
        clock = SystemClock() if speed == 1.0 else ScaledClock(0, speed)
        await clock.sleep_until(clock.now() + 9_000 * int(speed) * SECOND_NS)
        return loop.time(), naps

    took_s, naps = run_virtually(story())
    assert naps[:3] == [NAP_S_MAX, NAP_S_MAX, 1_800.0]
    assert took_s == pytest.approx(9_000)


def test_nobody_sleeps_until_an_instant_that_has_come() -> None:
    async def story() -> float:
        clock = ScaledClock(50)
        await clock.sleep_until(clock.now())
        await TurnClock(clock).sleep_until(49)
        return asyncio.get_running_loop().time()

    assert run_virtually(story()) == 0


def test_a_time_of_its_own_stands_until_somebody_asks_within_a_loop_and_may_begin_anew() -> None:
    clock = ScaledClock(7 * SECOND_NS, 10)
    assert clock.now() == 7 * SECOND_NS

    async def story() -> list[int]:
        await asyncio.sleep(3)
        seen = [clock.now()]
        await asyncio.sleep(2)
        seen.append(clock.now())
        clock.begin_at(100 * SECOND_NS)
        await asyncio.sleep(1)
        seen.append(clock.now())
        await asyncio.sleep(1)
        return [*seen, clock.now()]

    assert [at // SECOND_NS for at in run_virtually(story())] == [7, 27, 100, 110]


def test_moments_of_a_turn_are_later_than_every_one_before() -> None:
    clock = ScaledClock(1_000)
    turn = TurnClock(clock)
    assert turn.moment() == 1_000
    assert [turn.begin_turn(), turn.moment(), turn.moment(), turn.now()] == [1_000, 1_001, 1_002, 1_002]
    turn.end_turn()
    assert turn.now() == 1_000


class Beside:
    """Tasks, what they gave, and what went wrong."""

    def __init__(self) -> None:
        self.given: list[Any] = []
        self.faults: list[BaseException] = []
        self.tasks = LoopTasks(self.faults.append)

    def run(self, task: Coroutine[Any, Any, Any]) -> None:
        self.tasks.spawn(task, self.given.append)


async def after(seconds: float, result: object) -> object:
    await asyncio.sleep(seconds)
    if isinstance(result, Exception):
        raise result
    return result


def test_results_are_handed_over_and_faults_are_told() -> None:
    async def story() -> None:
        beside = Beside()
        fault = ValueError("no")
        for seconds, result in ((2, "late"), (1, "early"), (1, fault)):
            beside.run(after(seconds, result))
        assert await beside.tasks.settle(10)
        assert (beside.given, beside.faults) == (["early", "late"], [fault])
        assert await beside.tasks.settle(0), "there is nothing left to wait for"

    run_virtually(story())


def test_what_fails_while_a_result_is_taken_is_told() -> None:
    async def story() -> None:
        beside = Beside()
        fault = ValueError("not this")

        def refuses(result: object) -> None:
            raise fault

        beside.tasks.spawn(after(1, "it"), refuses)
        assert await beside.tasks.settle(10)
        assert beside.faults == [fault]

    run_virtually(story())


def test_who_still_runs_after_the_patience_is_cancelled_and_tells_nothing() -> None:
    async def story() -> None:
        beside = Beside()
        beside.run(after(1, "early"))
        beside.run(after(60, "late"))
        assert not await beside.tasks.settle(5)
        assert asyncio.get_running_loop().time() == 5
        assert (beside.given, beside.faults) == (["early"], [])
        assert len(asyncio.all_tasks()) == 1

    run_virtually(story())
