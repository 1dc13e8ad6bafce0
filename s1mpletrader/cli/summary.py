"""A run's summary: what ``run --json`` gives, and the table that says the same to people."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rich.table import Table

from s1mpletrader.analysis import story_of, story_tree
from s1mpletrader.cli.output import out
from s1mpletrader.configuration import Portfolio
from s1mpletrader.core.journal_reader import StrategyJournal
from s1mpletrader.core.metrics import Metrics
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.money import ZERO, plain, ratio, subtract, total
from s1mpletrader.domain.reasons import RunIdentity
from s1mpletrader.ports.journal import IJournalReader
from s1mpletrader.ports.ledger import ILedgerReader


def summary_of(
    portfolio: Portfolio,
    identity: RunIdentity,
    metrics: Metrics,
    view: Callable[[str], AccountView],
    equity: Callable[[str], Decimal],
    *,
    candles: int,
    engine_s: float,
) -> dict[str, Any]:
    """Counts, equity and speed."""
    currency = portfolio.account.currency
    equities = {strategy: equity(strategy) for strategy in identity.strategies}
    return {
        "run_id": identity.run,
        "strategies": list(identity.strategies),
        "environment": str(portfolio.environment.mode),
        "candles": candles,
        "signals": metrics.signals,
        "risks": metrics.risks,
        "directives": metrics.directives,
        "refusals": metrics.refusals,
        "orders": metrics.orders,
        "fills": metrics.fills,
        "rejections": metrics.rejections,
        "alarms": metrics.alarms,
        "trades": metrics.trades,
        "open_orders": sum(len(view(strategy).open_orders) for strategy in identity.strategies),
        "currency": currency,
        "opening_equity": plain(portfolio.account.funds.get(currency, ZERO)),
        "final_equity": plain(total(equities.values())),
        "equity_by_strategy": {strategy: plain(amount) for strategy, amount in equities.items()},
        "engine_s": round(engine_s, 6),
        "candles_per_s": round(candles / engine_s) if engine_s else 0,
        "store": portfolio.ledger.url,
        "journal_store": portfolio.journal.url,
    }


def print_summary(summary: dict[str, Any], name: str, market: str) -> None:
    """The same as a table. ``market`` says what the strategy has seen."""
    table = Table(title=f"{name}  [dim]{summary['run_id']}[/]", show_header=False, title_justify="left")
    table.add_column(style="dim")
    table.add_column(justify="right")
    gaps = f", {summary['gaps']:,} missing" if summary.get("gaps") else ""
    table.add_row("market", market)
    table.add_row("candles", f"{summary['candles']:,}{gaps}")
    table.add_row("signals", f"{summary['signals']:,}")
    table.add_row("risks raised or lifted", f"{summary['risks']:,}")
    table.add_row("directives", f"{summary['directives']:,}")
    table.add_row("refusals", f"{summary['refusals']:,}")
    table.add_row("orders", f"{summary['orders']:,}  ({summary['rejections']:,} rejected, {summary['open_orders']:,} open)")
    table.add_row("fills", f"{summary['fills']:,}")
    table.add_row("trades", f"{summary['trades']:,}")
    table.add_row("equity", _equity(summary))
    if len(summary["strategies"]) > 1:
        for strategy, equity in summary["equity_by_strategy"].items():
            table.add_row(f"  {strategy}", f"{Decimal(equity):,.2f} {summary['currency']}")
    table.add_row("engine", f"{summary['engine_s']:.2f} s, {summary['candles_per_s']:,} candles/s")
    table.add_row("store", summary["store"])
    out.print(table)


def print_story(ledger: ILedgerReader, journal: IJournalReader, store: str) -> None:
    """The story of the store's last filled order, so that a newcomer sees what can be asked."""
    last = None
    for fill in ledger.fills():
        last = fill
    if last is None:
        return
    out.print()
    out.print(story_tree(story_of(StrategyJournal(journal), ledger, last.order_id)))
    out.print()
    out.print(f"[dim]Ask for any other:[/] s1mpletrader story ID --store {store}")


def _equity(summary: dict[str, Any]) -> str:
    opening, final = Decimal(summary["opening_equity"]), Decimal(summary["final_equity"])
    gain = ratio(subtract(final, opening), opening) if opening else None
    change = f"  ({float(gain) * 100:+.2f} %)" if gain is not None else ""
    return f"{final:,.2f} {summary['currency']}{change}"
