"""A live strategy's candles: each is appended as it closes, and whoever has what it needs is asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from s1mpletrader.core.columns import row_filler
from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.growing_candles import GrowingCandles
from s1mpletrader.core.market import VOLATILITY_WINDOW
from s1mpletrader.core.returned import detected, sort_drafts, stepped
from s1mpletrader.core.strategy import Seen, Strategy
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.facts import Key, Series
from s1mpletrader.domain.instant import Instant, timeframe_ns
from s1mpletrader.domain.opinion import RiskDraft, SignalDraft
from s1mpletrader.ports.market_data import Candle

ROWS_SPARE: Final = 5_000
"""How many candles are kept beyond what the declared windows ask for."""


class Windowed(Protocol):
    """Whoever declares what it looks at."""

    @property
    def needs(self) -> tuple[Key, ...]:
        """What it reads."""
        ...

    @property
    def window(self) -> int:
        """How many values of each need it looks at."""
        ...


class LiveFeed:
    """One strategy's facts as its market goes on."""

    def __init__(self, strategy: Strategy, candles: Mapping[Series, GrowingCandles], view: Callable[[], AccountView]) -> None:
        self.strategy = strategy
        self._candles = candles
        self._view = view
        self._fillers: dict[Series, list[Callable[[int], None]]] = {series: [] for series in candles}
        for bound in strategy.workers:
            self._fillers[bound.series].append(row_filler(strategy.facts, bound))
        self._closed_to: dict[Series, Instant] = {}

    def closed_to(self, series: Series) -> Instant | None:
        """When the latest candle of a series closed; None before its first."""
        return self._closed_to.get(series)

    def append(self, candle: Candle) -> bool:
        """Take a closed candle in, and feed the workers with it; False for one that is not later than the last.

        Raises ``PluginFailed`` where a worker fails: the candle is in, and no worker is fed any more.
        """
        series = candle.series
        closed_at = candle.opened_at + timeframe_ns(series.timeframe)
        if closed_at <= self._closed_to.get(series, closed_at - 1):
            return False
        facts, data = self.strategy.facts, self._candles[series]
        cursor = facts.cursors[series]
        if cursor.count == len(data):
            keep = len(data) // 2
            data.drop_oldest(cursor.count, keep)
            facts.drop_oldest(series, keep)
        data.put(cursor.count, candle)
        cursor.count += 1
        self._closed_to[series] = closed_at
        facts.at = max(facts.at, closed_at)
        try:
            for fill in self._fillers[series]:
                fill(cursor.count - 1)
        except PluginFailed:
            self._fillers = {one: [] for one in self._fillers}
            raise
        return True

    def look(self, closed: Sequence[Series]) -> Seen:
        """Ask every coupled worker and detector of the series that have closed, whose facts are there."""
        strategy = self.strategy
        facts, states = strategy.facts, strategy.state.coupled
        risks: list[tuple[str, RiskDraft]] = []
        signals: list[tuple[str, SignalDraft]] = []
        for number, (name, worker, series, _) in enumerate(strategy.coupled):
            if series in closed and has_all(facts, worker):
                states[number], drafts = stepped(name, worker, states[number], facts, self._view())
                if drafts or drafts is None:
                    sort_drafts(name, drafts, risks, signals)
        for name, detector, series, _ in strategy.detectors:
            if series in closed and has_all(facts, detector):
                signals += detected(name, detector, facts)
        return Seen(signals, risks)

    def warm_up(self, closed: Sequence[Series]) -> None:
        """Let the detectors that have a state see what closed in the past: what they say of it is past, too.

        Monitors are left out: a risk is raised when it is seen, and the account has not been there.
        """
        strategy = self.strategy
        facts, states = strategy.facts, strategy.state.coupled
        for number, (name, worker, series, _) in enumerate(strategy.coupled):
            if number >= strategy.monitor_count and series in closed and has_all(facts, worker):
                states[number], _ = stepped(name, worker, states[number], facts, self._view())

    @property
    def is_warm(self) -> bool:
        """Whether every declared window is full."""
        return all(has_all(self.strategy.facts, user) for user in _users(self.strategy))


def has_all(facts: FactTable, user: Windowed) -> bool:
    """Whether the whole window of every need is there."""
    return all(facts.has(key, user.window) for key in user.needs)


def rows_needed(strategy: Strategy) -> dict[Series, int]:
    """For each series, how many candles fill every declared window."""
    facts = strategy.facts
    needed = dict.fromkeys(facts.cursors, VOLATILITY_WINDOW + 1)
    for user in _users(strategy):
        for key in user.needs:
            needed[key.series] = max(needed[key.series], facts.column(key).first + user.window)
    for bound in strategy.workers:
        needed[bound.series] = max(needed[bound.series], bound.begin_row + bound.worker.window)
    return needed


def _users(strategy: Strategy) -> list[Windowed]:
    return [
        *(bound.worker for bound in strategy.coupled),
        *(bound.detector for bound in strategy.detectors),
        *(bound.detector for bound in strategy.event_detectors),
    ]
