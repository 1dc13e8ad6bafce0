"""A strategy as assembled: flat tuples of bound parts, its facts, and its declared state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from msgspec import Struct

from s1mpletrader.core.facts import FactTable
from s1mpletrader.core.planning import Planning
from s1mpletrader.domain.batches import BatchRules
from s1mpletrader.domain.facts import Key, Series
from s1mpletrader.domain.opinion import Risk, RiskDraft, SignalDraft
from s1mpletrader.ports.events import EventDetector
from s1mpletrader.ports.workers import ContextWorker, ICoupled, SignalDetector


class Seen(Struct, frozen=True):
    """What a strategy's detectors and monitors saw at one instant, each with its worker's name."""

    signals: Sequence[tuple[str, SignalDraft]]
    risks: Sequence[tuple[str, RiskDraft]]


class BoundWorker(NamedTuple):
    """A context worker in its place: it is fed from row ``begin_row`` of its series on."""

    name: str
    worker: ContextWorker
    series: Series
    begin_row: int


class BoundDetector(NamedTuple):
    """A detector in its place: it is asked from row ``first_row`` of its series on."""

    name: str
    detector: SignalDetector
    series: Series
    first_row: int


class BoundCoupled(NamedTuple):
    """A coupled worker in its place: it is stepped from row ``first_row`` of its series on."""

    name: str
    worker: ICoupled[Any, RiskDraft | SignalDraft]
    series: Series
    first_row: int


class BoundEventDetector(NamedTuple):
    """A detector of events, and its name in the strategy."""

    name: str
    detector: EventDetector


@dataclass(kw_only=True)
class StrategyState:
    """What a strategy remembers from one flow to the next: declared, and passed in and out."""

    coupled: list[Any]
    standing: dict[tuple[str, str, str | None], Risk] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One strategy on its sub-account."""

    name: str
    symbols: tuple[str, ...]
    series: Series
    """Its first symbol on its first timeframe."""
    facts: FactTable
    workers: tuple[BoundWorker, ...]
    detectors: tuple[BoundDetector, ...]
    coupled: tuple[BoundCoupled, ...]
    """The risk monitors, then those detectors that have a state."""
    monitor_count: int = 0
    """How many of them are monitors."""
    batch: BatchRules = field(default_factory=BatchRules)
    event_detectors: tuple[BoundEventDetector, ...] = ()
    planning: Planning
    recorded_keys: tuple[Key, ...]
    """The facts that a decision's entry keeps."""
    price_keys: dict[str, Key]
    """The close that is each symbol's last price."""
    state: StrategyState
