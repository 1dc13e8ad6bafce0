"""The plugin manager: loads plugins, keeps the usable ones by kind and name, and tells about the rest.

Beside ``ports/hooks.py`` the only user of pluggy. Every entry point gets a relay of its own, so that a fault in one, at import,
at registration or in a call, ends with it. The order is by entry point name, then package, whatever the order of installation.

The rules:

- A name that two plugins of one kind claim is refused for both, built-in or not, because which of them was meant cannot be told.
  An allow-list that leaves one of them out settles it.
- What an allow-list leaves out is not even imported.
- A plugin's name is ASCII in lower case, so that no two names look alike and none can be a path.
"""

import difflib
import inspect
import logging
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import pluggy

from s1mpletrader.core.plugin_sources import FoundPlugin, PluginSource, attempt, installed
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.errors import Refused
from s1mpletrader.ports.hooks import PROJECT, Registering, Watching
from s1mpletrader.ports.plugin import Plugin, PluginConfig

_log: Final = logging.getLogger(__name__)
NOTHING_BUILT: Final[Mapping[str, object]] = {}
_PLUGIN_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class PluginKind(StrEnum):
    """The kinds of plugin, each named as its table in the TOML; ``ALGORITHM`` and ``STATE`` have none."""

    CONTEXT = "context"
    SIGNAL = "signal"
    RISK = "risk"
    PLANNER = "planner"
    ENTRY = "entry"
    SIZE = "size"
    EXIT = "exit"
    EXECUTION = "execution"
    GATE = "gate"
    ALGORITHM = "algorithm"
    EXCHANGE = "exchange"
    DATA = "data"
    LEDGER = "ledger"
    JOURNAL = "journal"
    STATE = "state"
    CACHE = "cache"
    RECORDING = "recording"
    NEWS = "news"
    SCHEDULE = "schedule"
    WATCH = "watch"

    @property
    def hook(self) -> str:
        """The registering hook that returns the plugins of this kind."""
        return _HOOKS[self]


_HOOKS: Final = {
    PluginKind.CONTEXT: "s1mple_context_workers",
    PluginKind.SIGNAL: "s1mple_signal_detectors",
    PluginKind.RISK: "s1mple_risk_monitors",
    PluginKind.PLANNER: "s1mple_strategy_planners",
    PluginKind.ENTRY: "s1mple_entry_planners",
    PluginKind.SIZE: "s1mple_size_planners",
    PluginKind.EXIT: "s1mple_exit_planners",
    PluginKind.EXECUTION: "s1mple_execution_planners",
    PluginKind.GATE: "s1mple_risk_gates",
    PluginKind.ALGORITHM: "s1mple_execution_algorithms",
    PluginKind.EXCHANGE: "s1mple_exchange_connectors",
    PluginKind.DATA: "s1mple_market_data",
    PluginKind.LEDGER: "s1mple_ledgers",
    PluginKind.JOURNAL: "s1mple_journals",
    PluginKind.STATE: "s1mple_states",
    PluginKind.CACHE: "s1mple_caches",
    PluginKind.RECORDING: "s1mple_recordings",
    PluginKind.NEWS: "s1mple_news_sources",
    PluginKind.SCHEDULE: "s1mple_schedules",
    PluginKind.WATCH: "s1mple_watchers",
}


class PluginState(StrEnum):
    """Whether a plugin, or a whole entry point, can be used."""

    OK = "ok"
    BROKEN = "broken"
    NOT_ALLOWED = "not allowed"
    DUPLICATE = "duplicate"


class UnknownPlugin(Refused):
    """No usable plugin of this kind has this name: ``problem`` says why, ``hint`` names the nearest."""

    def __init__(self, problem: str, hint: str | None) -> None:
        self.problem, self.hint = problem, hint
        super().__init__(f"{problem} ({hint})" if hint else problem)


@dataclass(frozen=True, kw_only=True)
class RegisteredPlugin:
    """A plugin that can be used, unless another claims its name."""

    kind: PluginKind
    plugin: Plugin[Any, Any, Any]
    source: PluginSource

    @property
    def name(self) -> str:
        """What a TOML file calls it."""
        return self.plugin.name

    @property
    def package(self) -> str:
        """The distribution that it is part of."""
        return self.source.package

    @property
    def version(self) -> str:
        """The distribution's version."""
        return self.source.version


@dataclass(frozen=True, kw_only=True)
class PluginReport:
    """One line about a plugin, or about an entry point whose plugins are not known because it could not be loaded."""

    source: PluginSource
    state: PluginState
    kind: PluginKind | None = None
    name: str | None = None
    reason: str | None = None


