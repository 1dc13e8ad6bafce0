"""The laws of the ledger on writing, for every store that implements it: states, ordinals, parents, and idempotency."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from msgspec.structs import replace

from s1mpletrader.domain.errors import IllegalTransition, Refused
from s1mpletrader.domain.ids import GroupId, OrderId, TradeId
from s1mpletrader.domain.order import Order, apply_event, apply_fill, order_from_intent
from s1mpletrader.domain.reality import (
    ExternalFill,
    Fill,
    FundsMoved,
    GroupAdvanced,
    GroupOpened,
    LedgerChange,
    OrderChanged,
    OrderIntended,
    TradeOpened,
)
from s1mpletrader.ports.ledger import ConflictingRecord, MissingParent

PARENTS_MAX: Final = 4096
"""How many groups, and how many trades, are remembered; a forgotten one is looked up again."""


class GroupStanding(NamedTuple):
    """What the rules have to know of a group: whose it is, and how often it has advanced."""

    trade_id: TradeId
    advance_count: int


class IStoredBook(Protocol):
    """A book as it stands within the transaction that is being written."""

    def order(self, order_id: OrderId) -> Order | None:
        """The order as it is stored."""
        ...

    def group(self, group_id: GroupId) -> GroupStanding | None:
        """The group as it is stored."""
        ...

    def has_trade(self, trade_id: TradeId) -> bool:
        """Whether the trade is stored."""
        ...

    def same(self, change: LedgerChange) -> LedgerChange | None:
        """What is stored under the identity of this change."""
        ...


class LedgerRules:
    """What a ledger asks before it stores anything.

    It remembers the live orders of one book and the latest groups and trades; an order that has ended leaves with the write
    after the one that ended it. All of it can be looked up again, so that ``forget`` is always safe: call it when a transaction
    is undone, or when somebody else has written to the book.
    """

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order] = {}
        self._ended: list[OrderId] = []
        self._groups: dict[GroupId, GroupStanding] = {}
        self._trades: set[TradeId] = set()

    @property
    def remembered(self) -> int:
        """How many orders are in memory."""
        return len(self._orders)

    def forget(self) -> None:
        """Remember nothing."""
        self._orders.clear()
        self._ended.clear()
        self._groups.clear()
        self._trades.clear()

    def check(self, changes: Iterable[LedgerChange], stored: IStoredBook) -> None:
        """Raise unless the changes follow, one after the other, upon what is stored; each is taken to be new.

        Raises ``IllegalTransition``, ``MissingParent`` or, for an amount that is no number, ``Refused``. A repetition that shows
        itself is refused as well: a store that may get one asks ``sift``.
        """
        self._let_go()
        try:
            for change in changes:
                _CHECKS[type(change)](self, change, stored)
        except BaseException:
            self.forget()
            raise

    def sift(self, changes: Iterable[LedgerChange], stored: IStoredBook) -> list[LedgerChange]:
        """The changes that are new, checked. Equal ones are left out; another one under the same identity is a conflict."""
        self._let_go()
        fresh: dict[tuple[Any, ...], LedgerChange] = {}
        try:
            for change in changes:
                key = change_identity(change)
                known = fresh.get(key) or stored.same(change)
                if known is None:
                    _CHECKS[type(change)](self, change, stored)
                    fresh[key] = change
                else:
                    _require_equal(known, change)
        except BaseException:
            self.forget()
            raise
        return list(fresh.values())

    def _let_go(self) -> None:
        """Drop what has ended: by now its rows are written, so that it can be looked up."""
        for order_id in self._ended:
            order = self._orders.get(order_id)
            if order is not None and not order.live:
                del self._orders[order_id]
        self._ended.clear()
        if len(self._groups) > PARENTS_MAX:
            self._groups.clear()
        if len(self._trades) > PARENTS_MAX:
            self._trades.clear()

    def _keep(self, order: Order) -> None:
        order_id = order.intent.order_id
        self._orders[order_id] = order
        if not order.live:
            self._ended.append(order_id)

    def _order(self, order_id: OrderId, stored: IStoredBook) -> Order:
        order = self._orders.get(order_id)
        if order is None:
            order = stored.order(order_id)
            if order is None:
                raise MissingParent(f"the ledger has no order {order_id}")
        return order

    def _group(self, group_id: GroupId, stored: IStoredBook) -> GroupStanding:
        group = self._groups.get(group_id)
        if group is None:
            group = stored.group(group_id)
            if group is None:
                raise MissingParent(f"the ledger has no group {group_id}")
            self._groups[group_id] = group
        return group

    def _check_funds(self, change: FundsMoved, stored: IStoredBook) -> None:
        if not change.amount.is_finite():
            raise Refused(f"{change.amount} is no amount of {change.asset}")

    def _check_trade(self, change: TradeOpened, stored: IStoredBook) -> None:
        self._trades.add(change.trade_id)

    def _check_group(self, change: GroupOpened, stored: IStoredBook) -> None:
        if change.trade_id not in self._trades:
            if not stored.has_trade(change.trade_id):
                raise MissingParent(f"the ledger has no trade {change.trade_id}")
            self._trades.add(change.trade_id)
        self._groups[change.group_id] = GroupStanding(change.trade_id, 0)

    def _check_advance(self, change: GroupAdvanced, stored: IStoredBook) -> None:
        group = self._group(change.group_id, stored)
        if change.ordinal != group.advance_count + 1:
            raise IllegalTransition(f"{change.group_id}: state {change.ordinal} does not follow state {group.advance_count}")
        self._groups[change.group_id] = GroupStanding(group.trade_id, change.ordinal)

    def _check_intent(self, change: OrderIntended, stored: IStoredBook) -> None:
        if change.order_id in self._orders:
            raise IllegalTransition(f"{change.order_id} is intended already")
        if self._group(change.group_id, stored).trade_id != change.trade_id:
            raise MissingParent(f"{change.trade_id} has no group {change.group_id}")
        if change.replaces is not None:
            self._order(change.replaces, stored)
        self._orders[change.order_id] = order_from_intent(change)

    def _check_event(self, change: OrderChanged, stored: IStoredBook) -> None:
        order = self._order(change.order_id, stored)
        if change.ordinal != order.event_count + 1:
            raise IllegalTransition(f"{change.order_id}: event {change.ordinal} does not follow event {order.event_count}")
        self._keep(apply_event(order, change))

    def _check_fill(self, change: Fill, stored: IStoredBook) -> None:
        order = self._order(change.order_id, stored)
        if change.fill_id in order.fill_ids:
            raise IllegalTransition(f"{change.fill_id} is booked already")
        _check_fee(change)
        self._keep(apply_fill(order, change))

    def _check_external_fill(self, change: ExternalFill, stored: IStoredBook) -> None:
        _check_fee(change)


_CHECKS: Final[Mapping[type, Callable[[LedgerRules, Any, IStoredBook], None]]] = {
    FundsMoved: LedgerRules._check_funds,  # noqa: SLF001 - the class's own table of its own methods
    TradeOpened: LedgerRules._check_trade,  # noqa: SLF001
    GroupOpened: LedgerRules._check_group,  # noqa: SLF001
    GroupAdvanced: LedgerRules._check_advance,  # noqa: SLF001
    OrderIntended: LedgerRules._check_intent,  # noqa: SLF001
    OrderChanged: LedgerRules._check_event,  # noqa: SLF001
    Fill: LedgerRules._check_fill,  # noqa: SLF001
    ExternalFill: LedgerRules._check_external_fill,  # noqa: SLF001
}


def change_identity(change: LedgerChange) -> tuple[Any, ...]:
    """What makes two changes the same one: the kind of record, and its key within a book."""
    match change:
        case OrderIntended():
            return OrderIntended, change.order_id
        case OrderChanged():
            return OrderChanged, change.order_id, change.ordinal
        case Fill() | ExternalFill():
            return type(change), change.fill_id
        case TradeOpened():
            return TradeOpened, change.trade_id
        case GroupOpened():
            return GroupOpened, change.group_id
        case GroupAdvanced():
            return GroupAdvanced, change.group_id, change.ordinal
        case FundsMoved():
            return FundsMoved, change.strategy, change.asset, change.kind, change.at, change.ordinal


def fold_order(history: Sequence[LedgerChange]) -> Order:
    """The order that an intent, followed by its events and fills in the order of writing, adds up to."""
    intent, *rest = history
    if not isinstance(intent, OrderIntended):
        raise TypeError(f"an order begins with its intent, found {intent}")
    order = order_from_intent(intent)
    for change in rest:
        if isinstance(change, OrderChanged):
            order = apply_event(order, change)
        elif isinstance(change, Fill):
            order = apply_fill(order, change)
    return order


def _check_fee(fill: Fill | ExternalFill) -> None:
    if not fill.fee.is_finite():
        raise Refused(f"{fill.fill_id}: {fill.fee} is no fee")


def _require_equal(known: LedgerChange, change: LedgerChange) -> None:
    """Raise unless a delivery says what is stored. A fill is the same however and whenever it was learnt."""
    if isinstance(known, Fill | ExternalFill) and isinstance(change, Fill | ExternalFill):
        change = replace(change, at=known.at, source=known.source)
    if known != change:
        raise ConflictingRecord(f"the ledger holds {known}, and not {change}")
