"""The parts that only a live run has: sources of what comes, room for it, and who the run is."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from s1mpletrader.assembly.identity import plugin_identities
from s1mpletrader.assembly.strategy import assemble_strategy
from s1mpletrader.configuration import Configuration, Portfolio, canonical_json, configuration_hash, portfolio_hash
from s1mpletrader.configuration.configuration import PluginTable
from s1mpletrader.configuration.models import LateBars, OnStop
from s1mpletrader.core.bar_join import BarJoin
from s1mpletrader.core.book import Book
from s1mpletrader.core.growing_candles import GrowingCandles
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.live import LiveSettings
from s1mpletrader.core.live_feed import ROWS_SPARE, rows_needed
from s1mpletrader.core.live_gate import LiveCheck, LiveGate
from s1mpletrader.core.live_streams import ReplayedStream
from s1mpletrader.core.planning import Named
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import ConfigurationError, Refused
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.ids import IdSpaces, OrderId
from s1mpletrader.domain.instant import Instant, stamp, timeframe_ns
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reasons import DataIdentity, RunIdentity
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.events import IEventSource
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.market_data import IMarketData, IMarketStream
from s1mpletrader.ports.planners import RiskGate
from s1mpletrader.ports.plugin import DataProvision, EventProvision
from s1mpletrader.ports.state import IState

LIVE_GATE_NAME: Final = "live"
ROOM_FOR_FINDING_OUT: Final = 1


@dataclass(frozen=True, kw_only=True)
class LiveSources:
    """Where a run's candles come from: streams, and histories that are replayed as if they were."""

    streams: tuple[tuple[IMarketStream, tuple[Series, ...]], ...]
    histories: Mapping[Series, Candles]

    @property
    def is_replay(self) -> bool:
        """Whether nothing in it is really live."""
        return bool(self.histories) and len(self.histories) == sum(len(series) for _, series in self.streams)


def build_sources(portfolio: Portfolio, clock: IClock) -> LiveSources:
    """A source for each series. Tables of several series with equal keys share one."""
    series_of: dict[tuple[str, Any], tuple[Configuration, PluginTable, list[Series]]] = {}
    seen: set[Series] = set()
    for one in portfolio.strategies:
        for table in one.data:
            if table.series not in seen:
                seen.add(table.series)
                series_of.setdefault((table.plugin.name, repr(table.config)), (one, table, []))[2].append(table.series)
        _check_complete(one, seen)
    streams: list[tuple[IMarketStream, tuple[Series, ...]]] = []
    histories: dict[Series, Candles] = {}
    for one, table, series in series_of.values():
        source = table.build(_provision(one, table.series, clock))
        if isinstance(source, IMarketStream):
            streams.append((source, tuple(series)))
        else:
            past = {each: _history(one, table, source, each, clock) for each in series}
            histories |= past
            streams.append((ReplayedStream(past, clock), tuple(series)))
    return LiveSources(streams=tuple(streams), histories=histories)


def _provision(one: Configuration, series: Series, clock: IClock) -> DataProvision:
    strategy = one.strategy
    return DataProvision(series=series, seed=strategy.seed, directory=one.directory, clock=clock, strategy=strategy.name)


def _history(one: Configuration, table: PluginTable, source: IMarketData, series: Series, clock: IClock) -> Candles:
    if series != table.series:
        source = table.build(_provision(one, series, clock))
    try:
        data = source.history(series)
    except Refused as refused:
        raise ConfigurationError(table.place, str(refused)) from refused
    if not len(data):
        raise ConfigurationError(table.place, f"there is no candle of {series}")
    return data


def _check_complete(one: Configuration, there: set[Series]) -> None:
    for symbol in one.strategy.symbols:
        for timeframe in one.strategy.timeframes:
            if Series(symbol, timeframe) not in there:
                raise ConfigurationError(f"{one.path}: [[data]]", f"no table gives the candles of {symbol} {timeframe}")


def first_close(sources: LiveSources) -> Instant:
    """When the first candle of a replay closes."""
    return min(data.closed_at.item(0) for data in sources.histories.values())


def replay_start(sources: LiveSources, needed: Mapping[Series, int]) -> Instant:
    """When the time of a replay begins: as soon as every window is full, and what was warm-up when it was recorded is over."""
    rows = {series: max(needed.get(series, 1), data.warm_up_count) for series, data in sources.histories.items()}
    return max(data.closed_at.item(min(rows[series], len(data)) - 1) for series, data in sources.histories.items())


def assemble_live(
    portfolio: Portfolio, instruments: Mapping[str, Instrument], open_state: Callable[[], IState], gate: LiveGate
) -> dict[str, Strategy]:
    """All strategies, with room for what their windows need, and with the live gate as their last."""
    return {one.strategy.name: _assembled(one, portfolio, instruments, open_state, gate) for one in portfolio.strategies}


