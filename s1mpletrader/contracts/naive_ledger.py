"""A ledger over a plain list of changes: slow, obvious, and what real ledgers are compared with."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from s1mpletrader.api import (
    ConflictingRecord,
    ExternalFill,
    Fill,
    FillId,
    FundsMoved,
    GroupAdvanced,
    GroupId,
    GroupOpened,
    LedgerChange,
    MissingParent,
    Order,
    OrderChanged,
    OrderId,
    OrderIntended,
    TradeId,
    TradeOpened,
    apply_event,
    apply_fill,
    order_from_intent,
)

C = TypeVar("C")


class NaiveLedger:
    """Reads a book by going through all of its changes, each time anew."""

    def __init__(self, book: str, changes: Sequence[LedgerChange]) -> None:
        self._book, self._changes = book, changes

    @property
    def book(self) -> str:
        """The book's name."""
        return self._book

    def get_order(self, order_id: OrderId) -> Order | None:
        """The order, folded."""
        order: Order | None = None
        for change in self._changes:
            match change:
                case OrderIntended() if change.order_id == order_id:
                    order = order_from_intent(change)
                case OrderChanged() if order is not None and change.order_id == order_id:
                    order = apply_event(order, change)
                case Fill() if order is not None and change.order_id == order_id:
                    order = apply_fill(order, change)
                case _:
                    pass
        return order

    def get_fill(self, fill_id: FillId) -> Fill | None:
        """The fill."""
        return next((fill for fill in self._of(Fill) if fill.fill_id == fill_id), None)

    def get_group(self, group_id: GroupId) -> GroupOpened | None:
        """The group."""
        return next((group for group in self._of(GroupOpened) if group.group_id == group_id), None)

    def get_group_state(self, group_id: GroupId) -> GroupAdvanced | None:
        """The group's latest state."""
        return next((step for step in reversed(list(self._of(GroupAdvanced))) if step.group_id == group_id), None)

    def get_trade(self, trade_id: TradeId) -> TradeOpened | None:
        """The trade."""
        return next((trade for trade in self._of(TradeOpened) if trade.trade_id == trade_id), None)

    def find_order(self, *, client_order_id: str | None = None, exchange_order_id: str | None = None) -> Order | None:
        """The order by either of the venue's ids."""
        return next(
            (
                order
                for order in self.orders()
                if (client_order_id is not None and order.intent.client_order_id == client_order_id)
                or (exchange_order_id is not None and order.exchange_order_id == exchange_order_id)
            ),
            None,
        )

    def order_events(self, order_id: OrderId) -> Sequence[OrderChanged]:
        """The order's events."""
        return tuple(event for event in self._of(OrderChanged) if event.order_id == order_id)

    def orders(
        self,
        *,
        strategy: str | None = None,
        trade_id: TradeId | None = None,
        group_id: GroupId | None = None,
        live: bool = False,
    ) -> Iterator[Order]:
        """Orders by their intents."""
        for intent in self._of(OrderIntended):
            wanted = ((strategy, intent.strategy), (trade_id, intent.trade_id), (group_id, intent.group_id))
            order = self.get_order(intent.order_id)
            if order is not None and all(want in (None, found) for want, found in wanted) and (order.live or not live):
                yield order

    def fills(self, *, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
        """Fills as booked."""
        strategies = {intent.order_id: intent.strategy for intent in self._of(OrderIntended)}
        for fill in self._of(Fill):
            if order_id in (None, fill.order_id) and strategy in (None, strategies.get(fill.order_id)):
                yield fill

    def trades(self, *, strategy: str | None = None) -> Iterator[TradeOpened]:
        """Trades as opened."""
        return (trade for trade in self._of(TradeOpened) if strategy in (None, trade.strategy))

    def funds(self, *, strategy: str | None = None) -> Iterator[FundsMoved]:
        """Movements of funds as booked."""
        return (funds for funds in self._of(FundsMoved) if strategy in (None, funds.strategy))

    def external_fills(self) -> Iterator[ExternalFill]:
        """Fills of unknown orders."""
        return self._of(ExternalFill)

    def active_groups(self) -> Iterator[GroupOpened]:
        """Groups that are not done."""
        for group in self._of(GroupOpened):
            latest = self.get_group_state(group.group_id)
            if not (latest or group).done:
                yield group

    def changes(self) -> Iterator[LedgerChange]:
        """Everything, as written."""
        return iter(self._changes)

    def _of(self, kind: type[C]) -> Iterator[C]:
        return (change for change in self._changes if isinstance(change, kind))


class NaiveLedgerStore(NaiveLedger):
    """The writing side: a transaction works on a copy, which takes the list's place when it ends well."""

    def __init__(self, book: str, changes: list[LedgerChange]) -> None:
        super().__init__(book, changes)
        self._stored = changes

    @property
    def transaction_domain(self) -> Hashable:
        """No other store shares its transactions."""
        return id(self._stored)

    @contextmanager
    def begin(self) -> Iterator[list[LedgerChange]]:
        """A copy to write to."""
        copy = list(self._stored)
        yield copy
        self._stored[:] = copy

    def write(self, tx: list[LedgerChange], changes: Sequence[LedgerChange]) -> Sequence[LedgerChange]:
        """Append what is new, each change checked against what stands before it."""
        fresh = []
        for change in changes:
            present = next((other for other in tx if identity(other) == identity(change)), None)
            if present is None:
                check(NaiveLedger(self._book, tx), change)
                tx.append(change)
                fresh.append(change)
            elif present != change:
                raise ConflictingRecord(f"the ledger holds another record under {identity(change)}")
        return fresh

    def discard(self) -> None:
        """Forget everything."""
        self._stored.clear()


def identity(change: LedgerChange) -> tuple[Any, ...]:
    """What makes a change the same change, delivered again."""
    match change:
        case FundsMoved():
            return "funds", change.strategy, change.asset, change.kind, change.at, change.ordinal
        case TradeOpened():
            return "trade", change.trade_id
        case GroupOpened():
            return "group", change.group_id
        case GroupAdvanced():
            return "group", change.group_id, change.ordinal
        case OrderIntended():
            return "order", change.order_id
        case OrderChanged():
            return "order", change.order_id, change.ordinal
        case Fill() | ExternalFill():
            return "fill", change.fill_id


def check(ledger: NaiveLedger, change: LedgerChange) -> None:
    """Raise ``MissingParent`` or ``IllegalTransition`` where the change cannot follow."""
    match change:
        case GroupOpened():
            _require(ledger.get_trade(change.trade_id), change.trade_id)
        case GroupAdvanced():
            _require(ledger.get_group(change.group_id), change.group_id)
        case OrderIntended():
            group = _require(ledger.get_group(change.group_id), change.group_id)
            if group.trade_id != change.trade_id:
                raise MissingParent(f"{change.group_id} is no group of {change.trade_id}")
        case OrderChanged():
            apply_event(_require(ledger.get_order(change.order_id), change.order_id), change)
        case Fill():
            apply_fill(_require(ledger.get_order(change.order_id), change.order_id), change)
        case _:
            pass


def _require(parent: C | None, parent_id: str) -> C:
    if parent is None:
        raise MissingParent(f"there is no {parent_id}")
    return parent
