"""``python -m tests.mutation``: a round over the core's mutants, or over those of the modules and packages that are named."""

import argparse
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.mutation.making import mutants_of
from tests.mutation.reach import path_of, rows_of
from tests.mutation.report import report
from tests.mutation.round import Plan, Round

SUITES: Final = (
    "core lifecycle gates live conservation domain examples events metrics plugin_manager recording notifications watching"
)


def modules_of(name: str) -> list[str]:
    """A module, or all modules of a package."""
    folder = Path(*name.split("."))
    if not folder.is_dir():
        return [name]
    return [".".join(path.with_suffix("").parts) for path in sorted(folder.rglob("[!_]*.py"))]


def main() -> int:
    """Read the arguments, collect the tests once, try, and tell what was found. What is not known here is for pytest."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__, allow_abbrev=False)
    parser.add_argument("--modules", nargs="+", default=["s1mpletrader.core"], help="dotted names of modules, or of packages")
    parser.add_argument("--tests", nargs="*", default=[f"tests/{suite}" for suite in SUITES.split()])
    parser.add_argument("--folder", type=Path, default=Path("mutants"), help="where reach and results are kept")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which mutants are tried")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no further mutant afterwards")
    parser.add_argument("--seconds", type=float, default=4.0, help="of tests for each mutant")
    parser.add_argument("--seconds-per-test", type=float, default=3.0, help="leave out tests that take longer")
    parser.add_argument("--again", action="store_true", help="try once more what stands, and nothing else")
    parser.add_argument("--report", action="store_true", help="try nothing: tell what was found")
    parser.add_argument("--basetemp", default="/tmp/mutation")
    given, more = parser.parse_known_args()
    modules = [module for name in given.modules for module in modules_of(name)]
    plan = Plan(modules, given.folder, given.seed, given.seconds, given.seconds_per_test, given.minutes, given.again)
    status = 0
    if not given.report:
        options = [
            "-q",
            "-s",
            "--tb=no",
            "-p",
            "no:cacheprovider",
            "--hypothesis-profile=mutants",
            f"--basetemp={given.basetemp}",
        ]
        status = int(pytest.main([*options, *more, *given.tests], plugins=[Round(plan)]))
    population = sum(len(mutants_of(path_of(module), module)) for module in modules)
    print(report(rows_of(plan.folder / "results.jsonl"), population))
    return status


if __name__ == "__main__":
    sys.exit(main())
