"""The simulated exchange, and sources of candles, in ways that a test wants them to behave."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from s1mpletrader.api import Candle, Candles, ConnectorProvision, DataProvision, Plugin, PluginConfig, Series, hookimpl
from s1mpletrader.core.live_streams import ReplayedStream
from s1mpletrader.core.plugin_manager import PluginManager
from s1mpletrader.plugins.simulated_exchange.building import build_exchange
from s1mpletrader.plugins.simulated_exchange.config import SimulatedExchangeConfig
from s1mpletrader.plugins.simulated_exchange.connector import SimulatedExchange

Meddle = Callable[[SimulatedExchange], Any]
LoadPlugins = Callable[[Sequence[str] | None], PluginManager]


def left_alone(exchange: SimulatedExchange) -> SimulatedExchange:
    return exchange


class SourceConfig(PluginConfig):
    """``number`` makes two tables two sources, of which neither waits for the other."""

    number: int = 0


class Meddled:
    """The plugins ``meddled``: an exchange that is passed through ``meddle``, and candles that come when ``delay_s`` says."""

    def __init__(self, meddle: Meddle, histories: Mapping[Series, Candles], delay_s: Callable[[Candle], float]) -> None:
        self._meddle = meddle
        self._histories = histories
        self._delay_s = delay_s

    @hookimpl
    def s1mple_exchange_connectors(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [Plugin(name="meddled", config=SimulatedExchangeConfig, build=self._exchange, summary="A venue of a test.")]

    @hookimpl
    def s1mple_market_data(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [Plugin(name="meddled", config=SourceConfig, build=self._source, summary="Candles of a test.")]

    def _exchange(self, config: SimulatedExchangeConfig, provision: ConnectorProvision) -> Any:
        return self._meddle(build_exchange(config, provision))

    def _source(self, config: SourceConfig, provision: DataProvision) -> "LateSource":
        return LateSource(self._histories, provision.clock, self._delay_s)


class LateSource(ReplayedStream):
    """A history as a live source, some of whose candles come late, and with them what would have come after."""

    def __init__(self, histories: Mapping[Series, Candles], clock: Any, delay_s: Callable[[Candle], float]) -> None:
        super().__init__(histories, clock)
        self._its_clock = clock
        self._its_delay_s = delay_s

    async def candles(self, series: Sequence[Series], after: int) -> AsyncIterator[Candle]:
        async for candle in super().candles(series, after):
            late_s = self._its_delay_s(candle)
            if late_s:
                await self._its_clock.sleep_until(self._its_clock.now() + int(late_s * 1_000_000_000))
            yield candle


def meddled(
    meddle: Meddle = left_alone,
    histories: Mapping[Series, Candles] | None = None,
    delay_s: Callable[[Candle], float] = lambda candle: 0,
) -> LoadPlugins:
    """The installed plugins, and these."""

    def load_plugins(allow: Sequence[str] | None) -> PluginManager:
        manager = PluginManager.load(allow)
        manager.register(Meddled(meddle, histories or {}, delay_s), "meddled")
        return manager

    return load_plugins
