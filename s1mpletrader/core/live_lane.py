"""A live strategy's market data on its way to decisions: bars are joined, taken in, and decided upon."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from s1mpletrader.core.bar_join import BarJoin, Joined, series_of
from s1mpletrader.core.events import EventDesk
from s1mpletrader.core.intake import Intake
from s1mpletrader.core.live_feed import LiveFeed
from s1mpletrader.core.market import Market
from s1mpletrader.core.quarantine import IQuarantine
from s1mpletrader.core.sync_flow import SyncFlow
from s1mpletrader.domain.errors import PluginFailed
from s1mpletrader.domain.facts import Series
from s1mpletrader.domain.instant import Instant
from s1mpletrader.ports.events import Event
from s1mpletrader.ports.market_data import Candle

Schedule = Callable[[Instant, Callable[[], None]], None]
"""Calls something at an instant, in the turn of market data."""


class LiveLane:
    """One strategy's bars. Every instant that is decided upon has a moment of its own, however many wait.

    A plugin of the strategy that fails puts it into quarantine, until the process starts anew: its bars are still taken in, for
    its algorithms, but nobody of it is asked any more. What it has open, and every other strategy, goes on.
    """

    def __init__(
        self,
        *,
        feed: LiveFeed,
        join: BarJoin,
        flow: SyncFlow,
        events: EventDesk,
        market: Market,
        intake: Intake,
        moment: Callable[[], Instant],
        schedule: Schedule,
        told_late: Callable[[str, Instant, Sequence[Series]], None],
        quarantine: IQuarantine,
        every_candle: bool = False,
    ) -> None:
        self.feed = feed
        self._join = join
        self._flow = flow
        self._events = events
        self._market = market
        self._intake = intake
        self._moment = moment
        self._schedule = schedule
        self._told_late = told_late
        self._quarantine = quarantine
        self._every_candle = every_candle
        self._series = frozenset(feed.strategy.facts.cursors)

    @property
    def name(self) -> str:
        """The strategy's name."""
        return self.feed.strategy.name

    @property
    def quarantine(self) -> str | None:
        """Which plugin failed, and how, so that nothing is decided any more; None while all is well."""
        failure = self._quarantine.failure_of(self.name)
        return None if failure is None else str(failure)

    def follows(self, series: Series) -> bool:
        """Whether the strategy reads a series."""
        return series in self._series

    def closed_to(self, series: Series) -> Instant:
        """When the latest known candle of a series closed; 0 before its first."""
        return self.feed.closed_to(series) or 0

    def prices(self) -> Mapping[str, Decimal]:
        """The last close of every symbol that has one."""
        return self._market.prices()

    def warm_up(self, candles: Sequence[Candle], *, steps: bool = True) -> None:
        """Take the history of an instant in: facts come from it, and what detectors remember, but no decision."""
        self._intake.candles(self.name, candles, is_warm_up=True)
        for candle in candles:
            self._append(candle)
            self._join.skip(candle)
        if steps:
            self._ask(partial(self.feed.warm_up, series_of(candles)))

    def take(self, candle: Candle) -> None:
        """A bar has closed; those of other strategies' series are not for this one."""
        if candle.series not in self._series:
            return
        self._join.put(candle, self._moment())
        self.decide()

    def take_event(self, event: Event) -> None:
        """News or a schedule's tick has come; it is available from now on, whenever it was made."""
        event = replace(event, at=self._moment())
        self._intake.event(self.name, event)
        self._ask(partial(self._events.take, event))

    def decide(self) -> None:
        """Decide upon every instant that is whole, or has waited long enough."""
        while (joined := self._join.take(self._moment())) is not None:
            self._decide(joined)
        over_at = self._join.grace_over_at()
        if over_at is not None:
            self._schedule(over_at, self.decide)

    def _decide(self, joined: Joined) -> None:
        if joined.late:
            self._told_late(self.name, joined.at, joined.late)
        taken = [candle for candle in joined.candles if self._append(candle)]
        self._intake.candles(self.name, taken)
        self._ask(partial(self._look, series_of(taken)))

    def _look(self, closed: Sequence[Series]) -> None:
        seen = self.feed.look(closed)
        if seen.signals or seen.risks or self._every_candle:
            self._flow.run(self._moment(), seen)

    def _append(self, candle: Candle) -> bool:
        try:
            return self.feed.append(candle)
        except PluginFailed as failure:
            self._quarantine.put(self.name, failure)
            return True

    def _ask(self, question: Callable[[], None]) -> None:
        """Let the strategy decide, unless one of its plugins has failed."""
        if self._quarantine.failure_of(self.name) is not None:
            return
        try:
            question()
        except PluginFailed as failure:
            self._quarantine.put(self.name, failure)
