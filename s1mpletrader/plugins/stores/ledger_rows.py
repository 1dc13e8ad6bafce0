"""Between a ledger's changes and the rows of its tables: both ways, each kind of change in one table."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from msgspec import convert
from sqlalchemy import RowMapping, Table

from s1mpletrader.api import (
    ExternalFill,
    Fill,
    FundsMoved,
    GroupAdvanced,
    GroupOpened,
    LedgerChange,
    OrderChanged,
    OrderDetails,
    OrderIntended,
    TradeOpened,
)
from s1mpletrader.plugins.stores.ledger_tables import (
    ExternalFillRow,
    FillRow,
    FundsRow,
    GroupEventRow,
    GroupRow,
    OrderEventRow,
    OrderRow,
    TradeRow,
)
from s1mpletrader.plugins.stores.row_writer import ABSENT, RowTuple
from s1mpletrader.plugins.stores.tables import table_of
from s1mpletrader.plugins.stores.types import plain_text


class RowShape(NamedTuple):
    """Where one kind of change is stored, and how it is turned into a row and back."""

    table: Table
    row: Callable[[str, int, Any], RowTuple]
    """From (book, place in the order of writing, change)."""
    change: Callable[[RowMapping], LedgerChange]
    key: Callable[[Any], tuple[Any, ...]]
    """The values of the primary key's columns after the book."""


def _funds_row(book: str, written: int, it: FundsMoved) -> RowTuple:
    return book, it.strategy, it.asset, it.kind._value_, it.at, it.ordinal, written, plain_text(it.amount)


def _trade_row(book: str, written: int, it: TradeOpened) -> RowTuple:
    return book, it.trade_id, written, it.strategy, it.symbol, it.direction._value_, it.at


def _group_row(book: str, written: int, it: GroupOpened) -> RowTuple:
    return (
        book,
        it.group_id,
        written,
        it.trade_id,
        it.action._value_,
        it.algorithm,
        it.at,
        bytearray(it.state),
        ABSENT if it.wake_at is None else it.wake_at,
        it.done,
    )


def _group_event_row(book: str, written: int, it: GroupAdvanced) -> RowTuple:
    wake_at = ABSENT if it.wake_at is None else it.wake_at
    return book, it.group_id, it.ordinal, written, it.at, bytearray(it.state), wake_at, it.done


def _order_row(book: str, written: int, it: OrderIntended) -> RowTuple:
    details = it.details
    price, stop_price, reference_price = details.price, details.stop_price, it.reference_price
    return (
        book,
        it.order_id,
        written,
        it.group_id,
        it.trade_id,
        it.strategy,
        it.venue,
        it.account,
        it.client_order_id,
        details.symbol,
        details.side._value_,
        details.type._value_,
        plain_text(details.quantity),
        ABSENT if price is None else plain_text(price),
        ABSENT if stop_price is None else plain_text(stop_price),
        details.time_in_force._value_,
        details.reduce_only,
        it.decided_at,
        it.list_kind._value_,
        ABSENT if it.list_id is None else it.list_id,
        ABSENT if it.replaces is None else it.replaces,
        ABSENT if reference_price is None else plain_text(reference_price),
    )


def _order_event_row(book: str, written: int, it: OrderChanged) -> RowTuple:
    return (
        book,
        it.order_id,
        it.ordinal,
        written,
        it.kind._value_,
        it.at,
        ABSENT if it.submitted_at is None else it.submitted_at,
        ABSENT if it.venue_at is None else it.venue_at,
        ABSENT if it.exchange_order_id is None else it.exchange_order_id,
        ABSENT if it.rejection_reason is None else it.rejection_reason,
        ABSENT if it.evidence is None else it.evidence,
        ABSENT if it.quantity is None else plain_text(it.quantity),
        ABSENT if it.price is None else plain_text(it.price),
    )


def _fill_row(book: str, written: int, it: Fill) -> RowTuple:
    return (
        book,
        it.fill_id,
        written,
        it.order_id,
        it.venue,
        it.account,
        it.symbol,
        it.venue_trade_id,
        it.side._value_,
        plain_text(it.price),
        plain_text(it.quantity),
        plain_text(it.fee),
        it.fee_currency,
        it.liquidity._value_,
        it.venue_at,
        it.at,
        it.source._value_,
    )


def _external_fill_row(book: str, written: int, it: ExternalFill) -> RowTuple:
    return (
        book,
        it.fill_id,
        written,
        ABSENT if it.client_order_id is None else it.client_order_id,
        ABSENT if it.exchange_order_id is None else it.exchange_order_id,
        it.venue,
        it.account,
        it.symbol,
        it.venue_trade_id,
        it.side._value_,
        plain_text(it.price),
        plain_text(it.quantity),
        plain_text(it.fee),
        it.fee_currency,
        it.liquidity._value_,
        it.venue_at,
        it.at,
        it.source._value_,
    )


def _order_change(row: RowMapping) -> OrderIntended:
    columns = dict(row)
    columns["details"] = {name: columns.pop(name) for name in OrderDetails.__struct_fields__}
    return convert(columns, OrderIntended)


def _plain(kind: type[LedgerChange]) -> Callable[[RowMapping], LedgerChange]:
    """For a change whose fields are the columns."""

    def change(row: RowMapping) -> LedgerChange:
        return convert(row, kind)

    return change


SHAPES: Final[dict[type[Any], RowShape]] = {
    FundsMoved: RowShape(
        table_of(FundsRow), _funds_row, _plain(FundsMoved), lambda it: (it.strategy, it.asset, it.kind.value, it.at, it.ordinal)
    ),
    TradeOpened: RowShape(table_of(TradeRow), _trade_row, _plain(TradeOpened), lambda it: (it.trade_id,)),
    GroupOpened: RowShape(table_of(GroupRow), _group_row, _plain(GroupOpened), lambda it: (it.group_id,)),
    GroupAdvanced: RowShape(
        table_of(GroupEventRow), _group_event_row, _plain(GroupAdvanced), lambda it: (it.group_id, it.ordinal)
    ),
    OrderIntended: RowShape(table_of(OrderRow), _order_row, _order_change, lambda it: (it.order_id,)),
    OrderChanged: RowShape(table_of(OrderEventRow), _order_event_row, _plain(OrderChanged), lambda it: (it.order_id, it.ordinal)),
    Fill: RowShape(table_of(FillRow), _fill_row, _plain(Fill), lambda it: (it.fill_id,)),
    ExternalFill: RowShape(table_of(ExternalFillRow), _external_fill_row, _plain(ExternalFill), lambda it: (it.fill_id,)),
}
"""Every kind of change, parents before children."""
