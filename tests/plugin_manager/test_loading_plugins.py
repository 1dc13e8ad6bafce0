"""Plugins are found through entry points, one by one; what is broken is reported by name and takes nothing else down."""

import re
from importlib.metadata import entry_points, version

import pytest

from s1mpletrader.core.plugin_manager import PluginKind, PluginManager, PluginReport, PluginState, UnknownPlugin
from s1mpletrader.ports.hooks import Registering, Watching

from .packages import Installer, plugin


def line(manager: PluginManager, package: str) -> PluginReport:
    [found] = [line for line in manager.report() if line.source.package == package]
    return found


def test_every_registering_hook_has_a_kind() -> None:
    hooks = {name for name in vars(Registering) if name.startswith("s1mple_")}
    assert {kind.hook for kind in PluginKind} == hooks
    assert len(PluginKind) == len(hooks)


def test_a_plugin_is_found_with_its_package_and_version(install: Installer) -> None:
    install("Acme-Gates", plugin("acme_gate"), version="3.4")
    found = PluginManager.load().find(PluginKind.GATE, "acme_gate")
    assert (found.name, found.package, found.version, found.source.name) == ("acme_gate", "Acme-Gates", "3.4", "acme_gates")
    assert found.plugin.build(found.plugin.config(), None) == "acme_gate"


def test_built_ins_take_the_public_route() -> None:
    declared = {point.name for point in entry_points(group="s1mpletrader") if point.dist and point.dist.name == "s1mpletrader"}
    reported = {line.source.name for line in PluginManager.load().report()}
    assert declared <= reported
    exchange = PluginManager.load().find(PluginKind.EXCHANGE, "simulated")
    assert (exchange.package, exchange.version) == ("s1mpletrader", version("s1mpletrader"))


BROKEN = [
    ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ("def broken(:", "SyntaxError: "),
    ("raise SystemExit(3)", "SystemExit: 3"),
    ("class Odd(BaseException): pass\nraise Odd('quite odd')", "Odd: quite odd"),
    ("raise GeneratorExit", "GeneratorExit"),
    ("import warnings; warnings.warn('old', DeprecationWarning)", "DeprecationWarning: old"),
    ("@hookimpl\ndef s1mple_risk_gates(surplus): return []", "PluginValidationError: "),
    ("@hookimpl\ndef s1mple_risk_gate(): return []", "unknown hook 's1mple_risk_gate'"),
    ("x = 1", "LookupError: it implements no hook"),
    ("@hookimpl\ndef s1mple_risk_gates(): raise SystemExit('no')", "s1mple_risk_gates: SystemExit: no"),
    ("@hookimpl\ndef s1mple_risk_gates(): return 5", "s1mple_risk_gates: TypeError: 'int' object is not iterable"),
    ("@hookimpl\ndef s1mple_risk_gates(): return [5]", "s1mple_risk_gates gave a int and no Plugin"),
    (
        "@hookimpl\ndef s1mple_risk_gates(): return [Plugin(name='x', config=dict, build=print, summary='')]",
        "s1mple_risk_gates gave the plugin 'x', whose config is no subclass of PluginConfig",
    ),
    (
        "@hookimpl\ndef s1mple_risk_gates(): return [Plugin(name='x', config=NoConfig, build=None, summary='')]",
        "s1mple_risk_gates gave the plugin 'x', whose build cannot be called",
    ),
]


@pytest.mark.parametrize(("body", "reason"), BROKEN)
def test_a_broken_plugin_is_reported_by_name_and_takes_none_down(install: Installer, body: str, reason: str) -> None:
    install("broken", body)
    install("aardvark", plugin("first"))
    install("zebra", plugin("last"))
    manager = PluginManager.load()
    found = line(manager, "broken")
    assert found.state is PluginState.BROKEN
    assert found.source.name == "broken"
    assert reason in (found.reason or "")
    assert {"first", "last"} <= set(manager.names(PluginKind.GATE))
    with pytest.raises(UnknownPlugin, match=r"'broken' of broken 1\.2 is broken"):
        manager.find(PluginKind.GATE, "x")


def test_one_broken_hook_leaves_the_plugins_other_hooks(install: Installer) -> None:
    body = plugin("good") + plugin("../bad", "s1mple_exit_planners") + plugin("also_good", "s1mple_size_planners")
    install("mixed", body)
    manager = PluginManager.load()
    assert manager.find(PluginKind.GATE, "good").package == manager.find(PluginKind.SIZE, "also_good").package == "mixed"
    [fault] = [line for line in manager.report() if line.source.package == "mixed" and line.state is PluginState.BROKEN]
    assert fault.kind is PluginKind.EXIT


