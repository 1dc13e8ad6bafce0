"""Execution planners that enter in slices: ``twap``, ``vwap``, ``pov``, ``iceberg`` and ``ladder``."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from s1mpletrader.api import (
    Action,
    ExecutionAnswer,
    ExecutionPlanDraft,
    OrderType,
    Parameters,
    Plans,
    PluginConfig,
    RefusalDraft,
    ScopedPlanner,
    Situation,
    StrategyDirective,
    TimeInForce,
    plain,
    timeframe_ns,
)
from s1mpletrader.plugins.algorithms.slicing.paces import Missed
from s1mpletrader.plugins.algorithms.slicing.starts import Leftover
from s1mpletrader.plugins.numbers import NotNegative, Positive
from s1mpletrader.plugins.planners.execution import CLOSING_ALGORITHM, MODIFYING_ALGORITHM


def _length(text: str) -> str:
    timeframe_ns(text)
    return text


Length = Annotated[str, AfterValidator(_length)]
"""A length of time, such as ``"30m"``."""


class SlicingConfig(PluginConfig):
    """What all entries in slices have in common."""

    leftover: Leftover = Leftover.CANCEL
    """What becomes of what has not been filled when the time is over: ``cancel``, ``market`` or ``keep``."""


class TwapConfig(SlicingConfig):
    """Equal slices, equally far apart, the first at once."""

    duration: Length
    slices: Annotated[int, Field(ge=1, le=10_000)]
    missed: Missed = Missed.SPREAD
    """What becomes of slices whose time passed during an interruption: ``spread`` or ``catch_up``."""


class VwapConfig(SlicingConfig):
    """Slices as large as a profile of the market's volume says, equally far apart, the first at once."""

    duration: Length
    profile: Annotated[tuple[NotNegative, ...], Field(min_length=1, max_length=10_000)]
    """The weight of each slice."""
    missed: Missed = Missed.SPREAD
    """What becomes of slices whose time passed during an interruption: ``spread`` or ``catch_up``."""

    @field_validator("profile")
    @classmethod
    def _has_weight(cls, profile: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
        if not any(profile):
            raise ValueError("a profile has at least one weight above zero")
        return profile


class PovConfig(SlicingConfig):
    """A share of the volume that the market trades, placed at every interval."""

    participation: Annotated[Positive, Field(le=1)]
    interval: Length
    duration: Length
    missed: Missed = Missed.SPREAD
    """Whether volume that was traded during an interruption counts: not for ``spread``, it does for ``catch_up``."""


class IcebergConfig(SlicingConfig):
    """A limit order of which only a part is shown at a time."""

    display: Positive
    """The quantity that is shown at most."""
    duration: Length | None = None
    """Without it, the order waits until it is filled."""


class LadderConfig(SlicingConfig):
    """Limit orders at several prices, from the entry's price (or the last one) away from the market."""

    levels: Annotated[int, Field(ge=1, le=1_000)]
    step_percent: Annotated[Positive, Field(lt=100)]
    """How far the levels are apart, in percent of the first."""
    duration: Length | None = None
    """Without it, the orders wait until they are filled."""


class SlicedExecution(ScopedPlanner[ExecutionPlanDraft]):
    """Enters with one of the algorithms that slice; ``close`` ends a trade."""

    def __init__(self, algorithm: str, config: SlicingConfig, *, waits: bool = False) -> None:
        self._draft = ExecutionPlanDraft(algorithm=algorithm, parameters=parameters_of(config))
        self._waits = waits

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionAnswer:
        """The algorithm with the configured parameters; refused for an entry that it cannot slice."""
        entry = plans.entry
        if entry is None:
            return self._draft
        if entry.type not in (OrderType.MARKET, OrderType.LIMIT):
            return RefusalDraft(code="UNSUPPORTED_ENTRY", detail=f"a {entry.type} entry cannot be placed in slices")
        if self._waits and (entry.type is OrderType.MARKET or entry.time_in_force is not TimeInForce.GTC):
            detail = f"{self._draft.algorithm} needs a limit order that waits, and the entry is none"
            return RefusalDraft(code="UNSUPPORTED_ENTRY", detail=detail)
        return self._draft

    def on_modify_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionAnswer:
        """``modify``."""
        return ExecutionPlanDraft(algorithm=MODIFYING_ALGORITHM, action=Action.MODIFY_ORDERS)

    def on_close_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExecutionAnswer:
        """``close``."""
        return ExecutionPlanDraft(algorithm=CLOSING_ALGORITHM)


def parameters_of(config: PluginConfig) -> Parameters:
    """A configuration as an algorithm's parameters: sorted pairs of text, without what was not given."""
    given = config.model_dump(exclude_none=True)
    return tuple((name, _text(value)) for name, value in sorted(given.items()))


def _text(value: Any) -> str:
    match value:
        case tuple():
            return ",".join(map(_text, value))
        case Decimal():
            return plain(value)
        case StrEnum():
            return value.value
        case _:
            return str(value)
