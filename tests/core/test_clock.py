"""Virtual time: it moves when it is moved, and those who sleep in it are woken in a declared order."""

import pytest

from s1mpletrader.core.clock import Agenda, SteppedTasks, VirtualClock, finished
from s1mpletrader.domain.errors import Defect


def test_the_clock_never_goes_back() -> None:
    clock = VirtualClock(5)
    clock.move_to(9)
    clock.move_to(7)
    assert clock.now() == 9


def test_the_agenda_is_ordered_by_instant_then_rank_then_adding() -> None:
    agenda = Agenda()
    order: list[str] = []

    def note(name: str) -> tuple[()]:
        order.append(name)
        return ()

    for at, rank, name in [(2, 0, "late"), (1, 4, "timer"), (1, 0, "reply"), (1, 0, "second reply")]:
        agenda.add(at, rank, lambda name=name: note(name))  # type: ignore[misc]
    assert agenda.next_key() == (1, 0)
    while agenda.next_key() is not None:
        agenda.pop()()
    assert order == ["reply", "second reply", "timer", "late"]


def test_a_coroutine_goes_on_when_its_time_has_come() -> None:
    clock, agenda = VirtualClock(), Agenda()
    results: list[int] = []

    async def journey() -> int:
        await clock.sleep_until(3)
        await clock.sleep_until(8)
        return clock.now()

    SteppedTasks(agenda, 0).spawn(journey(), results.append)
    while (key := agenda.next_key()) is not None:
        clock.move_to(key[0])
        assert agenda.pop()() == ()
    assert results == [8]


def test_sleeping_until_now_does_not_wait() -> None:
    clock = VirtualClock(5)

    async def nap() -> str:
        await clock.sleep_until(5)
        return "awake"

    assert finished(nap()) == "awake"


def test_what_must_not_wait_may_not() -> None:
    clock = VirtualClock()

    async def nap() -> None:
        await clock.sleep_until(1)

    with pytest.raises(Defect, match="nothing may wait"):
        finished(nap())
