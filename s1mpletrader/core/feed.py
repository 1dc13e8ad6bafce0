"""Feeds: a strategy's candles as they close. The dense one visits every candle, the skipping one only where something can happen.

Both give the same flows. Which one runs is a setting, not a branch in what follows.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from s1mpletrader.core.columns import fill_columns, row_filler
from s1mpletrader.core.facts import Timeline
from s1mpletrader.core.returned import detected, sort_drafts, stepped, wrong
from s1mpletrader.core.strategy import BoundCoupled, Seen, Strategy
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.facts import Columns, InstantArray, Series
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.opinion import RiskDraft, SignalDraft
from s1mpletrader.ports.workers import ICandidates, IQuiet


class Feed(Protocol):
    """A strategy's market data in the order of time."""

    strategy: Strategy

    def next_at(self, before: Instant | None) -> Instant | None:
        """The next instant at which there is something to see, if it lies before the given one; None means any later one."""
        ...

    def take(self) -> Seen:
        """Go to that instant: what the detectors and coupled workers see there."""
        ...

    def catch_up(self, at: Instant) -> None:
        """Let the facts be those of the candles that closed before an instant at which something else happens."""
        ...


class Position:
    """Where a strategy stands on its timeline: sets the cursors, and asks those whose candles have closed."""

    def __init__(self, strategy: Strategy, timeline: Timeline, view: Callable[[], AccountView]) -> None:
        self._strategy = strategy
        self._facts = strategy.facts
        self._instants = timeline.instants
        self._view = view
        self._cursors = tuple((series, cursor, timeline.counts(series)) for series, cursor in strategy.facts.cursors.items())

    def move_to(self, index: int) -> dict[Series, int]:
        """Go to an instant; returns the series whose candles close there, with the row of that candle."""
        self._facts.at = self._instants.item(index)
        closed = {}
        for series, cursor, counts in self._cursors:
            cursor.count = count = counts.item(index)
            if count != (counts.item(index - 1) if index else 0):
                closed[series] = count - 1
        return closed

    def look(self, closed: dict[Series, int]) -> Seen:
        """Ask every coupled worker and detector whose series has closed and whose facts are there."""
        strategy = self._strategy
        facts, states = strategy.facts, strategy.state.coupled
        risks: list[tuple[str, RiskDraft]] = []
        signals: list[tuple[str, SignalDraft]] = []
        for number, (name, worker, series, first_row) in enumerate(strategy.coupled):
            if closed.get(series, -1) >= first_row:
                states[number], drafts = stepped(name, worker, states[number], facts, self._view())
                if drafts or drafts is None:
                    sort_drafts(name, drafts, risks, signals)
        for name, detector, series, first_row in strategy.detectors:
            if closed.get(series, -1) >= first_row:
                signals += detected(name, detector, facts)
        return Seen(signals, risks)


class DenseFeed:
    """Every candle, one after the other."""

    def __init__(self, strategy: Strategy, view: Callable[[], AccountView]) -> None:
        self.strategy = strategy
        timeline = Timeline(strategy.facts.candles)
        self._position = Position(strategy, timeline, view)
        self._index = 0
        self._length = len(timeline)
        self._instants = timeline.instants
        self._fillers: dict[Series, list[Callable[[int], None]]] = {}
        for bound in strategy.workers:
            self._fillers.setdefault(bound.series, []).append(row_filler(strategy.facts, bound))

    def next_at(self, before: Instant | None) -> Instant | None:
        """The next candle's close."""
        if self._index == self._length:
            return None
        at = self._instants.item(self._index)
        return at if before is None or at < before else None

    def take(self) -> Seen:
        """Close the next candle: feed the workers, then ask the coupled workers and detectors."""
        closed = self._position.move_to(self._index)
        self._index += 1
        for series, row in closed.items():
            for fill in self._fillers.get(series, ()):
                fill(row)
        return self._position.look(closed)

    def catch_up(self, at: Instant) -> None:
        """Every candle has been visited in its turn."""


