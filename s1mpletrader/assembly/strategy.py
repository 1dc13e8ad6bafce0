"""From a configuration's tables to a strategy, compiled into flat tuples of bound parts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from s1mpletrader.configuration import Configuration, FactUser, PluginTable, Portfolio, check_needs, order_workers
from s1mpletrader.configuration.nearest import nearest
from s1mpletrader.core.columns import bind_workers
from s1mpletrader.core.facts import FactTable, SeriesData
from s1mpletrader.core.planning import Named, Planning, Routed
from s1mpletrader.core.plugin_manager import PluginKind
from s1mpletrader.core.strategy import BoundCoupled, BoundDetector, BoundEventDetector, Strategy, StrategyState
from s1mpletrader.core.warm_up import begun_after_warm_up
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.facts import CANDLE_FIELDS, CLOSED_AT, Key, Series
from s1mpletrader.domain.instant import timeframe_ns
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.ports.algorithms import ExecutionAlgorithm
from s1mpletrader.ports.events import EventDetector
from s1mpletrader.ports.plugin import WorkerProvision
from s1mpletrader.ports.state import IState
from s1mpletrader.ports.workers import ICoupled, SignalDetector


def assemble_strategies(
    portfolio: Portfolio,
    candles: Mapping[str, Mapping[Series, Candles]],
    instruments: Mapping[str, Instrument],
    open_state: Callable[[], IState] | None = None,
) -> dict[str, Strategy]:
    """All strategies by name, in the order of their turns. None decides anything while its history is another run's warm-up."""
    return {
        one.strategy.name: begun_after_warm_up(
            candles[one.strategy.name], assemble_strategy(one, candles[one.strategy.name], instruments, open_state)
        )
        for one in portfolio.strategies
    }


def assemble_strategy(
    configuration: Configuration,
    candles: Mapping[Series, SeriesData],
    instruments: Mapping[str, Instrument],
    open_state: Callable[[], IState] | None = None,
) -> Strategy:
    """The strategy, compiled; every fact that is needed is given by somebody."""
    facts = FactTable(candles)
    for series, data in candles.items():
        facts.add(Key(*series, CLOSED_AT), data.closed_second, first=0)
    provide = Provider(configuration, instruments, open_state)
    users = [_reading(table, table.build(provide(table))) for table in configuration.context]
    ordered = order_workers(users, facts.known_keys())
    workers = bind_workers(facts, [(user.name, user.worker) for user in ordered])
    signals = _built(configuration.signal, provide, facts)
    risks = _built(configuration.risk, provide, facts)
    for table, worker in (*signals, *risks):
        if not isinstance(worker, EventDetector):
            _reading(table, worker)
    detectors = tuple(
        BoundDetector(table.name, worker, worker.needs[0].series, _first_row(facts, worker))
        for table, worker in signals
        if not isinstance(worker, EventDetector) and isinstance(worker, SignalDetector)
    )
    event_detectors = _event_detectors(configuration, signals)
    coupled = tuple(
        BoundCoupled(table.name, worker, worker.needs[0].series, _first_row(facts, worker))
        for table, worker in (*risks, *signals)
        if isinstance(worker, ICoupled)
    )
    return Strategy(
        name=configuration.strategy.name,
        symbols=configuration.strategy.symbols,
        series=configuration.series,
        facts=facts,
        workers=workers,
        detectors=detectors,
        coupled=coupled,
        monitor_count=len(risks),
        event_detectors=event_detectors,
        batch=configuration.batch.rules,
        planning=_planning(configuration, provide, facts),
        recorded_keys=_recorded_keys(configuration, facts),
        price_keys=_price_keys(configuration, candles),
        state=StrategyState(coupled=[bound.worker.initial() for bound in coupled]),
    )


def _event_detectors(configuration: Configuration, signals: Sequence[tuple[PluginTable, Any]]) -> tuple[BoundEventDetector, ...]:
    """The detectors of events; one that listens to a source which is not there is a ``ConfigurationError``."""
    sources = [table.name for table in (*configuration.news, *configuration.schedule)]
    found = [(table, worker) for table, worker in signals if isinstance(worker, EventDetector)]
    for table, worker in found:
        for name in worker.sources:
            if name not in sources:
                problem = f"it listens to {name!r}, and no [[news]] or [[schedule]] table has that name"
                raise ConfigurationError(table.place, problem, nearest(name, sources))
    return tuple(BoundEventDetector(table.name, worker) for table, worker in found)


def build_algorithms(portfolio: Portfolio) -> dict[str, ExecutionAlgorithm]:
    """Every execution algorithm that is installed, by name."""
    configuration = portfolio.strategies[0]
    provide = Provider(configuration, {})
    return {
        plugin.name: plugin.plugin.build(plugin.plugin.config(), provide.named(plugin.name, configuration.series))
        for plugin in configuration.plugins.plugins(PluginKind.ALGORITHM)
    }


