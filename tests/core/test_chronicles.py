"""Small runs told in full: every row of the ledger, every entry of the journal, and what outsiders hear, as it always was.

Where a change is meant, ``python -m tests.core.chronicle`` writes the chronicles anew; their difference is what the change does.
"""

from itertools import zip_longest

import pytest

from .chronicle import CHRONICLES, SCENARIOS, chronicle, path_of
from .reply_stories import STORIES


@pytest.mark.parametrize("scenario", [*SCENARIOS, *STORIES])
def test_a_run_goes_as_it_is_written_down(scenario: str) -> None:
    compare(chronicle(scenario), scenario)


@pytest.mark.parametrize("scenario", ["crossover", "bracket", "trailing stop", "pair at risk", "news", "portfolio"])
def test_a_run_that_visits_every_candle_goes_the_same_way(scenario: str) -> None:
    compare(chronicle(scenario, "engine.skip=false"), scenario)


def compare(told: list[str], scenario: str) -> None:
    written = path_of(scenario).read_text().splitlines()
    for number, (now, then) in enumerate(zip_longest(told, written), 1):
        assert now == then, f"line {number}"


def test_every_chronicle_has_its_scenario() -> None:
    assert {path.name for path in CHRONICLES.iterdir()} == {path_of(scenario).name for scenario in (*SCENARIOS, *STORIES)}
