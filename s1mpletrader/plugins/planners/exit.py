"""Exit planners: a stop and a target at a distance from the entry."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Self

from pydantic import Field, model_validator

from s1mpletrader.api import (
    DERIVED,
    Direction,
    ExitAnswer,
    ExitPlanDraft,
    Instrument,
    Key,
    Nothing,
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
from s1mpletrader.plugins.numbers import HUNDREDTH, Positive
from s1mpletrader.plugins.planners.pricing import measured_price, no_price


def exit_at(
    price: Decimal, direction: Direction, instrument: Instrument, stop: Decimal | None, target: Decimal | None
) -> ExitAnswer:
    """The exits at these distances from a price, each rounded to the tick away from it; refused where one is no price."""
    try:
        stop_price, target_price = _rounded(price, direction, instrument, stop, target)
    except InvalidOperation:
        return RefusalDraft(code="IMPOSSIBLE_EXIT", detail=f"distances of {stop} and {target} lead to no price")
    for name, exit_price in (("stop", stop_price), ("target", target_price)):
        if exit_price is not None and (exit_price <= 0 or exit_price == price):
            detail = f"a {name} at {exit_price} for an entry at {price} cannot be"
            return RefusalDraft(code="IMPOSSIBLE_EXIT", detail=detail)
    return ExitPlanDraft(stop_price=stop_price, target_price=target_price)


def _rounded(
    price: Decimal, direction: Direction, instrument: Instrument, stop: Decimal | None, target: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    up, down = (target, stop) if direction is Direction.LONG else (stop, target)
    above = None if up is None else instrument.price_up(DERIVED.add(price, up))
    below = None if down is None else instrument.price_down(DERIVED.subtract(price, down))
    return (below, above) if direction is Direction.LONG else (above, below)


class AtrExitConfig(PluginConfig):
    """Distances as multiples of a fact that is measured in price units."""

    source: str | Annotated[tuple[str, ...], Field(min_length=1)]
    """The fact, or one for each symbol that is traded."""
    stop_multiple: Positive
    target_multiple: Positive | None = None


class AtrExit(ScopedPlanner[ExitPlanDraft]):
    """Leaves at multiples of the average true range, or of any other fact in price units."""

    def __init__(self, config: AtrExitConfig, provision: WorkerProvision) -> None:
        references = (config.source,) if isinstance(config.source, str) else config.source
        self._config = config
        self._needs = tuple(parse_key(reference, provision.series) for reference in references)
        self._key = {key.symbol: key for key in self._needs}
        if len(self._key) < len(self._needs):
            raise ValueError("source: give one fact for each symbol")

    @property
    def needs(self) -> tuple[Key, ...]:
        """The facts that the distances are measured in."""
        return self._needs

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExitAnswer:
        """A stop, and a target where one is configured; refused before the fact exists and where the market stands still."""
        price = measured_price(plans, directive.symbol, situation)
        if isinstance(price, RefusalDraft):
            return price
        unit = self._unit(directive.symbol, situation)
        if isinstance(unit, RefusalDraft):
            return unit
        stop = multiply(unit, self._config.stop_multiple)
        target = None if self._config.target_multiple is None else multiply(unit, self._config.target_multiple)
        return exit_at(price, directive.direction, situation.instruments[directive.symbol], stop, target)

    def _unit(self, symbol: str, situation: Situation) -> Decimal | RefusalDraft:
        key = self._key.get(symbol)
        if key is None:
            return RefusalDraft(code="NO_FACT", detail=f"no source is given for {symbol}")
        try:
            unit = decimal_from_float(situation.facts.value(key))
        except LookupError:
            return RefusalDraft(code="NO_FACT", detail=f"{key} is not known yet")
        except ValueError as error:
            return RefusalDraft(code="NO_FACT", detail=f"{key}: {error}")
        if unit <= 0:
            return RefusalDraft(code="IMPOSSIBLE_EXIT", detail=f"{key} is {unit}, which is no distance")
        return unit


class PercentExitConfig(PluginConfig):
    """Distances in percent of the entry's price; at least one of them."""

    stop_percent: Positive | None = None
    target_percent: Positive | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.stop_percent is None and self.target_percent is None:
            raise ValueError("give stop_percent, target_percent, or both")
        return self


class PercentExit(ScopedPlanner[ExitPlanDraft]):
    """Leaves at percentages of the entry's price."""

    def __init__(self, config: PercentExitConfig, provision: WorkerProvision) -> None:
        self._config = config

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExitAnswer:
        """The configured ones of stop and target."""
        price = measured_price(plans, directive.symbol, situation)
        if isinstance(price, RefusalDraft):
            return price
        stop, target = (
            None if percent is None else multiply(multiply(price, percent), HUNDREDTH)
            for percent in (self._config.stop_percent, self._config.target_percent)
        )
        return exit_at(price, directive.direction, situation.instruments[directive.symbol], stop, target)


class TrailingExitConfig(PluginConfig):
    """How far behind the price the stop lies."""

    distance_percent: Annotated[Positive, Field(lt=100)]
    target_percent: Positive | None = None
    """Where a new trade takes its profit, in percent of the entry; it stays there."""


class TrailingExit(ScopedPlanner[ExitPlanDraft]):
    """A stop that follows the price and never goes back."""

    def __init__(self, config: TrailingExitConfig, provision: WorkerProvision) -> None:
        self._config = config

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExitAnswer:
        """A stop at the distance from the entry, and a target where one is configured."""
        price = measured_price(plans, directive.symbol, situation)
        if isinstance(price, RefusalDraft):
            return price
        distance = multiply(multiply(price, self._config.distance_percent), HUNDREDTH)
        percent = self._config.target_percent
        target = None if percent is None else multiply(multiply(price, percent), HUNDREDTH)
        return exit_at(price, directive.direction, situation.instruments[directive.symbol], distance, target)

    def on_modify_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> ExitAnswer:
        """The stop at the distance from the last price; refused where that would loosen it."""
        price = situation.prices.get(directive.symbol)
        if price is None:
            return no_price(directive.symbol)
        distance = multiply(multiply(price, self._config.distance_percent), HUNDREDTH)
        answer = exit_at(price, directive.direction, situation.instruments[directive.symbol], distance, None)
        if isinstance(answer, RefusalDraft | Nothing) or answer.stop_price is None:
            return answer
        stops = [
            order.details.stop_price
            for order in situation.view.open_orders
            if order.trade_id == directive.trade_id and order.details.stop_price is not None
        ]
        is_long = directive.direction is Direction.LONG
        if stops and (answer.stop_price <= min(stops) if is_long else answer.stop_price >= max(stops)):
            return RefusalDraft(code="STOP_STAYS", detail=f"a stop at {answer.stop_price} would not be closer than {stops[0]}")
        return answer
