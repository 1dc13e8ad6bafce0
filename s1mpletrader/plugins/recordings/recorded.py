"""What a run recorded, as a source: candles, news, and ticks of schedules.

Of a recording of several strategies, one that is named as the strategy which asks gets what that one took in, and another gets
what any of them did.
"""

from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from s1mpletrader.api import (
    CANDLE_FIELDS,
    BadData,
    Candle,
    Candles,
    DataProvision,
    Datum,
    Event,
    EventProvision,
    Instant,
    NotCandles,
    OriginKind,
    PluginConfig,
    Series,
)
from s1mpletrader.plugins.recordings.json_lines import read_recording


class RecordedConfig(PluginConfig):
    """Where the recording is."""

    path: str
    """The file of one run, from the TOML file's directory or else the working directory."""


class RecordedCandles:
    """Every candle of a series that reached the run's flows. Those of its warm-up come first, and are no reason to decide."""

    def __init__(self, config: RecordedConfig, provision: DataProvision) -> None:
        self._path = _find(config.path, provision.directory)
        self._series = provision.series
        self._strategy = provision.strategy

    @property
    def series(self) -> Sequence[Series]:
        """The one series."""
        return (self._series,)

    def history(self, series: Series) -> Candles:
        """The recorded candles in the order of their time; ``BadData`` where there is a line that is none."""
        rows = self._rows(series)
        candles = [candle for candle, _ in rows]
        columns = {name: np.array([getattr(candle, name) for candle in candles], dtype=np.float64) for name in CANDLE_FIELDS}
        opened_at = np.array([candle.opened_at for candle in candles], dtype=np.int64)
        try:
            warm_up_count = sum(is_warm_up for _, is_warm_up in rows)
            return Candles(series=series, opened_at=opened_at, **columns).after_warm_up(warm_up_count)
        except NotCandles as fault:
            raise BadData(f"{self._path}: {fault}") from None

    def _rows(self, series: Series) -> list[tuple[Candle, bool]]:
        """Each candle once; one that any strategy took in as it closed is no warm-up."""
        found: dict[Instant, tuple[Candle, bool]] = {}
        for datum in _own(self._path, self._strategy):
            if (candle := datum.candle) is not None and candle.series == series:
                _, was_warm_up = found.get(candle.opened_at, (candle, True))
                found[candle.opened_at] = (candle, was_warm_up and datum.is_warm_up)
        return [found[opened_at] for opened_at in sorted(found)]


class RecordedEvents:
    """The events of one table of the run, known by its name."""

    def __init__(self, config: RecordedConfig, provision: EventProvision, kind: OriginKind) -> None:
        self._path = _find(config.path, provision.directory)
        self._provision = provision
        self._kind = kind

    def history(self, start: Instant, end: Instant) -> Sequence[Event]:
        """The events of a span, in the order in which they came."""
        return [event for event in self._events if start <= event.at < end]

    async def events(self, after: Instant) -> AsyncIterator[Event]:
        """The events in their time, and then no more."""
        for event in self._events:
            if event.at > after:
                await self._provision.clock.sleep_until(event.at)
                yield event

    @cached_property
    def _events(self) -> list[Event]:
        """Each event once."""
        found: dict[str, Event] = {}
        for datum in _own(self._path, self._provision.strategy):
            event = datum.event
            if event is not None and (event.kind, event.source) == (self._kind, self._provision.name):
                found.setdefault(event.anchor, event)
        return sorted(found.values(), key=lambda event: event.at)


def _find(text: str, directory: str) -> Path:
    own = Path(directory) / text
    path = own if own.is_file() else Path(text)
    if not path.is_file():
        raise ValueError(f"path: there is no file {text!r}")
    return path


def _own(path: Path, strategy: str) -> list[Datum]:
    """What the strategy took in, or what any of them did where the recording has none of that name."""
    every = [datum for datum in read_recording(path) if datum.candle is not None or datum.event is not None]
    return [datum for datum in every if datum.strategy == strategy] or every
