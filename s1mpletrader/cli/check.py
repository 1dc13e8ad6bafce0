"""``s1mpletrader check``: whether a file is sound, and what it wires."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.tree import Tree

from s1mpletrader.assembly import build_algorithms
from s1mpletrader.assembly.live import assemble_live
from s1mpletrader.cli.options import FileArgument, JsonOption, SetOption
from s1mpletrader.cli.output import escaped, out, print_json
from s1mpletrader.configuration import Configuration, Mode, PluginTable, Portfolio, load
from s1mpletrader.container import BacktestContainer
from s1mpletrader.core.live_gate import LiveGate
from s1mpletrader.core.strategy import Strategy
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.plugins.simulated_exchange.config import InstrumentRules
from s1mpletrader.plugins.stores.state import MemoryState


def check(file: FileArgument, set_: SetOption = None, json_: JsonOption = False) -> None:
    """Validate a strategy's file, or a portfolio's, and show how its parts are wired. Nothing is run or written."""
    portfolio = load(file, set_ or [])
    candles, strategies = _assembled(portfolio)
    wiring: dict[str, Any] = {
        "name": portfolio.name,
        "environment": str(portfolio.environment.mode),
        "account": portfolio.account.type,
        "strategies": [_wiring(one, strategies[one.strategy.name]) for one in portfolio.strategies],
        "shared": _tables((portfolio.exchange, portfolio.ledger.table, portfolio.journal.table, portfolio.cache)),
        "candles": {str(series): len(data) for series, data in candles.items()},
        "algorithms": sorted(build_algorithms(portfolio)),
    }
    if json_:
        print_json(wiring)
        return
    tree = Tree(f"[bold]{portfolio.name}[/]  {file} is sound")
    for one in wiring["strategies"]:
        strategy = tree.add(f"[bold]{one['strategy']}[/]") if len(wiring["strategies"]) > 1 else tree
        _grow(strategy, one["tables"])
        _list(strategy, "facts", one["facts"])
    _grow(tree, wiring["shared"])
    if candles:
        _list(tree, "candles", [f"{series}: {count:,}" for series, count in wiring["candles"].items()])
    out.print(tree)


def _assembled(portfolio: Portfolio) -> tuple[Mapping[Series, Candles], Mapping[str, Strategy]]:
    """The candles and the strategies; of what is live nobody is asked, so that there are no candles, and any rules will do."""
    if portfolio.environment.mode is Mode.BACKTEST:
        container = BacktestContainer(configuration=portfolio)
        return container.candles(), container.strategies()
    rules = {symbol: InstrumentRules().instrument(symbol) for symbol in portfolio.symbols}
    return {}, assemble_live(portfolio, rules, MemoryState, LiveGate(lambda: None))


def _grow(tree: Tree, by_kind: Mapping[str, list[dict[str, Any]]]) -> None:
    for kind, tables in by_kind.items():
        branch = tree.add(kind)
        for table in tables:
            keys = "  ".join(f"{key}={_shown(value)}" for key, value in table["config"].items())
            branch.add(
                f"[bold]{table['name']}[/] ({table['plugin']}, {table['package']} {table['version']})  [dim]{escaped(keys)}[/]"
            )


def _shown(value: Any) -> str:
    """A value as a TOML file would have it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_shown(each)}" for key, each in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(tree: Tree, title: str, lines: Sequence[str]) -> None:
    branch = tree.add(title)
    for line in lines:
        branch.add(line)


def _wiring(one: Configuration, strategy: Strategy) -> dict[str, Any]:
    return {
        "strategy": one.strategy.name,
        "symbols": list(one.strategy.symbols),
        "timeframes": list(one.strategy.timeframes),
        "tables": _tables((*one.data, *(table for table in one.deciding_tables if table is not one.exchange))),
        "facts": [str(key) for key in strategy.facts.known_keys()],
    }


def _tables(tables: Iterable[PluginTable]) -> dict[str, list[dict[str, Any]]]:
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for table in tables:
        by_kind.setdefault(table.kind, []).append(_row(table))
    return by_kind


def _row(table: PluginTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "plugin": table.plugin.name,
        "package": table.plugin.package,
        "version": table.plugin.version,
        "series": str(table.series),
        "confidence": list(table.confidence),
        "config": _config(table),
    }


def _config(table: PluginTable) -> dict[str, Any]:
    """The table's keys; what has no order of its own is sorted."""
    dumped = table.config.model_dump(mode="json", exclude_none=True)
    unordered = {name for name, value in table.config if isinstance(value, frozenset)}
    return {name: sorted(value) if name in unordered else value for name, value in dumped.items()}
