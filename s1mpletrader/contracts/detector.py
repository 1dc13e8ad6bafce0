"""The laws of signal detectors."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pytest

from s1mpletrader.api import ICandidates, SignalDetector, SignalDraft, WorkerProvision
from s1mpletrader.contracts.context_worker import CUTS, WatchedColumns
from s1mpletrader.contracts.generated import (
    PROVISION,
    WatchedFacts,
    World,
    make_standing_world,
    make_world,
    ready_rows,
)

Seen = dict[int, tuple[SignalDraft, ...]]
"""What a detector saw, by row; a row at which it was asked is there, also where it saw nothing."""


class SignalDetectorContract:
    """Subclass it with ``make_detector``."""

    contract_port: ClassVar[str] = "SignalDetector"

    def make_detector(self, provision: WorkerProvision) -> SignalDetector:
        """A fresh detector, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_detector(provision)")

    @pytest.fixture
    def detector(self) -> SignalDetector:
        """The detector of one test."""
        return self.make_detector(PROVISION)

    def test_law_01_no_signal_depends_on_later_candles(self, detector: SignalDetector) -> None:
        """What it sees at a candle is the same whether or not candles after it exist."""
        world = _world(detector)
        seen = _seen(detector, world)
        assert seen, "the window never filled"
        for part in CUTS:
            rows = 1 + int(part * (len(world.base) - 1))
            early = _seen(self.make_detector(PROVISION), world.until(rows))
            assert early == {row: drafts for row, drafts in seen.items() if row < rows}

    def test_law_02_candidates_never_miss_a_signal(self, detector: SignalDetector) -> None:
        """Wherever ``detect`` sees something there is a candidate; there is one flag for each row."""
        if not isinstance(detector, ICandidates):
            pytest.skip("not declared: candidates (ICandidates)")
        for world in _worlds(detector):
            flags = detector.candidates(world.columns())
            assert (len(flags), flags.dtype) == (len(world.base), np.dtype(np.bool_))
            missed = [row for row, drafts in _seen(detector, world).items() if drafts and not flags[row]]
            assert missed == []

    def test_law_03_it_looks_back_no_further_than_its_window(self, detector: SignalDetector) -> None:
        """It answers from the first row at which its window is full, and never looks further back than that."""
        assert detector.window >= 1
        for world in _worlds(detector):
            for facts, _, _ in _ask(detector, world):
                assert facts.too_far == []

    def test_law_04_same_input_same_output(self, detector: SignalDetector) -> None:
        """What it sees at a candle does not depend on what it was asked before, how often, or in which order."""
        world = _world(detector)
        seen = _seen(detector, world)
        assert _seen(detector, world) == seen
        for row in sorted(seen, reverse=True)[:: max(1, len(seen) // 40)]:
            table = world.table()
            for ready in ready_rows(world, table, detector.window):
                if ready == row:
                    break
            facts = WatchedFacts(table, detector.needs, detector.window)
            assert tuple(self.make_detector(PROVISION).detect(facts)) == seen[row], f"row {row}, asked alone"
            assert tuple(detector.detect(facts)) == seen[row], f"row {row}, asked again"

    def test_law_05_declared_inputs_and_outputs_are_the_ones_used(self, detector: SignalDetector) -> None:
        """It reads no key that it does not declare, and gives signal drafts for symbols of its strategy."""
        assert detector.needs
        symbols = {*PROVISION.symbols, *(key.symbol for key in detector.needs)}
        world = _world(detector)
        for facts, _, drafts in _ask(detector, world):
            assert facts.undeclared == []
            for draft in drafts:
                assert isinstance(draft, SignalDraft)
                assert draft.symbol in symbols
        if isinstance(detector, ICandidates):
            columns = WatchedColumns(world.columns())
            detector.candidates(columns)
            assert columns.undeclared == []


def _world(detector: SignalDetector, seed: int = 7) -> World:
    return make_world(detector.needs, 3 * detector.window + 800, seed)


def _worlds(detector: SignalDetector) -> Iterator[World]:
    yield _world(detector)
    yield _world(detector, seed=8)
    yield make_standing_world(detector.needs, 2 * detector.window + 30)


def _ask(detector: SignalDetector, world: World) -> Iterator[tuple[WatchedFacts, int, tuple[SignalDraft, ...]]]:
    table = world.table()
    for row in ready_rows(world, table, detector.window):
        facts = WatchedFacts(table, detector.needs, detector.window)
        yield facts, row, tuple(detector.detect(facts))


def _seen(detector: SignalDetector, world: World) -> Seen:
    return {row: drafts for _, row, drafts in _ask(detector, world)}
