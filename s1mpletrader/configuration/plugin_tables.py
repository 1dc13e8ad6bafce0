"""The tables that name plugins: found, validated against the plugin's own model, and checked against each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from s1mpletrader.configuration.configuration import PluginTable, StoreTable
from s1mpletrader.configuration.document import Document, KeyPath
from s1mpletrader.configuration.models import (
    SHAPES,
    DataKeys,
    EventKeys,
    PlannerKeys,
    PluginKeys,
    StoreKeys,
    StrategyTable,
    TableShape,
    WatchKeys,
    WorkerKeys,
)
from s1mpletrader.configuration.nearest import nearest
from s1mpletrader.configuration.ranges import WHOLE, ConfidenceRange, range_fault
from s1mpletrader.configuration.validation import field_names, validated
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager, RegisteredPlugin, UnknownPlugin
from s1mpletrader.domain.facts import Series

NAMED: Final = (WorkerKeys, EventKeys, WatchKeys)
"""The keys of tables that may have a name of their own."""


def rows(document: Document, kind: PluginKind) -> list[tuple[KeyPath, Mapping[str, Any]]] | None:
    """The raw tables of a kind with their paths, None where the file has none; ``ConfigurationError`` for the wrong brackets."""
    shape, given = SHAPES[kind], document.tables.get(kind)
    if given is None:
        return None
    if isinstance(given, list) and all(isinstance(row, Mapping) for row in given):
        if shape.many:
            return [((str(kind), index), row) for index, row in enumerate(given)]
        found = f"found {len(given)}" if len(given) > 1 else f"written [{kind}]"
        raise document.error((kind,), f"there is exactly one {kind}, {found}", f"write [{kind}] once, with single brackets")
    if not isinstance(given, Mapping):
        raise document.error((kind,), "must be a table")
    if shape.many:
        raise document.error((kind,), "there may be several of these", f"write [[{kind}]], with double brackets")
    return [((str(kind),), given)]


@dataclass(frozen=True, kw_only=True)
class TableReader:
    """Reads the plugin tables of one strategy."""

    document: Document
    strategy: StrategyTable
    plugins: PluginManager

    def many(self, kind: PluginKind) -> tuple[PluginTable, ...]:
        """The tables of an array, in the order of the file. Names are distinct, and confidence ranges divide [0, 1]."""
        found = [(path, self._table(kind, path, raw)) for path, raw in self._rows(kind)]
        if issubclass(SHAPES[kind].keys, NAMED):
            self._check_names(found)
        if issubclass(SHAPES[kind].keys, PlannerKeys):
            self._check_ranges(kind, found)
        if kind is PluginKind.DATA:
            self._check_series(found)
        return tuple(table for _, table in found)

    def one(self, kind: PluginKind) -> PluginTable:
        """The one table of a kind; an optional one that is not there has its defaults."""
        [(path, raw)] = self._rows(kind)
        return self._table(kind, path, raw)

    def stores(self) -> tuple[StoreTable, StoreTable]:
        """Ledger and journal. The journal takes plugin and URL of the ledger, and with the plugin its keys, where it has none."""
        [(ledger_path, ledger_raw)] = self._rows(PluginKind.LEDGER)
        ledger = self._store(PluginKind.LEDGER, ledger_path, ledger_raw)
        [(path, raw)] = self._rows(PluginKind.JOURNAL)
        raw = {"plugin": ledger.table.plugin.name, "url": ledger.url, **raw}
        if raw["plugin"] == ledger.table.plugin.name:
            known = field_names(self._find(PluginKind.JOURNAL, path, raw["plugin"]).plugin.config)
            raw = {key: value for key, value in ledger_raw.items() if key in known} | raw
        return ledger, self._store(PluginKind.JOURNAL, path, raw)

    def _store(self, kind: PluginKind, path: KeyPath, raw: Mapping[str, Any]) -> StoreTable:
        table = self._table(kind, path, raw)
        url = StoreKeys.model_fields["url"].get_default() if "url" not in raw else raw["url"]
        return StoreTable(table=table, url=url)

    def _rows(self, kind: PluginKind) -> list[tuple[KeyPath, Mapping[str, Any]]]:
        """The raw tables of a kind with their paths: none or more of an array, exactly one otherwise."""
        found = rows(self.document, kind)
        return self._absent(kind, SHAPES[kind]) if found is None else found

    def _absent(self, kind: PluginKind, shape: TableShape) -> list[tuple[KeyPath, Mapping[str, Any]]]:
        if shape.required:
            written = f"[[{kind}]]" if shape.many else f"[{kind}]"
            raise self.document.error(
                (), f"the table {written} is missing", f"plugins for it: {', '.join(self.plugins.names(kind))}"
            )
        return [] if shape.many else [((str(kind),), {})]

    def _table(self, kind: PluginKind, path: KeyPath, raw: Mapping[str, Any]) -> PluginTable:
        shape = SHAPES[kind]
        own = field_names(shape.keys)
        keys = validated(shape.keys, {key: value for key, value in raw.items() if key in own}, self.document, path)
        plugin = self._find(kind, path, keys.plugin)
        model = plugin.plugin.config
        # A plugin that declares one of the framework's keys itself is given it too.
        rest = {key: value for key, value in raw.items() if key not in own or key in field_names(model)}
        rest = dict(self._kept(kind, path, rest, plugin))
        config = validated(model, rest, self.document, path, own)
        return PluginTable(
            kind=kind,
            name=(keys.name if isinstance(keys, NAMED) else None) or plugin.name,
            place=self.document.place(path),
            plugin=plugin,
            config=config,
            series=self._series(path, keys),
            confidence=ConfidenceRange(*keys.confidence) if isinstance(keys, PlannerKeys) else WHOLE,
        )

    def _find(self, kind: PluginKind, path: KeyPath, name: str) -> RegisteredPlugin:
        try:
            return self.plugins.find(kind, name)
        except UnknownPlugin as fault:
            raise self.document.error((*path, "plugin"), fault.problem, fault.hint) from None

    def _kept(
        self, kind: PluginKind, path: KeyPath, rest: Mapping[str, Any], plugin: RegisteredPlugin
    ) -> Iterator[tuple[str, Any]]:
        """The plugin's keys. Where an override put this plugin in another's place, the file's keys for the other are dropped.

        Dropped is what the plugin before knows and this one does not; where the one before is not installed, all that this one
        does not know. Keys from overrides stay.
        """
        before = self.document.plugin_before(path)
        known = field_names(plugin.plugin.config)
        for key, value in rest.items():
            kept = before is None or key in known or self.document.is_overridden((*path, key))
            if kept or not self._knows(kind, str(before), key):
                yield key, value

    def _knows(self, kind: PluginKind, plugin: str, key: str) -> bool:
        try:
            return key in field_names(self.plugins.find(kind, plugin).plugin.config)
        except UnknownPlugin:
            return True

    def _series(self, path: KeyPath, keys: PluginKeys) -> Series:
        """The table's symbol and timeframe, else the strategy's first."""
        if not isinstance(keys, DataKeys):
            return Series(self.strategy.symbols[0], self.strategy.timeframes[0])
        symbol = keys.symbol or self.strategy.symbols[0]
        timeframe = keys.timeframe or self.strategy.timeframes[0]
        for key, value, choices in (
            ("symbol", symbol, self.strategy.symbols),
            ("timeframe", timeframe, self.strategy.timeframes),
        ):
            if value not in choices:
                raise self.document.error((*path, key), f"[strategy] {key}s do not name {value!r}", nearest(value, choices))
        return Series(symbol, timeframe)

    def _check_names(self, found: list[tuple[KeyPath, PluginTable]]) -> None:
        first: dict[str, KeyPath] = {}
        for path, table in found:
            if table.name in first:
                other = self.document.place(first[table.name]).removeprefix(f"{self.document.path}: ")
                raise self.document.error(
                    (*path, "name"), f"{other} is named {table.name!r} too", "give one of them another name"
                )
            first[table.name] = path

    def _check_ranges(self, kind: PluginKind, found: list[tuple[KeyPath, PluginTable]]) -> None:
        fault = range_fault(table.confidence for _, table in found) if found else None
        if fault is None:
            return
        involved = [found[index] for index in (fault.first, fault.second) if index is not None]
        names = " and ".join(f"[[{kind}]] #{int(path[1]) + 1} has {table.confidence}" for path, table in involved)
        path = involved[-1][0]
        raise self.document.error((*path, "confidence"), f"{fault.problem}: {names}", "ranges of a kind cover [0, 1] once")

    def _check_series(self, found: list[tuple[KeyPath, PluginTable]]) -> None:
        first: dict[Series, KeyPath] = {}
        for path, table in found:
            if table.series in first:
                other = self.document.place(first[table.series]).removeprefix(f"{self.document.path}: ")
                raise self.document.error(path, f"{other} gives {table.series} already", "give one of them symbol or timeframe")
            first[table.series] = path
