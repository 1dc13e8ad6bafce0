"""Built-in sources of events: news from a file of JSON lines or from a feed, and schedules by cron."""

from collections.abc import Sequence
from typing import Any

from s1mpletrader.api import EventProvision, IEventSource, Plugin, hookimpl
from s1mpletrader.plugins.events.cron import Cron, CronConfig
from s1mpletrader.plugins.events.feed import Feed, FeedConfig
from s1mpletrader.plugins.events.json_lines import JsonLines, JsonLinesConfig


@hookimpl
def s1mple_news_sources() -> Sequence[Plugin[Any, EventProvision, IEventSource]]:
    """News."""
    return (
        Plugin(name="json_lines", config=JsonLinesConfig, build=JsonLines, summary="News from a file, one JSON object a line."),
        Plugin(name="feed", config=FeedConfig, build=Feed, summary="News from an RSS or Atom feed, while running."),
    )


@hookimpl
def s1mple_schedules() -> Sequence[Plugin[Any, EventProvision, IEventSource]]:
    """Schedules."""
    return (Plugin(name="cron", config=CronConfig, build=Cron, summary="Due at the times of a cron expression."),)
