"""The laws of execution algorithms that enter."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import ClassVar, Final

import pytest

from s1mpletrader.api import (
    Advance,
    Direction,
    ExecutionAlgorithm,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    Parameters,
    WorkerProvision,
    add,
    multiply,
    subtract,
    total,
)
from s1mpletrader.contracts.execution_desk import Desk, Task
from s1mpletrader.contracts.generated import PROVISION
from s1mpletrader.contracts.properties import holds, st
from s1mpletrader.contracts.situations import PRICE

STORIES: Final = st.lists(st.integers(0, 14 * 60), max_size=40)
"""What happens, as the numbers of moves."""

BARE: Final = Decimal("0.002")
"""As much as may be unprotected: it is worth more than the least order, even where the market has halved."""


class ExecutionAlgorithmContract:
    """Subclass it with ``make_algorithm``; ``parameters`` are what its execution plan gives it.

    It is asked to enter half a unit in both directions, and then anything happens to its orders: fills before
    acknowledgements, partial fills, rejections, lost cancellations, unknown outcomes, timers that are late. ``limit`` says that
    its entry waits at a limit instead of being at the market, ``protects`` that it carries out an exit plan.
    """

    contract_port: ClassVar[str] = "ExecutionAlgorithm"
    parameters: ClassVar[Parameters] = ()
    limit: ClassVar[bool] = False
    protects: ClassVar[bool] = True

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        """A fresh algorithm, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_algorithm(provision)")

    def tasks(self) -> Iterator[Task]:
        """What it is asked: to buy and to sell, with and without an exit plan."""
        for direction in Direction:
            price = PRICE if self.limit else None
            away = Decimal(1) if direction is Direction.LONG else Decimal(-1)
            yield Task(direction=direction, price=price, parameters=self.parameters)
            if self.protects:
                yield Task(
                    direction=direction,
                    price=price,
                    parameters=self.parameters,
                    stop_price=subtract(PRICE, multiply(Decimal(19_000), away)),
                    target_price=subtract(PRICE, multiply(Decimal(-19_000), away)),
                )

    def test_law_01_all_its_memory_is_in_its_state(self) -> None:
        """The same question has the same answer; after a restart at every event it goes on and ends as if there had been none."""

        def told(ask: Callable[[], ExecutionAlgorithm], task: Task, story: Sequence[int]) -> list[Advance]:
            desk = _told(ask, task, story)
            desk.settle(fills=False)
            assert all(isinstance(advance.state, bytes) for advance in desk.advances)
            return desk.advances

        @holds(st.sampled_from(list(self.tasks())), STORIES)
        def law(task: Task, story: list[int]) -> None:
            unbroken = told(self._one(), task, story)
            assert told(lambda: self.make_algorithm(PROVISION), task, story) == unbroken, "restarted at every event"
            twice = Twice(self.make_algorithm(PROVISION))
            assert told(lambda: twice, task, story) == unbroken, "asked twice"

    def test_law_02_never_more_than_the_target_is_live_or_filled(self) -> None:
        """What has filled and what still may, unknown outcomes included, is at no time more than the size plan's quantity."""

        @holds(st.sampled_from(list(self.tasks())), STORIES, st.booleans(), examples=100)
        def law(task: Task, story: list[int], fills: bool) -> None:
            desk = _begun(self._one(), task)
            assert desk.entries or not desk.last.done, f"it refuses what it is asked: {desk.last.given_up}"
            for choice in story:
                desk.move(choice)
                assert desk.committed <= task.quantity
            desk.settle(fills=fills)
            assert desk.committed <= task.quantity

    def test_law_03_every_order_is_one_that_the_venue_takes(self) -> None:
        """Tick, lot, largest and smallest order are kept, and nothing is asked that the connector does not declare."""

        @holds(st.sampled_from(list(self.tasks())), STORIES)
        def law(task: Task, story: list[int]) -> None:
            desk = _told(self._one(), task, story)
            desk.settle(fills=True)
            assert [fault for fault in desk.faults if not fault.startswith("woken")] == []

    def test_law_04_a_timer_lies_ahead(self) -> None:
        """Woken, however late, it asks to be woken later than now, or not at all."""

        @holds(st.sampled_from(list(self.tasks())), STORIES)
        def law(task: Task, story: list[int]) -> None:
            desk = _told(self._one(), task, story)
            desk.settle(fills=False)
            assert [fault for fault in desk.faults if fault.startswith("woken")] == []

    def test_law_05_it_comes_to_an_end(self) -> None:
        """Once every order has ended and every timer has rung it is done, whether the market filled its orders or not."""

        @holds(st.sampled_from(list(self.tasks())), STORIES, st.booleans())
        def law(task: Task, story: list[int], fills: bool) -> None:
            desk = _told(self._one(), task, story)
            desk.settle(fills=fills)
            assert desk.last.done
            assert desk.live == []

    def test_law_06_told_to_stop_it_stops(self) -> None:
        """It places nothing more, asks every live order to end, and is done when none is live."""

        @holds(st.sampled_from(list(self.tasks())), STORIES, STORIES)
        def law(task: Task, story: list[int], after: list[int]) -> None:
            desk = _told(self._one(), task, story)
            if desk.last.done:
                return
            count = len(desk.orders)
            desk.stop()
            assert {order.order_id for order in desk.live} <= desk.asked_to_end
            for choice in after:
                desk.move(choice)
            desk.settle(fills=False)
            assert len(desk.orders) == count, "it placed an order after it was told to stop"
            assert desk.last.done

    def test_law_07_what_has_been_entered_is_protected(self) -> None:
        """Exits cover what has filled, but for less than the venue takes, and are never for more."""
        if not self.protects:
            pytest.skip("not declared: protects")
        tasks = [task for task in self.tasks() if task.stop_price is not None]

        @holds(st.sampled_from(tasks), STORIES)
        def law(task: Task, story: list[int]) -> None:
            desk = _begun(self._one(), task)
            for choice in story:
                desk.move(choice)
                for price_of in ("stop_price", "price"):
                    exits = [order for order in desk.exits if getattr(order.details, price_of) is not None]
                    covered = total(order.quantity for order in exits)
                    assert subtract(desk.filled, BARE) <= covered <= desk.filled

    def test_law_08_nothing_is_placed_that_was_not_foretold(self) -> None:
        """What is live, has filled, and is planned (``IPlansAhead``) is never more than the target, and covers what comes after.

        An algorithm that places all of its entry at the beginning needs not tell what it plans.
        """

        @holds(st.sampled_from(list(self.tasks())), STORIES, st.booleans(), examples=100)
        def law(task: Task, story: list[int], fills: bool) -> None:
            desk = _begun(self._one(), task)
            foretold = task.quantity
            for choice in story:
                exposure = add(desk.committed, desk.planned)
                assert desk.planned >= 0
                assert exposure <= foretold, "more is planned than before"
                foretold = exposure
                desk.move(choice)
                assert desk.committed <= foretold, "it placed what it had not foretold"
            foretold = add(desk.committed, desk.planned)
            desk.settle(fills=fills)
            assert desk.committed <= foretold, "it placed what it had not foretold"

    def _one(self) -> Callable[[], ExecutionAlgorithm]:
        algorithm = self.make_algorithm(PROVISION)
        return lambda: algorithm


class Twice:
    """An algorithm that is asked everything twice; the second answer counts."""

    def __init__(self, algorithm: ExecutionAlgorithm) -> None:
        self._algorithm = algorithm

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Begin, again."""
        self._algorithm.begin(directive, context)
        return self._algorithm.begin(directive, context)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Advance, again."""
        self._algorithm.advance(state, event, context)
        return self._algorithm.advance(state, event, context)


def _begun(ask: Callable[[], ExecutionAlgorithm], task: Task) -> Desk:
    desk = Desk(ask, task)
    desk.begin()
    return desk


def _told(ask: Callable[[], ExecutionAlgorithm], task: Task, story: Sequence[int]) -> Desk:
    desk = _begun(ask, task)
    for choice in story:
        desk.move(choice)
    return desk
