"""``s1mpletrader run``: a strategy from its file to its summary."""

from collections.abc import Callable
from decimal import Decimal
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from s1mpletrader.analysis import story_of, story_tree
from s1mpletrader.cli.options import (
    FileArgument,
    JournalOption,
    JsonOption,
    LedgerOption,
    SetOption,
    StoreOption,
    store_overrides,
)
from s1mpletrader.cli.output import err, out, print_json
from s1mpletrader.configuration import Mode, Portfolio, load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.backtest import AlreadyRecorded, Backtest
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.instant import Instant, iso
from s1mpletrader.domain.money import ZERO, plain, ratio, subtract


def run(
    file: FileArgument,
    set_: SetOption = None,
    store: StoreOption = None,
    ledger: LedgerOption = None,
    journal: JournalOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Discard an equal run that the store holds.")] = False,
    json_: JsonOption = False,
) -> None:
    """Run a strategy; end with a summary and the story of one of its orders."""
    configuration = load(file, [*(set_ or []), *store_overrides(store, ledger, journal)])
    if configuration.environment.mode is not Mode.BACKTEST:
        place = f"{file}: [environment] mode"
        raise ConfigurationError(
            place, f"this version runs backtests only, found {str(configuration.environment.mode)!r}", "backtest"
        )
    container = BacktestContainer(configuration=configuration)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=json_,
    ) as progress:
        summary = _run(container, configuration, progress, replace=replace)
    if json_:
        print_json(summary)
        return
    _print_summary(summary, container)
    _print_story(container)


def _run(container: BacktestContainer, configuration: Portfolio, progress: Progress, *, replace: bool) -> dict[str, Any]:
    candles = container.candles()
    first, last = (
        min(data.closed_at.item(0) for data in candles.values()),
        max(data.closed_at.item(-1) for data in candles.values()),
    )
    count = sum(len(data) for data in candles.values())
    task = progress.add_task(configuration.name, total=count)
    container.progress.override(_progress(progress, task, first, last, count))
    container.recorder()
    begun = perf_counter()
    backtest: Backtest = container.backtest()
    try:
        backtest.make_room(replace=replace)
    except AlreadyRecorded as there:
        raise ConfigurationError(str(configuration.path), str(there), "--replace runs it again") from there
    backtest.run()
    engine_s = perf_counter() - begun
    progress.update(task, completed=count)
    return _summary(container, configuration, backtest, count, engine_s)


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


def _summary(
    container: BacktestContainer, configuration: Portfolio, backtest: Backtest, count: int, engine_s: float
) -> dict[str, Any]:
    metrics: Metrics = container.metrics()
    currency = configuration.account.currency
    strategies = backtest.identity.strategies
    open_orders = sum(len(backtest.view(strategy).open_orders) for strategy in strategies)
    return {
        "run_id": backtest.identity.run,
        "strategies": list(strategies),
        "environment": str(configuration.environment.mode),
        "candles": count,
        "gaps": sum(data.gap_count for data in container.candles().values()),
        "signals": metrics.signals,
        "risks": metrics.risks,
        "directives": metrics.directives,
        "refusals": metrics.refusals,
        "orders": metrics.orders,
        "fills": metrics.fills,
        "rejections": metrics.rejections,
        "alarms": metrics.alarms,
        "trades": metrics.trades,
        "open_orders": open_orders,
        "currency": currency,
        "opening_equity": plain(configuration.account.funds.get(currency, ZERO)),
        "final_equity": plain(backtest.total_equity()),
        "equity_by_strategy": {strategy: plain(backtest.equity(strategy)) for strategy in strategies},
        "engine_s": round(engine_s, 6),
        "candles_per_s": round(count / engine_s) if engine_s else 0,
        "store": configuration.ledger.url,
        "journal_store": configuration.journal.url,
    }


def _print_summary(summary: dict[str, Any], container: BacktestContainer) -> None:
    candles = container.candles()
    first = iso(min(data.opened_at.item(0) for data in candles.values()))
    last = iso(max(data.closed_at.item(-1) for data in candles.values()))
    table = Table(title=f"{container.configuration().name}  [dim]{summary['run_id']}[/]", show_header=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="right")
    gaps = f", {summary['gaps']:,} missing" if summary["gaps"] else ""
    table.add_row("market", f"{first} to {last}")
    table.add_row("candles", f"{summary['candles']:,}{gaps}")
    table.add_row("signals", f"{summary['signals']:,}")
    table.add_row("risks raised or lifted", f"{summary['risks']:,}")
    table.add_row("directives", f"{summary['directives']:,}")
    table.add_row("refusals", f"{summary['refusals']:,}")
    table.add_row("orders", f"{summary['orders']:,}  ({summary['rejections']:,} rejected, {summary['open_orders']:,} open)")
    table.add_row("fills", f"{summary['fills']:,}")
    table.add_row("trades", f"{summary['trades']:,}")
    table.add_row("equity", _equity(summary, container))
    if len(summary["strategies"]) > 1:
        for strategy, equity in summary["equity_by_strategy"].items():
            table.add_row(f"  {strategy}", f"{Decimal(equity):,.2f} {summary['currency']}")
    table.add_row("engine", f"{summary['engine_s']:.2f} s, {summary['candles_per_s']:,} candles/s")
    table.add_row("store", summary["store"])
    out.print(table)


def _equity(summary: dict[str, Any], container: BacktestContainer) -> str:
    opening = container.configuration().account.funds.get(summary["currency"])
    final = container.backtest().total_equity()
    gain = ratio(subtract(final, opening), opening) if opening else None
    change = f"  ({float(gain) * 100:+.2f} %)" if gain is not None else ""
    return f"{final:,.2f} {summary['currency']}{change}"


def _print_story(container: BacktestContainer) -> None:
    """The story of the run's last filled order, so that a newcomer sees what can be asked."""
    ledger = container.ledger()
    last = None
    for fill in ledger.fills():
        last = fill
    if last is None:
        return
    out.print()
    out.print(story_tree(story_of(StrategyJournal(container.journal()), ledger, last.order_id)))
    out.print()
    out.print(f"[dim]Ask for any other:[/] s1mpletrader story ID --store {container.configuration().ledger.url}")
