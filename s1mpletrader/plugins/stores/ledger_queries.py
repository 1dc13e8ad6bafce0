"""What is asked of one book, on one connection."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, Final, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, or_, select

from s1mpletrader.api import (
    ZERO,
    Fill,
    GroupAdvanced,
    GroupId,
    GroupOpened,
    GroupStanding,
    LedgerChange,
    Order,
    OrderChanged,
    OrderEventKind,
    OrderId,
    OrderIntended,
    TradeId,
    TradeOpened,
    fold_order,
)
from s1mpletrader.plugins.stores.ledger_rows import SHAPES
from s1mpletrader.plugins.stores.types import EXACT_SUM

ROWS_MAX: Final = 500
"""How many rows are in memory at once while many are read."""

_GROUP: Final = SHAPES[GroupOpened].table
_GROUP_EVENT: Final = SHAPES[GroupAdvanced].table
_ORDER: Final = SHAPES[OrderIntended].table
_ORDER_EVENT: Final = SHAPES[OrderChanged].table
_FILL: Final = SHAPES[Fill].table

_ENDS: Final = [
    kind.value
    for kind in (
        OrderEventKind.REJECTED,
        OrderEventKind.CANCELLED,
        OrderEventKind.REPLACED,
        OrderEventKind.EXPIRED,
        OrderEventKind.NOT_PLACED,
    )
]
_RETURNS: Final = [OrderEventKind.REOPENED.value, OrderEventKind.AMENDED.value]
"""Events after which the others do not tell at a glance how the order stands."""

C = TypeVar("C", bound=LedgerChange)


class BookQueries:
    """Reads a book's rows as changes and orders. Also what the rules of the ledger ask while a write is checked."""

    __slots__ = ("_book", "_connection")

    def __init__(self, connection: Connection, book: str) -> None:
        self._connection = connection
        self._book = book

    def one(self, kind: type[C], *key: Any) -> C | None:
        """The change with this primary key."""
        table = SHAPES[kind].table
        columns = [column for column in table.primary_key.columns if column.name != "book"]
        return self._first(kind, *(column == value for column, value in zip(columns, key, strict=True)))

    def some(self, kind: type[C], *conditions: ColumnElement[bool]) -> Iterator[C]:
        """The changes of a kind in the order of writing."""
        return map(itemgetter(1), self._numbered(kind, *conditions))

    def everything(self) -> Iterator[LedgerChange]:
        """All changes in the order of writing."""
        return map(itemgetter(1), merge(*(self._numbered(kind) for kind in SHAPES), key=itemgetter(0)))

    def order(self, order_id: OrderId) -> Order | None:
        """The order as it stands."""
        intent = self.one(OrderIntended, order_id)
        if intent is None:
            return None
        return next(self._folded([intent]))

    def orders(
        self, strategy: str | None = None, trade_id: TradeId | None = None, group_id: GroupId | None = None, *, live: bool = False
    ) -> Iterator[Order]:
        """Orders in the order of their intents: three queries for every batch of them."""
        conditions: list[ColumnElement[bool]] = []
        if strategy is not None:
            conditions.append(_ORDER.c.strategy == strategy)
        if group_id is not None:
            conditions.append(_ORDER.c.group_id == group_id)
        if trade_id is not None:
            groups = select(_GROUP.c.group_id).where(_GROUP.c.book == self._book, _GROUP.c.trade_id == trade_id)
            conditions.append(_ORDER.c.group_id.in_(groups))
        if live:
            conditions.append(self._may_be_live())
        intents = self.some(OrderIntended, *conditions)
        while batch := list(islice(intents, ROWS_MAX)):
            yield from (order for order in self._folded(batch) if order.live or not live)

    def fills(self, order_id: OrderId | None = None, strategy: str | None = None) -> Iterator[Fill]:
        """Fills in the order in which they were booked."""
        conditions = [_FILL.c.order_id == order_id] if order_id is not None else []
        if strategy is not None:
            own = select(_ORDER.c.order_id).where(_ORDER.c.book == self._book, _ORDER.c.order_id == _FILL.c.order_id)
            conditions.append(own.where(_ORDER.c.strategy == strategy).exists())
        return self.some(Fill, *conditions)

    def order_of_client(self, client_order_id: str) -> OrderId | None:
        """The order by the id that the venue was given: our own id, or one made from it."""
        ids = self._select(_ORDER, _ORDER.c.client_order_id == client_order_id).with_only_columns(_ORDER.c.order_id)
        found = self._connection.scalar(ids.where(_ORDER.c.order_id == client_order_id))
        if found is None:
            others = ids.where(_ORDER.c.client_order_id != _ORDER.c.order_id)
            found = self._connection.scalar(others.order_by(None).order_by(_ORDER.c.written.desc()).limit(1))
        return found

    def order_of_venue(self, exchange_order_id: str) -> OrderId | None:
        """The order by the venue's id; the latest, since some venues number each symbol's orders anew."""
        query = (
            select(_ORDER_EVENT.c.order_id)
            .where(_ORDER_EVENT.c.book == self._book, _ORDER_EVENT.c.exchange_order_id == exchange_order_id)
            .order_by(_ORDER_EVENT.c.written.desc())
            .limit(1)
        )
        return cast(OrderId | None, self._connection.scalar(query))

    def group_state(self, group_id: GroupId) -> GroupAdvanced | None:
        """The group's latest state."""
        return self._first(GroupAdvanced, _GROUP_EVENT.c.group_id == group_id, latest=True)

    def active_groups(self) -> Iterator[GroupOpened]:
        """Groups whose latest state is not done."""
        latest = (
            select(_GROUP_EVENT.c.done)
            .where(_GROUP_EVENT.c.book == _GROUP.c.book, _GROUP_EVENT.c.group_id == _GROUP.c.group_id)
            .order_by(_GROUP_EVENT.c.ordinal.desc())
            .limit(1)
            .scalar_subquery()
        )
        return self.some(GroupOpened, func.coalesce(latest, _GROUP.c.done).is_(False))

    def group(self, group_id: GroupId) -> GroupStanding | None:
        """The group, as the rules need it."""
        opened = self.one(GroupOpened, group_id)
        if opened is None:
            return None
        state = self.group_state(group_id)
        return GroupStanding(opened.trade_id, state.ordinal if state is not None else 0)

    def has_trade(self, trade_id: TradeId) -> bool:
        """Whether the book has the trade."""
        return self.one(TradeOpened, trade_id) is not None

    def same(self, change: LedgerChange) -> LedgerChange | None:
        """What is stored under the identity of this change."""
        return self.one(type(change), *SHAPES[type(change)].key(change))

    def _may_be_live(self) -> ColumnElement[bool]:
        """A condition that leaves out almost every order that has ended, and none that lives."""
        events = select(_ORDER_EVENT.c.kind).where(
            _ORDER_EVENT.c.book == self._book, _ORDER_EVENT.c.order_id == _ORDER.c.order_id
        )
        exact_sum = getattr(func, EXACT_SUM) if self._connection.dialect.name == "sqlite" else func.sum
        filled = (
            select(func.coalesce(exact_sum(_FILL.c.quantity, type_=_FILL.c.quantity.type), ZERO))
            .where(_FILL.c.book == self._book, _FILL.c.order_id == _ORDER.c.order_id)
            .scalar_subquery()
        )
        return or_(
            events.where(_ORDER_EVENT.c.kind.in_(_RETURNS)).exists(),
            and_(~events.where(_ORDER_EVENT.c.kind.in_(_ENDS)).exists(), _ORDER.c.quantity > filled),
        )

    def _folded(self, intents: list[OrderIntended]) -> Iterator[Order]:
        histories: dict[OrderId, list[LedgerChange]] = {intent.order_id: [intent] for intent in intents}
        later: list[tuple[int, OrderChanged | Fill]] = []
        for kind, ids in ((OrderChanged, _ORDER_EVENT.c.order_id), (Fill, _FILL.c.order_id)):
            shape = SHAPES[kind]
            rows = self._connection.execute(self._select(shape.table, ids.in_(histories))).mappings()
            later += [(row["written"], cast(OrderChanged | Fill, shape.change(row))) for row in rows]
        for _, change in sorted(later, key=itemgetter(0)):
            histories[change.order_id].append(change)
        return map(fold_order, histories.values())

    def _first(self, kind: type[C], *conditions: ColumnElement[bool], latest: bool = False) -> C | None:
        shape = SHAPES[kind]
        order = shape.table.c.written.desc() if latest else shape.table.c.written
        query = self._select(shape.table, *conditions).order_by(None).order_by(order).limit(1)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else cast(C, shape.change(row))

    def _numbered(self, kind: type[C], *conditions: ColumnElement[bool]) -> Iterator[tuple[int, C]]:
        shape = SHAPES[kind]
        for row in self._stream(self._select(shape.table, *conditions)):
            yield row["written"], cast(C, shape.change(row))

    def _select(self, table: Any, *conditions: ColumnElement[bool]) -> Select[Any]:
        return select(table).where(table.c.book == self._book, *conditions).order_by(table.c.written)

    def _stream(self, query: Select[Any]) -> Iterator[RowMapping]:
        with self._connection.execute(query.execution_options(yield_per=ROWS_MAX)) as result:
            yield from result.mappings()
