"""The pages written by hand: their links lead somewhere, their words are the code's, and the README's command works."""

import re
import sys
from pathlib import Path

import pytest

from s1mpletrader.cli import main
from tests.third_party.environment import ROOT

README = ROOT / "README.md"
PAGES = sorted([README, *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("README.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
SOURCE = re.compile(r"`((?:s1mpletrader|examples|tests|docs)/[\w/.-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_every_named_file_is_there(page: Path) -> None:
    text = page.read_text()
    links = [link for link in LINK.findall(text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert [name for name in SOURCE.findall(text) if not ((ROOT / name).exists() or (page.parent / name).exists())] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [README]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [(page.parent / link).resolve() for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


def test_the_glossary_has_a_line_for_every_word_of_the_table_of_ids() -> None:
    from s1mpletrader.api import IdKind  # noqa: PLC0415 - beside its one use

    glossary = (ROOT / "docs" / "glossary.md").read_text()
    assert [kind for kind in IdKind if f"`{kind.value}_`" not in glossary] == []


def _demo(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "argv", ["s1mpletrader", "run", str(ROOT / "examples" / "ema_cross.toml"), "--replace"])
    with pytest.raises(SystemExit) as left:
        main()
    assert not left.value.code
    return capsys.readouterr().out


def test_the_demo_prints_what_the_readme_shows_and_ends_with_a_story(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = [" ".join(line.split()) for line in _demo(tmp_path, monkeypatch, capsys).splitlines()]
    (shown,) = re.findall(r"^```text\n(ema_cross .*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)
    assert [line for line in shown.splitlines() if " ".join(line.split()) not in printed] == []
    story = " ".join(printed).partition("the story of ORD_")[2]
    for word in ("why", "signal", "what", "decided", "filled", "outcome", "--store sqlite:///s1mpletrader.sqlite"):
        assert word in story, word
