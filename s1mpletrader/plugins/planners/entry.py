"""Entry planners: at the market, or at a limit."""

from decimal import Decimal

from pydantic import model_validator

from s1mpletrader.api import (
    EntryPlanDraft,
    NoConfig,
    OrderType,
    Plans,
    PluginConfig,
    RefusalDraft,
    ScopedPlanner,
    Side,
    Situation,
    StrategyDirective,
    TimeInForce,
    WorkerProvision,
    multiply,
    opening_side,
)
from s1mpletrader.plugins.planners.numbers import NotNegative


class MarketEntry(ScopedPlanner[EntryPlanDraft]):
    """Enters at once, at whatever the market asks."""

    def __init__(self, config: NoConfig, provision: WorkerProvision) -> None:
        pass

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> EntryPlanDraft:
        """A market order."""
        return EntryPlanDraft(side=opening_side(directive.direction))


class LimitEntryConfig(PluginConfig):
    """How far from the last price the limit lies, to our advantage: in percent, or in ticks."""

    offset_percent: NotNegative | None = None
    offset_ticks: NotNegative | None = None
    time_in_force: TimeInForce = TimeInForce.GTC

    @model_validator(mode="after")
    def _one_offset(self) -> "LimitEntryConfig":
        if (self.offset_percent is None) == (self.offset_ticks is None):
            raise ValueError("give either offset_percent or offset_ticks")
        return self


class LimitEntry(ScopedPlanner[EntryPlanDraft]):
    """Enters at a better price than the last, or not at all."""

    def __init__(self, config: LimitEntryConfig, provision: WorkerProvision) -> None:
        self._config = config

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> EntryPlanDraft | RefusalDraft:
        """A limit order, rounded away from the market to the tick."""
        last = situation.prices.get(directive.symbol)
        if last is None:
            return RefusalDraft(code="NO_PRICE", detail=f"no price of {directive.symbol} is known")
        instrument = situation.instruments[directive.symbol]
        if self._config.offset_ticks is not None:
            offset = multiply(self._config.offset_ticks, instrument.price_tick)
        else:
            offset = multiply(last, multiply(self._config.offset_percent or Decimal(0), Decimal("0.01")))
        side = opening_side(directive.direction)
        price = instrument.price_down(last - offset) if side is Side.BUY else instrument.price_up(last + offset)
        if price <= 0:
            return RefusalDraft(code="IMPOSSIBLE_PRICE", detail=f"a limit at {price} cannot be placed")
        return EntryPlanDraft(side=side, type=OrderType.LIMIT, price=price, time_in_force=self._config.time_in_force)
