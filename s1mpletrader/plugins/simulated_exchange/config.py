"""The keys of the ``[exchange]`` table with ``plugin = "simulated"``."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from s1mpletrader.api import ZERO, Instrument, ListKind, OrderType, PluginConfig, TimeInForce, decimal_from_float


def exact_decimal(value: Any) -> Any:
    """The number as a Decimal, a float by its shortest text; what is no finite number raises ``ValueError``."""
    if isinstance(value, bool):
        raise ValueError(f"expected a number, found {value}")  # noqa: TRY004 - the documented error of a validator
    if isinstance(value, float):
        return decimal_from_float(value)
    if isinstance(value, int | str):
        value = _from_text(str(value))
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"expected a finite number, found {value}")
    return value


def _from_text(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"expected a number, found {text!r}") from error


Number = Annotated[Decimal, BeforeValidator(exact_decimal)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]

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

    @property
    def latency_ns(self) -> int:
        """The latency in nanoseconds, rounded to the nearest."""
        return round(self.latency_ms * 1_000_000)
