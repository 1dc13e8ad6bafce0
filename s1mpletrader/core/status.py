"""What a watched run shows: its status as a value, and the board that keeps the last lines of what happened."""

from collections import OrderedDict, deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.directives import Refusal
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.money import plain
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reality import Fill
from s1mpletrader.domain.reasons import EntryDraft, EntryKind
from s1mpletrader.ports.hooks import hookimpl
from s1mpletrader.ports.status import FlowLine, LiveStatus, StrategyStatus

__all__ = ["FlowLine", "LiveStatus", "StatusBoard", "StrategyStatus", "strategy_status", "unknown_orders"]

FLOWS_MAX: Final = 50
_ORDERS_MAX: Final = 1_000
"""For how many orders the board remembers whose they are."""

_TOLD: Final = {
    EntryKind.ALARM: "ALARM",
    EntryKind.EXTERNAL: "not ours:",
    EntryKind.RUN_STARTED: "the run begins",
    EntryKind.RUN_ENDED: "the run ends",
    EntryKind.CANCEL_REJECTED: "cannot be cancelled or changed:",
}


def strategy_status(view: AccountView, prices: Mapping[str, Decimal]) -> StrategyStatus:
    """A sub-account as people see it, at the last prices by symbol."""
    held = tuple(position for _, position in sorted(view.positions.items()) if position.quantity)
    known = all(position.instrument.symbol in prices for position in held)
    return StrategyStatus(
        name=view.strategy,
        currency=view.currency,
        equity=view.equity(prices) if known else None,
        balances=dict(sorted(view.balances.items())),
        positions=held,
        open_orders=view.open_orders,
        prices=dict(prices),
    )


def unknown_orders(strategies: tuple[StrategyStatus, ...]) -> int:
    """How many orders of all strategies have an outcome that is not known."""
    return sum(order.state is OrderState.UNKNOWN for one in strategies for order in one.open_orders)


class StatusBoard:
    """Keeps the last lines of what happened. It is a plugin object like any other that watches."""

    def __init__(self, flows_max: int = FLOWS_MAX) -> None:
        self._flows: deque[FlowLine] = deque(maxlen=flows_max)
        self._strategies: OrderedDict[OrderId, str] = OrderedDict()
        self._at: Instant = 0

    @property
    def flows(self) -> tuple[FlowLine, ...]:
        """The last lines, oldest first."""
        return tuple(self._flows)

    @hookimpl
    def s1mple_strategy_journal_updated(self, entry: EntryDraft) -> None:
        """What concerns the run itself; and the time of what is told next, because an entry comes before its step's notices."""
        self._at = entry.at
        said = _TOLD.get(entry.kind)
        if said is not None:
            strategy = self._strategies.get(entry.order_id, "") if entry.order_id is not None else ""
            self._add(strategy, f"{said} {entry.reasons.text or ''}".rstrip())

    @hookimpl
    def s1mple_order(self, order: Order) -> None:
        """An order has come to a new state. A fill tells of itself."""
        strategy = order.intent.strategy
        self._strategies[order.order_id] = strategy
        if len(self._strategies) > _ORDERS_MAX:
            self._strategies.popitem(last=False)
        if order.state not in {OrderState.PARTIALLY_FILLED, OrderState.FILLED}:
            self._add(strategy, order_line(order))

    @hookimpl
    def s1mple_fill(self, fill: Fill) -> None:
        """A fill."""
        self._add(self._strategies.get(fill.order_id, ""), fill_line(fill))

    @hookimpl
    def s1mple_refusal(self, strategy: str, refusal: Refusal) -> None:
        """A decision not to trade."""
        self._add(strategy, refusal_line(refusal))

    def _add(self, strategy: str, text: str) -> None:
        self._flows.append(FlowLine(at=self._at, strategy=strategy, text=text))


def order_line(order: Order) -> str:
    """An order and its state in one line."""
    asked = order.details
    at = f" at {plain(order.price)}" if order.price is not None else ""
    stop = f" from {plain(asked.stop_price)}" if asked.stop_price is not None else ""
    why = f": {order.rejection_reason}" if order.rejection_reason else ""
    return f"{order.state} {asked.side} {plain(order.quantity)} {asked.symbol} {asked.type}{at}{stop}{why}"


def refusal_line(refusal: Refusal) -> str:
    """A decision not to trade in one line."""
    about = f" {refusal.directive.direction} {refusal.directive.symbol}" if refusal.directive is not None else ""
    return f"refused{about} by {refusal.by}: {refusal.code}, {refusal.detail}"


def fill_line(fill: Fill) -> str:
    """A fill in one line."""
    fee = f", fee {plain(fill.fee)} {fill.fee_currency}" if fill.fee else ""
    return f"filled {fill.side} {plain(fill.quantity)} {fill.symbol} at {plain(fill.price)}{fee}"
