"""Opening a live run at the edge: what has to be awaited before the parts can be wired, and what has to be closed in the end."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from dependency_injector import providers

from s1mpletrader.assembly.live import LiveSources, first_close, previous_run, replay_start, rows_by_series
from s1mpletrader.assembly.watching import watching as watching_tables
from s1mpletrader.configuration import Mode, Portfolio
from s1mpletrader.container.live import LiveContainer
from s1mpletrader.core.attempts import until_available
from s1mpletrader.core.real_time import ScaledClock, SystemClock
from s1mpletrader.core.tenure import Pin, pin
from s1mpletrader.core.worker_state import seen_to
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import ConfigurationError, Refused
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import DAY_NS, Instant
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.execution import IExecutionConnector, IGrowingWorld, IProduction, IWorld
from s1mpletrader.ports.health import IOpened, IServerTime

VENUE_PAST_NS: Final = DAY_NS
"""How much of the past a simulated venue is told of a market that is really live."""


def clock_of(portfolio: Portfolio) -> SystemClock | ScaledClock:
    """The machine's time, or where another speed is asked for one that begins now."""
    speed = portfolio.environment.speed
    is_paper = portfolio.environment.mode is Mode.PAPER
    return ScaledClock(time.time_ns(), speed) if is_paper or speed != 1.0 else SystemClock()


@asynccontextmanager
async def live_run(
    portfolio: Portfolio,
    *,
    clock: SystemClock | ScaledClock | None = None,
    watching: Mapping[str, object] | None = None,
    confirmed_account: str | None = None,
) -> AsyncIterator[LiveContainer]:
    """A container whose ``run()`` is ready to be run within the context; everything is closed with it.

    ``confirmed_account`` is the account for which somebody has said that real orders are meant. Where something outside cannot
    answer, all that was opened is closed, and opened anew a few times; the last ``Unavailable`` is raised.
    """
    real_clock = clock or clock_of(portfolio)

    async def attempt() -> LiveContainer:
        async with AsyncExitStack() as opened:
            container = await _opened(portfolio, real_clock, watching or {}, confirmed_account, opened)
            closing.push_async_exit(opened.pop_all())
            return container

    async with AsyncExitStack() as closing:
        yield await until_available(attempt, real_clock)


async def _opened(
    portfolio: Portfolio,
    real_clock: SystemClock | ScaledClock,
    watching: Mapping[str, object],
    confirmed_account: str | None,
    closing: AsyncExitStack,
) -> LiveContainer:
    container = LiveContainer(configuration=portfolio, real_clock=providers.Object(real_clock))
    built = closing.enter_context(watching_tables(portfolio, container.run_name(), real_clock))
    container.watching.override(providers.Object({**built, **watching}))
    sources = await _opened_sources(container, closing)
    left_at = _left_at(container)
    if isinstance(real_clock, ScaledClock):
        _go_on_from(left_at, real_clock, sources)
    container.venue_candles.override(providers.Object(await _venue_candles(sources, real_clock)))
    connector: IExecutionConnector = container.connector()
    closing.push_async_callback(connector.close)
    closing.push_async_callback(container.patient().close)
    _check_venue(portfolio, connector)
    _check_production(portfolio, connector, confirmed_account)
    if not connector.outlives_process:
        container.book_name.override(container.run_name)
    # Whose store and whose account it is, is settled before the venue hears of us.
    _pin(portfolio, container, connector)
    container.tenure().begin()
    closing.callback(container.tenure().end)
    if isinstance(real_clock, ScaledClock) and not sources.is_replay and isinstance(connector, IServerTime):
        # A time that is to go as fast as the venue's goes with it: behind it, old candles would seem to be of now.
        real_clock.begin_at(max(real_clock.now(), await connector.server_time()))
    if isinstance(connector, IOpened):
        await connector.open()
    container.instruments.override(providers.Object(dict(await connector.instruments(portfolio.symbols))))
    if isinstance(real_clock, ScaledClock) and sources.is_replay:
        if left_at is None or not connector.outlives_process:
            real_clock.begin_at(replay_start(sources, rows_by_series(container.strategies())))
    elif isinstance(connector, IGrowingWorld):
        container.candle_came.override(providers.Object(connector.extend))
    container.submitted().look_in(container.flows.book())
    closing.callback(container.recording().close)
    return container


