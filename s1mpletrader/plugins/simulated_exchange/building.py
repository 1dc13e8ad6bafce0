"""Builds the simulated exchange from its configuration and what the container provides."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any

import numpy as np

from s1mpletrader.api import (
    CANDLE_FIELDS,
    AccountType,
    Candle,
    Candles,
    ConnectorProvision,
    Instant,
    Instrument,
    plain,
    timeframe_ns,
)
from s1mpletrader.plugins.numbers import exact_decimal
from s1mpletrader.plugins.simulated_exchange.accounts import Account, NettingAccount, SpotAccount
from s1mpletrader.plugins.simulated_exchange.book.market import Market
from s1mpletrader.plugins.simulated_exchange.clearing import Clearing
from s1mpletrader.plugins.simulated_exchange.config import InstrumentRules, SimulatedExchangeConfig
from s1mpletrader.plugins.simulated_exchange.connector import SimulatedExchange
from s1mpletrader.plugins.simulated_exchange.execution import Execution
from s1mpletrader.plugins.simulated_exchange.fees import FeeSchedule, Slippage
from s1mpletrader.plugins.simulated_exchange.funding import funding_of
from s1mpletrader.plugins.simulated_exchange.kept import KeptVenue
from s1mpletrader.plugins.simulated_exchange.margin import MarginAccount, MarginRules
from s1mpletrader.plugins.simulated_exchange.marks import Marks
from s1mpletrader.plugins.simulated_exchange.path import Path
from s1mpletrader.plugins.simulated_exchange.venue import Venue
from s1mpletrader.plugins.simulated_exchange.world import WorldFile, known_paths, open_world


def build_exchange(config: SimulatedExchangeConfig, provision: ConnectorProvision) -> SimulatedExchange:
    """The exchange that lists every symbol with candles or rules; ``ValueError`` for what does not fit together."""
    if config.fee_in == "base" and provision.account_type is not AccountType.SPOT:
        raise ValueError(f"fee_in: 'base' is for spot accounts, found a {provision.account_type} account")
    if provision.account_type is not AccountType.NETTING:
        _check_netting_keys(config)
    funds = _funds(provision)
    finest = _finest(provision.candles.values())
    if config.world is None:
        markets = _markets(config, provision.account_type, finest)
        return _exchange(config, provision, markets, _venue(config, provision, markets, funds))
    file = FilePath(provision.directory, config.world)
    world = open_world(file, _identity(config, provision, funds), provision.clock.now(), lambda: _begun(finest, provision))
    try:
        return _resumed(config, provision, funds, finest, world)
    except BaseException:
        world.close()
        raise


def _resumed(
    config: SimulatedExchangeConfig,
    provision: ConnectorProvision,
    funds: dict[str, Decimal],
    finest: Mapping[str, Candles],
    world: WorldFile,
) -> SimulatedExchange:
    """The exchange as its file has it, and then along the candles that have come since."""
    paths: dict[str, Candles | None] = dict.fromkeys(finest)
    paths.update((one.series.symbol, one) for one in known_paths(world.records()))
    markets = _markets(config, provision.account_type, paths)
    venue = KeptVenue(_venue(config, provision, markets, funds), world)
    submitted = venue.resume(world.records(), provision.clock.now())
    exchange = _exchange(config, provision, markets, venue, submitted)
    for candle in _rows(finest.values(), {symbol: market.path.ends_at for symbol, market in markets.items()}):
        exchange.extend(candle)
    return exchange


def _exchange(
    config: SimulatedExchangeConfig,
    provision: ConnectorProvision,
    markets: Mapping[str, Market],
    venue: Venue | KeptVenue,
    submitted: Iterable[str] = (),
) -> SimulatedExchange:
    return SimulatedExchange(
        config,
        account=provision.account,
        account_type=provision.account_type,
        clock=provision.clock,
        markets=markets,
        venue=venue,
        is_submitted=provision.is_submitted,
        submitted=submitted,
    )


def _markets(
    config: SimulatedExchangeConfig, account_type: AccountType, paths: Mapping[str, Candles | None]
) -> dict[str, Market]:
    markets = {}
    for symbol in sorted(paths.keys() | config.instruments.keys()):
        instrument = config.instruments.get(symbol, InstrumentRules()).instrument(symbol)
        _check(instrument, account_type)
        markets[symbol] = Market(instrument, Path(paths.get(symbol), config.path), config.volume_share)
    return markets


def _venue(
    config: SimulatedExchangeConfig, provision: ConnectorProvision, markets: Mapping[str, Market], funds: dict[str, Decimal]
) -> Venue:
    marks = Marks(markets)
    account, clearing = _account(config, provision, funds, marks)
    execution = Execution(account, Slippage(config, provision.seed), config.latency_ns)
    return Venue(markets, account, execution, marks, clearing, config.latency_ns, config.limit_fill)


def _account(
    config: SimulatedExchangeConfig, provision: ConnectorProvision, funds: dict[str, Decimal], marks: Marks
) -> tuple[Account, Clearing | None]:
    """The account under the rules of its type, and what the venue does to it of its own accord."""
    fees = FeeSchedule.of(config)
    if provision.account_type is AccountType.SPOT:
        return SpotAccount(funds, fees), None
    holdings, funding, rules = NettingAccount(funds, fees), funding_of(config, provision.directory), None
    if config.initial_margin is not None and config.maintenance_margin is not None:
        rules = MarginRules(config.initial_margin, config.maintenance_margin)
    clearing = Clearing(holdings, marks, rules, funding) if rules is not None or funding is not None else None
    return (holdings if rules is None else MarginAccount(holdings, rules, fees, marks)), clearing


def _funds(provision: ConnectorProvision) -> dict[str, Decimal]:
    funds = {asset: exact_decimal(amount) for asset, amount in provision.funds.items()}
    for asset, amount in funds.items():
        if amount < 0:
            raise ValueError(f"funds: {asset} is below zero: {amount}")
    return funds


def _identity(config: SimulatedExchangeConfig, provision: ConnectorProvision, funds: Mapping[str, Decimal]) -> dict[str, Any]:
    """Everything that decides what a venue makes of what it is told."""
    return {
        "account": provision.account,
        "account type": str(provision.account_type),
        "funds": _canonical(funds),
        "seed": provision.seed,
        **{name: _canonical(value) for name, value in config.model_dump(exclude={"world"}).items()},
    }


def _canonical(value: Any) -> Any:
    """The same for numbers that are only written otherwise, and in one order."""
    match value:
        case Decimal():
            return plain(value)
        case Mapping():
            return {str(key): _canonical(one) for key, one in value.items()}
        case frozenset():
            return sorted(str(one) for one in value)
        case _:
            return value


def _begun(finest: Mapping[str, Candles], provision: ConnectorProvision) -> Iterator[Candles]:
    """What of the history a world begins with: the last candle that has closed, for its price, and what is yet to come."""
    now = provision.clock.now()
    for _, candles in sorted(finest.items()):
        first = max(int(np.searchsorted(candles.closed_at, now, side="right")) - 1, 0)
        fields = {name: getattr(candles, name)[first:] for name in CANDLE_FIELDS}
        yield Candles(series=candles.series, opened_at=candles.opened_at[first:], **fields)


def _rows(paths: Iterable[Candles], ends_at: Mapping[str, Instant]) -> list[Candle]:
    """The candles after what is known of each symbol, in the order of their closing."""
    found: list[tuple[Instant, str, Candle]] = []
    for candles in paths:
        series, start = candles.series, int(np.searchsorted(candles.opened_at, ends_at[candles.series.symbol]))
        columns = [getattr(candles, name)[start:].tolist() for name in CANDLE_FIELDS]
        for opened_at, *values in zip(candles.opened_at[start:].tolist(), *columns, strict=True):
            candle = Candle(series=series, opened_at=opened_at, **dict(zip(CANDLE_FIELDS, values, strict=True)))
            found.append((opened_at + timeframe_ns(series.timeframe), series.symbol, candle))
    return [candle for _, _, candle in sorted(found, key=lambda one: one[:2])]


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
