"""Who watches a run: what its ``[[watch]]`` tables build."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from s1mpletrader.configuration import Portfolio
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.plugin import WatchProvision
from s1mpletrader.ports.status import IWatcher


@contextmanager
def watching(portfolio: Portfolio, run: str, clock: IClock) -> Iterator[Mapping[str, IWatcher]]:
    """The watchers by name, for ``PluginManager.watchers``; all are closed in the end, whatever one of them raises."""
    built: dict[str, IWatcher] = {}
    with ExitStack() as at_the_end:
        for table in portfolio.watch:
            watcher: IWatcher = table.build(
                WatchProvision(
                    name=table.name,
                    run=run,
                    mode=portfolio.environment.mode,
                    account=portfolio.account.name,
                    strategies=tuple(one.strategy.name for one in portfolio.strategies),
                    directory=str(portfolio.path.parent),
                    clock=clock,
                )
            )
            at_the_end.callback(watcher.close)
            built[table.name] = watcher
        yield built
