"""The commands, and the one place where a mistake becomes an exit status."""

import sys

import typer

from s1mpletrader.cli.audit import audit
from s1mpletrader.cli.check import check
from s1mpletrader.cli.halt import halt, resume
from s1mpletrader.cli.output import MISTAKE, configure_logging, err, escaped, print_mistake
from s1mpletrader.cli.plugins import plugins
from s1mpletrader.cli.results import results
from s1mpletrader.cli.run import run
from s1mpletrader.cli.schema import schema
from s1mpletrader.cli.story import story
from s1mpletrader.domain.errors import ConfigurationError, Refused, Unavailable

app = typer.Typer(
    help="Run trading strategies, and ask them why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (run, results, story, audit, check, halt, resume, plugins, schema):
    app.command()(command)


def main() -> None:
    """The entry point. A user's mistake is exit status 2 with one message; nothing of it is a traceback."""
    configure_logging()
    try:
        app()
    except (ConfigurationError, Refused) as mistake:
        print_mistake(str(mistake))
        sys.exit(MISTAKE)
    except Unavailable as unavailable:
        err.print(f"[bold red]unavailable[/] {escaped(str(unavailable))}")
        sys.exit(1)
