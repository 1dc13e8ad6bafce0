"""``s1mpletrader run``: a strategy from its file to its summary, in a backtest, on paper, or live."""

from typing import Annotated

import typer

from s1mpletrader.cli.backtesting import run_backtest
from s1mpletrader.cli.live import run_live
from s1mpletrader.cli.options import (
    FileArgument,
    JournalOption,
    JsonOption,
    LedgerOption,
    SetOption,
    StoreOption,
    store_overrides,
)
from s1mpletrader.cli.output import print_json
from s1mpletrader.configuration import Mode, load
from s1mpletrader.domain.errors import ConfigurationError

ConfirmOption = Annotated[
    str | None,
    typer.Option(
        "--confirm-production",
        metavar="ACCOUNT",
        help="Orders for real money are meant, on this account; the file has to confirm it, too.",
        show_default=False,
    ),
]


def run(
    file: FileArgument,
    set_: SetOption = None,
    store: StoreOption = None,
    ledger: LedgerOption = None,
    journal: JournalOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Discard an equal backtest that the store holds.")] = False,
    confirm_production: ConfirmOption = None,
    dashboard: Annotated[bool, typer.Option(help="Show a paper or live run on the terminal while it goes.")] = True,
    json_: JsonOption = False,
) -> None:
    """Run a strategy; end with a summary and the story of one of its orders.

    A paper or live run goes on until its data end, or until it is interrupted; it stops gracefully then.
    """
    portfolio = load(file, [*(set_ or []), *store_overrides(store, ledger, journal)])
    if portfolio.environment.mode is Mode.BACKTEST:
        summary = run_backtest(portfolio, replace=replace, is_silent=json_)
    elif replace:
        raise ConfigurationError("--replace", f"a {portfolio.environment.mode} run goes on where the last one ended")
    else:
        summary = run_live(portfolio, confirmed_account=confirm_production, shows=dashboard and not json_, is_silent=json_)
    if json_:
        print_json(summary)
