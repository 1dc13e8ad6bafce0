"""The laws of risk monitors."""
# ruff: noqa: S101 - a law is an assertion.

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec
import pytest

from s1mpletrader.api import AccountType, AccountView, Columns, IQuiet, Position, RiskDraft, RiskMonitor, WorkerProvision
from s1mpletrader.contracts.context_worker import CUTS, WatchedColumns
from s1mpletrader.contracts.generated import (
    INSTRUMENT,
    PROVISION,
    SERIES,
    WatchedFacts,
    World,
    make_standing_world,
    make_world,
    ready_rows,
)
from s1mpletrader.contracts.properties import holds, st

VIEW_ROWS: Final = 60
"""The account changes after so many rows."""

Stepped = list[tuple[int, Any, tuple[RiskDraft, ...]]]
"""Row, the state after it, and the drafts that it gave."""


class RiskMonitorContract:
    """Subclass it with ``make_monitor``."""

    contract_port: ClassVar[str] = "RiskMonitor"

    def make_monitor(self, provision: WorkerProvision) -> RiskMonitor[Any]:
        """A fresh monitor, always the same one."""
        raise NotImplementedError(f"{type(self).__name__} needs a method make_monitor(provision)")

    @pytest.fixture
    def monitor(self) -> RiskMonitor[Any]:
        """The monitor of one test."""
        return self.make_monitor(PROVISION)

    def test_law_01_no_risk_depends_on_later_candles(self, monitor: RiskMonitor[Any]) -> None:
        """State and drafts at a candle are the same whether or not candles after it exist."""
        world = _world(monitor)
        stepped = _stepped(monitor, world)
        assert stepped, "the window never filled"
        for part in CUTS:
            rows = 1 + int(part * (len(world.base) - 1))
            assert _stepped(self.make_monitor(PROVISION), world.until(rows)) == [step for step in stepped if step[0] < rows]

    def test_law_02_passing_quietly_is_stepping(self, monitor: RiskMonitor[Any]) -> None:
        """However a span is divided, ``quiet`` stops before the first row that gives a draft, in the state that stepping has."""
        if not isinstance(monitor, IQuiet):
            pytest.skip("not declared: quiet (IQuiet)")
        for world in (_world(monitor), make_standing_world(monitor.needs, 3 * monitor.window + 30)):
            _check_quiet(monitor, self.make_monitor(PROVISION), world)

    def test_law_03_it_looks_back_no_further_than_its_window(self, monitor: RiskMonitor[Any]) -> None:
        """It can be stepped from the first row at which its window is full, and never looks further back than that."""
        assert monitor.window >= 1
        for world in (_world(monitor), make_standing_world(monitor.needs, 3 * monitor.window + 30)):
            for facts, _, _, _ in _steps(monitor, world):
                assert facts.too_far == []

    def test_law_04_same_input_same_output(self, monitor: RiskMonitor[Any]) -> None:
        """All of its memory is its state: a value that can be stored, is not changed, and leads anybody to the same steps."""
        world = _world(monitor)
        stepped = _stepped(monitor, world)
        assert _stepped(monitor, world) == stepped
        state = monitor.initial()
        fresh = self.make_monitor(PROVISION)
        assert state == fresh.initial()
        table = world.table()
        for row in ready_rows(world, table, monitor.window):
            before = msgspec.msgpack.encode(state)
            after, drafts = fresh.step(state, WatchedFacts(table, monitor.needs, monitor.window), make_view(row))
            assert msgspec.msgpack.encode(state) == before, f"row {row} changed the state that it was given"
            again, drafts_again = monitor.step(state, WatchedFacts(table, monitor.needs, monitor.window), make_view(row))
            assert (after, tuple(drafts)) == (again, tuple(drafts_again)), f"row {row}"
            state = after

    def test_law_05_declared_inputs_and_outputs_are_the_ones_used(self, monitor: RiskMonitor[Any]) -> None:
        """It reads no key that it does not declare, gives risk drafts, and leaves the account's view as it was."""
        assert monitor.needs
        world = _world(monitor)
        for facts, row, _, drafts in _steps(monitor, world):
            assert facts.undeclared == []
            assert all(isinstance(draft, RiskDraft) for draft in drafts), f"row {row}"
        view = make_view(0)
        monitor.step(monitor.initial(), _ready(monitor, world), view)
        assert msgspec.msgpack.encode(view) == msgspec.msgpack.encode(make_view(0))
        if isinstance(monitor, IQuiet):
            columns = WatchedColumns(world.columns())
            first = next(ready_rows(world, world.table(), monitor.window))
            monitor.quiet(monitor.initial(), columns, view, first, len(world.base))
            assert columns.undeclared == []


