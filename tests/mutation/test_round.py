"""The round over mutants by itself: on a module of a few lines, of which tests notice most."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.report import interval

STANDS = [
    ("survived", 20),
    ("survived", 22),
    ("unreached", 27),
    ("survived", 11),
    ("survived", 11),
    ("unreached", 12),
    ("unreached", 12),
]
"""How mutants end that no test notices, with their lines, in the order of their names."""
ROOT = Path(__file__).parents[2]
SOURCE = """
class Counter:
    def __init__(self, start=1):
        self.value = start

    @staticmethod
    def sign(value):
        return value > 0

    def more(self, step):
        if step > 100:
            step = 100
        self.value += (
            step
        )
        return self.value


def forever():
    count = 0
    while count < 2:
        count += 1
    return count


def unasked():
    return 1
"""
CHECKS = """
import pytest

from counting.counter import Counter, forever


@pytest.mark.parametrize("start", [4, 5])
def test_more(start):
    assert Counter(start).more(2) == start + 2
    assert Counter().value == 1


def test_rest():
    assert [Counter.sign(value) for value in (-1, 0, 1)] == [False, False, True]
    assert forever() == 2


def test_that_fails():
    Counter().more(101)
    assert False
"""


def test_a_round_tells_what_fell_and_what_stands(tmp_path: Path) -> None:
    pytest.importorskip("mutmut")
    (tmp_path / "counting").mkdir()
    (tmp_path / "counting" / "__init__.py").touch()
    (tmp_path / "counting" / "counter.py").write_text(SOURCE)
    (tmp_path / "test_counter.py").write_text(CHECKS)
    (tmp_path / "pyproject.toml").write_text('[tool.mutmut]\nsource_paths = ["counting"]\n')
    asked = ["--modules", "counting", "--tests", "test_counter.py", "--seconds-per-test", "1", "--basetemp", "room"]

    def told(*more: str) -> list[str]:
        command = [sys.executable, "-m", "tests.mutation", *asked, *more]
        paths = os.pathsep.join([str(ROOT), str(tmp_path)])
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 5), done.stdout + done.stderr
        return done.stdout.splitlines()

    *lines, whole = told()
    ways = [re.search(r"\((\w+), line (\d+)", line) for line in lines]
    assert [(way[1], int(way[2])) for way in ways if way is not None] == STANDS
    assert whole.startswith("11 of 18 killed (61.1%), of 18 that there are")
    assert whole.endswith("of 1 tries without a change 0 fell")
    assert told("--report") == [*lines[2:], whole]


@pytest.mark.parametrize(
    ("count", "of", "population", "low", "high"),
    [(90, 100, 10**9, 0.8256, 0.9448), (90, 100, 100, 0.9, 0.9), (0, 10, 10**9, 0.0, 0.2775), (90, 100, 125, 0.8704, 0.9234)],
)
def test_a_sample_says_so_much_of_all(count: int, of: int, population: int, low: float, high: float) -> None:
    assert interval(count, of, population) == pytest.approx((low, high), abs=1e-4)
