"""A strategy whose history begins with another run's warm-up: it decides what that run decided, and nothing before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from s1mpletrader.core.strategy import BoundCoupled, Strategy
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Facts, Key, Series
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.opinion import RiskDraft, SignalDraft
from s1mpletrader.ports.workers import ICoupled


class SilentUntil:
    """A detector with a state that sees everything, and says nothing of what closed up to an instant."""

    def __init__(self, worker: ICoupled[Any, RiskDraft | SignalDraft], until: Instant) -> None:
        self._worker = worker
        self._until = until
        self.needs: tuple[Key, ...] = worker.needs
        self.window = worker.window

    def initial(self) -> Any:
        """The worker's own."""
        return self._worker.initial()

    def step(self, state: Any, at: Facts, view: AccountView) -> tuple[Any, Sequence[RiskDraft | SignalDraft]]:
        """The worker's own state, and what it gives once the warm-up is over."""
        state, drafts = self._worker.step(state, at, view)
        return state, drafts if at.at > self._until else ()


def begun_after_warm_up(candles: Mapping[Series, Candles], strategy: Strategy) -> Strategy:
    """The strategy as a live run begins it: detectors with a state see the warm-up, monitors and all others do not."""
    counts = {series: data.warm_up_count for series, data in candles.items()}
    if not any(counts.values()):
        return strategy
    detectors = [bound._replace(first_row=max(bound.first_row, counts[bound.series])) for bound in strategy.detectors]
    monitors = [
        bound._replace(first_row=max(bound.first_row, counts[bound.series]))
        for bound in strategy.coupled[: strategy.monitor_count]
    ]
    remembering = [_silent(candles[bound.series], bound) for bound in strategy.coupled[strategy.monitor_count :]]
    return replace(strategy, detectors=tuple(detectors), coupled=(*monitors, *remembering))


def _silent(candles: Candles, bound: BoundCoupled) -> BoundCoupled:
    if not candles.warm_up_count:
        return bound
    return bound._replace(worker=SilentUntil(bound.worker, candles.closed_at.item(candles.warm_up_count - 1)))
