"""Entry planners: at the market, or with a limit beside the last price."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from s1mpletrader.api import (
    EntryAnswer,
    EntryPlanDraft,
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
    add,
    multiply,
    opening_side,
)
from s1mpletrader.plugins.numbers import HUNDREDTH, NotNegative
from s1mpletrader.plugins.planners.pricing import no_price


class MarketEntry(ScopedPlanner[EntryPlanDraft]):
    """Enters at once, at whatever the market asks."""

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> EntryAnswer:
        """A market order on the direction's side."""
        return EntryPlanDraft(side=opening_side(directive.direction))


class LimitEntryConfig(PluginConfig):
    """How far from the last price the limit lies, on the side where it waits; at the last price where neither is given."""

    offset_percent: Annotated[NotNegative, Field(lt=100)] | None = None
    """Percent of the last price."""
    offset_ticks: Annotated[int, Field(ge=0)] | None = None
    """Price ticks."""
    time_in_force: TimeInForce = TimeInForce.GTC

    @model_validator(mode="after")
    def _one_offset(self) -> Self:
        if self.offset_percent is not None and self.offset_ticks is not None:
            raise ValueError("offset_percent and offset_ticks are two ways to say one thing; give one of them")
        return self


class LimitEntry(ScopedPlanner[EntryPlanDraft]):
    """Waits below the last price to buy, above it to sell; what lies between two ticks is rounded away from the market."""

    def __init__(self, config: LimitEntryConfig, provision: WorkerProvision) -> None:
        self._config = config

    def on_new_trade(self, directive: StrategyDirective, plans: Plans, situation: Situation) -> EntryAnswer:
        """A limit order; refused while there is no price, and where the offset leaves none."""
        last = situation.prices.get(directive.symbol)
        if last is None:
            return no_price(directive.symbol)
        instrument = situation.instruments[directive.symbol]
        side = opening_side(directive.direction)
        wanted = add(last, multiply(self._offset(last, instrument.price_tick), Decimal(-side.sign)))
        price = instrument.price_down(wanted) if side is Side.BUY else instrument.price_up(wanted)
        if price <= 0:
            return RefusalDraft(code="IMPOSSIBLE_PRICE", detail=f"{wanted} beside a last price of {last} is no price to wait at")
        return EntryPlanDraft(side=side, type=OrderType.LIMIT, price=price, time_in_force=self._config.time_in_force)

    def _offset(self, last: Decimal, tick: Decimal) -> Decimal:
        if self._config.offset_percent is not None:
            return multiply(multiply(last, self._config.offset_percent), HUNDREDTH)
        return multiply(tick, Decimal(self._config.offset_ticks or 0))
