"""The listed symbols and the accounts, made from the configuration."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from s1mpletrader.core.clock import VirtualClock
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import Instant, datetime_from_instant, timeframe_ns
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.exchange.account import Account, Numbers, TellEvent
from s1mpletrader.exchange.config import FEE_QUANTUM, AccountConfig, ExchangeConfig, SymbolConfig
from s1mpletrader.exchange.market import SymbolMarket
from s1mpletrader.exchange.transfers import COUNTERPART, COUNTERPART_FUNDS, transfer_candles, transfer_rules
from s1mpletrader.plugins.market_data.file import FileConfig, FileSource
from s1mpletrader.plugins.market_data.generator import GeneratorConfig, GeneratorSource
from s1mpletrader.plugins.simulated_exchange import SimulatedExchangeConfig, build_exchange
from s1mpletrader.plugins.simulated_exchange.config import InstrumentRules
from s1mpletrader.ports.market_data import BadData
from s1mpletrader.ports.plugin import ConnectorProvision, DataProvision

_UIDS_FROM: Final = 1_000_001


def build_markets(config: ExchangeConfig, opened_at: Instant, directory: Path) -> dict[str, SymbolMarket]:
    """Every listed symbol by its name at the venue, which has no separator."""
    markets = {}
    for symbol, listed in config.symbols.items():
        candles = _candles(config, symbol, listed, opened_at, directory)
        name = symbol.replace("/", "")
        markets[name] = SymbolMarket(name, listed.instrument(symbol), listed.rules(), candles, config.path)
    return markets


def build_accounts(
    config: ExchangeConfig, markets: Mapping[str, SymbolMarket], clock: VirtualClock, tell: TellEvent
) -> dict[str, Account]:
    """Every account by its name: each has a matching engine of its own, on the same market."""
    numbers = Numbers()
    return {
        account.name: _account(config, account, _UIDS_FROM + index, markets, clock, numbers, tell)
        for index, account in enumerate(config.accounts)
    }


def _account(
    config: ExchangeConfig,
    account: AccountConfig,
    uid: int,
    markets: Mapping[str, SymbolMarket],
    clock: VirtualClock,
    numbers: Numbers,
    tell: TellEvent,
) -> Account:
    assets = {asset for market in markets.values() for asset in (market.instrument.base, market.instrument.quote)}
    assets |= account.funds.keys()
    engine_config = SimulatedExchangeConfig(
        maker_rate=config.maker_rate,
        taker_rate=config.taker_rate,
        fee_in="base",
        slippage_ticks=config.slippage_ticks,
        volume_share=config.volume_share,
        limit_fill=config.limit_fill,
        path=config.path,
        instruments={market.instrument.symbol: _engine_rules(market) for market in markets.values()} | transfer_rules(assets),
    )
    provision = ConnectorProvision(
        account=account.name,
        account_type=AccountType.SPOT,
        funds={**account.funds, COUNTERPART: COUNTERPART_FUNDS},
        clock=clock,
        seed=f"{config.seed}",
        candles={market.candles.series: market.candles for market in markets.values()} | transfer_candles(assets, clock.now()),
        is_submitted=lambda _: False,
    )
    return Account(account.name, uid, build_exchange(engine_config, provision), clock, numbers, tell, config.taker_rate)


def _engine_rules(market: SymbolMarket) -> InstrumentRules:
    instrument = market.instrument
    return InstrumentRules(price_tick=instrument.price_tick, quantity_lot=instrument.quantity_lot, fee_quantum=FEE_QUANTUM)


def _candles(config: ExchangeConfig, symbol: str, listed: SymbolConfig, opened_at: Instant, directory: Path) -> Candles:
    series, step = Series(symbol, config.timeframe), timeframe_ns(config.timeframe)
    now = opened_at - opened_at % step
    provision = DataProvision(series=series, seed=config.seed, directory=str(directory))
    try:
        if listed.file is None:
            generated = GeneratorConfig(
                candles=config.candles_before + config.candles_after,
                price=listed.price,
                price_tick=listed.price_tick,
                volatility=listed.volatility,
                volume=listed.volume,
                start=datetime_from_instant(now - config.candles_before * step),
            )
            return GeneratorSource(generated, provision).history(series)
        candles = FileSource(FileConfig(path=str(listed.file)), provision).history(series)
    except (BadData, ValueError) as fault:
        raise ConfigurationError(f"symbols: {symbol}", str(fault)) from fault
    if not config.move:
        return candles
    before = min(config.candles_before, len(candles) // 2)
    return replace(candles, opened_at=candles.opened_at + (now - int(candles.opened_at[before])))
