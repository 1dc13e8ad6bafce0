"""Logs of this project and of its plugins: to stderr, for people or as JSON, without secrets."""

import logging
import os
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, TextIO, cast

import structlog
import typer

from s1mpletrader.cli.redaction import Redaction, secrets_in

OURS: Final = "s1mpletrader"


class LogFormat(StrEnum):
    """How logs look."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """What is logged: this and worse."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def number(self) -> int:
        """The level as the logging library counts it."""
        return int(logging.getLevelNamesMapping()[self.name])


LogFormatOption = Annotated[
    LogFormat,
    typer.Option("--log-format", envvar="S1MPLETRADER_LOG_FORMAT", help="Logs for people, or JSON lines."),
]
LogLevelOption = Annotated[
    LogLevel, typer.Option("--log-level", envvar="S1MPLETRADER_LOG_LEVEL", help="What is logged: this and worse.")
]


class _Stderr:
    """Whatever ``sys.stderr`` is when something is written: a live display puts itself there."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _Handler(logging.StreamHandler[Any]):
    """Ours among the root logger's handlers."""


def configure_logging(
    log_format: LogFormat = LogFormat.CONSOLE,
    log_level: LogLevel = LogLevel.INFO,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Let everything that is logged go to stderr, so that stdout holds results alone.

    ``log_level`` is for this project and for what logs by structlog; other libraries are heard from a warning on. Secrets are
    hidden: by their type, by their name, and, wherever they stand, those that ``environment`` has in variables that are named so.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        Redaction(secrets_in(environment)),
    ]
    renderer = _renderer(log_format)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(log_level.number),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(_Stderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    root = logging.getLogger()
    for before in [one for one in root.handlers if isinstance(one, _Handler)]:
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(max(log_level.number, logging.WARNING))
    logging.getLogger(OURS).setLevel(log_level.number)


def _renderer(log_format: LogFormat) -> Any:
    if log_format is LogFormat.JSON:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    plain = structlog.dev.plain_traceback
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
