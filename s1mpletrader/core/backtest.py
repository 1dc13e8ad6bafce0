"""A backtest from its first entry to its last: opened with its identity and funds, driven, and ended."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Final

from s1mpletrader.core.book import Book
from s1mpletrader.core.clock import VirtualClock
from s1mpletrader.core.engine import Engine
from s1mpletrader.core.events import EventLane
from s1mpletrader.core.market import Market
from s1mpletrader.core.recorder import Recorder, Step
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.errors import Refused
from s1mpletrader.domain.money import total
from s1mpletrader.domain.reality import FundsKind, FundsMoved
from s1mpletrader.domain.reasons import SCHEMA_VERSION, EntryDraft, EntryKind, Reasons, RunIdentity
from s1mpletrader.ports.journal import IJournal
from s1mpletrader.ports.ledger import ILedger

_HEAP_PATIENCE: Final = 50
"""How many times as many new objects as usual are there before the garbage collector looks for cycles among them."""


class AlreadyRecorded(Refused):
    """The store holds this very run: same configuration, same data, same seed."""


class Backtest:
    """One run of one or several strategies in virtual time."""

    def __init__(
        self,
        *,
        identity: RunIdentity,
        funds: Mapping[str, Mapping[str, Decimal]],
        engine: Engine,
        book: Book,
        markets: Mapping[str, Market],
        events: Sequence[EventLane],
        recorder: Recorder,
        ledger: ILedger,
        journal: IJournal,
        clock: VirtualClock,
    ) -> None:
        self.identity = identity
        self._funds = funds
        self._engine = engine
        self._book = book
        self._markets = markets
        self._events = events
        self._recorder = recorder
        self._ledger = ledger
        self._journal = journal
        self._clock = clock

    def make_room(self, *, replace: bool) -> None:
        """See that the store does not hold this run; ``replace`` discards what it holds, else ``AlreadyRecorded``."""
        if self._journal.head(self.identity.run) is None and next(iter(self._ledger.changes()), None) is None:
            return
        if not replace:
            raise AlreadyRecorded(f"the store holds the run {self.identity.run} already")
        self._ledger.discard()
        self._journal.discard(self.identity.run)

    def run(self) -> None:
        """Open the account, let everything happen, and make it durable."""
        self._open()
        with _heap_at_rest():
            self._engine.run()
        prices = {symbol: price for market in self._markets.values() for symbol, price in market.prices().items()}
        reasons = Reasons(v=SCHEMA_VERSION, text="the market data has ended", prices=prices)
        self._recorder.record(Step((), (EntryDraft(EntryKind.RUN_ENDED, self._clock.now(), reasons),)))
        self._recorder.flush()

    def view(self, strategy: str) -> AccountView:
        """A strategy's sub-account as it stands."""
        return self._book.view(strategy)

    def equity(self, strategy: str) -> Decimal:
        """What a strategy's sub-account is worth at the last prices."""
        return self.view(strategy).equity(self._markets[strategy].prices())

    def total_equity(self) -> Decimal:
        """What the account is worth at the last prices."""
        return total(self.equity(strategy) for strategy in self.identity.strategies)

    def _open(self) -> None:
        at = self._clock.now()
        funds = tuple(
            FundsMoved(strategy=strategy, asset=asset, amount=amount, kind=FundsKind.OPENING, at=at)
            for strategy in self.identity.strategies
            for asset, amount in sorted(self._funds[strategy].items())
        )
        reasons = Reasons(v=SCHEMA_VERSION, run=self.identity)
        self._recorder.record(Step(funds, (EntryDraft(EntryKind.RUN_STARTED, at, reasons),)))
        for change in funds:
            self._book.apply(change)
        for lane in self._events:
            lane.begin()


@contextmanager
def _heap_at_rest() -> Iterator[None]:
    """Let the garbage collector leave alone what a run began with, and look less often at what waits to be written.

    Flows make no cycles. Those that a plugin makes are found, only later.
    """
    threshold, *others = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(threshold * _HEAP_PATIENCE, *others)
    try:
        yield
    finally:
        gc.set_threshold(threshold, *others)
        gc.unfreeze()
