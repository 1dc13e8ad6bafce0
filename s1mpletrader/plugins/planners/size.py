"""Size planners: a fixed quantity, or the quantity whose loss at the stop is a part of the equity."""

from decimal import Decimal

from s1mpletrader.api import (
    DERIVED,
    Plans,
    PluginConfig,
    RefusalDraft,
    ScopedPlanner,
    Situation,
    SizePlanDraft,
    StrategyDirective,
    WorkerProvision,
    multiply,
)
from s1mpletrader.plugins.planners.exit import entry_price
from s1mpletrader.plugins.planners.numbers import Positive


class FixedSizeConfig(PluginConfig):
    """How much."""

    quantity: Positive


class FixedSize(ScopedPlanner[SizePlanDraft]):
    """Always the same quantity, rounded down to the lot."""

    def __init__(self, config: FixedSizeConfig, provision: WorkerProvision) -> None:
        self._quantity = config.quantity

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizePlanDraft | RefusalDraft:
        """The quantity."""
        return sized(self._quantity, directive, plans, situation)


class RiskPercentConfig(PluginConfig):
    """The percent of the equity that is lost if the stop is hit, and the most that may be held, in percent of the equity."""

    percent: Positive
    notional_max_percent: Positive = Decimal(100)


class RiskPercentSize(ScopedPlanner[SizePlanDraft]):
    """The wider the stop, the smaller the size."""

    def __init__(self, config: RiskPercentConfig, provision: WorkerProvision) -> None:
        self._config = config

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizePlanDraft | RefusalDraft:
        """Equity times percent over the distance to the stop."""
        entry = entry_price(directive, plans, situation)
        stop = plans.exit.stop_price if plans.exit is not None else None
        if entry is None or stop is None or entry == stop:
            return RefusalDraft(code="NO_STOP", detail="a size by risk needs an exit with a stop away from the entry")
        equity = situation.equity
        if equity <= 0:
            return RefusalDraft(code="NO_EQUITY", detail=f"the equity is {equity}")
        multiplier = situation.instruments[directive.symbol].multiplier
        loss = multiply(abs(entry - stop), multiplier)
        by_risk = DERIVED.divide(multiply(equity, self._config.percent), multiply(loss, Decimal(100)))
        most = multiply(equity, self._config.notional_max_percent)
        by_notional = DERIVED.divide(most, multiply(multiply(entry, multiplier), Decimal(100)))
        return sized(min(by_risk, by_notional), directive, plans, situation)


def sized(quantity: Decimal, directive: StrategyDirective, plans: Plans, situation: Situation) -> SizePlanDraft | RefusalDraft:
    """The quantity in whole lots, or a refusal where the venue would not take it."""
    instrument = situation.instruments[directive.symbol]
    lots = instrument.quantity_down(quantity)
    if lots <= 0:
        return RefusalDraft(code="BELOW_MINIMUM", detail=f"{quantity:.8f} is less than a lot of {instrument.quantity_lot}")
    broken = instrument.violation(lots, reference=entry_price(directive, plans, situation))
    if broken is not None:
        return RefusalDraft(code="BELOW_MINIMUM", detail=f"{lots} would break the venue's {broken}")
    return SizePlanDraft(quantity=lots)
