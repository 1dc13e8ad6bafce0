"""Which lines each test runs, and how long it takes: looked up once, a few tests in a fork."""

import contextlib
import functools
import importlib
import json
import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import coverage
import pytest

from tests.mutation.forks import Tests, fork, limit

TESTS_AT_ONCE: Final = 25


class Reach(NamedTuple):
    """What one test does without mutants."""

    seconds: float
    lines: Mapping[str, frozenset[int]]
    """By module, the lines that it runs."""

    @property
    def line_count(self) -> int:
        """How many lines of all modules it runs."""
        return sum(map(len, self.lines.values()))


def look_up(items: Sequence[pytest.Item], modules: Sequence[str], path: Path, room: Path, seconds_max: float) -> dict[str, Reach]:
    """The reach of every test, kept at ``path``; one that fails by itself, or takes too long, has none."""
    known = {row["test"]: row for row in rows_of(path)}
    left = [item for item in items if item.nodeid not in known]
    with path.open("a") as kept:
        while left:
            work = functools.partial(_measure, left[:TESTS_AT_ONCE], modules, room, seconds_max)
            said, status = fork(work, room)
            found = [json.loads(line) for line in said.splitlines() if line.startswith('{"test"')]
            if status != 0:
                rest = " ".join(line for line in said.splitlines() if not line.startswith('{"test"'))
                found.append({"test": left[len(found)].nodeid, "seconds": None, "lines": {}, "imports": [], "why": rest})
            for row in found:
                known[row["test"]] = row
                kept.write(json.dumps(row) + "\n")
                _import(row["imports"])
            kept.flush()
            left = left[len(found) :]
    for row in known.values():
        _import(row["imports"])
    return {test: _reach(row) for test, row in known.items() if row["seconds"] is not None}


def rows_of(path: Path) -> list[dict[str, Any]]:
    """What a file keeps, a line each; nothing where it is not there yet."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def path_of(module: str) -> Path:
    """Where a module's source is, seen from the project."""
    return Path(*module.split(".")).with_suffix(".py")


def _measure(items: Sequence[pytest.Item], modules: Sequence[str], room: Path, seconds_max: float, mouth: int) -> None:
    tests = Tests(items[0].session, mouth, room)
    names = {str(path_of(module).resolve()): module for module in modules}
    seen = coverage.Coverage(data_file=None, config_file=False, include=list(names))
    seen.start()
    for item in items:
        seen.switch_context(item.nodeid)
        before = set(sys.modules)
        limit(3 * seconds_max, 12 * seconds_max)
        seconds = tests.run(item, None)
        with warnings.catch_warnings(action="ignore"):  # that a test reaches none of these modules
            data = seen.get_data()
        data.set_query_context(item.nodeid)
        lines = {names[path]: sorted(data.lines(path) or ()) for path in data.measured_files()}
        imports = sorted(name for name in set(sys.modules) - before if not name.startswith(("tests.", "$")))
        row = {"test": item.nodeid, "seconds": round(seconds, 4), "lines": lines, "imports": imports}
        os.write(mouth, json.dumps(row).encode() + b"\n")


def _reach(row: Mapping[str, Any]) -> Reach:
    return Reach(row["seconds"], {module: frozenset(lines) for module, lines in row["lines"].items()})


def _import(names: Iterable[str]) -> None:
    """Have here what every fork would import for itself."""
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
