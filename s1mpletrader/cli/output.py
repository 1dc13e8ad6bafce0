"""What goes where: results to stdout, for people or as one JSON object; everything else to stderr."""

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any, Final

import structlog
from rich.console import Console

WIDTH_MIN: Final = 120
"""Ids are long: a narrower terminal wraps, a file or a pipe is never cut."""


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH_MIN)
    return console


out: Final = _console(stderr=False)
err: Final = _console(stderr=True)

MISTAKE: Final = 2
"""The exit status of a user's mistake."""


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n")


def print_mistake(message: str) -> None:
    """One clear message on stderr."""
    err.print(f"[bold red]mistake[/] {escaped(message)}")


def escaped(text: str) -> str:
    """Text that rich shows as it is."""
    return text.replace("[", r"\[")


def configure_logging() -> None:
    """Logs of this project's and of plugins' go to stderr, so that stdout holds results alone."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