def make_view(row: int) -> AccountView:
    """The account at a row: what it holds and what it has lost changes every ``VIEW_ROWS`` rows."""
    revision = row // VIEW_ROWS
    held = Decimal((0, 1, -1, 2)[revision % 4])
    cash = Decimal(100_000) - Decimal(38_500) * held - Decimal((0, 4_000, 12_000, 1_000)[revision % 3])
    position = Position(instrument=INSTRUMENT, quantity=held, cost=Decimal(38_500) * held)
    return AccountView(
        revision=revision,
        strategy=PROVISION.strategy,
        account_type=AccountType.NETTING,
        currency="USDT",
        balances={"USDT": cash},
        positions={SERIES.symbol: position} if held else {},
    )


def _check_quiet(monitor: IQuiet[Any], stepping: RiskMonitor[Any], world: World) -> None:
    columns = world.columns()
    stepped = {row: (state, drafts) for row, state, drafts in _stepped(stepping, world)}
    first, stop = min(stepped), max(stepped) + 1
    changes_of_view = {row for row in range(first + 1, stop) if row % VIEW_ROWS == 0}

    @holds(st.sets(st.integers(first + 1, stop - 1), max_size=8))
    def divided(cuts: set[int]) -> None:
        state, start = stepping.initial(), first
        for border in sorted(cuts | changes_of_view | {stop}):
            state, start = _pass(monitor, columns, state, start, border, stepped)
        assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(stepped[stop - 1][0])


def _pass(
    monitor: IQuiet[Any],
    columns: Columns,
    state: Any,
    start: int,
    border: int,
    stepped: Mapping[int, tuple[Any, Sequence[RiskDraft]]],
) -> tuple[Any, int]:
    """Go to the border, quietly where possible; the rows that are not quiet are stepped."""
    while start < border:
        state, reached = monitor.quiet(state, columns, make_view(start), start, border)
        loud = next((row for row in range(start, border) if stepped[row][1]), border)
        assert reached == loud, f"from {start} to {border}: quiet until {reached}, the first draft is at {loud}"
        if reached > start:
            expected = stepped[reached - 1][0]
            assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(expected), f"the state after row {reached - 1} differs"
        if reached < border:
            state = stepped[reached][0]
        start = reached + 1 if reached < border else border
    return state, start


def _world(monitor: RiskMonitor[Any]) -> World:
    return make_world(monitor.needs, 3 * monitor.window + 600)


def _steps(monitor: RiskMonitor[Any], world: World) -> Iterator[tuple[WatchedFacts, int, Any, tuple[RiskDraft, ...]]]:
    table, state = world.table(), monitor.initial()
    for row in ready_rows(world, table, monitor.window):
        facts = WatchedFacts(table, monitor.needs, monitor.window)
        state, drafts = monitor.step(state, facts, make_view(row))
        yield facts, row, state, tuple(drafts)


def _stepped(monitor: RiskMonitor[Any], world: World) -> Stepped:
    return [(row, state, drafts) for _, row, state, drafts in _steps(monitor, world)]


def _ready(monitor: RiskMonitor[Any], world: World) -> WatchedFacts:
    table = world.table()
    next(ready_rows(world, table, monitor.window))
    return WatchedFacts(table, monitor.needs, monitor.window)
