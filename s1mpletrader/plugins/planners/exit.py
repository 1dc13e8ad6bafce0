"""Exit planners: a stop and a target, measured in average true ranges or in percent of the entry."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from s1mpletrader.api import (
    Direction,
    ExitPlanDraft,
    Key,
    Plans,
    PluginConfig,
    RefusalDraft,
    ScopedPlanner,
    Situation,
    StrategyDirective,
    WorkerProvision,
    decimal_from_float,
    multiply,
    parse_key,
)
from s1mpletrader.plugins.planners.numbers import Positive


class AtrExitConfig(PluginConfig):
    """The fact that measures the range, and how many of it the exits lie away."""

    source: str = "atr"
    stop_multiple: Positive
    target_multiple: Positive | None = None


class AtrExit(ScopedPlanner[ExitPlanDraft]):
    """Exits as far away as the market usually moves."""

    def __init__(self, config: AtrExitConfig, provision: WorkerProvision) -> None:
        self._config = config
        self._source = parse_key(config.source, provision.series)
        self.needs: tuple[Key, ...] = (self._source,)

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExitPlanDraft | RefusalDraft:
        """A stop, and a target where one is configured."""
        try:
            reach = decimal_from_float(situation.facts.value(self._source))
        except LookupError:
            return RefusalDraft(code="NOT_WARM", detail=f"{self._source} does not exist yet")
        stop = multiply(reach, self._config.stop_multiple)
        target = multiply(reach, self._config.target_multiple) if self._config.target_multiple is not None else None
        return exits(directive, plans, situation, stop, target)


class PercentExitConfig(PluginConfig):
    """How far the exits lie from the entry, in percent of it."""

    stop_percent: Annotated[Positive | None, Field(lt=100)] = None
    target_percent: Positive | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> "PercentExitConfig":
        if self.stop_percent is None and self.target_percent is None:
            raise ValueError("give stop_percent, target_percent, or both")
        return self


class PercentExit(ScopedPlanner[ExitPlanDraft]):
    """Exits at a fixed distance."""

    def __init__(self, config: PercentExitConfig, provision: WorkerProvision) -> None:
        self._config = config

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExitPlanDraft | RefusalDraft:
        """A stop, a target, or both."""
        entry = entry_price(directive, plans, situation)
        if entry is None:
            return RefusalDraft(code="NO_PRICE", detail=f"no price of {directive.symbol} is known")
        stop, target = (
            multiply(entry, multiply(percent, Decimal("0.01"))) if percent is not None else None
            for percent in (self._config.stop_percent, self._config.target_percent)
        )
        return exits(directive, plans, situation, stop, target)


def entry_price(directive: StrategyDirective, plans: Plans, situation: Situation) -> Decimal | None:
    """Where the trade is expected to begin: the entry's own price, else the last one known."""
    entry = plans.entry
    if entry is not None and (entry.price is not None or entry.stop_price is not None):
        return entry.price if entry.price is not None else entry.stop_price
    return situation.prices.get(directive.symbol)


def exits(
    directive: StrategyDirective, plans: Plans, situation: Situation, stop: Decimal | None, target: Decimal | None
) -> ExitPlanDraft | RefusalDraft:
    """Exits at these distances from the entry, each rounded away from it to the tick."""
    entry = entry_price(directive, plans, situation)
    if entry is None:
        return RefusalDraft(code="NO_PRICE", detail=f"no price of {directive.symbol} is known")
    instrument = situation.instruments[directive.symbol]
    below, above = (stop, target) if directive.direction is Direction.LONG else (target, stop)
    low = instrument.price_down(entry - below) if below is not None else None
    high = instrument.price_up(entry + above) if above is not None else None
    if low is not None and low <= 0:
        return RefusalDraft(code="IMPOSSIBLE_EXIT", detail=f"an exit at {low} cannot be placed")
    stop_price, target_price = (low, high) if directive.direction is Direction.LONG else (high, low)
    return ExitPlanDraft(stop_price=stop_price, target_price=target_price)