class PluginManager:
    """All plugins of this process, by kind and name."""

    def __init__(self) -> None:
        self._relays: list[_Relay] = []
        self._plugins: dict[tuple[PluginKind, str], list[RegisteredPlugin]] = {}
        self._faults: list[PluginReport] = []

    @classmethod
    def load(cls, allow: Sequence[str] | None = None) -> Self:
        """The installed plugins; with ``allow`` only those of the distributions and entry points that it names, and built-ins."""
        manager = cls()
        for found in sorted(installed(), key=lambda found: (found.source.name, found.source.package)):
            manager._take(found, allow)
        return manager

    def register(self, plugin: object, name: str) -> None:
        """Add a plugin object of this process: a module, or an instance with hook implementations."""
        self._add(PluginSource(name, "this process", "0"), plugin)

    def find(self, kind: PluginKind, name: str) -> RegisteredPlugin:
        """The plugin of this name; ``UnknownPlugin`` where there is none, or more than one."""
        match self._plugins.get((kind, name), []):
            case [plugin]:
                return plugin
            case []:
                raise UnknownPlugin(f"there is no {kind} plugin {name!r}", self._hint(kind, name))
            case rivals:
                sources = " and ".join(str(rival.source) for rival in rivals)
                hint = "leave one of them out with [plugins] allow, or uninstall it"
                raise UnknownPlugin(f"the {kind} plugin {name!r} is given more than once: by {sources}", hint)

    def plugins(self, kind: PluginKind) -> tuple[RegisteredPlugin, ...]:
        """The usable plugins of a kind, by name."""
        usable = [rivals[0] for (of_kind, _), rivals in self._plugins.items() if of_kind is kind and len(rivals) == 1]
        return tuple(sorted(usable, key=lambda plugin: plugin.name))

    def names(self, kind: PluginKind) -> tuple[str, ...]:
        """The names of the usable plugins of a kind, sorted."""
        return tuple(plugin.name for plugin in self.plugins(kind))

    def report(self) -> tuple[PluginReport, ...]:
        """A line for every plugin, by kind and name, then one for each entry point or hook that gave none, and why."""
        order = list(PluginKind)
        keys = sorted(self._plugins, key=lambda key: (order.index(key[0]), key[1]))
        lines = [line for key in keys for line in _lines(self._plugins[key])]
        return (*lines, *sorted(self._faults, key=lambda line: (line.source, line.kind or "", line.reason or "")))

    def watchers(self, built: Mapping[str, object] = NOTHING_BUILT) -> Watchers:
        """What to call after a commit. What a listener raises is logged, and the next one is called all the same.

        ``built`` are objects that listen beside the plugins, by name: those of ``[[watch]]`` tables. One that implements no
        watching hook, or not as it is declared, raises ``Refused``.
        """
        relays = [*self._relays, *(_listener(name, watcher) for name, watcher in built.items())]
        return Watchers(**{name: _watcher(f"s1mple_{name}", relays) for name in Watchers.__dataclass_fields__})

    def _take(self, found: FoundPlugin, allow: Collection[str] | None) -> None:
        if found.fault is not None:
            self._refuse(found.source, PluginState.BROKEN, found.fault)
        elif not found.is_allowed(allow):
            self._refuse(found.source, PluginState.NOT_ALLOWED, "[plugins] allow does not name it")
        else:
            plugin, fault = attempt(found.load)
            if fault is not None:
                self._refuse(found.source, PluginState.BROKEN, fault)
            else:
                self._add(found.source, plugin)

    def _add(self, source: PluginSource, plugin: object) -> None:
        relay, fault = attempt(lambda: _Relay(source, plugin))
        if relay is None:
            self._refuse(source, PluginState.BROKEN, fault)
            return
        self._relays.append(relay)
        for kind in PluginKind:
            self._collect(kind, relay)

    def _collect(self, kind: PluginKind, relay: "_Relay") -> None:
        items, call_fault = attempt(lambda: relay.collect(kind.hook))
        if call_fault is not None:
            self._refuse(relay.source, PluginState.BROKEN, f"{kind.hook}: {call_fault}", kind)
        for item in items or ():
            item_fault = _plugin_fault(item)
            if item_fault is None:
                plugin = RegisteredPlugin(kind=kind, plugin=item, source=relay.source)
                self._plugins.setdefault((kind, item.name), []).append(plugin)
            else:
                self._refuse(relay.source, PluginState.BROKEN, f"{kind.hook} gave {item_fault}", kind)

    def _refuse(self, source: PluginSource, state: PluginState, reason: str | None, kind: PluginKind | None = None) -> None:
        if state is PluginState.BROKEN:
            _log.warning("plugin %s is broken: %s", source, reason)
        self._faults.append(PluginReport(source=source, state=state, kind=kind, reason=reason))

    def _hint(self, kind: PluginKind, name: str) -> str | None:
        names = self.names(kind)
        near = difflib.get_close_matches(name, names, n=3)
        hints = [f"nearest: {', '.join(near)}" if near else f"installed: {', '.join(names) or 'none'}"]
        hints += [_elsewhere(other) for other in PluginKind if (other, name) in self._plugins]
        hints += [
            f"{fault.source} is {fault.state}: {fault.reason}"
            for fault in self._faults
            if fault.kind is None or fault.kind is kind
        ]
        return "; ".join(hints)


