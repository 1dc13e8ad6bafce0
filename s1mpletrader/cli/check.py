"""``s1mpletrader check``: whether a file is sound, and what it wires."""

from typing import Any

from rich.tree import Tree

from s1mpletrader.assembly import build_algorithms
from s1mpletrader.cli.options import FileArgument, JsonOption, SetOption
from s1mpletrader.cli.output import out, print_json
from s1mpletrader.configuration import Configuration, PluginTable, load
from s1mpletrader.container import BacktestContainer


def check(file: FileArgument, set_: SetOption = None, json_: JsonOption = False) -> None:
    """Validate a strategy's file, and show how its parts are wired. Nothing is run or written."""
    configuration = load(file, set_ or [])
    container = BacktestContainer(configuration=configuration)
    candles = container.candles()
    strategy = container.strategy()
    wiring = _wiring(configuration)
    wiring["facts"] = [str(key) for key in strategy.facts.known_keys()]
    wiring["candles"] = {str(series): len(data) for series, data in candles.items()}
    wiring["algorithms"] = sorted(build_algorithms(configuration))
    if json_:
        print_json(wiring)
        return
    tree = Tree(f"[bold]{configuration.strategy.name}[/]  {file} is sound")
    for kind, tables in wiring["tables"].items():
        branch = tree.add(kind)
        for table in tables:
            keys = "  ".join(f"{key}={value}" for key, value in table["config"].items())
            branch.add(f"[bold]{table['name']}[/] ({table['plugin']}, {table['package']} {table['version']})  [dim]{keys}[/]")
    data = tree.add("candles")
    for series, count in wiring["candles"].items():
        data.add(f"{series}: {count:,}")
    facts = tree.add("facts")
    for name in wiring["facts"]:
        facts.add(name)
    out.print(tree)


def _wiring(configuration: Configuration) -> dict[str, Any]:
    tables: dict[str, list[dict[str, Any]]] = {}
    everything = (
        *configuration.data,
        *configuration.deciding_tables,
        configuration.ledger.table,
        configuration.journal.table,
        configuration.cache,
    )
    for table in everything:
        tables.setdefault(table.kind, []).append(_row(table))
    return {
        "strategy": configuration.strategy.name,
        "environment": str(configuration.environment.mode),
        "symbols": list(configuration.strategy.symbols),
        "timeframes": list(configuration.strategy.timeframes),
        "account": configuration.account.type,
        "tables": tables,
    }


def _row(table: PluginTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "plugin": table.plugin.name,
        "package": table.plugin.package,
        "version": table.plugin.version,
        "series": str(table.series),
        "confidence": list(table.confidence),
        "config": table.config.model_dump(mode="json", exclude_none=True),
    }
