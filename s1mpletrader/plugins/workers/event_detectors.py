"""Detectors of events: a signal at each tick of a schedule, and one where a headline says the word."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, field_validator

from s1mpletrader.api import Direction, Event, Facts, Key, NewsItem, PluginConfig, SignalDraft, WorkerProvision

Confidence = Annotated[float, Field(gt=0, le=1)]


class ScheduledConfig(PluginConfig):
    """Which schedule, and what it says."""

    schedule: str = "cron"
    """The name of the ``[[schedule]]`` table."""
    direction: Direction = Direction.LONG
    kind: str = "scheduled"
    confidence: Confidence = 1.0


class Scheduled:
    """The same opinion at each tick, on the symbol of its table."""

    needs: tuple[Key, ...] = ()
    window = 1

    def __init__(self, config: ScheduledConfig, provision: WorkerProvision) -> None:
        self.sources: tuple[str, ...] = (config.schedule,)
        self._draft = SignalDraft(
            symbol=provision.series.symbol, direction=config.direction, kind=config.kind, confidence=config.confidence
        )

    def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
        """The signal."""
        return (self._draft,)


class HeadlineConfig(PluginConfig):
    """Which news, and what to look for."""

    news: str = "json_lines"
    """The name of the ``[[news]]`` table."""
    pattern: str
    """A regular expression that is looked for in headline and body, whatever the case."""
    direction: Direction
    kind: str = "headline"
    confidence: Confidence = 1.0

    @field_validator("pattern")
    @classmethod
    def _is_a_pattern(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as fault:
            raise ValueError(f"{text!r} is no regular expression: {fault}") from fault
        return text


class Headline:
    """One opinion for each of the strategy's symbols that the news names, or for its table's symbol where they name none."""

    needs: tuple[Key, ...] = ()
    window = 1

    def __init__(self, config: HeadlineConfig, provision: WorkerProvision) -> None:
        self.sources: tuple[str, ...] = (config.news,)
        self._config = config
        self._pattern = re.compile(config.pattern, re.IGNORECASE)
        self._symbols = provision.symbols
        self._own = provision.series.symbol

    def detect(self, event: Event, at: Facts) -> Sequence[SignalDraft]:
        """A signal where the pattern is found."""
        item = event.payload
        if not isinstance(item, NewsItem) or not self._pattern.search(f"{item.headline}\n{item.body}"):
            return ()
        symbols = [symbol for symbol in self._symbols if symbol in item.symbols] if item.symbols else [self._own]
        config = self._config
        return [
            SignalDraft(symbol=symbol, direction=config.direction, kind=config.kind, confidence=config.confidence)
            for symbol in symbols
        ]
