"""The laws of detectors that have a state, or that look at the account."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
import pytest

from s1mpletrader.api import AccountView, CoupledDetector, IQuiet, Key, SignalDraft, WorkerProvision
from s1mpletrader.contracts.context_worker import CUTS, WatchedColumns
from s1mpletrader.contracts.generated import PROVISION, WatchedFacts, World, make_world, ready_rows
from s1mpletrader.contracts.monitor import VIEW_ROWS, make_view

Step = tuple[int, Any, tuple[SignalDraft, ...]]


class CoupledDetectorContract:
    """Subclass it with ``make_detector``; ``make_view`` where the detector acts only on a certain account."""

    contract_port: ClassVar[str] = "CoupledDetector"

    def make_detector(self, provision: WorkerProvision) -> CoupledDetector[Any]:
        """A fresh detector, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_detector(provision)")

    def make_view(self, row: int) -> AccountView:
        """The account at a row; it may change every ``VIEW_ROWS`` rows."""
        return make_view(row)

    @pytest.fixture
    def detector(self) -> CoupledDetector[Any]:
        """The detector of one test."""
        return self.make_detector(PROVISION)

    def test_law_01_no_signal_depends_on_later_candles(self, detector: CoupledDetector[Any]) -> None:
        """State and signals at a candle are the same whether or not candles after it exist."""
        world = _world(detector)
        stepped = self._stepped(detector, world)
        assert any(drafts for _, _, drafts in stepped), "it never saw anything"
        for part in CUTS:
            rows = 1 + int(part * (len(world.base) - 1))
            early = self._stepped(self.make_detector(PROVISION), world.until(rows))
            assert early == [step for step in stepped if step[0] < rows]

    def test_law_02_passing_quietly_misses_no_signal(self, detector: CoupledDetector[Any]) -> None:
        """``quiet`` never goes past a row that gives a signal, and leaves the state that stepping has. It may stop too early."""
        if not isinstance(detector, IQuiet):
            pytest.skip("not declared: quiet (IQuiet)")
        world = _world(detector)
        columns = world.columns()
        stepped = {row: (state, drafts) for row, state, drafts in self._stepped(self.make_detector(PROVISION), world)}
        row, end = min(stepped), max(stepped) + 1
        state = detector.initial()
        while row < end:
            border = min(end, (row // VIEW_ROWS + 1) * VIEW_ROWS)
            state, reached = detector.quiet(state, columns, self.make_view(row), row, border)
            missed = [passed for passed in range(row, reached) if stepped[passed][1]]
            assert missed == [], f"from {row} to {border}: passed the signals at {missed}"
            if reached > row:
                assert _bytes(state) == _bytes(stepped[reached - 1][0]), f"the state after row {reached - 1} differs"
            if reached < border:
                state = stepped[reached][0]
            row = reached + 1 if reached < border else border

    def test_law_03_it_looks_back_no_further_than_its_window(self, detector: CoupledDetector[Any]) -> None:
        """It can be stepped from the first row at which its window is full, and never looks further back than that."""
        assert detector.window >= 1
        for facts, _, _, _ in self._steps(detector, _world(detector)):
            assert facts.too_far == []

    def test_law_04_same_input_same_output(self, detector: CoupledDetector[Any]) -> None:
        """All of its memory is its state: anybody who is given it comes to the same steps."""
        world = _world(detector)
        stepped = self._stepped(detector, world)
        assert self._stepped(detector, world) == stepped
        assert self._stepped(self.make_detector(PROVISION), world) == stepped
        assert _bytes(detector.initial()) == _bytes(self.make_detector(PROVISION).initial())

    def test_law_05_declared_inputs_and_outputs_are_the_ones_used(self, detector: CoupledDetector[Any]) -> None:
        """It reads no key that it does not declare, gives signal drafts, and leaves the account's view as it was."""
        assert detector.needs
        world = _world(detector)
        for facts, row, _, drafts in self._steps(detector, world):
            assert facts.undeclared == []
            assert all(isinstance(draft, SignalDraft) for draft in drafts), f"row {row}"
        if isinstance(detector, IQuiet):
            columns, view = WatchedColumns(world.columns()), self.make_view(0)
            first = next(ready_rows(world, world.table(), detector.window))
            detector.quiet(detector.initial(), columns, view, first, len(world.base))
            assert columns.undeclared == []
            assert _bytes(view) == _bytes(self.make_view(0))

    def _steps(
        self, detector: CoupledDetector[Any], world: World
    ) -> Iterator[tuple[WatchedFacts, int, Any, tuple[SignalDraft, ...]]]:
        table, state = world.table(), detector.initial()
        for row in ready_rows(world, table, detector.window):
            facts = WatchedFacts(table, detector.needs, detector.window)
            state, drafts = detector.step(state, facts, self.make_view(row))
            yield facts, row, state, tuple(drafts)

    def _stepped(self, detector: CoupledDetector[Any], world: World) -> list[Step]:
        return [(row, state, drafts) for _, row, state, drafts in self._steps(detector, world)]


def _world(detector: CoupledDetector[Any]) -> World:
    needs: tuple[Key, ...] = detector.needs
    return make_world(needs, 3 * detector.window + 600)


def _bytes(value: object) -> bytes:
    return msgspec.msgpack.encode(value)