def test_the_users_interrupt_is_no_broken_plugin(install: Installer) -> None:
    install("broken", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        PluginManager.load()


@pytest.mark.parametrize(
    "name", ["", "Ema", "\u0435ma", "ema\n", "../ema", "a/b", "a\\b", "a.b", "_ema", "1ema", "e ma", "e-ma", "\ufb01x", "a" * 65]
)
def test_a_name_that_could_be_taken_for_another_or_for_a_path_is_refused(install: Installer, name: str) -> None:
    install("names", plugin(name))
    manager = PluginManager.load()
    found = line(manager, "names")
    assert found.state is PluginState.BROKEN
    assert "lower case ASCII" in (found.reason or "")
    assert (found.reason or "").isascii()
    with pytest.raises(UnknownPlugin):
        manager.find(PluginKind.GATE, name)


@pytest.mark.parametrize("name", ["w\u043erkers", "../x", "a/b", "1x"])
def test_an_entry_points_name_is_as_strict_and_its_module_not_imported(install: Installer, name: str) -> None:
    install("names", plugin("fine"), entry_points=f"[s1mpletrader]\n{name} = pkg_names\n")
    assert line(PluginManager.load(), "names").state is PluginState.BROKEN
    assert not install.is_imported("names")


def test_entry_points_that_cannot_be_read_are_reported_by_package(install: Installer) -> None:
    install("garbled", entry_points="[s1mpletrader]\nno equals sign\n")
    install("zebra", plugin("last"))
    manager = PluginManager.load()
    assert "its entry points cannot be read" in (line(manager, "garbled").reason or "")
    assert "last" in manager.names(PluginKind.GATE)


def test_other_packages_entry_points_are_not_ours(install: Installer) -> None:
    install("elsewhere", entry_points="[other]\nno equals sign\n")
    assert "elsewhere" not in {line.source.package for line in PluginManager.load().report()}


def test_a_distribution_that_is_on_the_path_twice_counts_once(install: Installer) -> None:
    install("twice", plugin("twin"), version="1.0")
    install("Twice", plugin("twin"), version="1.1")
    assert PluginManager.load().find(PluginKind.GATE, "twin").package.lower() == "twice"


def test_a_name_given_by_two_packages_is_refused_naming_both(install: Installer) -> None:
    install("one", plugin("same") + plugin("mine", "s1mple_exit_planners"))
    install("two", plugin("same") + plugin("same", "s1mple_size_planners"))
    manager = PluginManager.load()
    with pytest.raises(
        UnknownPlugin, match=r"given more than once: by 'one' of one 1.2 and 'two' of two 1.2 \(leave one of them"
    ):
        manager.find(PluginKind.GATE, "same")
    assert "same" not in manager.names(PluginKind.GATE)
    rows = [(line.source.package, line.reason) for line in manager.report() if line.state is PluginState.DUPLICATE]
    assert rows == [("one", "also given by 'two' of two 1.2"), ("two", "also given by 'one' of one 1.2")]
    assert manager.find(PluginKind.EXIT, "mine").package == "one"
    assert manager.find(PluginKind.SIZE, "same").package == "two"
    assert PluginManager.load(["one"]).find(PluginKind.GATE, "same").package == "one"


def test_a_built_ins_name_is_refused_to_both_until_the_allow_list_settles_it(install: Installer) -> None:
    install("usurper", plugin("simulated", "s1mple_exchange_connectors"))
    with pytest.raises(UnknownPlugin, match=r"'simulated_exchange' of s1mpletrader .* and 'usurper' of usurper"):
        PluginManager.load().find(PluginKind.EXCHANGE, "simulated")
    assert PluginManager.load([]).find(PluginKind.EXCHANGE, "simulated").package == "s1mpletrader"


def test_what_the_allow_list_leaves_out_is_not_imported(install: Installer) -> None:
    install("Good-Company", plugin("good"), plugin("second"))
    install("stranger", plugin("bad"))
    for allow, imported in (
        (["good_company"], [True, True, False]),
        (["good_company1"], [False, True, False]),
        ([], [False] * 3),
    ):
        manager = PluginManager.load(allow)
        assert [install.is_imported(name) for name in ("good_company", "good_company1", "stranger")] == imported
        assert line(manager, "stranger").state is PluginState.NOT_ALLOWED
        with pytest.raises(UnknownPlugin, match=r"'stranger' of stranger 1\.2 is not allowed"):
            manager.find(PluginKind.GATE, "bad")
        assert "simulated" in manager.names(PluginKind.EXCHANGE)
        install.forget()


def test_calling_itself_built_in_does_not_pass_the_allow_list(install: Installer) -> None:
    install("stranger", plugin("bad"), entry_points="[s1mpletrader]\nworkers = pkg_stranger\n")
    PluginManager.load([])
    assert not install.is_imported("stranger")


def test_the_order_is_that_of_names_whatever_the_order_of_installation(install: Installer) -> None:
    install("zebra", plugin("b"))
    install("aardvark", plugin("c"), plugin("a"))
    manager = PluginManager.load()
    own = [line.name for line in manager.report() if line.kind is PluginKind.GATE and line.name in set("abc")]
    assert own == ["a", "b", "c"]
    assert [name for name in manager.names(PluginKind.GATE) if name in set("abc")] == ["a", "b", "c"]


def test_an_unknown_name_gets_the_nearest_and_the_kind_that_has_it(install: Installer) -> None:
    install("acme", plugin("exposure_limit") + plugin("trailing", "s1mple_exit_planners"))
    manager = PluginManager.load()
    with pytest.raises(UnknownPlugin, match=re.escape("there is no gate plugin 'exposure_limt' (nearest: exposure_limit")):
        manager.find(PluginKind.GATE, "exposure_limt")
    with pytest.raises(UnknownPlugin, match="there is an exit plugin of this name"):
        manager.find(PluginKind.GATE, "trailing")


def test_every_hook_is_documented() -> None:
    for hooks in (Registering, Watching):
        assert all(function.__doc__ for name, function in vars(hooks).items() if name.startswith("s1mple_"))
