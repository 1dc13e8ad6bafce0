"""Runs the same EMA cross over the same generated candles in this project, backtesting.py and Basana, and prints one table.

Each engine has a process of its own, one after the other. Needs ``pip install -e '.[bench]'`` and Linux.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from job import EXAMPLE
from rich.console import Console
from rich.table import Table

from s1mpletrader.assembly import load_all_candles
from s1mpletrader.configuration import load

OURS = "s1mpletrader"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candles", type=int, default=1_000_000, help="how many one-minute candles are generated")
    parser.add_argument("--basana-candles", type=int, default=100_000, help="how many of them Basana gets; 0 leaves it out")
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON")
    options = parser.parse_args()
    counts = {OURS: options.candles, "backtesting": options.candles, "basana": min(options.basana_candles, options.candles)}
    measured = {name: _measure(name, count) for name, count in counts.items() if count}
    if options.json:
        print(json.dumps(measured, indent=2))
    else:
        _print_table(measured)


def _measure(name: str, candles: int) -> dict[str, Any]:
    """One engine's figures, from a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "columns.npz"
        _write_columns(path, candles)
        command = [sys.executable, "-W", "ignore", str(Path(__file__).parent / f"run_{name}.py"), str(path)]
        found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return {"version": version(name), "candles": candles, "rate": candles / figures["seconds"]} | figures


def _write_columns(path: Path, candles: int) -> None:
    data = next(iter(load_all_candles(load(str(EXAMPLE), [f"data.candles={candles}"]))["ema_cross"].values()))
    names = ("opened_at", "open", "high", "low", "close", "volume")
    np.savez(path, **{name: getattr(data, name) for name in names})


def _print_table(measured: dict[str, dict[str, Any]]) -> None:
    table = Table(title="EMA cross 10/30, market orders at the next open, fee 0.1 %")
    for heading in (
        "engine",
        "candles",
        "seconds",
        "of processor",
        "candles/s",
        "orders",
        "us/order",
        "memory growth",
        "rate of ours",
        "keeps on disk",
    ):
        table.add_column(heading, justify="left" if heading in {"engine", "keeps on disk"} else "right")
    ours = measured[OURS]["rate"]
    for name, it in measured.items():
        table.add_row(
            f"{name} {it['version']}",
            f"{it['candles']:,}",
            f"{it['seconds']:.2f}",
            f"{it['processor_seconds']:.2f}",
            f"{it['rate']:,.0f}",
            f"{it['orders']:,}",
            f"{it['seconds'] / max(it['orders'], 1) * 1e6:.0f}",
            f"{it['memory_growth_mb']:.0f} MB",
            f"{it['rate'] / ours:.2f}",
            it["keeps"],
        )
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
