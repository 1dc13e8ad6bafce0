"""A ledger for as long as the process lives, with the laws of one that lasts."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

from s1mpletrader.api import (
    ExternalFill,
    Fill,
    FillId,
    FundsMoved,
    GroupAdvanced,
    GroupId,
    GroupOpened,
    GroupStanding,
    LedgerChange,
    LedgerRules,
    Order,
    OrderChanged,
    OrderId,
    OrderIntended,
    Refused,
    TradeId,
    TradeOpened,
    change_identity,
    fold_order,
)
from s1mpletrader.plugins.stores.memory_transaction import MEMORY_DOMAIN, MemoryTransaction, begin_in_memory

C = TypeVar("C", bound=LedgerChange)


class Shelf:
    """The changes of a book as they were written, and the ways to find them. Also what the rules of the ledger ask."""

    def __init__(self, changes: Sequence[LedgerChange] = ()) -> None:
        self.changes: list[LedgerChange] = []
        self.of_kind: dict[type[Any], list[LedgerChange]] = {}
        self.histories: dict[OrderId, list[LedgerChange]] = {}
        self.advances: dict[GroupId, list[GroupAdvanced]] = {}
        self.by_client: dict[str, OrderId] = {}
        self.by_venue: dict[str, OrderId] = {}
        self._by_identity: dict[tuple[Any, ...], LedgerChange] = {}
        for change in changes:
            self.put(change)

    def put(self, change: LedgerChange) -> None:
        """Add a change that the rules have let pass."""
        self.changes.append(change)
        self._by_identity[change_identity(change)] = change
        self.of_kind.setdefault(type(change), []).append(change)
        match change:
            case OrderIntended():
                self.histories[change.order_id] = [change]
                self.by_client[change.client_order_id] = change.order_id
            case OrderChanged():
                self.histories[change.order_id].append(change)
                if change.exchange_order_id is not None:
                    self.by_venue[change.exchange_order_id] = change.order_id
            case Fill():
                self.histories[change.order_id].append(change)
            case GroupAdvanced():
                self.advances.setdefault(change.group_id, []).append(change)
            case _:
                pass

    def one(self, kind: type[C], *key: Any) -> C | None:
        """The change of a kind under its key."""
        return cast(C | None, self._by_identity.get((kind, *key)))

    def some(self, kind: type[C]) -> list[C]:
        """The changes of a kind in the order of writing, as of now."""
        return cast(list[C], self.of_kind.get(kind, [])[:])

    def order(self, order_id: OrderId) -> Order | None:
        """The order as it stands."""
        history = self.histories.get(order_id)
        return fold_order(history) if history else None

    def group(self, group_id: GroupId) -> GroupStanding | None:
        """The group, as the rules need it."""
        opened = self.one(GroupOpened, group_id)
        return None if opened is None else GroupStanding(opened.trade_id, len(self.advances.get(group_id, ())))

    def has_trade(self, trade_id: TradeId) -> bool:
        """Whether the book has the trade."""
        return self.one(TradeOpened, trade_id) is not None

    def same(self, change: LedgerChange) -> LedgerChange | None:
        """What is stored under the identity of this change."""
        return self._by_identity.get(change_identity(change))


class MemoryLedger:
    """Keeps the changes of one book in a list."""

    def __init__(self, book: str, *, lasting: bool = False) -> None:
        self._book = book
        self._lasting = lasting
        self._shelf = Shelf()
        self._rules = LedgerRules()

    @property
    def book(self) -> str:
        """The book that is kept."""
        return self._book

    @property
    def transaction_domain(self) -> Hashable:
        """The same for all stores in memory."""
        return MEMORY_DOMAIN

    def begin(self) -> AbstractContextManager[MemoryTransaction]:
        """A transaction."""
        return begin_in_memory()

    def write(self, tx: MemoryTransaction, changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
        """Append the changes that are new, and return them."""
        length = len(self._shelf.changes)
        fresh = self._rules.sift(changes, self._shelf)
        tx.when_undone(lambda: self._take_back(length))
        for change in fresh:
            self._shelf.put(change)
        return fresh

    def discard(self) -> None:
        """Forget everything; ``Refused`` where real orders depend on the book."""
        if self._lasting:
            raise Refused(f"real orders depend on the book {self._book}: it is never discarded")
        self._take_back(0)

    def get_order(self, order_id: OrderId) -> Order | None:
        """The order as its events and fills leave it."""
        return self._shelf.order(order_id)

    def get_fill(self, fill_id: FillId) -> Fill | None:
        """The fill as it was booked."""
        return self._shelf.one(Fill, fill_id)

    def get_group(self, group_id: GroupId) -> GroupOpened | None:
        """The group as it began."""
        return self._shelf.one(GroupOpened, group_id)

    def get_group_state(self, group_id: GroupId) -> GroupAdvanced | None:
        """The group's latest state; None while it is as it began."""
        advances = self._shelf.advances.get(group_id)
        return advances[-1] if advances else None

    def get_trade(self, trade_id: TradeId) -> TradeOpened | None:
        """The trade as it began."""
        return self._shelf.one(TradeOpened, trade_id)

    def find_order(self, *, client_order_id: str | None = None, exchange_order_id: str | None = None) -> Order | None:
        """The order that a venue's message means; the client's id counts first."""
        found = self._shelf.by_client.get(client_order_id) if client_order_id is not None else None
        if found is None and exchange_order_id is not None:
            found = self._shelf.by_venue.get(exchange_order_id)
        return self._shelf.order(found) if found is not None else None

    def order_events(self, order_id: OrderId) -> Sequence[OrderChanged]:
        """The order's events by their ordinal."""
        return tuple(change for change in self._shelf.histories.get(order_id, ()) if isinstance(change, OrderChanged))

    def orders(
        self,
        *,
        strategy: str | None = None,
        trade_id: TradeId | None = None,
        group_id: GroupId | None = None,
        live: bool = False,
    ) -> Iterator[Order]:
        """Orders in the order of their intents; ``live`` leaves out the terminal ones."""
        for intent in self._shelf.some(OrderIntended):
            if (
                strategy in (None, intent.strategy)
                and trade_id in (None, intent.trade_id)
                and group_id in (None, intent.group_id)
            ):
                order = fold_order(self._shelf.histories[intent.order_id])
                if order.live or not live:
                    yield order

    def fills(self, *, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
        """Fills in the order in which they were booked."""
        for fill in self._shelf.some(Fill):
            intent = self._shelf.one(OrderIntended, fill.order_id)
            if order_id in (None, fill.order_id) and (strategy is None or (intent is not None and intent.strategy == strategy)):
                yield fill

    def trades(self, *, strategy: str | None = None) -> Iterator[TradeOpened]:
        """Trades in the order of their opening."""
        return (trade for trade in self._shelf.some(TradeOpened) if strategy in (None, trade.strategy))

    def funds(self, *, strategy: str | None = None) -> Iterator[FundsMoved]:
        """Movements of funds in the order in which they were booked."""
        return (funds for funds in self._shelf.some(FundsMoved) if strategy in (None, funds.strategy))

    def external_fills(self) -> Iterator[ExternalFill]:
        """Fills of orders that this ledger does not know, in the order in which they were booked."""
        return iter(self._shelf.some(ExternalFill))

    def active_groups(self) -> Iterator[GroupOpened]:
        """Groups that are not done, as they began."""
        for group in self._shelf.some(GroupOpened):
            if not (self.get_group_state(group.group_id) or group).done:
                yield group

    def changes(self) -> Iterator[LedgerChange]:
        """Every change in the order in which it was written."""
        return iter(self._shelf.changes[:])

    def _take_back(self, length: int) -> None:
        """Go back to the first changes."""
        self._rules.forget()
        self._shelf = Shelf(self._shelf.changes[:length])
