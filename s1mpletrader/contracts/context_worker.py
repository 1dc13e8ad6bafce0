"""The laws of context workers."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import ClassVar, Final

import numpy as np
import pytest

from s1mpletrader.api import Columns, ContextWorker, FloatArray, IWholeHistory, Key, Row, WorkerProvision
from s1mpletrader.contracts.generated import PROVISION, World, make_standing_world, make_world

CUTS: Final = (0.1, 0.5, 0.77)
"""Where histories are cut short, as parts of their length."""


class ContextWorkerContract:
    """Subclass it with ``make_worker``."""

    contract_port: ClassVar[str] = "ContextWorker"

    def make_worker(self, provision: WorkerProvision) -> ContextWorker:
        """A fresh worker, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_worker(provision)")

    @pytest.fixture
    def worker(self) -> ContextWorker:
        """The worker of one test."""
        return self.make_worker(PROVISION)

    def test_law_01_no_output_depends_on_later_candles(self, worker: ContextWorker) -> None:
        """The outputs up to a candle are the same, to the bit, whether or not candles after it exist."""
        world = _world(worker)
        whole = _whole(worker, world)
        stepped = _stepped(worker, world)
        for part in CUTS:
            rows = worker.window + int(part * (len(stepped) - worker.window))
            early = world.until(rows)
            assert _stepped(self.make_worker(PROVISION), early) == stepped[:rows]
            assert _stepped(worker, early) == stepped[:rows]
            if whole is not None:
                for fresh in (worker, self.make_worker(PROVISION)):
                    assert _bits(_whole(fresh, early), worker.window) == _bits(whole, worker.window, rows)

    def test_law_02_both_forms_give_the_same_values(self, worker: ContextWorker) -> None:
        """The whole-history form is equal to the incremental one in every bit, from the first full window on."""
        if not isinstance(worker, IWholeHistory):
            pytest.skip("not declared: columns (IWholeHistory)")
        for world in (_world(worker), make_standing_world(worker.needs, 3 * worker.window + 20)):
            stepped = [row for row in _stepped(worker, world) if row is not None]
            whole = _whole(worker, world)
            assert whole is not None
            for index, key in enumerate(worker.gives):
                incremental = np.array([row[index] for row in stepped])
                assert incremental.tobytes() == whole[key][worker.window - 1 :].tobytes(), f"{key} differs"

    def test_law_03_nothing_before_the_window_is_full_and_never_nan(self, worker: ContextWorker) -> None:
        """The first ``window - 1`` updates give None, every later one finite numbers, in a standing market too."""
        assert worker.window >= 1
        for world in (_world(worker), make_standing_world(worker.needs, 3 * worker.window + 20)):
            stepped = _stepped(worker, world)
            assert stepped[: worker.window - 1] == [None] * (worker.window - 1)
            for row, output in enumerate(stepped[worker.window - 1 :], worker.window - 1):
                assert output is not None, f"nothing at row {row}, the window is {worker.window}"
                assert all(isfinite(value) for value in output), f"{output} at row {row}"
            whole = _whole(worker, world)
            for key, values in (whole or {}).items():
                assert np.isfinite(values[worker.window - 1 :]).all(), f"{key} is not finite"

    def test_law_04_same_input_same_output(self, worker: ContextWorker) -> None:
        """Two incremental forms of one worker, stepped in turn, share nothing; repeated and fresh runs are equal."""
        world, other = _world(worker), _world(worker, seed=8)
        expected, expected_other = _stepped(worker, world), _stepped(worker, other)
        one, two = worker.begin(), worker.begin()
        in_turn = [(one(row), two(row_other)) for row, row_other in zip(_rows(world), _rows(other), strict=True)]
        assert [pair[0] for pair in in_turn] == expected
        assert [pair[1] for pair in in_turn] == expected_other
        assert _stepped(self.make_worker(PROVISION), world) == expected
        whole = _whole(worker, world)
        _whole(worker, other)
        assert _bits(_whole(worker, world), worker.window) == _bits(whole, worker.window)

    def test_law_05_declared_inputs_and_outputs_are_the_ones_used(self, worker: ContextWorker) -> None:
        """Needs and gives are of one series and apart; an output has one value for each; no other key is read or made."""
        assert worker.needs
        assert worker.gives
        assert len({key.series for key in (*worker.needs, *worker.gives)}) == 1
        assert len({*worker.needs, *worker.gives}) == len(worker.needs) + len(worker.gives)
        world = _world(worker)
        for output in _stepped(worker, world):
            assert output is None or (type(output) is tuple and len(output) == len(worker.gives))
        if isinstance(worker, IWholeHistory):
            columns = WatchedColumns(world.columns())
            made = worker.columns(columns)
            assert columns.undeclared == []
            assert set(made) == set(worker.gives)
            assert all(len(values) == len(world.base) and values.dtype == np.float64 for values in made.values())


class WatchedColumns(Mapping[Key, FloatArray]):
    """Columns that note what is asked for and not there."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.undeclared: list[str] = []

    def __getitem__(self, key: Key) -> FloatArray:
        if key not in self._columns:
            self.undeclared.append(str(key))
        return self._columns[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def _world(worker: ContextWorker, seed: int = 7) -> World:
    return make_world(worker.needs, 3 * worker.window + 300, seed)


def _rows(world: World) -> list[Row]:
    """The values of the needs, row by row, from the first row that has them all."""
    return list(zip(*(world.facts.get(key, _field(world, key)).tolist() for key in world.needs), strict=True))


def _field(world: World, key: Key) -> FloatArray:
    values: FloatArray = getattr(world.candles[key.series], key.name, world.base.close)
    return values


def _stepped(worker: ContextWorker, world: World) -> list[Row | None]:
    update = worker.begin()
    return [update(row) for row in _rows(world)]


def _whole(worker: ContextWorker, world: World) -> Columns | None:
    if not isinstance(worker, IWholeHistory):
        return None
    rows = _rows(world)
    columns = {key: np.array([row[index] for row in rows]) for index, key in enumerate(world.needs)}
    for values in columns.values():
        values.setflags(write=False)
    return worker.columns(columns)


def _bits(columns: Columns | None, window: int, rows: int | None = None) -> dict[Key, bytes] | None:
    if columns is None:
        return None
    return {key: np.ascontiguousarray(values[window - 1 : rows]).tobytes() for key, values in columns.items()}
