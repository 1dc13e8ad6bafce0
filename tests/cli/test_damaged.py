"""A store whose file is damaged, or is none, is one message that names it: no traceback."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_commands import EXAMPLE, SHORT, Shell, shell

__all__ = ["shell"]

STORE = Path("copy.sqlite")
PAGE = 4_096


def _tear() -> None:
    content = STORE.read_bytes()
    STORE.write_bytes(content[: 2 * PAGE] + b"\xa5" * (len(content) - 2 * PAGE))


def _scribble() -> None:
    STORE.write_bytes(b"this is a letter and no database " * 1_000)


@pytest.mark.parametrize(("harm", "said"), [(_tear, "is damaged"), (_scribble, "is no SQLite database")])
@pytest.mark.parametrize("words", [("audit",), ("results",), ("run", EXAMPLE, *SHORT, "--replace"), ("halt",)])
def test_a_damaged_store_is_named(shell: Shell, harm: Callable[[], None], said: str, words: tuple[str, ...]) -> None:
    shell("run", EXAMPLE, *SHORT, "--json")
    with closing(sqlite3.connect("s1mpletrader.sqlite")) as store, closing(sqlite3.connect(STORE)) as copy:
        store.backup(copy)
        copy.execute("pragma journal_mode=delete")
    harm()
    answer = shell(*words, "--store", "sqlite:///copy.sqlite")
    told = " ".join(answer.err.split())
    assert answer.status == 1
    assert "damaged the store sqlite:///" in told
    assert said in told
    assert "Traceback" not in told
