"""Outsiders watch through hooks: called only where somebody listens, and unable to change anything."""

import logging
from typing import Any, get_type_hints

import pytest

from s1mpletrader.api import hookimpl
from s1mpletrader.core.plugin_manager import PluginManager, PluginState
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.ports.hooks import Watching


class Listener:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    @hookimpl
    def s1mple_flow_started(self, strategy: str, flow_id: str, at: int) -> None:
        self.heard.append((strategy, flow_id, at))

    @hookimpl
    def s1mple_fill(self, fill: Any) -> str:
        self.heard.append(fill)
        return "ignored"


class Partial:
    def __init__(self) -> None:
        self.heard: list[int] = []

    @hookimpl
    def s1mple_flow_started(self, at: int) -> None:
        self.heard.append(at)


class Faulty:
    def __init__(self, fault: BaseException) -> None:
        self.fault = fault

    @hookimpl
    def s1mple_flow_started(self) -> None:
        raise self.fault


def test_there_is_a_watcher_for_every_watching_hook() -> None:
    hooks = {name.removeprefix("s1mple_") for name in vars(Watching) if name.startswith("s1mple_")}
    assert set(get_type_hints(Watchers)) == hooks


def test_where_nobody_listens_there_is_nothing_to_call() -> None:
    assert PluginManager().watchers() == Watchers(**dict.fromkeys(Watchers.__dataclass_fields__))
    manager = PluginManager()
    manager.register(Listener(), "listener")
    heard = {name for name in Watchers.__dataclass_fields__ if getattr(manager.watchers(), name) is not None}
    assert heard == {"flow_started", "fill"}


def test_every_listener_hears_what_it_asks_for() -> None:
    manager = PluginManager()
    listener, partial = Listener(), Partial()
    manager.register(listener, "listener")
    manager.register(partial, "partial")
    watchers = manager.watchers()
    assert watchers.flow_started is not None
    watchers.flow_started("trend", "TCK_1", 5)
    assert listener.heard == [("trend", "TCK_1", 5)]
    assert partial.heard == [5]


@pytest.mark.parametrize("fault", [ValueError("no"), SystemExit(1)])
def test_what_a_listener_raises_is_logged_and_the_next_hears_all_the_same(
    fault: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    manager = PluginManager()
    before, after = Listener(), Listener()
    for name, plugin in (("before", before), ("faulty", Faulty(fault)), ("after", after)):
        manager.register(plugin, name)
    watchers = manager.watchers()
    assert watchers.flow_started is not None
    with caplog.at_level(logging.ERROR):
        watchers.flow_started("trend", "TCK_1", 5)
    assert before.heard == after.heard == [("trend", "TCK_1", 5)]
    assert "'faulty' of this process 0 failed in s1mple_flow_started" in caplog.text


def test_a_listener_with_a_misspelt_argument_is_broken_and_hears_nothing() -> None:
    class Misspelt:
        @hookimpl
        def s1mple_flow_started(self, strategi: str) -> None: ...

    manager = PluginManager()
    manager.register(Misspelt(), "misspelt")
    [line] = manager.report()
    assert line.state is PluginState.BROKEN
    assert "strategi" in (line.reason or "")
    assert manager.watchers().flow_started is None
