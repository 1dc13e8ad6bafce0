"""What a plugin's author, and who runs it, read: reports in a declared order, and whole sentences."""

import logging

import pytest

from s1mpletrader.api import hookimpl
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager, UnknownPlugin
from s1mpletrader.core.plugin_sources import FoundPlugin, PluginSource, attempt, normal_package
from s1mpletrader.domain.errors import Refused

from .packages import Installer, plugin


def report_of(manager: PluginManager, *packages: str) -> list[tuple[str, str | None, str | None, str, str | None]]:
    """The lines of these packages: package, kind, name, state and reason."""
    return [
        (line.source.package, line.kind and str(line.kind), line.name, str(line.state), line.reason)
        for line in manager.report()
        if line.source.package in packages
    ]


def test_what_can_be_used_comes_first_by_kind_and_name_then_what_cannot_by_entry_point_and_kind(install: Installer) -> None:
    bad = "@hookimpl\ndef s1mple_size_planners(): raise ValueError('no size')\n\n@hookimpl\ndef s1mple_exit_planners(): return 5"
    install("zebra", plugin("same") + plugin("b", "s1mple_size_planners"))
    install("aardvark", plugin("same"), bad)
    install("broken", "raise ValueError('two\\nlines')")
    manager = PluginManager.load()
    assert report_of(manager, "zebra", "aardvark", "broken") == [
        ("zebra", "size", "b", "ok", None),
        ("aardvark", "gate", "same", "duplicate", "also given by 'zebra' of zebra 1.2"),
        ("zebra", "gate", "same", "duplicate", "also given by 'aardvark' of aardvark 1.2"),
        ("aardvark", "exit", None, "broken", "s1mple_exit_planners: TypeError: 'int' object is not iterable"),
        ("aardvark", "size", None, "broken", "s1mple_size_planners: ValueError: no size"),
        ("broken", None, None, "broken", "ValueError: two lines"),
    ]


def test_three_that_claim_a_name_are_each_told_of_the_others(install: Installer) -> None:
    for name in ("one", "two", "three"):
        install(name, plugin("same"))
    rows = report_of(PluginManager.load(), "one", "two", "three")
    assert rows[0][-1] == "also given by 'three' of three 1.2 and 'two' of two 1.2"


def test_what_an_allow_list_leaves_out_is_told_quietly_and_what_is_broken_is_logged(
    install: Installer, caplog: pytest.LogCaptureFixture
) -> None:
    install("broken", "raise ValueError('no')")
    install("stranger", plugin("bad"))
    with caplog.at_level(logging.DEBUG):
        manager = PluginManager.load(["broken"])
    assert report_of(manager, "stranger") == [("stranger", None, None, "not allowed", "[plugins] allow does not name it")]
    assert [record.getMessage() for record in caplog.records] == ["plugin 'broken' of broken 1.2 is broken: ValueError: no"]


def test_an_unknown_plugin_is_told_with_all_that_may_help(install: Installer) -> None:
    install("acme", plugin("exposure_limit"))
    install("broken", "raise ValueError('no')")
    manager = PluginManager.load(["acme", "broken"])
    with pytest.raises(UnknownPlugin) as unknown:
        manager.find(PluginKind.GATE, "exposure_limt")
    assert unknown.value.problem == "there is no gate plugin 'exposure_limt'"
    hint = str(unknown.value.hint)
    assert hint.startswith("nearest: exposure_limit; ")
    assert hint.endswith("'broken' of broken 1.2 is broken: ValueError: no")
    assert str(unknown.value) == f"{unknown.value.problem} ({hint})"


def test_where_nothing_is_near_it_says_what_there_is() -> None:
    with pytest.raises(UnknownPlugin) as unknown:
        PluginManager().find(PluginKind.GATE, "acme")
    assert str(unknown.value) == "there is no gate plugin 'acme' (installed: none)"
    assert str(UnknownPlugin("there is none", None)) == "there is none"


def test_of_one_hook_that_fails_only_its_own_kind_is_told(install: Installer) -> None:
    install("broken", "@hookimpl\ndef s1mple_size_planners(): raise ValueError('no size')")
    manager = PluginManager.load(["broken"])
    for kind, is_told in ((PluginKind.SIZE, True), (PluginKind.GATE, False)):
        with pytest.raises(UnknownPlugin) as unknown:
            manager.find(kind, "acme")
        assert ("no size" in str(unknown.value)) is is_told


def test_a_watcher_that_hears_nothing_is_refused_by_its_name() -> None:
    with pytest.raises(Refused) as refused:
        PluginManager().watchers({"board": object()})
    assert str(refused.value) == "'board' cannot watch: LookupError: it implements no hook"


@pytest.mark.parametrize(
    ("allow", "is_allowed"), [(None, True), ((), False), (("acme.gates",), True), (("Acme_Gates",), True), (("acme",), False)]
)
def test_an_allow_list_names_packages_as_indexes_do(allow: tuple[str, ...] | None, *, is_allowed: bool) -> None:
    assert FoundPlugin(PluginSource("gates", "acme-gates", "1"), None).is_allowed(allow) is is_allowed
    assert normal_package("Acme__Gates.-x") == "acme-gates-x"


def test_what_foreign_code_raises_is_one_line() -> None:
    def fail() -> None:
        raise ValueError("  two\n lines ")

    def fail_silently() -> None:
        raise LookupError

    assert attempt(fail) == (None, "ValueError: two lines")
    assert attempt(fail_silently) == (None, "LookupError")
    assert attempt(lambda: 5) == (5, None)


def test_an_entry_point_that_cannot_be_loaded_says_why() -> None:
    found = FoundPlugin(PluginSource("x", "acme", "1"), None, "it cannot be read")
    with pytest.raises(ImportError) as failed:
        found.load()
    assert str(failed.value) == "it cannot be read"
    assert str(found.source) == "'x' of acme 1"


def test_a_distribution_that_is_there_twice_hides_none_that_come_after(install: Installer) -> None:
    install("twice", plugin("twin"), version="1.0")
    install("Twice", plugin("twin"), version="1.1")
    assert "simulated" in PluginManager.load().names(PluginKind.EXCHANGE)


def test_a_distribution_without_a_name_is_told_as_nameless(install: Installer) -> None:
    install("nameless", "raise ValueError('no')")
    (metadata,) = install.metadata_of("nameless")
    metadata.write_text("Metadata-Version: 2.1\n")
    assert report_of(PluginManager.load(), "None") == [("None", None, None, "broken", "ValueError: no")]


def test_a_watcher_that_fails_is_told_as_one_of_this_run(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty:
        @hookimpl
        def s1mple_flow_started(self) -> None:
            raise ValueError("no")

    watchers = PluginManager().watchers({"board": Faulty()})
    assert watchers.flow_started is not None
    watchers.flow_started("s", "f", 1)
    assert [record.getMessage() for record in caplog.records] == ["plugin 'board' of this run 0 failed in s1mple_flow_started"]
