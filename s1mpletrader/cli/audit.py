"""``s1mpletrader audit``: whether ledger and journal keep their promises."""

from typing import Final

from rich.table import Column, Table
from typer import Exit

from s1mpletrader.analysis import audit_store
from s1mpletrader.cli.options import JournalOption, JsonOption, LedgerOption, StoreOption, store_urls
from s1mpletrader.cli.output import escaped, out, print_json
from s1mpletrader.cli.stores import opened

SHOWN_MAX: Final = 40


def audit(
    store: StoreOption = None,
    ledger: LedgerOption = None,
    journal: JournalOption = None,
    json_: JsonOption = False,
) -> None:
    """Check every invariant that needs no exchange; exit status 1 where one is broken."""
    with opened(store_urls(store, ledger, journal)) as readers:
        report = audit_store(readers.ledgers, readers.journal)
    if json_:
        print_json(report.to_json())
    else:
        table = Table("invariant", Column("checked", justify="right"), Column("violations", justify="right"))
        for name, count in report.checked.items():
            broken = sum(violation.invariant == name for violation in report.violations)
            table.add_row(name, f"{count:,}", f"{broken:,}", style="red" if broken else None)
        out.print(table)
        for violation in report.violations[:SHOWN_MAX]:
            out.print(f"[red]{violation.invariant}[/] {escaped(violation.sentence)}")
        if len(report.violations) > SHOWN_MAX:
            out.print(f"and {len(report.violations) - SHOWN_MAX:,} more; --json has all")
    if report.violations:
        raise Exit(1)
