"""Size planners: a fixed quantity, or what a stop may lose."""

from decimal import ROUND_FLOOR, Context, Decimal
from typing import Annotated, Final

from pydantic import Field

from s1mpletrader.api import (
    NOTHING,
    Direction,
    Instrument,
    Plans,
    PluginConfig,
    RefusalDraft,
    ScopedPlanner,
    Situation,
    SizeAnswer,
    SizePlanDraft,
    StrategyDirective,
    WorkerProvision,
    multiply,
    subtract,
)
from s1mpletrader.plugins.numbers import HUNDREDTH, Positive
from s1mpletrader.plugins.planners.pricing import measured_price, planned_price

DOWN: Final = Context(prec=34, rounding=ROUND_FLOOR)
"""For the one quotient of a size: rounded down, so that no more is risked than was meant."""


def whole_lots(quantity: Decimal, instrument: Instrument, price: Decimal | None) -> SizeAnswer:
    """The quantity in whole lots, not above what was meant; refused where the venue would not take it."""
    lots = instrument.quantity_down(quantity)
    if lots <= 0:
        return RefusalDraft(code="BELOW_MINIMUM", detail=f"{quantity} is less than the lot of {instrument.quantity_lot}")
    if instrument.quantity_max is not None and lots > instrument.quantity_max:
        return RefusalDraft(code="ABOVE_MAXIMUM", detail=f"{lots} is above the venue's {instrument.quantity_max}")
    violation = instrument.violation(lots, reference=price)
    if violation is not None:
        return RefusalDraft(code="BELOW_MINIMUM", detail=f"{lots} at {price} is below the venue's minimum: {violation}")
    return SizePlanDraft(quantity=lots)


class FixedSizeConfig(PluginConfig):
    """Always the same."""

    quantity: Positive
    """In units of the instrument; rounded down to whole lots."""


class FixedSize(ScopedPlanner[SizePlanDraft]):
    """The configured quantity, whatever happens."""

    def __init__(self, config: FixedSizeConfig, provision: WorkerProvision) -> None:
        self._quantity = config.quantity

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizeAnswer:
        """The quantity in whole lots."""
        price = planned_price(plans.entry, directive.symbol, situation)
        return whole_lots(self._quantity, situation.instruments[directive.symbol], price)


class RiskPercentConfig(PluginConfig):
    """What a trade may lose."""

    percent: Annotated[Positive, Field(le=100)]
    """Percent of the equity that is lost where the stop is hit, fees and slippage left out."""
    notional_max_percent: Positive | None = Decimal(100)
    """The order's notional is at most this percentage of the equity."""


class RiskPercent(ScopedPlanner[SizePlanDraft]):
    """As much as loses the configured percentage of the equity between entry and stop."""

    def __init__(self, config: RiskPercentConfig, provision: WorkerProvision) -> None:
        self._config = config

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizeAnswer:
        """Equity times percent over the distance to the stop, in whole lots; refused without a stop."""
        price = measured_price(plans, directive.symbol, situation)
        if isinstance(price, RefusalDraft):
            return price
        stop = plans.exit.stop_price if plans.exit is not None else None
        if stop is None:
            return RefusalDraft(code="NO_STOP", detail="a size by risk needs an exit plan with a stop")
        distance = subtract(price, stop) if directive.direction is Direction.LONG else subtract(stop, price)
        if distance <= 0:
            return RefusalDraft(code="IMPOSSIBLE_STOP", detail=f"the stop at {stop} does not end a loss of an entry at {price}")
        equity = _equity(situation)
        if isinstance(equity, RefusalDraft):
            return equity
        instrument = situation.instruments[directive.symbol]
        return whole_lots(self._quantity(equity, price, distance, instrument), instrument, price)

    def _quantity(self, equity: Decimal, price: Decimal, distance: Decimal, instrument: Instrument) -> Decimal:
        bounds = [_quotient(equity, self._config.percent, instrument.notional(distance, Decimal(1)))]
        if self._config.notional_max_percent is not None:
            bounds.append(_quotient(equity, self._config.notional_max_percent, instrument.notional(price, Decimal(1))))
        if instrument.quantity_max is not None:
            bounds.append(instrument.quantity_max)
        return min(bounds)


def _quotient(equity: Decimal, percent: Decimal, per_unit: Decimal) -> Decimal:
    return DOWN.divide(multiply(multiply(equity, percent), HUNDREDTH), per_unit)


def _equity(situation: Situation) -> Decimal | RefusalDraft:
    try:
        equity = situation.equity
    except KeyError as error:
        return RefusalDraft(code="NO_PRICE", detail=f"no price is known yet for the position in {error.args[0]}")
    if equity <= 0:
        return RefusalDraft(code="NO_EQUITY", detail=f"the equity is {equity}")
    return equity


class TargetWeight(ScopedPlanner[SizePlanDraft]):
    """What brings a position to the part of the equity that the directive names."""

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizeAnswer:
        """What is missing, in whole lots."""
        return self._size(directive, plans, situation, 1)

    def on_close_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizeAnswer:
        """What is too much; all of it where the directive names no part."""
        if directive.target_weight is None:
            return NOTHING
        return self._size(directive, plans, situation, -1)

    def _size(self, directive: StrategyDirective, plans: Plans, situation: Situation, sign: int) -> SizeAnswer:
        price = measured_price(plans, directive.symbol, situation)
        if isinstance(price, RefusalDraft):
            return price
        if directive.target_weight is None:
            return RefusalDraft(code="NO_WEIGHT", detail="the directive names no part of the equity")
        equity = _equity(situation)
        if isinstance(equity, RefusalDraft):
            return equity
        instrument = situation.instruments[directive.symbol]
        wanted = DOWN.divide(multiply(equity, directive.target_weight), instrument.notional(price, Decimal(1)))
        off = multiply(subtract(wanted, abs(situation.view.position(directive.symbol))), Decimal(sign))
        return whole_lots(off, instrument, price)


class NotionalSizeConfig(PluginConfig):
    """Always worth the same."""

    notional: Positive
    """In the instrument's settlement currency, at the price that is planned."""


class NotionalSize(ScopedPlanner[SizePlanDraft]):
    """As much as is worth the configured amount."""

    def __init__(self, config: NotionalSizeConfig, provision: WorkerProvision) -> None:
        self._notional = config.notional

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizeAnswer:
        """The amount over the price, in whole lots."""
        price = measured_price(plans, directive.symbol, situation)
        if isinstance(price, RefusalDraft):
            return price
        instrument = situation.instruments[directive.symbol]
        return whole_lots(DOWN.divide(self._notional, instrument.notional(price, Decimal(1))), instrument, price)
