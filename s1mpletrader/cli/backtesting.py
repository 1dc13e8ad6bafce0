"""A backtest as ``run`` shows it: a bar while it goes, its summary, and the story of one of its orders."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from s1mpletrader.assembly.watching import watching
from s1mpletrader.cli.output import err
from s1mpletrader.cli.summary import print_story, print_summary, summary_of
from s1mpletrader.configuration import Portfolio
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.backtest import AlreadyRecorded, Backtest
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.instant import Instant, iso


def run_backtest(portfolio: Portfolio, *, replace: bool, is_silent: bool) -> dict[str, Any]:
    """Run it, and give its summary; unless it is silent it shows a bar, the summary and a story."""
    container = BacktestContainer(configuration=portfolio)
    with (
        watching(portfolio, container.identity().run, container.clock()) as watchers,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
            transient=True,
            disable=is_silent,
        ) as progress,
    ):
        container.watching.override(watchers)
        summary = _run(container, portfolio, progress, replace=replace)
    if not is_silent:
        candles = container.candles().values()
        first = iso(min(data.opened_at.item(0) for data in candles))
        last = iso(max(data.closed_at.item(-1) for data in candles))
        print_summary(summary, portfolio.name, f"{first} to {last}")
        print_story(container.ledger(), container.journal(), portfolio.ledger.url)
    return summary


def _run(container: BacktestContainer, portfolio: Portfolio, progress: Progress, *, replace: bool) -> dict[str, Any]:
    candles = container.candles().values()
    first, last = min(data.closed_at.item(0) for data in candles), max(data.closed_at.item(-1) for data in candles)
    count = sum(len(data) for data in candles)
    task = progress.add_task(portfolio.name, total=count)
    container.progress.override(_progress(progress, task, first, last, count))
    container.recorder()
    begun = perf_counter()
    backtest: Backtest = container.backtest()
    try:
        backtest.make_room(replace=replace)
    except AlreadyRecorded as there:
        raise ConfigurationError(str(portfolio.path), str(there), "--replace runs it again") from there
    backtest.run()
    engine_s = perf_counter() - begun
    progress.update(task, completed=count)
    gaps = sum(data.gap_count for data in candles)
    summary = summary_of(
        portfolio,
        backtest.identity,
        container.metrics(),
        backtest.view,
        backtest.equity,
        candles=count,
        engine_s=engine_s,
    )
    return summary | {"gaps": gaps}


def _progress(progress: Progress, task: Any, first: Instant, last: Instant, count: int) -> Callable[[Instant], None] | None:
    """Tells the bar now and then how far the run is; None where nobody looks."""
    if progress.disable:
        return None
    steps = 200
    span = max(last - first, 1)
    shown = -1

    def tell(at: Instant) -> None:
        nonlocal shown
        step = (at - first) * steps // span
        if step != shown:
            shown = step
            progress.update(task, completed=step * count // steps)

    return tell