class SkippingFeed:
    """Only the candles where a detector might give a signal or a coupled worker is not quiet."""

    def __init__(self, strategy: Strategy, view: Callable[[], AccountView]) -> None:
        self.strategy = strategy
        self._view = view
        timeline = Timeline(strategy.facts.candles)
        self._position = Position(strategy, timeline, view)
        fill_columns(strategy.facts, strategy.workers)
        self._instants = timeline.instants
        self._length = len(timeline)
        self._candidates = _candidates(strategy, timeline)
        self._next_candidate = 0
        self._index = 0
        self._found: int | None = None
        self._found_at: Instant = 0
        self._shown = 0
        self._coupled = [QuietWorker(number, bound, strategy, timeline) for number, bound in enumerate(strategy.coupled)]

    def next_at(self, before: Instant | None) -> Instant | None:
        """The next instant that cannot be skipped."""
        if self._found is None:
            self._found = self._search(before)
            if self._found is None:
                return None
            self._found_at = self._instants.item(self._found)
        at = self._found_at
        return at if before is None or at < before else None

    def take(self) -> Seen:
        """Go there, and ask the coupled workers and detectors."""
        index = self._found if self._found is not None else self._index
        self._found = None
        self._index = self._shown = index + 1
        return self._position.look(self._position.move_to(index))

    def catch_up(self, at: Instant) -> None:
        """Show what has been skipped."""
        if self._shown < self._length and self._instants.item(self._shown) < at:
            self._shown = int(self._instants.searchsorted(at))
            self._position.move_to(self._shown - 1)

    def _search(self, before: Instant | None) -> int | None:
        candidate = self._candidate()
        if not self._coupled:
            return candidate if candidate < self._length else None
        limit = self._length if before is None else int(np.searchsorted(self._instants, before, side="left"))
        stop = min(candidate, limit)
        if stop > self._index:
            stop = self._pass_quietly(stop)
            self._index = stop
        loud = stop < min(candidate, limit)
        return stop if loud or stop == candidate < limit else None

    def _candidate(self) -> int:
        """The index of the next instant at which some detector might give a signal; past the end where there is none."""
        candidates = self._candidates
        while self._next_candidate < len(candidates):
            candidate = candidates.item(self._next_candidate)
            if candidate >= self._index:
                return candidate
            self._next_candidate += 1
        return self._length

    def _pass_quietly(self, stop: int) -> int:
        """Step all coupled workers towards an instant as long as all are quiet; returns where the first is not."""
        view = self._view()
        reached = stop
        for worker in self._coupled:
            reached = min(reached, worker.quiet_until(self._index, reached, view))
        for worker in self._coupled:
            worker.pass_to(self._index, reached, view)
        return reached


class QuietWorker:
    """A coupled worker with its second form, on the strategy's timeline."""

    def __init__(self, number: int, bound: BoundCoupled, strategy: Strategy, timeline: Timeline) -> None:
        if not isinstance(bound.worker, IQuiet):
            raise TypeError(f"{bound.name} has no quiet form")
        self._number = number
        self._bound = bound
        self._quiet: IQuiet[Any] = bound.worker
        self._columns: Columns = strategy.facts.aligned(bound.worker.needs)
        self._timeline = timeline
        self._states = strategy.state.coupled
        self._closed_at: InstantArray = strategy.facts.candles[bound.series].closed_at

    def quiet_until(self, start: int, stop: int, view: AccountView) -> int:
        """The first instant from ``start`` at which the worker speaks, or ``stop``; its state stays as it is."""
        first, last = self._rows(start, stop)
        if first >= last:
            return stop
        _, row = self._go_on(view, first, last)
        if row == last:
            return stop
        return int(np.searchsorted(self._timeline.instants, self._closed_at[row]))

    def pass_to(self, start: int, stop: int, view: AccountView) -> None:
        """Take the state past the quiet instants."""
        first, last = self._rows(start, stop)
        if first < last:
            self._states[self._number], _ = self._go_on(view, first, last)

    def _go_on(self, view: AccountView, first: int, last: int) -> tuple[Any, int]:
        try:
            gone = self._quiet.quiet(self._states[self._number], self._columns, view, first, last)
        except Exception as fault:
            raise PluginFailed(self._bound.name, fault) from fault
        try:
            state, row = gone
            is_there = first <= row <= last
        except (TypeError, ValueError):
            is_there = False
        if not is_there:
            raise wrong(self._bound.name, "quiet", gone, f"a state and a row from {first} to {last}")
        return state, row

    def _rows(self, start: int, stop: int) -> tuple[int, int]:
        series = self._bound.series
        first = self._timeline.count(series, start - 1) if start else 0
        last = self._timeline.count(series, stop - 1) if stop else 0
        return max(first, self._bound.first_row), last


def can_skip(strategy: Strategy) -> bool:
    """Whether every detector and coupled worker has the optional form that skipping needs."""
    return all(isinstance(bound.detector, ICandidates) for bound in strategy.detectors) and all(
        isinstance(bound.worker, IQuiet) for bound in strategy.coupled
    )


def _candidates(strategy: Strategy, timeline: Timeline) -> InstantArray:
    """The indices of the instants at which some detector might give a signal."""
    flags = np.zeros(len(timeline), dtype=np.bool_)
    for name, detector, series, first_row in strategy.detectors:
        if not isinstance(detector, ICandidates):
            raise TypeError("a detector has no candidates form")
        try:
            given = detector.candidates(strategy.facts.aligned(detector.needs))
            rows = np.array(given, dtype=np.bool_)
        except Exception as fault:
            raise PluginFailed(name, fault) from fault
        count = len(strategy.facts.candles[series])
        if rows.shape != (count,):
            raise wrong(name, "candidates", given, f"{count} flags, one for each row")
        rows[:first_row] = False
        flags |= timeline.flags(series, rows, strategy.facts.candles[series].closed_at)
    return np.flatnonzero(flags)
