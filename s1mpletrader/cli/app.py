"""The commands, and the one place where a mistake becomes an exit status."""

import logging
import sys
from typing import Final

import typer

from s1mpletrader.cli.audit import audit
from s1mpletrader.cli.check import check
from s1mpletrader.cli.doctor import doctor
from s1mpletrader.cli.exchange import exchange
from s1mpletrader.cli.halt import halt, resume
from s1mpletrader.cli.logging import LogFormat, LogFormatOption, LogLevel, LogLevelOption, configure_logging
from s1mpletrader.cli.output import MISTAKE, err, escaped, print_mistake
from s1mpletrader.cli.plugins import plugins
from s1mpletrader.cli.results import results
from s1mpletrader.cli.run import run
from s1mpletrader.cli.schema import schema
from s1mpletrader.cli.story import story
from s1mpletrader.domain.errors import ConfigurationError, Refused, Unavailable
from s1mpletrader.plugins.stores.faults import DamagedStore

_log: Final = logging.getLogger(__name__)

app = typer.Typer(
    help="Run trading strategies, and ask them why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def _options(log_format: LogFormatOption = LogFormat.CONSOLE, log_level: LogLevelOption = LogLevel.INFO) -> None:
    """Run trading strategies, and ask them why."""
    configure_logging(log_format, log_level)


for command in (run, results, story, audit, check, doctor, halt, resume, plugins, schema):
    app.command()(command)
app.add_typer(exchange, name="exchange")


def main() -> None:
    """The entry point. A user's mistake is exit status 2 with one message; nothing of it is a traceback.

    What is nobody's mistake but the project's own is logged with its traceback, without secrets, and is exit status 1.
    """
    try:
        app()
    except (ConfigurationError, Refused) as mistake:
        print_mistake(str(mistake))
        sys.exit(MISTAKE)
    except DamagedStore as damaged:
        err.print(f"[bold red]damaged[/] {escaped(str(damaged))} (restore a copy, or name another store)")
        sys.exit(1)
    except Unavailable as unavailable:
        err.print(f"[bold red]unavailable[/] {escaped(str(unavailable))}")
        sys.exit(1)
    except Exception:  # noqa: BLE001  Whatever it is, its text may hold a secret.
        _log.exception("this is a defect")
        sys.exit(1)
