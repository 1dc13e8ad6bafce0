"""A local order book: a snapshot, and every change after it without a gap."""

from collections import deque
from decimal import Decimal
from typing import NamedTuple

from s1mpletrader.plugins.binance.market_messages import DepthAnswer, DepthEvent, Levels
from s1mpletrader.plugins.binance.messages import amount


class Level(NamedTuple):
    """A price, and what waits at it."""

    price: Decimal
    quantity: Decimal


class BookView(NamedTuple):
    """The best levels of a book, best first, after the venue's update of this id."""

    update_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class LocalBook:
    """Changes are kept until a snapshot fits them; a gap makes the book wait for another snapshot."""

    def __init__(self, waiting_max: int = 10_000) -> None:
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}
        self._update_id: int | None = None
        self._waiting: deque[DepthEvent] = deque(maxlen=waiting_max)

    @property
    def synchronised(self) -> bool:
        """Whether the book is the venue's, as far as has been heard."""
        return self._update_id is not None

    def reset(self) -> None:
        """Forget everything: the stream has had a gap."""
        self._update_id = None
        self._waiting.clear()

    def change(self, event: DepthEvent) -> bool:
        """Apply a change, or keep it until there is a snapshot; whether the book is another one now."""
        if self._update_id is None:
            self._waiting.append(event)
            return False
        if event.last_id <= self._update_id:
            return False
        if event.first_id > self._update_id + 1:
            self.reset()
            self._waiting.append(event)
            return False
        self._apply(event)
        return True

    def load(self, snapshot: DepthAnswer) -> bool:
        """Start from a snapshot. False where it is older than the changes that were kept: another is needed."""
        if self._waiting and snapshot.last_update_id + 1 < self._waiting[0].first_id:
            return False
        waiting, self._waiting = self._waiting, deque(maxlen=self._waiting.maxlen)
        self._bids, self._asks = {}, {}
        _set_levels(self._bids, snapshot.bids)
        _set_levels(self._asks, snapshot.asks)
        self._update_id = snapshot.last_update_id
        for event in waiting:
            self.change(event)
        return self.synchronised

    def view(self, depth: int) -> BookView:
        """The best levels."""
        bids = sorted(self._bids.items(), reverse=True)[:depth]
        asks = sorted(self._asks.items())[:depth]
        return BookView(self._update_id or 0, tuple(Level(*bid) for bid in bids), tuple(Level(*ask) for ask in asks))

    def _apply(self, event: DepthEvent) -> None:
        _set_levels(self._bids, event.bids)
        _set_levels(self._asks, event.asks)
        self._update_id = event.last_id


def _set_levels(side: dict[Decimal, Decimal], levels: Levels) -> None:
    for price, quantity in levels:
        if amount(quantity):
            side[amount(price)] = quantity
        else:
            side.pop(price, None)
