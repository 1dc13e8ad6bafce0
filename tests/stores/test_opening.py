"""What a TOML file may name, and what it is told otherwise."""

from pathlib import Path
from typing import Any

import pytest

from s1mpletrader.api import NoConfig, Plugin, StoreProvision
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager
from s1mpletrader.plugins import stores
from s1mpletrader.plugins.stores import MemoryJournal, MemoryLedger, MemoryState
from s1mpletrader.plugins.stores.sql_journal import SqlJournal
from s1mpletrader.plugins.stores.sql_ledger import SqlLedger
from s1mpletrader.plugins.stores.state import SqlState
from s1mpletrader.plugins.stores.urls import store_url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://host/db", "no kind of store"),
        ("postgresql+asyncpg://host/db", "no kind of store"),
        ("sqlite+aiosqlite:///x.sqlite", "no kind of store"),
        ("store.sqlite", "no store URL"),
        ("", "no store URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///x.sqlite?mode=ro", "names no file"),
        ("sqlite:////no/such/directory/store.sqlite", "no directory"),
    ],
)
def test_a_url_that_means_no_store_is_named_and_answered_with_one_that_does(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        store_url(url)


def test_a_relative_file_lies_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert store_url("sqlite:///store.sqlite").database == str(tmp_path / "store.sqlite")


def test_a_password_is_not_told() -> None:
    assert "secret" not in str(store_url("postgresql://user:secret@host/db"))


@pytest.mark.parametrize(
    ("hook", "kinds"),
    [
        (stores.s1mple_ledgers, {"sql": SqlLedger, "memory": MemoryLedger}),
        (stores.s1mple_journals, {"sql": SqlJournal, "memory": MemoryJournal}),
        (stores.s1mple_states, {"sql": SqlState, "memory": MemoryState}),
    ],
)
def test_each_kind_of_store_is_registered_for_databases_and_for_memory(hook: Any, kinds: dict[str, type], tmp_path: Path) -> None:
    given = StoreProvision(url=f"sqlite:///{tmp_path / 'store.sqlite'}", book="book", outlives_process=False)
    plugins: dict[str, Plugin[Any, StoreProvision, Any]] = {plugin.name: plugin for plugin in hook()}
    built = {name: plugin.build(NoConfig(), given) for name, plugin in plugins.items()}
    assert {name: type(store) for name, store in built.items()} == kinds
    built["sql"].close()


def test_the_entry_point_registers_them() -> None:
    manager = PluginManager.load()
    for kind in (PluginKind.LEDGER, PluginKind.JOURNAL, PluginKind.STATE):
        assert {"sql", "memory"} <= set(manager.names(kind))