async def _opened_sources(container: LiveContainer, closing: AsyncExitStack) -> LiveSources:
    sources: LiveSources = container.sources()
    for source, _ in sources.streams:
        closing.push_async_callback(source.close)
        if isinstance(source, IOpened):
            await source.open()
    return sources


def _go_on_from(left_at: Instant | None, clock: ScaledClock, sources: LiveSources) -> None:
    """Let a time of its own begin where the last run on this book left it."""
    if sources.is_replay:
        clock.begin_at(left_at if left_at is not None else first_close(sources))
    elif left_at is not None:
        # A time that has run ahead of the machine's does not go back: what is stored would lie in its future.
        clock.begin_at(max(left_at, clock.now()))


async def _venue_candles(sources: LiveSources, clock: IClock) -> dict[Series, Candles]:
    """What a simulated venue is told of its market: a replay's whole, of a live one the past."""
    candles = dict(sources.histories)
    now = clock.now()
    for source, series in sources.streams:
        for one in series:
            if one not in candles:
                candles[one] = await source.past(one, now - VENUE_PAST_NS, now)
    return candles


def _left_at(container: LiveContainer) -> Instant | None:
    """When the last run on this book wrote down or remembered anything; None where there was none."""
    portfolio, state, book = container.configuration(), container.state(), container.book_name()
    left_at = [at for one in portfolio.strategies if (at := seen_to(state, book, one.strategy.name)) is not None]
    previous = previous_run(container.journal(), book)
    head = container.journal().head(previous) if previous is not None else None
    return max(left_at if head is None else [*left_at, head.at], default=None)


def _pin(portfolio: Portfolio, container: LiveContainer, connector: IExecutionConnector) -> None:
    wanted = Pin(mode=portfolio.environment.mode, venue=connector.venue, account=connector.account)
    try:
        pin(container.state(), wanted)
    except Refused as refused:
        raise ConfigurationError(f"{portfolio.path}: [ledger] url", str(refused), "give it a store of its own") from refused


def _check_venue(portfolio: Portfolio, connector: IExecutionConnector) -> None:
    """Paper never sends an order to a real venue, and live never to a simulated one."""
    mode, place = portfolio.environment.mode, f"{portfolio.path}: [exchange] plugin"
    if mode is Mode.PAPER and not isinstance(connector, IWorld):
        raise ConfigurationError(place, f"paper trades on a simulated venue, and {connector.venue} is none", "simulated")
    if mode is Mode.LIVE and isinstance(connector, IWorld):
        raise ConfigurationError(place, f"live orders go to a real venue, and {connector.venue} is none", 'mode = "paper"')


def _check_production(portfolio: Portfolio, connector: IExecutionConnector, confirmed_account: str | None) -> None:
    """Real money takes two confirmations: one in the file, and one by whoever starts the run."""
    if not (isinstance(connector, IProduction) and connector.is_production):
        return
    if portfolio.environment.speed != 1.0:
        place = f"{portfolio.path}: [environment] speed"
        raise ConfigurationError(place, f"real time goes at its own speed, found {portfolio.environment.speed:g}", "speed = 1")
    if not portfolio.environment.confirm:
        place = f"{portfolio.path}: [environment] confirm"
        raise ConfigurationError(place, f"{connector.venue} is asked for production, and nothing confirms it", "confirm = true")
    if confirmed_account != portfolio.account.name:
        problem = f"orders for real money go out on the account {portfolio.account.name!r}"
        raise ConfigurationError("--confirm-production", problem, f"--confirm-production {portfolio.account.name}")
