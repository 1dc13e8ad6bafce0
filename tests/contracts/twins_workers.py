"""Workers that break one law each. The name of a twin begins with the law that it breaks."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from s1mpletrader.api import (
    AccountView,
    BoolArray,
    Columns,
    Direction,
    Facts,
    FloatArray,
    Key,
    RiskDraft,
    Row,
    Severity,
    SignalDraft,
    Update,
    WorkerProvision,
)
from s1mpletrader.contracts import ContextWorkerContract, CoupledDetectorContract, RiskMonitorContract, SignalDetectorContract

WINDOW = 5


class Mean:
    """The average of the last closes: right in both of its forms."""

    window = WINDOW

    def __init__(self, provision: WorkerProvision) -> None:
        close = Key(*provision.series, "close")
        self.needs: tuple[Key, ...] = (close,)
        self.gives: tuple[Key, ...] = (close._replace(name="mean"),)

    def begin(self) -> Update:
        seen: list[float] = []

        def update(row: Row) -> Row | None:
            seen.append(row[0])
            return (self.value(seen[-WINDOW:]),) if len(seen) >= WINDOW else None

        return update

    def value(self, closes: Sequence[float]) -> float:
        return sum(closes) / WINDOW

    def columns(self, data: Columns) -> Columns:
        (close,) = (data[key] for key in self.needs)
        means = [self.value(close[row - WINDOW + 1 : row + 1].tolist()) for row in range(WINDOW - 1, len(close))]
        values: FloatArray = np.array([np.nan] * (WINDOW - 1) + means)
        return {self.gives[0]: values}


class ReferenceContextWorker(ContextWorkerContract):
    worker_class: type[Mean] = Mean

    def make_worker(self, provision: WorkerProvision) -> Mean:
        return self.worker_class(provision)


class Law01CentresItsAverage(ReferenceContextWorker):
    class worker_class(Mean):
        def columns(self, data: Columns) -> Columns:
            made = super().columns(data)
            return {key: np.append(values[1:], values[-1]) for key, values in made.items()}


class Law02SumsInAnotherOrder(ReferenceContextWorker):
    class worker_class(Mean):
        def columns(self, data: Columns) -> Columns:
            return {key: values * (1 + 1e-15) for key, values in super().columns(data).items()}


class Law03SpeaksTooEarly(ReferenceContextWorker):
    class worker_class(Mean):
        def begin(self) -> Update:
            update = super().begin()
            return lambda row: update(row) or (row[0],)


class Law03GivesNan(ReferenceContextWorker):
    class worker_class(Mean):
        def value(self, closes: Sequence[float]) -> float:
            moved = max(closes) - min(closes)
            return super().value(closes) if moved else float("nan")


class Law04RemembersOutsideOfItsForm(ReferenceContextWorker):
    class worker_class(Mean):
        def __init__(self, provision: WorkerProvision) -> None:
            super().__init__(provision)
            self.seen: list[float] = []

        def begin(self) -> Update:
            def update(row: Row) -> Row | None:
                self.seen.append(row[0])
                return (self.value(self.seen[-WINDOW:]),) if len(self.seen) >= WINDOW else None

            return update


class Law05GivesMoreThanItSays(ReferenceContextWorker):
    class worker_class(Mean):
        def columns(self, data: Columns) -> Columns:
            made = super().columns(data)
            return {**made, self.needs[0]._replace(name="secret"): next(iter(made.values()))}


def earlier(at: Facts, key: Key) -> float:
    """A value from before the window, where there is one."""
    try:
        return at.value(key, 3)
    except LookupError:
        return 0.0


class Rising:
    """A signal where the close is above the one before: right in both of its forms."""

    window = 2

    def __init__(self, provision: WorkerProvision) -> None:
        self.close = Key(*provision.series, "close")
        self.needs: tuple[Key, ...] = (self.close,)

    def detect(self, at: Facts) -> Sequence[SignalDraft]:
        return self.signals(at.value(self.close) > at.value(self.close, 1))

    def signals(self, rises: bool) -> Sequence[SignalDraft]:
        return (SignalDraft(symbol=self.close.symbol, direction=Direction.LONG, kind="rise"),) if rises else ()

    def candidates(self, columns: Columns) -> BoolArray:
        close = columns[self.close]
        flags: BoolArray = np.append([False], close[1:] > close[:-1])
        return flags


class ReferenceDetector(SignalDetectorContract):
    detector_class: type[Rising] = Rising

    def make_detector(self, provision: WorkerProvision) -> Rising:
        return self.detector_class(provision)


class DetectorLaw01KnowsHowMuchIsToCome(ReferenceDetector):
    class detector_class(Rising):
        def detect(self, at: Facts) -> Sequence[SignalDraft]:
            rows = len(at.table.candles[next(iter(at.table.candles))])  # type: ignore[attr-defined]
            return self.signals(rows % 7 == 0)


class DetectorLaw02MissesACandidate(ReferenceDetector):
    class detector_class(Rising):
        def candidates(self, columns: Columns) -> BoolArray:
            flags = super().candidates(columns)
            flags[np.flatnonzero(flags)[::10]] = False
            return flags


class DetectorLaw03LooksFurtherBack(ReferenceDetector):
    class detector_class(Rising):
        def detect(self, at: Facts) -> Sequence[SignalDraft]:
            return self.signals(at.value(self.close) > earlier(at, self.close))


class DetectorLaw04RemembersWhatItSaw(ReferenceDetector):
    class detector_class(Rising):
        last = False

        def detect(self, at: Facts) -> Sequence[SignalDraft]:
            rises, before = at.value(self.close) > at.value(self.close, 1), self.last
            self.last = rises
            return self.signals(rises and not before)


class DetectorLaw05ReadsWhatItDoesNotDeclare(ReferenceDetector):
    class detector_class(Rising):
        def detect(self, at: Facts) -> Sequence[SignalDraft]:
            return self.signals(at.value(self.close) > at.value(self.close._replace(name="open")))


class High:
    """A risk while the close is near its highest so far: right in both of its forms."""

    window = 1

    def __init__(self, provision: WorkerProvision) -> None:
        self.close = Key(*provision.series, "close")
        self.needs: tuple[Key, ...] = (self.close,)

    def initial(self) -> tuple[float, bool]:
        return 0.0, False

    def step(self, state: Any, at: Facts, view: AccountView) -> tuple[Any, Sequence[RiskDraft]]:
        after = self.after(state, at.value(self.close))
        return after, self.drafts(state[1], after[1])

    def after(self, state: Any, close: float) -> tuple[float, bool]:
        peak = max(state[0], close)
        return peak, close > 0.99 * peak

    def drafts(self, before: bool, now: bool) -> Sequence[RiskDraft]:
        return () if before == now else (RiskDraft(kind="high", severity=Severity.HIGH if now else Severity.LIFTED),)

    def quiet(self, state: Any, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[Any, int]:
        for row in range(start, stop):
            after = self.after(state, float(columns[self.close][row]))
            if after[1] != state[1]:
                return state, row
            state = after
        return state, stop


class ReferenceMonitor(RiskMonitorContract):
    monitor_class: type[High] = High

    def make_monitor(self, provision: WorkerProvision) -> High:
        return self.monitor_class(provision)


class MonitorLaw01KnowsHowMuchIsToCome(ReferenceMonitor):
    class monitor_class(High):
        def after(self, state: Any, close: float) -> tuple[float, bool]:
            return super().after(state, close)

        def step(self, state: Any, at: Facts, view: AccountView) -> tuple[Any, Sequence[RiskDraft]]:
            rows = len(at.table.candles[next(iter(at.table.candles))])  # type: ignore[attr-defined]
            return (rows * 1.0, False), ()


class MonitorLaw02PassesALoudCandle(ReferenceMonitor):
    class monitor_class(High):
        def quiet(self, state: Any, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[Any, int]:
            state, reached = super().quiet(state, columns, view, start, stop)
            return state, min(reached + 1, stop)


class MonitorLaw03LooksFurtherBack(ReferenceMonitor):
    class monitor_class(High):
        def step(self, state: Any, at: Facts, view: AccountView) -> tuple[Any, Sequence[RiskDraft]]:
            earlier(at, self.close)
            return super().step(state, at, view)


class MonitorLaw04RemembersOutsideOfItsState(ReferenceMonitor):
    class monitor_class(High):
        peak = 0.0

        def after(self, state: Any, close: float) -> tuple[float, bool]:
            self.peak = max(self.peak, close)
            return self.peak, close > 0.99 * self.peak


class MonitorLaw05ReadsWhatItDoesNotDeclare(ReferenceMonitor):
    class monitor_class(High):
        def step(self, state: Any, at: Facts, view: AccountView) -> tuple[Any, Sequence[RiskDraft]]:
            at.value(self.close._replace(name="open"))
            return super().step(state, at, view)


class Higher:
    """A signal at each new highest close: right in both of its forms."""

    window = 1

    def __init__(self, provision: WorkerProvision) -> None:
        self.close = Key(*provision.series, "close")
        self.needs: tuple[Key, ...] = (self.close,)

    def initial(self) -> float:
        return 0.0

    def step(self, state: float, at: Facts, view: AccountView) -> tuple[float, Sequence[SignalDraft]]:
        close = at.value(self.close)
        draft = SignalDraft(symbol=self.close.symbol, direction=Direction.LONG, kind="high")
        return max(state, close), (draft,) if close > state else ()

    def quiet(self, state: float, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[float, int]:
        loud = columns[self.close][start:stop] > state
        return state, start + int(np.argmax(loud)) if loud.any() else stop


class ReferenceCoupledDetector(CoupledDetectorContract):
    detector_class: type[Higher] = Higher

    def make_detector(self, provision: WorkerProvision) -> Higher:
        return self.detector_class(provision)


class CoupledLaw01KnowsHowMuchIsToCome(ReferenceCoupledDetector):
    class detector_class(Higher):
        def step(self, state: float, at: Facts, view: AccountView) -> tuple[float, Sequence[SignalDraft]]:
            rows = len(at.table.candles[next(iter(at.table.candles))])  # type: ignore[attr-defined]
            _, drafts = super().step(0.0, at, view)
            return float(rows), drafts


class CoupledLaw02PassesALoudCandle(ReferenceCoupledDetector):
    class detector_class(Higher):
        def quiet(self, state: float, columns: Columns, view: AccountView, start: int, stop: int) -> tuple[float, int]:
            state, reached = super().quiet(state, columns, view, start, stop)
            return state, min(reached + 1, stop)


class CoupledLaw03LooksFurtherBack(ReferenceCoupledDetector):
    class detector_class(Higher):
        def step(self, state: float, at: Facts, view: AccountView) -> tuple[float, Sequence[SignalDraft]]:
            earlier(at, self.close)
            return super().step(state, at, view)


class CoupledLaw04RemembersOutsideOfItsState(ReferenceCoupledDetector):
    class detector_class(Higher):
        peak = 0.0

        def step(self, state: float, at: Facts, view: AccountView) -> tuple[float, Sequence[SignalDraft]]:
            self.peak, drafts = super().step(self.peak, at, view)
            return state, drafts


class CoupledLaw05ReadsWhatItDoesNotDeclare(ReferenceCoupledDetector):
    class detector_class(Higher):
        def step(self, state: float, at: Facts, view: AccountView) -> tuple[float, Sequence[SignalDraft]]:
            at.value(self.close._replace(name="open"))
            return super().step(state, at, view)


COUPLED_DETECTORS = [twin for name, twin in sorted(globals().items()) if name.startswith("CoupledLaw")]
CONTEXT_WORKERS = [twin for name, twin in sorted(globals().items()) if name.startswith("Law")]
DETECTORS = [twin for name, twin in sorted(globals().items()) if name.startswith("DetectorLaw")]
MONITORS = [twin for name, twin in sorted(globals().items()) if name.startswith("MonitorLaw")]
