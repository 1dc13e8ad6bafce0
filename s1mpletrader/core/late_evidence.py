"""Late evidence: what fills, or is live after all, when its algorithm has long been done, so that nobody protects it."""

from collections.abc import Iterable
from decimal import Decimal

from s1mpletrader.core.batches import CLOSING_ALGORITHM
from s1mpletrader.core.book import Book
from s1mpletrader.core.live_trades import LiveTrade
from s1mpletrader.domain.money import ZERO, plain, subtract, total
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import Side, opening_side
from s1mpletrader.domain.reality import Fill


def late_warning(book: Book, order: Order, fill: Fill | None) -> str | None:
    """What a person should know of an order that had ended: None where an algorithm attends to it, or nothing is left bare."""
    trade = book.trade(order.trade_id)
    if trade is None or order.details.side is not opening_side(trade.opened.direction) or _is_attended(trade, order):
        return None
    trade_id, symbol = trade.opened.trade_id, trade.opened.symbol
    if fill is None:
        return f"{order.order_id} of {trade_id} is live after all, and nobody would protect what it fills in {symbol}"
    bare = subtract(abs(trade.quantity), _covered(trade.orders.values(), order.details.side.opposite))
    if bare < book.instrument(symbol).quantity_lot:
        return None
    return (
        f"{order.order_id} filled {plain(fill.quantity)} after its end:"
        f" {trade_id} holds {plain(bare)} of {symbol} that nobody protects"
    )


def _is_attended(trade: LiveTrade, order: Order) -> bool:
    """Whether the order's own algorithm still listens, or all of the trade is being closed."""
    return order.group_id in trade.groups or any(it.opened.algorithm == CLOSING_ALGORITHM for it in trade.groups.values())


def _covered(orders: Iterable[Order], side: Side) -> Decimal:
    """How much the live exits would close; of those that cancel each other one counts."""
    lists: dict[str, Decimal] = {}
    for order in orders:
        if order.details.side is side:
            key = order.intent.list_id or order.order_id
            lists[key] = max(lists.get(key, ZERO), order.remaining_quantity)
    return total(lists.values())
