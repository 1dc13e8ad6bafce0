"""``s1mpletrader doctor``: whether a strategy's file, its stores and its account are fit to run."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from msgspec import to_builtins
from rich.table import Table
from typer import Exit

from s1mpletrader.cli.diagnosis import (
    Finding,
    Severity,
    examine_plugins,
    examine_sources,
    examine_stores,
    examine_venue,
    examine_watchers,
)
from s1mpletrader.cli.diagnosis.findings import ok
from s1mpletrader.cli.options import FileArgument, JsonOption, SetOption
from s1mpletrader.cli.output import escaped, out, print_json
from s1mpletrader.configuration import Portfolio, load
from s1mpletrader.core.real_time import SystemClock

_MARKS: Final = {
    Severity.OK: "[green]ok[/]",
    Severity.SKIPPED: "[dim]skipped[/]",
    Severity.WARNING: "[yellow]warning[/]",
    Severity.PROBLEM: "[bold red]problem[/]",
}


def doctor(file: FileArgument, set_: SetOption = None, json_: JsonOption = False) -> None:
    """Look whether a strategy can be run: plugins, keys, the venue's clock and account, stores. Nothing is sent or written.

    Exit status 1 where there is a problem, and 2 where the file itself cannot be read as one.
    """
    portfolio = load(file, set_ or [])
    findings = asyncio.run(examine(portfolio))
    if json_:
        print_json(_summary(portfolio, findings))
    else:
        _print(portfolio, findings)
    if any(finding.severity is Severity.PROBLEM for finding in findings):
        raise Exit(1)


async def examine(portfolio: Portfolio) -> list[Finding]:
    """Everything that is looked at, in its order."""
    clock = SystemClock()
    strategies = ", ".join(one.strategy.name for one in portfolio.strategies)
    findings = [*examine_plugins(portfolio), ok("configuration", f"{portfolio.path} is sound: {strategies}")]
    findings += await examine_sources(portfolio, clock)
    venue = await examine_venue(portfolio, clock)
    findings += venue.findings
    findings += examine_stores(portfolio, venue.name, clock.now())
    findings.append(examine_watchers(portfolio, clock))
    return findings


def _summary(portfolio: Portfolio, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "name": portfolio.name,
        "environment": str(portfolio.environment.mode),
        "problems": sum(finding.severity is Severity.PROBLEM for finding in findings),
        "warnings": sum(finding.severity is Severity.WARNING for finding in findings),
        "findings": to_builtins(findings),
    }


def _print(portfolio: Portfolio, findings: Sequence[Finding]) -> None:
    title = f"{escaped(portfolio.name)}  [dim]{portfolio.environment.mode}[/]"
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column()
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for finding in findings:
        advice = f"\n[italic]{escaped(finding.advice)}[/]" if finding.advice else ""
        table.add_row(_MARKS[finding.severity], finding.check, f"{escaped(finding.text)}{advice}")
    out.print(table)
    counts = [(sum(one.severity is severity for one in findings), severity) for severity in (Severity.PROBLEM, Severity.WARNING)]
    out.print(", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for count, severity in counts))
