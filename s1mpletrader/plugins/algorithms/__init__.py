"""Built-in execution algorithms: one order, a bracket, entries in slices, and the change and the end of a trade."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import ExecutionAlgorithm, NoConfig, Plugin, WorkerProvision, hookimpl
from s1mpletrader.plugins.algorithms.bracket import Bracket
from s1mpletrader.plugins.algorithms.close import Close
from s1mpletrader.plugins.algorithms.modify import Modify
from s1mpletrader.plugins.algorithms.single import Single
from s1mpletrader.plugins.algorithms.slicing.sliced import Sliced
from s1mpletrader.plugins.algorithms.slicing.starts import (
    Start,
    start_iceberg,
    start_ladder,
    start_pov,
    start_twap,
    start_vwap,
)


@hookimpl
def s1mple_execution_algorithms() -> Sequence[Plugin[Any, WorkerProvision, ExecutionAlgorithm]]:
    """The algorithms that an execution planner may name."""
    return (
        Plugin(name="single", config=NoConfig, build=lambda _, __: Single(), summary="One order, sent at once."),
        Plugin(
            name="bracket",
            config=NoConfig,
            build=lambda _, __: Bracket(),
            summary="One entry; every fill of it gets a stop and a target that cancel each other.",
        ),
        Plugin(
            name="close",
            config=NoConfig,
            build=lambda _, __: Close(),
            summary="Cancels what stands in the way, then ends the position, or a part of it, at the market.",
        ),
        Plugin(
            name="modify",
            config=NoConfig,
            build=lambda _, __: Modify(),
            summary="Brings a trade's live orders to what new plans say.",
        ),
        _sliced("twap", start_twap, "Equal slices over a time."),
        _sliced("vwap", start_vwap, "Slices over a time, as large as a volume profile says."),
        _sliced("pov", start_pov, "A share of the volume that the market trades."),
        _sliced("iceberg", start_iceberg, "A limit order of which only a part is shown at a time."),
        _sliced("ladder", start_ladder, "Limit orders at several prices."),
    )


def _sliced(name: str, start: Start, summary: str) -> Plugin[Any, WorkerProvision, ExecutionAlgorithm]:
    return Plugin(name=name, config=NoConfig, build=lambda _, __: Sliced(start), summary=summary)
