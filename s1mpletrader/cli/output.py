"""What goes where: results to stdout, for people or as one JSON object; messages to stderr."""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

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