class _Relay:
    """One plugin object behind a pluggy manager of its own."""

    def __init__(self, source: PluginSource, plugin: object) -> None:
        self.source = source
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(Registering)
        self._manager.add_hookspecs(Watching)
        self._manager.register(plugin, source.name)
        self._manager.check_pending()
        if not self._manager.get_hookcallers(plugin):
            raise LookupError("it implements no hook")

    def collect(self, hook: str) -> list[Any]:
        """What the plugin returns from a registering hook."""
        return [item for answer in self._caller(hook)() for item in answer]

    def listens(self, hook: str) -> bool:
        """Whether the plugin implements a hook."""
        return bool(self._caller(hook).get_hookimpls())

    def tell(self, hook: str, arguments: dict[str, object]) -> None:
        """Call a watching hook; what it raises is logged and goes no further."""
        try:
            self._caller(hook)(**arguments)
        except (Exception, SystemExit):  # noqa: BLE001  A listener changes nothing, whatever it raises.
            _log.exception("plugin %s failed in %s", self.source, hook)

    def _caller(self, hook: str) -> pluggy.HookCaller:
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return caller


class _Watcher:
    """Tells all listeners of one hook, in the order of their entry points."""

    def __init__(self, hook: str, listeners: Sequence[_Relay]) -> None:
        self._hook = hook
        self._listeners = tuple(listeners)
        self._names = tuple(inspect.signature(getattr(Watching, hook)).parameters)[1:]

    def __call__(self, *arguments: object) -> None:
        named = dict(zip(self._names, arguments, strict=True))
        for listener in self._listeners:
            listener.tell(self._hook, named)


def _watcher(hook: str, relays: Sequence[_Relay]) -> _Watcher | None:
    listeners = [relay for relay in relays if relay.listens(hook)]
    return _Watcher(hook, listeners) if listeners else None


def _listener(name: str, watcher: object) -> _Relay:
    relay, fault = attempt(lambda: _Relay(PluginSource(name, "this run", "0"), watcher))
    if relay is None:
        raise Refused(f"{name!r} cannot watch: {fault}")
    return relay


def _plugin_fault(item: Any) -> str | None:
    """Why what a registering hook gave is no plugin."""
    if not isinstance(item, Plugin):
        return f"a {type(item).__name__} and no Plugin"
    if not (isinstance(item.name, str) and _PLUGIN_NAME.fullmatch(item.name)):
        return f"a plugin named {item.name!a}: a name is lower case ASCII letters, digits and _, and begins with a letter"
    if not (isinstance(item.config, type) and issubclass(item.config, PluginConfig)):
        return f"the plugin {item.name!r}, whose config is no subclass of PluginConfig"
    build: object = item.build
    if not callable(build):
        return f"the plugin {item.name!r}, whose build cannot be called"
    return None


def _lines(rivals: Sequence[RegisteredPlugin]) -> Iterator[PluginReport]:
    """The report's lines for the plugins of one kind and name: one, or all of them as duplicates."""
    for plugin in rivals:
        others = [str(rival.source) for rival in rivals if rival is not plugin]
        yield PluginReport(
            source=plugin.source,
            state=PluginState.DUPLICATE if others else PluginState.OK,
            kind=plugin.kind,
            name=plugin.name,
            reason=f"also given by {' and '.join(others)}" if others else None,
        )


def _elsewhere(kind: PluginKind) -> str:
    """A name that is another kind of plugin's; of an algorithm, how one comes to it."""
    article = "an" if kind[0] in "aeiou" else "a"
    by = ", which an execution planner names in its plan" if kind is PluginKind.ALGORITHM else ""
    return f"there is {article} {kind} plugin of this name{by}"
