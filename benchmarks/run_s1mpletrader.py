"""This project at the job, its ledger and journal in one SQLite file."""

import tempfile
from pathlib import Path

import numpy as np
from job import EXAMPLE, load_columns, measure, report

from s1mpletrader.configuration import load
from s1mpletrader.container import BacktestContainer


def main() -> None:
    columns = load_columns()
    with tempfile.TemporaryDirectory() as folder:
        overrides = [f"data.candles={len(columns['close'])}", f"ledger.url=sqlite:///{folder}/run.sqlite"]
        container = BacktestContainer(configuration=load(str(EXAMPLE), overrides))
        (candles,) = container.candles().values()
        if not np.array_equal(candles.close, columns["close"]):
            raise SystemExit("the candles differ from those that the other engines are given")
        container.recorder()

        def run() -> int:
            container.backtest().run()
            return container.metrics().orders

        figures = measure(run)
        megabytes = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
    report(figures, f"{megabytes:.0f} MB: orders, fills, and the reasons of every decision")


if __name__ == "__main__":
    main()
