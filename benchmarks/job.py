"""The job that every engine is given, and how it is measured.

Averages of 10 and 30 candles (EMA); a cross upwards, while flat, buys 0.01 at the next candle's open; a cross downwards closes
the trade at the next open; the fee is 0.1 %. Imports, loading and opening a store are not measured. Needs Linux.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

FAST: Final = 10
SLOW: Final = 30
QUANTITY: Final = "0.01"
FEE_PERCENT: Final = "0.1"
FUNDS: Final = 1_000_000
EXAMPLE: Final = Path(__file__).parents[1] / "examples" / "ema_cross.toml"

Columns = Mapping[str, Any]


def load_columns() -> Columns:
    """The candles whose file is the process's one argument."""
    with np.load(sys.argv[1]) as archive:
        return {name: archive[name] for name in archive.files}


def measure(run: Callable[[], int]) -> dict[str, Any]:
    """Seconds by the clock and of the processor; orders, which ``run`` gives; and memory.

    Its growth is by how much the peak lies above what was resident before.
    """
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before = _resident("VmRSS")
    start, processor_start = time.perf_counter(), time.process_time()
    orders = run()
    seconds, processor_seconds = time.perf_counter() - start, time.process_time() - processor_start
    return {
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "orders": orders,
        "memory_growth_mb": (_resident("VmHWM") - before) / 1e6,
    }


def _resident(field: str) -> int:
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith(field))


def report(figures: dict[str, Any], keeps: str) -> None:
    """Hand the figures over, with what the engine leaves on disk."""
    print(json.dumps(figures | {"keeps": keeps}))
