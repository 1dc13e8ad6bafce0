"""The news and schedules of a backtest: everything that happens between its first candle and its last."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from msgspec import json

from s1mpletrader.configuration import Configuration, Portfolio
from s1mpletrader.domain.candles import Candles
from s1mpletrader.domain.errors import ConfigurationError, Refused
from s1mpletrader.domain.facts import Series
from s1mpletrader.ports.clock import IClock
from s1mpletrader.ports.events import Event, IEventSource
from s1mpletrader.ports.plugin import EventProvision

EventsOf = Mapping[str, Mapping[str, Sequence[Event]]]
"""Events by strategy and source: news first, then schedules, each in the order of the file."""


def load_all_events(
    portfolio: Portfolio, candles: Mapping[str, Mapping[Series, Candles]], clock: Callable[[], IClock]
) -> dict[str, dict[str, Sequence[Event]]]:
    """Every strategy's events, by its name. The clock is for sources that wait, which none does here."""
    return {one.strategy.name: _load(one, candles[one.strategy.name], clock) for one in portfolio.strategies}


def news_fingerprints(configuration: Configuration, events: EventsOf) -> dict[str, str]:
    """A fingerprint of the events of each source of news; a schedule is what its configuration says."""
    own = events[configuration.strategy.name]
    return {table.name: blake2b(json.encode(own[table.name]), digest_size=16).hexdigest() for table in configuration.news}


def _load(one: Configuration, candles: Mapping[Series, Candles], clock: Callable[[], IClock]) -> dict[str, Sequence[Event]]:
    start = min(data.opened_at.item(0) for data in candles.values())
    end = max(data.closed_at.item(-1) for data in candles.values()) + 1
    events: dict[str, Sequence[Event]] = {}
    for table in (*one.news, *one.schedule):
        if table.name in events:
            raise ConfigurationError(table.place, f"another source of events is named {table.name!r} too")
        source: IEventSource = table.build(
            EventProvision(name=table.name, directory=one.directory, clock=clock(), strategy=one.strategy.name)
        )
        try:
            events[table.name] = source.history(start, end)
        except Refused as refused:
            raise ConfigurationError(table.place, str(refused)) from refused
    return events
