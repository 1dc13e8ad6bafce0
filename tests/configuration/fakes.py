"""Plugins that do nothing, in-process, so that configurations can be read without the built-in ones."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Any

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from s1mpletrader.api import NoConfig, Plugin, PluginConfig, hookimpl
from s1mpletrader.configuration import Configuration, load
from s1mpletrader.core.plugin_manager import PluginManager

STRATEGY = """
    [strategy]
    name = "trend"
    symbols = ["BTC/USDT", "ETH/USDT"]
    timeframes = ["1m", "1h"]
    seed = 7

    [account]
    type = "spot"
    currency = "USDT"
    funds = { USDT = 1_000, BTC = "0.10" }

    [[data]]
    plugin = "generator"
    candles = 50_000

    [exchange]
    plugin = "simulated"
    fee_rate = "0.001"

    [exchange.instruments."BTC/USDT"]
    price_tick = "0.1"

    [[context]]
    plugin = "ema"
    name = "fast"
    period = 10

    [[context]]
    plugin = "ema"
    period = 30

    [planner]
    plugin = "weighing"
    directions = ["LONG"]

    [[entry]]
    plugin = "market"

    [[size]]
    plugin = "fixed"
    quantity = "0.01"

    [[execution]]
    plugin = "single"
    """


class Side(StrEnum):
    LONG = "LONG"
    SHORT = "SHORT"


class Ema(PluginConfig):
    period: Annotated[int, Field(ge=1)]
    source: str = "close"


class Weighing(PluginConfig):
    directions: tuple[Side, ...] = (Side.LONG,)
    hedged: bool = False


class Fixed(PluginConfig):
    quantity: Annotated[Decimal, Field(gt=0)]

    @field_validator("quantity")
    @classmethod
    def not_unlucky(cls, value: Decimal) -> Decimal:
        if value == 13:
            raise ValueError("13 is refused")
        return value


class Generator(PluginConfig):
    candles: int
    drift: float = 0.0


class File(PluginConfig):
    path: str
    drift: float = 0.0


class Rules(BaseModel, extra="forbid", frozen=True):
    price_tick: Decimal = Decimal("0.01")


class Simulated(PluginConfig):
    fee_rate: Decimal = Decimal(0)
    instruments: dict[str, Rules] = Field(default_factory=dict)
    api_key: SecretStr | None = None


class Band(PluginConfig):
    low: float = 0.0
    high: float = 1.0

    @model_validator(mode="after")
    def ordered(self) -> "Band":
        if self.low >= self.high:
            raise ValueError("low must lie below high")
        return self


class Pooled(PluginConfig):
    pool: int = 1


def fake(name: str, config: type[PluginConfig] = NoConfig) -> Plugin[Any, Any, Any]:
    return Plugin(name=name, config=config, build=lambda config, provision: (config, provision), summary=f"The {name} fake.")


def fails(config: Any, provision: Any) -> Any:
    raise ValueError(f"cannot use {provision}")


class Fakes:
    """One plugin object with all kinds that a strategy needs."""

    @hookimpl
    def s1mple_context_workers(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("ema", Ema), fake("high")]

    @hookimpl
    def s1mple_signal_detectors(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("crossover")]

    @hookimpl
    def s1mple_risk_monitors(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("band", Band)]

    @hookimpl
    def s1mple_strategy_planners(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("weighing", Weighing)]

    @hookimpl
    def s1mple_entry_planners(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("market"), fake("limit")]

    @hookimpl
    def s1mple_size_planners(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("fixed", Fixed), Plugin(name="failing", config=NoConfig, build=fails, summary="Cannot be built.")]

    @hookimpl
    def s1mple_exit_planners(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("atr")]

    @hookimpl
    def s1mple_execution_planners(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("single")]

    @hookimpl
    def s1mple_risk_gates(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("exposure")]

    @hookimpl
    def s1mple_exchange_connectors(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("simulated", Simulated)]

    @hookimpl
    def s1mple_market_data(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("generator", Generator), fake("file", File)]

    @hookimpl
    def s1mple_ledgers(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("sql", Pooled), fake("memory")]

    @hookimpl
    def s1mple_journals(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("sql", Pooled), fake("memory")]

    @hookimpl
    def s1mple_caches(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("memory")]

    @hookimpl
    def s1mple_recordings(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("json_lines")]


def fake_plugins(allow: Sequence[str] | None = None) -> PluginManager:
    manager = PluginManager()
    manager.register(Fakes(), "fakes")
    return manager


def written(directory: Path, text: str = STRATEGY, name: str = "trend.toml") -> Path:
    path = directory / name
    path.write_text(dedent(text))
    return path


def loaded(directory: Path, text: str = STRATEGY, *overrides: str) -> Configuration:
    (strategy,) = load(written(directory, text), overrides, load_plugins=fake_plugins).strategies
    return strategy
