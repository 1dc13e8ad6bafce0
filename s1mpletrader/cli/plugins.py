"""``s1mpletrader plugins``: what is installed, and whether it can be used."""

from rich.table import Table

from s1mpletrader.cli.options import JsonOption
from s1mpletrader.cli.output import escaped, out, print_json
from s1mpletrader.core.plugin_manager import PluginManager, PluginState


def plugins(json_: JsonOption = False) -> None:
    """List every plugin: its name, kind, package, version and state."""
    report = PluginManager.load().report()
    if json_:
        lines = [
            {
                "name": line.name or line.source.name,
                "kind": line.kind,
                "package": line.source.package,
                "version": line.source.version,
                "state": line.state,
                "reason": line.reason,
            }
            for line in report
        ]
        print_json({"plugins": lines})
        return
    table = Table("kind", "name", "package", "version", "state")
    for line in report:
        style = None if line.state is PluginState.OK else "red"
        state = line.state if line.reason is None else f"{line.state}: {escaped(line.reason)}"
        table.add_row(
            line.kind or "", line.name or line.source.name, line.source.package, line.source.version, state, style=style
        )
    out.print(table)
