"""The keys of the ``[exchange]`` table with ``plugin = "simulated"``."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from s1mpletrader.api import (
    ZERO,
    Instrument,
    ListKind,
    OrderType,
    PluginConfig,
    TimeInForce,
    timeframe_ns,
)
from s1mpletrader.plugins.numbers import NotNegative, Number, Positive

FUNDING_INTERVAL: Final = "8h"
"""How often funding is due, where nothing else is said."""


def _is_interval(text: str) -> str:
    timeframe_ns(text)
    return text


PathOrder = Literal["direction", "nearest", "high_first", "low_first"]
"""Which extreme of a candle its path visits first: by the candle's direction (a rising one falls first), the one nearer to the
open (the low, if equally near), or always the same."""

LimitFill = Literal["touch", "through"]
"""Whether a resting limit order fills once its price is reached, or only once the price has gone beyond it."""


class InstrumentRules(PluginConfig):
    """A symbol's rules, where they differ from the defaults.

    Assets that are not given are read from ``BASE/QUOTE`` or ``BASE/QUOTE:SETTLEMENT``.
    """

    base: str | None = None
    quote: str | None = None
    settlement: str | None = None
    price_tick: Positive = Decimal("0.00000001")
    quantity_lot: Positive = Decimal("0.00000001")
    quantity_min: NotNegative = ZERO
    quantity_max: Positive | None = None
    notional_min: NotNegative = ZERO
    multiplier: Positive = Decimal(1)
    fee_quantum: Positive = Decimal("0.00000001")

    def instrument(self, symbol: str) -> Instrument:
        """The instrument under these rules; ``ValueError`` where its assets are neither given nor part of the symbol."""
        pair, _, settlement = symbol.partition(":")
        base, _, quote = pair.partition("/")
        base, quote = self.base or base, self.quote or quote
        if not base or not quote:
            raise ValueError(f"instruments: {symbol!r} is not BASE/QUOTE; give its base and quote")
        return Instrument(
            symbol=symbol,
            base=base,
            quote=quote,
            settlement=self.settlement or settlement or quote,
            **self.model_dump(exclude={"base", "quote", "settlement"}),
        )


class SimulatedExchangeConfig(PluginConfig):
    """What the simulated exchange charges, how it fills, and what it lists. Rates are fractions: 0.001 is 0.1 %."""

    fee_rate: Number = ZERO
    """The rate for makers and takers, where they have none of their own."""
    maker_rate: Number | None = None
    taker_rate: Number | None = None
    fee_in: Literal["quote", "base"] = "quote"
    """In which asset a spot buy pays its fee; everything else pays in the settlement currency."""
    slippage_ticks: Annotated[int, Field(ge=0)] = 0
    """Ticks that a market order, or a triggered stop, pays beyond the path's price."""
    slippage_ticks_random: Annotated[int, Field(ge=0)] = 0
    """At most so many ticks more, drawn for each fill from the seed and the order's id."""
    slippage_rate: Annotated[NotNegative, Field(lt=1)] = ZERO
    """The fraction of the price that is paid beyond it, before ticks."""
    latency_ms: NotNegative = ZERO
    """How long a request is under way, and how long its answer, or a reply."""
    volume_share: Annotated[Positive, Field(le=1)] | None = None
    """The part of each candle's volume that our orders may fill; without it there is no bound."""
    limit_fill: LimitFill = "touch"
    path: PathOrder = "direction"
    instruments: dict[str, InstrumentRules] = Field(default_factory=dict)
    order_types: frozenset[OrderType] = frozenset(OrderType)
    """The order types offered: fewer than all, to resemble a certain venue."""
    times_in_force: frozenset[TimeInForce] = frozenset(TimeInForce)
    list_kinds: frozenset[ListKind] = frozenset(ListKind)
    initial_margin: Annotated[Positive, Field(le=1)] | None = None
    """The fraction of a position's notional that the account must have to open it: 0.1 is a leverage of at most 10. Without it a
    netting account may hold anything."""
    maintenance_margin: Annotated[Positive, Field(lt=1)] | None = None
    """The fraction below which the venue cancels all orders and closes all positions at the market; given with the other."""
    liquidation_fee_rate: NotNegative | None = None
    """What the venue takes of the notional that it closes, beside the taker's fee."""
    funding_rate: Number | None = None
    """What a long position pays of its notional at every interval, and a short one receives; below zero the other way round."""
    funding_interval: Annotated[str, AfterValidator(_is_interval)] | None = None
    """How often, counted from midnight UTC of 1970-01-01; 8h if left out."""
    funding_rates: str | None = None
    """A CSV file of rates instead, with the columns ``at``, ``rate`` and, where rates differ, ``symbol``."""
    world: Path | None = None
    """The file that the venue is kept in, so that it goes on after a restart; without it the venue ends with the process. For
    paper trading: a backtest that is repeated is to find its venue as it began."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        initial, maintenance = self.initial_margin, self.maintenance_margin
        if (initial is None) != (maintenance is None):
            raise ValueError("initial_margin and maintenance_margin are given together, or neither is")
        if initial is not None and maintenance is not None and maintenance >= initial:
            raise ValueError(f"maintenance_margin must be below initial_margin, found {maintenance} and {initial}")
        if initial is None and self.liquidation_fee_rate is not None:
            raise ValueError("liquidation_fee_rate needs initial_margin and maintenance_margin")
        if self.funding_rate is not None and self.funding_rates is not None:
            raise ValueError("give funding_rate or funding_rates, not both")
        if self.funding_interval is not None and self.funding_rate is None:
            raise ValueError("funding_interval needs funding_rate")
        return self

    @property
    def latency_ns(self) -> int:
        """The latency in nanoseconds, rounded to the nearest."""
        return round(self.latency_ms * 1_000_000)