class Provider:
    """What workers, planners, gates and algorithms are built with."""

    def __init__(
        self,
        configuration: Configuration,
        instruments: Mapping[str, Instrument],
        open_state: Callable[[], IState] | None = None,
    ) -> None:
        self._configuration = configuration
        self._instruments = instruments
        self._open_state = open_state

    def __call__(self, table: PluginTable) -> WorkerProvision:
        """For a table."""
        return self.named(table.name, table.series)

    def named(self, name: str, series: Series) -> WorkerProvision:
        """For a part of this name on this series."""
        strategy = self._configuration.strategy
        return WorkerProvision(
            name=name,
            strategy=strategy.name,
            series=series,
            symbols=strategy.symbols,
            instruments=self._instruments,
            account_type=self._configuration.account.type,
            seed=strategy.seed,
            account=self._configuration.account.name,
            open_state=self._open_state,
        )


def _fact_user(table: PluginTable, worker: Any) -> FactUser[Any]:
    """``needs`` and ``gives`` where a plugin has them: a planner may read facts, and most do not."""
    needs, gives = tuple(getattr(worker, "needs", ())), tuple(getattr(worker, "gives", ()))
    return FactUser(place=table.place, name=table.name, needs=needs, gives=gives, worker=worker)


def _reading(table: PluginTable, worker: Any) -> FactUser[Any]:
    """Of a worker that is asked at each close of what it reads: one that reads nothing would never be asked."""
    user = _fact_user(table, worker)
    if not user.needs:
        raise ConfigurationError(table.place, f"{table.name} reads no fact, so that it would never be asked")
    return user


def _built(tables: Sequence[PluginTable], provide: Provider, facts: FactTable) -> list[tuple[PluginTable, Any]]:
    users = [_fact_user(table, table.build(provide(table))) for table in tables]
    check_needs(users, facts.known_keys())
    return [(table, user.worker) for table, user in zip(tables, users, strict=True)]


def _first_row(facts: FactTable, worker: Any) -> int:
    """The first row of the first need's series at which ``window`` values of every need are there."""
    base: Series = worker.needs[0].series
    rows: list[int] = []
    for key in worker.needs:
        row = facts.column(key).first + worker.window - 1
        if key.series != base:
            closed_at = facts.candles[key.series].closed_at
            if row >= len(closed_at):
                return len(facts.candles[base])
            row = int(np.searchsorted(facts.candles[base].closed_at, closed_at[row : row + 1])[0])
        rows.append(row)
    return max(rows)


def _planning(configuration: Configuration, provide: Provider, facts: FactTable) -> Planning:
    def routed(tables: Sequence[PluginTable]) -> tuple[Routed[Any], ...]:
        return tuple(
            Routed(table.name, planner, table.confidence.low, table.confidence.high)
            for table, planner in _built(tables, provide, facts)
        )

    ((planner_table, planner),) = _built((configuration.planner,), provide, facts)
    gates = _built(configuration.gate, provide, facts)
    _check_risks(configuration, gates)
    return Planning(
        planner=Named(planner_table.name, planner),
        entry=routed(configuration.entry),
        exit=routed(configuration.exit),
        size=routed(configuration.size),
        execution=routed(configuration.execution),
        gates=tuple(Named(table.name, gate) for table, gate in gates),
    )


def _check_risks(configuration: Configuration, gates: Sequence[tuple[PluginTable, Any]]) -> None:
    """A gate that goes with a monitor that is not there would never refuse: that is a ``ConfigurationError``."""
    monitors = [table.name for table in configuration.risk]
    for table, gate in gates:
        for name in getattr(gate, "risks", ()):
            if name not in monitors:
                problem = f"it goes with the risk {name!r}, and no [[risk]] table has that name"
                raise ConfigurationError(table.place, problem, nearest(name, monitors))


def _recorded_keys(configuration: Configuration, facts: FactTable) -> tuple[Key, ...]:
    """What workers gave, and the first series' candle."""
    keys = [key for key in facts.known_keys() if key.name != CLOSED_AT]
    return tuple(key for key in keys if key.series == configuration.series or key.name not in CANDLE_FIELDS)


def _price_keys(configuration: Configuration, candles: Mapping[Series, SeriesData]) -> dict[str, Key]:
    """The close on each symbol's shortest timeframe."""
    shortest = sorted(candles, key=lambda series: timeframe_ns(series.timeframe), reverse=True)
    by_symbol = {series.symbol: Key(*series, "close") for series in shortest}
    return {symbol: by_symbol[symbol] for symbol in configuration.strategy.symbols}
