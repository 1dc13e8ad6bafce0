"""A paper or live run as ``run`` shows it: on the terminal while it goes, until it is interrupted, and its summary."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from s1mpletrader.cli.dashboard import show
from s1mpletrader.cli.output import err
from s1mpletrader.cli.summary import print_story, print_summary, summary_of
from s1mpletrader.configuration import Portfolio
from s1mpletrader.container import live_run
from s1mpletrader.core.live import LiveRun
from s1mpletrader.core.status import LiveStatus, StatusBoard
from s1mpletrader.domain.instant import SECOND_NS, Instant, iso


def run_live(portfolio: Portfolio, *, confirmed_account: str | None, shows: bool, is_silent: bool) -> dict[str, Any]:
    """Run it until it ends or is interrupted, and give its summary."""
    return asyncio.run(_run(portfolio, confirmed_account=confirmed_account, shows=shows, is_silent=is_silent))


async def _run(portfolio: Portfolio, *, confirmed_account: str | None, shows: bool, is_silent: bool) -> dict[str, Any]:
    board, stop = StatusBoard(), asyncio.Event()
    async with live_run(portfolio, watching={"the status board": board}, confirmed_account=confirmed_account) as container:
        run: LiveRun = container.run()
        first_at, begun = container.clock().now(), perf_counter()
        async with AsyncExitStack() as beside:
            beside.enter_context(_interruptible(stop))
            if shows:
                watching = asyncio.create_task(show(_status(run, board), stop, console=err))
                beside.push_async_callback(_end, watching)
            await run.run(stop)
        summary = summary_of(
            portfolio,
            run.identity,
            container.metrics(),
            run.view,
            run.equity,
            candles=run.candle_count,
            engine_s=perf_counter() - begun,
        )
        if not is_silent:
            print_summary(summary, portfolio.name, f"{_to_the_second(first_at)} to {_to_the_second(container.clock().now())}")
            print_story(container.ledger(), container.journal(), portfolio.ledger.url)
        return summary


@contextmanager
def _interruptible(stop: asyncio.Event) -> Iterator[None]:
    """Stop gracefully at the first signal; a second one interrupts whatever goes on."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def asked() -> None:
        err.print("[bold]stopping[/]; once more to interrupt")
        stop.set()
        for one in signals:
            loop.remove_signal_handler(one)

    for one in signals:
        loop.add_signal_handler(one, asked)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


def _status(run: LiveRun, board: StatusBoard) -> Callable[[], LiveStatus]:
    """How the run stands whenever somebody looks, with the last lines of what happened."""
    return lambda: replace(run.status(), flows=board.flows)


def _to_the_second(at: Instant) -> str:
    return iso(at // SECOND_NS * SECOND_NS)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
