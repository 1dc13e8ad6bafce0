"""Built-in recordings of runs: JSON lines, or none; and what was recorded as market data, news and schedules."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import (
    DataProvision,
    EventProvision,
    IEventSource,
    IMarketData,
    IRecording,
    NoConfig,
    OriginKind,
    Plugin,
    RecordingProvision,
    hookimpl,
)
from s1mpletrader.plugins.recordings.json_lines import JsonLinesConfig, JsonLinesRecording, NoRecording
from s1mpletrader.plugins.recordings.recorded import RecordedCandles, RecordedConfig, RecordedEvents


def _news(config: RecordedConfig, provision: EventProvision) -> IEventSource:
    return RecordedEvents(config, provision, OriginKind.NEWS)


def _schedule(config: RecordedConfig, provision: EventProvision) -> IEventSource:
    return RecordedEvents(config, provision, OriginKind.SCHEDULE)


@hookimpl
def s1mple_recordings() -> Sequence[Plugin[Any, RecordingProvision, IRecording]]:
    """Recordings."""
    return (
        Plugin(
            name="json_lines",
            config=JsonLinesConfig,
            build=JsonLinesRecording,
            summary="A file for each run, named by the run's id, with one JSON object a line.",
        ),
        Plugin(name="none", config=NoConfig, build=NoRecording, summary="Nothing is recorded."),
    )


@hookimpl
def s1mple_market_data() -> Sequence[Plugin[Any, DataProvision, IMarketData]]:
    """Recorded candles."""
    summary = "The candles that a paper or live run recorded."
    return (Plugin(name="recorded", config=RecordedConfig, build=RecordedCandles, summary=summary),)


@hookimpl
def s1mple_news_sources() -> Sequence[Plugin[Any, EventProvision, IEventSource]]:
    """Recorded news."""
    summary = "The news that a paper or live run recorded from the table of the same name."
    return (Plugin(name="recorded", config=RecordedConfig, build=_news, summary=summary),)


@hookimpl
def s1mple_schedules() -> Sequence[Plugin[Any, EventProvision, IEventSource]]:
    """Recorded ticks of schedules."""
    summary = "The ticks that a paper or live run recorded from the table of the same name."
    return (Plugin(name="recorded", config=RecordedConfig, build=_schedule, summary=summary),)
