"""The tutorial, followed to the letter: its files are written, its commands are run, and what it shows is what comes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.third_party.environment import ROOT, Environment

TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(?P<language>\w+)(?: file=(?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"s1mpletrader", "python"}


class Command(NamedTuple):
    """A line after ``$``, and the lines that are shown below it."""

    words: list[str]
    shown: list[str]


def _blocks() -> Iterator[re.Match[str]]:
    return BLOCK.finditer(TUTORIAL.read_text())


def _commands(text: str) -> list[Command]:
    commands: list[Command] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append(Command(shlex.split(line.removeprefix("$ ")), []))
        elif line != "...":
            commands[-1].shown.append(line)
    return commands


def _plain(text: str) -> str:
    return " ".join(text.split())


class Reader:
    """Somebody who does what the tutorial says."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._said = ""

    def write(self, file: str, text: str) -> None:
        path = self._environment.home / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(self, command: Command) -> None:
        program, *arguments = command.words
        assert program in PROGRAMS
        said = self._environment(program, *map(self._with_id, arguments))
        for line in command.shown:
            assert _plain(line) in _plain(said), f"{shlex.join(command.words)} does not show {line!r} but:\n{said}"
        self._said = said

    def _with_id(self, word: str) -> str:
        """An id that is only hinted at is the first of its kind in what was said last."""
        if not word.endswith("_…"):
            return word
        found = re.search(rf"\b{word.removesuffix('…')}\w+", self._said)
        assert found is not None, f"no id for {word}"
        return found[0]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(Environment(tmp_path_factory.mktemp("tutorial")))


def test_it_can_be_followed_from_the_first_line_to_the_last(reader: Reader) -> None:
    done = 0
    for block in _blocks():
        if block["file"] is not None:
            reader.write(block["file"], block["text"])
        elif block["language"] == "console":
            for command in _commands(block["text"]):
                reader.run(command)
                done += 1
    assert done >= 9


def test_what_it_does_not_run_is_only_the_installation() -> None:
    left = [block["text"] for block in _blocks() if block["file"] is None and block["language"] != "console"]
    assert [text.split()[0] for text in left] == ["python3", "mkdir"]


def test_the_second_strategy_is_the_first_with_a_fact_and_a_risk() -> None:
    files = {Path(block["file"]).name: block["text"] for block in _blocks() if block["file"]}
    first = {line for line in files["first.toml"].splitlines() if not line.startswith("#")}
    added = [line for line in files["second.toml"].splitlines() if line not in first]
    assert [line for line in added if "=" in line] == [
        'name = "second"',
        'url = "sqlite:///second.sqlite"',
        'plugin = "widest"',
        "period = 20",
        'plugin = "volatility"',
        'source = "widest"',
        "limit = 0.012",
        "confidence_min = 0.6",
    ]
