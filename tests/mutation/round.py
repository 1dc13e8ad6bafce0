"""A round: mutant after mutant meets the tests that run its lines, those first that are likeliest to notice it."""

import functools
import gc
import importlib
import json
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.mutation.forks import Tests, fork, limit
from tests.mutation.making import Mutant, mutants_of, put
from tests.mutation.reach import Reach, look_up, path_of, rows_of
from tests.mutation.report import NULL, STANDS, standing

NULL_EVERY: Final = 100
"""One in so many tries changes nothing: should it fall, the tests fall by themselves."""
ALIKE_AT_ONCE: Final = 3
"""Of the cases of one test so many are asked before the other tests have had their turn."""
TURN_S: Final = 0.002
"""What a test costs beside its own time."""


class Plan(NamedTuple):
    """What a round tries, and how long."""

    modules: Sequence[str]
    folder: Path
    """Where reach and results are kept: a round that was broken off goes on."""
    seed: int
    """Mutants come in a random order, so that any number of them is a sample of all."""
    seconds_per_mutant: float
    seconds_per_test: float
    minutes: float
    again: bool
    """Whether those that stand are tried once more, and no others."""


class Round:
    """A pytest plugin that tries mutants in the place of running the tests."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._room = Path()
        self._reach: dict[str, Reach] = {}
        self._items: dict[str, pytest.Item] = {}
        self._noticed: Counter[str] = Counter()
        self._noticed_of: dict[str, Counter[str]] = defaultdict(Counter)

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self) -> None:
        """Name the profile in which a property that fails does so at once; a deadline would measure the machine."""
        import hypothesis  # noqa: PLC0415 - pytest has to be there first

        hypothesis.settings.register_profile(
            "mutants",
            derandomize=True,
            deadline=None,
            phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
            suppress_health_check=list(hypothesis.HealthCheck),
        )

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Look up the reach where it is not known, then try."""
        plan, items = self._plan, [item for item in session.items if "postgres_url" not in getattr(item, "fixturenames", ())]
        self._room = Path(session.config.getoption("basetemp")) / "fork"
        self._items = {item.nodeid: item for item in items}
        plan.folder.mkdir(parents=True, exist_ok=True)
        _freeze()
        self._reach = look_up(items, plan.modules, plan.folder / "reach.jsonl", self._room, plan.seconds_per_test)
        mutants = [mutant for module in plan.modules for mutant in mutants_of(path_of(module), module)]
        random.Random(plan.seed).shuffle(mutants)
        for module in plan.modules:
            importlib.import_module(module)
        _freeze()
        self._try(mutants, plan.folder / "results.jsonl")
        return True

    def _try(self, mutants: Sequence[Mutant], path: Path) -> None:
        known = standing(rows_of(path))
        for row in known.values():
            self._learn(row)
        end = time.monotonic() + 60 * self._plan.minutes
        with path.open("a") as kept:
            for number, mutant in enumerate(mutants):
                before = known.get(mutant.name)
                if (before is not None and before["how"] in STANDS) if self._plan.again else before is None:
                    if time.monotonic() > end:
                        break
                    row = self._tried(mutant)
                    self._learn(row)
                    kept.write(json.dumps(row, ensure_ascii=False) + "\n")
                    if number % NULL_EVERY == 0:
                        kept.write(json.dumps(self._tried(mutant, changes=False) | {"mutant": f"{NULL} {number}"}) + "\n")
                    kept.flush()

    def _learn(self, row: dict[str, Any]) -> None:
        if row["how"] == "killed":
            self._noticed[row["by"]] += 1
            self._noticed_of[row["function"]][row["by"]] += 1

    def _tried(self, mutant: Mutant, *, changes: bool = True) -> dict[str, Any]:
        tests, start = self._tests_of(mutant), time.monotonic()
        row = {
            "mutant": mutant.name,
            "function": mutant.function,
            "line": mutant.line,
            "change": mutant.change,
            "tests": len(tests),
        }
        if not tests:
            return row | {"how": "unreached", "by": "", "seconds": 0.0}
        said, status = fork(functools.partial(self._run, mutant if changes else None, tests), self._room)
        row["seconds"] = round(time.monotonic() - start, 3)
        if os.WIFSIGNALED(status):
            return row | {"how": "timeout", "by": ""}
        if os.WEXITSTATUS(status) == 0:
            return row | {"how": "survived", "by": ""}
        if not said.startswith('{"fell"'):
            return row | {"how": "broken", "by": said[-300:]}
        fell = json.loads(said)
        return row | {"how": "killed", "by": fell["fell"], "words": fell["words"]}

    def _tests_of(self, mutant: Mutant) -> list[pytest.Item]:
        """As many of the tests that run its lines as there is time for.

        First those that have noticed most for their time, and those that run little else, by turns.
        """
        reaching = [
            (test, reach)
            for test, reach in self._reach.items()
            if test in self._items and reach.seconds <= self._plan.seconds_per_test
            if not mutant.lines.isdisjoint(reach.lines.get(mutant.module, ()))
        ]
        by_use = sorted(reaching, key=lambda it: (-self._noticed[it[0]] / (it[1].seconds + TURN_S), it[1].seconds, it[0]))
        by_aim = sorted(reaching, key=lambda it: (it[1].line_count, it[0]))
        places = {test: place for place, (test, _) in enumerate(by_use)}
        for place, (test, _) in enumerate(by_aim):
            places[test] = min(places[test], place)
        likely, alike, turns = self._noticed_of[mutant.function], Counter[str](), []
        for test, reach in sorted(reaching, key=lambda it: (places[it[0]], it[0])):
            family = test.partition("[")[0]
            turns.append((-likely[test], alike[family] // ALIKE_AT_ONCE, places[test], test, reach.seconds))
            alike[family] += 1
        tests, spent = [], 0.0
        for *_, test, seconds in sorted(turns):
            if spent + seconds + TURN_S <= self._plan.seconds_per_mutant:
                spent += seconds + TURN_S
                tests.append(self._items[test])
        return tests

    def _run(self, mutant: Mutant | None, items: Sequence[pytest.Item], mouth: int) -> None:
        if mutant is not None:
            put(mutant)
        tests = Tests(items[0].session, mouth, self._room)
        for item, following in zip(items, [*items[1:], None], strict=True):
            seconds = self._reach[item.nodeid].seconds
            limit(2 + 8 * seconds, 20 + 12 * seconds)
            tests.run(item, following)


def _freeze() -> None:
    """Keep what is there out of the forks' garbage collection, which would copy every page of it."""
    gc.collect()
    gc.freeze()
