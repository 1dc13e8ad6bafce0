"""``halt`` and ``resume`` as a person and as a program meet them."""

from pathlib import Path

import pytest

from s1mpletrader.plugins.planners.gates.halts import halted_accounts
from s1mpletrader.plugins.stores import open_ledger, open_state
from tests.cli.test_commands import Shell

STORE = "sqlite:///s1mpletrader.sqlite"


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    """In a directory with a store."""
    monkeypatch.chdir(tmp_path)
    open_ledger(STORE, "book", lasting=False)
    return Shell(capsys, monkeypatch)


def halted() -> tuple[str, ...]:
    state = open_state(STORE, lasting=False)
    try:
        return halted_accounts(state)
    finally:
        state.close()


def test_every_account_is_halted_and_resumed(shell: Shell) -> None:
    answer = shell("halt", "--reason", "news [at] noon")
    assert answer.status == 0
    assert "every account is halted" in answer.out
    assert "news [at] noon" in answer.out
    assert halted() == ("*",)
    assert "lifted" in shell("resume").out
    assert halted() == ()


def test_one_account_is_halted_apart_from_the_others(shell: Shell) -> None:
    first = shell("halt", "--account", "swing", "--store", STORE, "--reason", "limits", "--json").json
    assert (first["account"], first["halted"], first["changed"], first["reason"]) == ("swing", True, True, "limits")
    assert first["at_iso"].endswith("Z")
    assert "@" in first["by"]
    shell("halt")
    assert halted() == ("*", "swing")
    everyone = shell("resume", "--json").json
    assert (everyone["account"], everyone["still_halted"]) == (None, ["swing"])
    assert "still halted" not in shell("resume", "--account", "swing").out
    assert halted() == ()


def test_an_account_stays_halted_under_a_halt_of_every_account(shell: Shell) -> None:
    shell("halt", "--account", "swing")
    shell("halt")
    answer = shell("resume", "--account", "swing", "--json").json
    assert (answer["halted"], answer["still_halted"]) == (True, [None])
    shell("halt", "--account", "swing")
    assert "still halted: every account" in shell("resume", "--account", "swing").out


def test_halting_twice_is_no_mistake_and_keeps_the_first_reason(shell: Shell) -> None:
    first = shell("halt", "--reason", "first", "--json").json
    again = shell("halt", "--reason", "second", "--json")
    assert again.status == 0
    assert again.json == first | {"changed": False}
    assert "was halted before" in shell("halt").out


def test_the_ledgers_store_can_be_named_as_everywhere(shell: Shell) -> None:
    assert shell("halt", "--ledger", STORE).status == 0
    assert halted() == ("*",)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["halt", "--store", "sqlite:///none.sqlite"], "there is no store"),
        (["resume", "--store", "sqlite:///none.sqlite"], "there is no store"),
        (["halt", "--store", "mysql://x"], "is no kind of store"),
        (["halt", "--store", STORE, "--ledger", STORE], "--store"),
        (["halt", "--account", ""], "is no account's name"),
        (["halt", "--account", "*"], "is no account's name"),
        (["resume"], "no halt of every account stands"),
        (["resume", "--account", "swing"], "no halt of the account 'swing' stands"),
    ],
)
def test_a_mistake_is_status_2_with_one_message_and_changes_nothing(shell: Shell, words: list[str], message: str) -> None:
    answer = shell(*words)
    assert answer.status == 2
    assert message in " ".join(answer.err.split())
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert halted() == ()
    assert not Path("none.sqlite").exists()


def test_a_mistyped_account_is_told_what_is_halted(shell: Shell) -> None:
    shell("halt", "--account", "swing")
    assert "halted: the account 'swing'" in " ".join(shell("resume", "--account", "sving").err.split())


def test_a_file_that_is_no_ledger_halts_nobody(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "other.sqlite").write_bytes(b"")
    answer = shell("halt", "--store", "sqlite:///other.sqlite")
    assert answer.status == 2
    assert (tmp_path / "other.sqlite").read_bytes() == b""
