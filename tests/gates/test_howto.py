"""The how-to's tables are ones that a strategy can be assembled from."""

import re
from pathlib import Path

from s1mpletrader.core.plugin_manager import PluginKind, PluginManager
from tests.running import EXAMPLES, MEMORY, finished

PAGE = (EXAMPLES.parent / "docs" / "how-to" / "limit-risk.md").read_text()
TABLES = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
DRAWDOWN = '[[risk]]\nplugin = "drawdown"\nlimit = 0.25\n'


def test_all_of_its_tables_together_run(tmp_path: Path) -> None:
    example = (EXAMPLES / "breakout.toml").read_text()
    assert DRAWDOWN in example
    file = tmp_path / "strategy.toml"
    file.write_text("\n".join([example.replace(DRAWDOWN, ""), *TABLES]))
    done = finished(file, "data.candles=500", *MEMORY)
    assert done.metrics.alarms == 0


def test_every_gate_is_told_of() -> None:
    told = set(re.findall(r'\[\[gate\]\]\nplugin = "(\w+)"', "\n".join(TABLES)))
    assert told == set(PluginManager.load(()).names(PluginKind.GATE))
