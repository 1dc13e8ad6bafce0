"""Built-in execution algorithms: ``single``, ``bracket``, ``close`` and ``modify``."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import ExecutionAlgorithm, NoConfig, Plugin, WorkerProvision, hookimpl
from s1mpletrader.plugins.algorithms.bracket import Bracket
from s1mpletrader.plugins.algorithms.close import Close
from s1mpletrader.plugins.algorithms.modify import Modify
from s1mpletrader.plugins.algorithms.single import Single


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
    )
