"""The project's tasks, for any machine with Python 3.11: ``python3 tasks.py NAME``.

Each task makes the virtual environment in ``.venv`` if it is not there, and installs what it needs.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")


def run(*command: str) -> None:
    """Run a program of the environment; stop where it fails."""
    program, *arguments = command
    found = subprocess.run([str(BIN / program), *arguments], cwd=ROOT, check=False)
    if found.returncode:
        sys.exit(found.returncode)


def set_up(*extras: str) -> None:
    """Make the environment, and install this project into it, editable."""
    if not BIN.exists():
        venv.create(VENV, with_pip=True)
    wanted = f".[{','.join(extras)}]" if extras else "."
    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", wanted)


def demo(arguments: Sequence[str]) -> None:
    """Backtest the first example, and tell the story of one of its orders."""
    set_up()
    run("s1mpletrader", "run", "examples/ema_cross.toml", "--replace", *arguments)


def lint(_: Sequence[str] = ()) -> None:
    """Style, layers and types."""
    set_up("test")
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")
    run("lint-imports")
    run("mypy")


def test(arguments: Sequence[str]) -> None:
    """Everything that has to hold: style, layers, types and tests."""
    lint()
    run("pytest", *(arguments or ("--numprocesses=auto", "--quiet")))


def explore(arguments: Sequence[str]) -> None:
    """The tests with other random examples in each run: what fails here becomes an example of its test."""
    set_up("test")
    os.environ["EXPLORE"] = "1"
    run("pytest", *(arguments or ("--numprocesses=auto", "--quiet")))


def reference(_: Sequence[str]) -> None:
    """Write the reference pages anew from the code."""
    set_up("test")
    run("python", "docs/build_reference.py")


def coverage(arguments: Sequence[str]) -> None:
    """The tests with branch coverage of the hexagon."""
    set_up("test")
    run("pytest", "--numprocesses=auto", "--quiet", "--cov", "--cov-report=term-missing:skip-covered", *arguments)


def bench(arguments: Sequence[str]) -> None:
    """The speed of the main job beside two other frameworks'."""
    set_up("bench")
    run("python", "benchmarks/ema_cross.py", *arguments)


def mutants(arguments: Sequence[str]) -> None:
    """Break the core in every small way, and see what the tests notice: an hour and more; with --minutes a sample of it."""
    set_up("test", "mutants")
    run("python", "-m", "tests.mutation", *arguments)


def soak(arguments: Sequence[str]) -> None:
    """Days of faults on which a live process is killed again and again; ledger and exchange agree in the end. Minutes each."""
    set_up("test")
    run("python", "-m", "tests.soak", *arguments)


TASKS: dict[str, Callable[[Sequence[str]], None]] = {
    task.__name__: task for task in (demo, test, explore, lint, coverage, reference, bench, mutants, soak)
}


def main() -> None:
    """Run the task that is named."""
    name, *arguments = sys.argv[1:] or [""]
    if name not in TASKS:
        lines = "\n".join(f"  {name:10} {task.__doc__}" for name, task in TASKS.items())
        sys.exit(f"usage: python3 tasks.py TASK\n{lines}")
    TASKS[name](arguments)


if __name__ == "__main__":
    main()
