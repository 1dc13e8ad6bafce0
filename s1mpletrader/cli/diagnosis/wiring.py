"""Plugins, market data and watchers: what can be looked at on this machine, or asked of a source of candles."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from s1mpletrader.assembly.watching import watching
from s1mpletrader.cli.diagnosis.findings import Finding, ok, problem, skipped, warning
from s1mpletrader.configuration import Mode, PluginTable, Portfolio
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.plugin_manager import PluginState
from s1mpletrader.domain.errors import ConfigurationError, Refused, Unavailable
from s1mpletrader.domain.instant import iso, timeframe_ns
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.health import IOpened
from s1mpletrader.ports.market_data import IMarketStream
from s1mpletrader.ports.plugin import DataProvision

CANDLES_ASKED: Final = 5
ANSWER_S_MAX: Final = 30.0
"""How long any single question to the outside may take."""


def examine_plugins(portfolio: Portfolio) -> Iterator[Finding]:
    """Whether everything that is installed can be used."""
    lines = portfolio.plugins.report()
    usable = [line for line in lines if line.state is PluginState.OK]
    packages = sorted({f"{line.source.package} {line.source.version}" for line in usable})
    yield ok("plugins", f"{len(usable)} load, of {', '.join(packages)}")
    for line in lines:
        if line.state in {PluginState.BROKEN, PluginState.DUPLICATE}:
            text = f"{line.name or line.source} is {line.state}: {line.reason}"
            yield warning("plugins", text, "uninstall or repair it, or leave it out with [plugins] allow")


async def examine_sources(portfolio: Portfolio, clock: IClock) -> list[Finding]:
    """Whether there are candles, and in a backtest whether the workers fit together on them."""
    if portfolio.environment.mode is Mode.BACKTEST:
        return list(_examine_history(portfolio))
    found = []
    for one in portfolio.strategies:
        for table in one.data:
            given = DataProvision(series=table.series, seed=one.strategy.seed, directory=one.directory, clock=clock)
            found.append(await _examine_source(table, given))
    return found


def examine_watchers(portfolio: Portfolio, clock: IClock) -> Finding:
    """Whether what watches the run can be built."""
    if not portfolio.watch:
        return skipped("watchers", f"no [[watch]] table counts in {portfolio.environment.mode}")
    try:
        with watching(portfolio, "", clock) as watchers:
            portfolio.plugins.watchers(watchers)
    except (ConfigurationError, Refused) as mistake:
        return problem("watchers", str(mistake), "a run that goes on already may hold what they need")
    return ok("watchers", ", ".join(watchers))


def _examine_history(portfolio: Portfolio) -> Iterator[Finding]:
    container = BacktestContainer(configuration=portfolio)
    try:
        candles = container.candles()
    except ConfigurationError as mistake:
        yield problem("data", str(mistake))
        return
    for series, data in candles.items():
        text = f"{series}: {len(data):,} candles, {iso(data.opened_at.item(0))} to {iso(data.closed_at.item(-1))}"
        if data.gap_count:
            yield warning("data", f"{text}, {data.gap_count:,} missing", "what stands in a gap is not traded")
        else:
            yield ok("data", text)
    try:
        strategies = container.strategies()
    except (ConfigurationError, Refused) as mistake:
        yield problem("workers", str(mistake))
        return
    facts = sum(len(strategy.facts.known_keys()) for strategy in strategies.values())
    yield ok("workers", f"{', '.join(strategies)} fit together, on {facts} facts")


async def _examine_source(table: PluginTable, given: DataProvision) -> Finding:
    source: Any = None
    try:
        source = table.build(given)
        return await _ask_source(table, given, source)
    except ConfigurationError as mistake:
        return problem("data", str(mistake))
    except (Refused, Unavailable, TimeoutError) as fault:
        return problem("data", f"{table.plugin.name} gives no {table.series}: {str(fault) or 'it does not answer'}")
    finally:
        if isinstance(source, IMarketStream):
            await source.close()


async def _ask_source(table: PluginTable, given: DataProvision, source: Any) -> Finding:
    if not isinstance(source, IMarketStream):
        return ok("data", f"{table.series}: {len(source.history(table.series)):,} candles of {table.plugin.name} are replayed")
    if isinstance(source, IOpened):
        async with asyncio.timeout(ANSWER_S_MAX):
            await source.open()
    now = given.clock.now() if given.clock is not None else 0
    step_ns = timeframe_ns(table.series.timeframe)
    async with asyncio.timeout(ANSWER_S_MAX):
        candles = await source.past(table.series, now - CANDLES_ASKED * step_ns, now)
    if not len(candles):
        return warning("data", f"{table.plugin.name} has no recent candle of {table.series}", "is the symbol traded now?")
    return ok("data", f"{table.series}: {table.plugin.name} has candles, the last closed {iso(candles.closed_at.item(-1))}")
