"""What the local exchange lists, who has an account, and how it behaves: the keys of ``exchange serve --config FILE``."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from s1mpletrader.domain.instant import Instant, instant_from_datetime, timeframe_ns
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.exchange.faults import Fault
from s1mpletrader.exchange.rules import Rules
from s1mpletrader.plugins.numbers import NotNegative, Number, Positive
from s1mpletrader.plugins.simulated_exchange.config import LimitFill, PathOrder
from s1mpletrader.ports.plugin import PluginConfig

FEE_QUANTUM: Final = Decimal("0.00000001")


class KeyConfig(PluginConfig):
    """An API key: with a secret it signs by HMAC-SHA256, with a public key in PEM by Ed25519."""

    key: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]
    secret: SecretStr | None = None
    public_key: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.secret is None) == (self.public_key is None):
            raise ValueError("give secret or public_key")
        return self


class AccountConfig(PluginConfig):
    """An account with its keys and its opening balances."""

    name: str = "test"
    keys: tuple[KeyConfig, ...] = (KeyConfig(key="test", secret=SecretStr("test")),)
    funds: dict[str, Number] = Field(default_factory=lambda: {"USDT": Decimal(100_000), "BTC": Decimal(1), "ETH": Decimal(10)})


class SymbolConfig(PluginConfig):
    """A listed symbol: its candles, which are generated unless a file is given, and its filters."""

    file: Path | None = None
    """A CSV, Parquet or Feather file of candles; they are moved to the present unless ``move`` is false."""
    price: Positive = Decimal(100)
    """Where a generated market begins."""
    volatility: Annotated[float, Field(gt=0, le=1)] = 0.03
    """The standard deviation of a generated market's day."""
    volume: Annotated[float, Field(gt=0)] = 30.0
    """The mean volume of a generated candle."""
    price_tick: Positive = Decimal("0.01")
    price_min: NotNegative = Decimal("0.01")
    price_max: NotNegative = Decimal(1_000_000)
    quantity_lot: Positive = Decimal("0.00001")
    quantity_min: NotNegative = Decimal("0.00001")
    quantity_max: Positive = Decimal(9_000)
    market_quantity_max: Positive = Decimal(1_000)
    notional_min: NotNegative = Decimal(5)
    notional_max: Positive = Decimal(9_000_000)
    price_ratio_min: NotNegative = Decimal("0.2")
    price_ratio_max: Positive = Decimal(5)
    orders_max: Annotated[int, Field(ge=1)] = 200
    algo_orders_max: Annotated[int, Field(ge=0)] = 5
    position_max: Positive | None = None

    def instrument(self, symbol: str) -> Instrument:
        """The instrument as the matching engine sees it: the filters beyond its steps are checked before it."""
        base, _, quote = symbol.partition("/")
        return Instrument(
            symbol=symbol,
            base=base,
            quote=quote,
            settlement=quote,
            price_tick=self.price_tick,
            quantity_lot=self.quantity_lot,
            fee_quantum=FEE_QUANTUM,
        )

    def rules(self) -> Rules:
        """The filters."""
        return Rules(**{name: getattr(self, name) for name in Rules.__struct_fields__})


class LimitsConfig(PluginConfig):
    """How much may be asked for. Windows begin at whole multiples of their length."""

    request_weight_1m: Annotated[int, Field(ge=1)] = 6_000
    raw_requests_5m: Annotated[int, Field(ge=1)] = 61_000
    orders_10s: Annotated[int, Field(ge=1)] = 100
    orders_1d: Annotated[int, Field(ge=1)] = 200_000
    connections_5m: Annotated[int, Field(ge=1)] = 300
    messages_1s: Annotated[int, Field(ge=1)] = 5
    """How many messages a market stream's connection may send."""
    streams_per_connection: Annotated[int, Field(ge=1)] = 1_024
    refusals_before_ban: Annotated[int, Field(ge=1)] = 10
    """After so many refused requests within a window the address is banned."""
    ban_s: Annotated[int, Field(ge=1)] = 120


def _default_symbols() -> dict[str, SymbolConfig]:
    return {
        "BTC/USDT": SymbolConfig(price=Decimal(60_000), volume=30.0),
        "ETH/USDT": SymbolConfig(
            price=Decimal(3_000), volume=300.0, quantity_lot=Decimal("0.0001"), quantity_min=Decimal("0.0001")
        ),
    }


class ExchangeConfig(PluginConfig):
    """A whole local exchange. With nothing given it lists BTC/USDT and ETH/USDT, for an account with key and secret ``test``."""

    seed: int = 0
    speed: Annotated[float, Field(gt=0, le=100_000)] = 1.0
    """Seconds of the exchange in one of the machine."""
    start: datetime | None = None
    """When the exchange's time begins; the machine's present if left out."""
    timeframe: str = "1m"
    """The timeframe of the candles that prices are made of."""
    candles_before: Annotated[int, Field(ge=1)] = 3_000
    """How many candles lie in the past when the exchange opens."""
    candles_after: Annotated[int, Field(ge=1)] = 100_000
    """For how many candles a generated market goes on. After the last one a market is closed."""
    move: bool = True
    """Whether candles from files are moved so that ``candles_before`` of them, at most the half, are past when it opens."""
    symbols: dict[str, SymbolConfig] = Field(default_factory=_default_symbols, min_length=1)
    accounts: tuple[AccountConfig, ...] = (AccountConfig(),)
    limits: LimitsConfig = LimitsConfig()
    maker_rate: Annotated[Number, Field(ge=0, lt=1)] = Decimal("0.001")
    taker_rate: Annotated[Number, Field(ge=0, lt=1)] = Decimal("0.001")
    slippage_ticks: Annotated[int, Field(ge=0)] = 0
    volume_share: Annotated[Positive, Field(le=1)] | None = None
    """The part of each candle's volume that an account may trade; with little of it markets are thin."""
    limit_fill: LimitFill = "touch"
    path: PathOrder = "direction"
    check_timestamps: bool | None = None
    """Whether requests from too long ago are refused; unless said, only at a speed of 1, where a client's clock can be right."""
    connection_hours_max: Annotated[float, Field(gt=0)] = 24.0
    """How long a socket may stay open."""
    faults: tuple[Fault, ...] = ()

    @field_validator("timeframe")
    @classmethod
    def _is_timeframe(cls, timeframe: str) -> str:
        timeframe_ns(timeframe)
        return timeframe

    @field_validator("symbols")
    @classmethod
    def _are_pairs(cls, symbols: dict[str, SymbolConfig]) -> dict[str, SymbolConfig]:
        for symbol in symbols:
            base, _, quote = symbol.partition("/")
            if not base.isalnum() or not quote.isalnum() or symbol != symbol.upper():
                raise ValueError(f"{symbol!r} is not BASE/QUOTE")
        return symbols

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        keys = [key.key for account in self.accounts for key in account.keys]
        names = [account.name for account in self.accounts]
        for what, found in (("key", keys), ("account", names)):
            if len(set(found)) < len(found):
                raise ValueError(f"accounts: a {what} is there twice")
        return self

    @property
    def start_at(self) -> Instant | None:
        """The beginning as an instant; None for the machine's present."""
        if self.start is None:
            return None
        return instant_from_datetime(self.start if self.start.tzinfo is not None else self.start.replace(tzinfo=UTC))

    @property
    def checks_timestamps(self) -> bool:
        """Whether requests from too long ago are refused."""
        return self.speed == 1 if self.check_timestamps is None else self.check_timestamps
