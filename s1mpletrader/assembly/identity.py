"""Who a run is: what its ids and its first entry are made of."""

from collections.abc import Mapping

from s1mpletrader.assembly.events import EventsOf, news_fingerprints
from s1mpletrader.configuration import Configuration, Portfolio, canonical_json, configuration_hash, portfolio_hash
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.ids import IdSpaces
from s1mpletrader.domain.instrument import Instrument
from s1mpletrader.domain.reasons import DataIdentity, PluginIdentity, RunIdentity

CandlesOf = Mapping[str, Mapping[Series, Candles]]
"""Candles by strategy and series."""


def namespaces(portfolio: Portfolio, candles: CandlesOf, events: EventsOf) -> IdSpaces:
    """A namespace for each strategy: its own configuration's hash, whoever trades beside it."""
    hashes = _hashes(portfolio, candles, events)
    return IdSpaces(hashes, portfolio_hash(portfolio.account, list(hashes.values())))


def run_identity(
    portfolio: Portfolio, candles: CandlesOf, events: EventsOf, instruments: Mapping[str, Instrument]
) -> RunIdentity:
    """The identity of a backtest: it depends on what decides what the run does, and on nothing else."""
    digest = portfolio_hash(portfolio.account, list(_hashes(portfolio, candles, events).values()))
    run = f"{portfolio.name}-{digest[:16]}"
    texts = [canonical_json(one, _fingerprints(one, candles), news_fingerprints(one, events)) for one in portfolio.strategies]
    return RunIdentity(
        run=run,
        book=run,
        environment=portfolio.environment.mode,
        strategies=tuple(one.strategy.name for one in portfolio.strategies),
        configuration_hash=digest,
        configuration=texts[0] if len(texts) == 1 else f"[{','.join(texts)}]",
        seed=portfolio.strategies[0].strategy.seed,
        data=tuple(dict.fromkeys(identity for one in portfolio.strategies for identity in _data(one, candles))),
        plugins=plugin_identities(portfolio),
        instruments=tuple(instruments[symbol] for symbol in sorted(instruments)),
    )


def _hashes(portfolio: Portfolio, candles: CandlesOf, events: EventsOf) -> dict[str, str]:
    return {
        one.strategy.name: configuration_hash(one, _fingerprints(one, candles), news_fingerprints(one, events))
        for one in portfolio.strategies
    }


def _fingerprints(one: Configuration, candles: CandlesOf) -> dict[Series, str]:
    return {series: data.fingerprint for series, data in candles[one.strategy.name].items()}


def _data(one: Configuration, candles: CandlesOf) -> list[DataIdentity]:
    fingerprints = _fingerprints(one, candles)
    return [
        DataIdentity(
            source=table.plugin.name,
            symbol=table.series.symbol,
            timeframe=table.series.timeframe,
            fingerprint=fingerprints[table.series],
        )
        for table in one.data
    ]


def plugin_identities(portfolio: Portfolio) -> tuple[PluginIdentity, ...]:
    """Every plugin that decides what the strategies do, each once."""
    return tuple(
        dict.fromkeys(
            PluginIdentity(kind=table.kind, name=table.plugin.name, package=table.plugin.package, version=table.plugin.version)
            for one in portfolio.strategies
            for table in (*one.data, *one.deciding_tables)
        )
    )
