"""Builds the simulated exchange from its configuration and what the container provides."""

from collections.abc import Iterable

from s1mpletrader.api import AccountType, Candles, ConnectorProvision, Instrument, timeframe_ns
from s1mpletrader.plugins.simulated_exchange.book.market import Market
from s1mpletrader.plugins.simulated_exchange.config import InstrumentRules, SimulatedExchangeConfig, exact_decimal
from s1mpletrader.plugins.simulated_exchange.connector import SimulatedExchange
from s1mpletrader.plugins.simulated_exchange.funding import funding_of
from s1mpletrader.plugins.simulated_exchange.path import Path


def build_exchange(config: SimulatedExchangeConfig, provision: ConnectorProvision) -> SimulatedExchange:
    """The exchange that lists every symbol with candles or rules; ``ValueError`` for what does not fit together."""
    if config.fee_in == "base" and provision.account_type is not AccountType.SPOT:
        raise ValueError(f"fee_in: 'base' is for spot accounts, found a {provision.account_type} account")
    if provision.account_type is not AccountType.NETTING:
        _check_netting_keys(config)
    finest = _finest(provision.candles.values())
    markets = {}
    for symbol in sorted(finest.keys() | config.instruments.keys()):
        instrument = config.instruments.get(symbol, InstrumentRules()).instrument(symbol)
        _check(instrument, provision.account_type)
        path = Path(finest[symbol], config.path) if symbol in finest else None
        markets[symbol] = Market(instrument, path, config.volume_share)
    funds = {asset: exact_decimal(amount) for asset, amount in provision.funds.items()}
    for asset, amount in funds.items():
        if amount < 0:
            raise ValueError(f"funds: {asset} is below zero: {amount}")
    return SimulatedExchange(
        config,
        account=provision.account,
        account_type=provision.account_type,
        funds=funds,
        clock=provision.clock,
        seed=provision.seed,
        markets=markets,
        is_submitted=provision.is_submitted,
        funding=funding_of(config, provision.directory),
    )


def _finest(candles: Iterable[Candles]) -> dict[str, Candles]:
    """The candles of the shortest timeframe for each symbol."""
    finest: dict[str, Candles] = {}
    for some in sorted(candles, key=lambda one: timeframe_ns(one.series.timeframe)):
        finest.setdefault(some.series.symbol, some)
    return finest


def _check_netting_keys(config: SimulatedExchangeConfig) -> None:
    for key in ("initial_margin", "funding_rate", "funding_rates"):
        if getattr(config, key) is not None:
            raise ValueError(f"{key}: only netting accounts have margin and funding")


def _check(instrument: Instrument, account_type: AccountType) -> None:
    if account_type is not AccountType.SPOT:
        return
    if instrument.settlement != instrument.quote:
        raise ValueError(f"instruments: {instrument.symbol}: a spot account settles in the quote, not in {instrument.settlement}")
    if instrument.multiplier != 1:
        raise ValueError(f"instruments: {instrument.symbol}: a spot account has no multiplier, found {instrument.multiplier}")
