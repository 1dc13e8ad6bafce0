"""The life of orders as a table of stories, in ``table.txt``: each is played in memory, and once more on SQLite.

What an end says is compared word by word. What it does not say is compared, after every action, with a naive reckoning from the
venue's words, with the audit's second reading of the stores, and with the book as a restart would fold it.
"""

from pathlib import Path
from typing import NamedTuple

import pytest

from s1mpletrader.domain.instrument import AccountType
from tests.lifecycle.desk import Desk, scripted_desk
from tests.lifecycle.story import Story

TABLE = Path(__file__).parent / "table.txt"


class Row(NamedTuple):
    """One story: what it shows, what happens, and how it ends."""

    name: str
    actions: str
    end: str


def read_table() -> list[Row]:
    """The rows, each named with its section."""
    rows: list[Row] = []
    section = name = actions = ""
    for line in TABLE.read_text().splitlines():
        if line.startswith("##"):
            section = line.removeprefix("##").strip()
        elif line.startswith("  -> "):
            rows.append(Row(f"{section}: {name}", actions, line.removeprefix("  -> ")))
        elif line.startswith("  "):
            actions = line.strip()
        elif line:
            name = line
    return rows


ROWS = read_table()


def desk_of(actions: str, store: Path | None) -> tuple[Desk, str]:
    """The desk that a story is played on, and the story without the words that describe it."""
    traits, _, rest = actions.rpartition(": ")
    account = AccountType.SPOT if "spot" in traits else AccountType.NETTING
    desk = scripted_desk(
        account,
        store,
        amends="no amend" not in traits,
        replaces="no replace" not in traits,
        limits="limits" in traits,
    )
    return desk, rest


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_story_ends_as_the_table_says(row: Row) -> None:
    desk, actions = desk_of(row.actions, None)
    story = Story(desk)
    story.play(actions)
    assert story.end() == row.end


def test_every_story_ends_the_same_on_sqlite(tmp_path: Path) -> None:
    ends, store = [], tmp_path / "store.sqlite"
    for row in ROWS:
        desk, actions = desk_of(row.actions, store)
        story = Story(desk)
        story.play(actions, at_each_step=False)
        ends.append((row.name, story.end()))
        for part in tmp_path.iterdir():
            part.unlink()
    assert ends == [(row.name, row.end) for row in ROWS]


def test_no_story_is_told_twice() -> None:
    assert len(ROWS) >= 60
    assert len({row.actions for row in ROWS}) == len({row.name for row in ROWS}) == len(ROWS)