def _assembled(
    one: Configuration,
    portfolio: Portfolio,
    instruments: Mapping[str, Instrument],
    open_state: Callable[[], IState],
    gate: LiveGate,
) -> Strategy:
    series = [table.series for table in one.data]
    # What the windows need is known once the strategy is there, and it is assembled onto columns that have room for it.
    trial = assemble_strategy(one, _room(series, {}), instruments, open_state)
    strategy = assemble_strategy(one, _room(series, rows_needed(trial)), instruments, open_state)
    slowest_ns = max(timeframe_ns(each.timeframe) for each in series)
    check = LiveCheck(gate, portfolio.environment.grace_ns + slowest_ns)
    gates: tuple[Named[RiskGate], ...] = (*strategy.planning.gates, Named(LIVE_GATE_NAME, check))
    return replace(strategy, planning=replace(strategy.planning, gates=gates))


def _room(series: Sequence[Series], needed: Mapping[Series, int]) -> dict[Series, GrowingCandles]:
    rows = {one: 2 * needed[one] + ROWS_SPARE if one in needed else ROOM_FOR_FINDING_OUT for one in series}
    return {one: GrowingCandles(one, count) for one, count in rows.items()}


def rows_by_series(strategies: Mapping[str, Strategy]) -> dict[Series, int]:
    """How many candles of each series the most demanding strategy needs."""
    needed: dict[Series, int] = {}
    for strategy in strategies.values():
        for series, rows in rows_needed(strategy).items():
            needed[series] = max(needed.get(series, 0), rows)
    return needed


def bar_join(portfolio: Portfolio, strategy: Strategy) -> BarJoin:
    """How a strategy's bars of one instant are joined."""
    environment = portfolio.environment
    grace_ns = environment.grace_ns if environment.late_bars is LateBars.GO_ON else None
    return BarJoin(strategy.facts.cursors, grace_ns)


def live_events(portfolio: Portfolio, clock: IClock) -> dict[str, tuple[IEventSource, ...]]:
    """Each strategy's sources of news and schedules."""
    return {
        one.strategy.name: tuple(
            table.build(EventProvision(name=table.name, directory=one.directory, clock=clock, strategy=one.strategy.name))
            for table in (*one.news, *one.schedule)
        )
        for one in portfolio.strategies
    }


def live_settings(portfolio: Portfolio) -> LiveSettings:
    """How the run ends."""
    return LiveSettings(cancels_on_stop=portfolio.environment.on_stop is OnStop.CANCEL)


def lasting_book(portfolio: Portfolio) -> str:
    """The ledger's book of an account: the same in every run."""
    return f"{portfolio.environment.mode}-{portfolio.account.name}"


def run_name(portfolio: Portfolio, now: Callable[[], Instant]) -> str:
    """A run's name, which no other has: when it began by the machine's time, and some of the system's randomness."""
    return f"{portfolio.name}-{stamp(now())}-{token_hex(4)}"


def live_ids(portfolio: Portfolio, run: str) -> IdSpaces:
    """Every id of a live run derives from the run's name."""
    return IdSpaces({one.strategy.name: run for one in portfolio.strategies}, run)


def live_identity(
    portfolio: Portfolio, run: str, book: str, journal: IJournalReader, instruments: Mapping[str, Instrument]
) -> RunIdentity:
    """Who the run is, and which run of the same book it goes on from."""
    hashes = [configuration_hash(one) for one in portfolio.strategies]
    texts = [canonical_json(one) for one in portfolio.strategies]
    previous = previous_run(journal, book)
    head = journal.head(previous) if previous is not None else None
    return RunIdentity(
        run=run,
        book=book,
        environment=portfolio.environment.mode,
        strategies=tuple(one.strategy.name for one in portfolio.strategies),
        configuration_hash=portfolio_hash(portfolio.account, hashes),
        configuration=texts[0] if len(texts) == 1 else f"[{','.join(texts)}]",
        seed=portfolio.strategies[0].strategy.seed,
        data=tuple(
            dict.fromkeys(
                DataIdentity(
                    source=table.plugin.name, symbol=table.series.symbol, timeframe=table.series.timeframe, fingerprint="live"
                )
                for one in portfolio.strategies
                for table in one.data
            )
        ),
        plugins=plugin_identities(portfolio),
        instruments=tuple(instruments[symbol] for symbol in sorted(instruments)),
        previous_run=previous,
        previous_head=head.hash.hex() if head is not None else None,
    )


def previous_run(journal: IJournalReader, book: str) -> str | None:
    """The last run that wrote this book; None where there was none."""
    for run in reversed(journal.runs()):
        first = next(journal.entries(run), None)
        identity = read_reasons(first).run if first is not None else None
        if identity is not None and identity.book == book:
            return run
    return None


class SubmittedOrders:
    """Whether an order has left before, as the book has it: one that is merely intended has not, as far as is known."""

    def __init__(self) -> None:
        self._book: Book | None = None

    def look_in(self, book: Book) -> None:
        """The book of the run; before there is one, nothing is known."""
        self._book = book

    def __call__(self, order_id: OrderId) -> bool:
        """True where the order's intent has been followed by anything."""
        order = self._book.order(order_id) if self._book is not None else None
        return order is not None and order.state is not OrderState.INTENDED


def owner_of_this_process() -> str:
    """Machine and process, by which a lease names its owner."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_dead(owner: str) -> bool:
    """Whether the owner of a lease is a process of this machine that is no more."""
    machine, _, process = owner.rpartition(":")
    if machine != socket.gethostname() or not process.isdigit():
        return False
    return not Path(f"/proc/{process}").exists() if Path("/proc/self").exists() else _is_gone(int(process))


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
