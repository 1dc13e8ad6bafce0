"""The book: the ledger's changes folded into what is live. Every AccountView is a value cut from it.

Nothing here is a truth of its own. Reading the same changes again gives the same book; that is what a restart does.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from s1mpletrader.core.live_trades import LiveGroup, LiveTrade, SubAccount
from s1mpletrader.domain.account import AccountView, OpenTrade, Position
from s1mpletrader.domain.batches import BATCH_ALGORITHM
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.ids import GroupId, OrderId, TradeId
from s1mpletrader.domain.instrument import AccountType, Instrument
from s1mpletrader.domain.money import ZERO, add, subtract
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order, apply_event, apply_fill, order_from_intent
from s1mpletrader.domain.orders import Side
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
from s1mpletrader.ports.ledger import ILedgerReader

# The members of enumerations that every fill is compared with: a name of the module is found at once.
_BUY = Side.BUY
_LONG = Direction.LONG


PlannedBy = Callable[[LiveGroup, tuple[Order, ...]], Decimal]
"""What a group's algorithm may still enter beside the live orders of its trade, without a sign."""


def plans_nothing(_group: LiveGroup, _trade_orders: tuple[Order, ...]) -> Decimal:
    """For algorithms that place everything at once."""
    return ZERO


class Book:
    """The live projection of one ledger book."""

    def __init__(
        self,
        account_type: AccountType,
        currency: str,
        instruments: Mapping[str, Instrument],
        settled: Callable[[], ILedgerReader],
        planned_by: PlannedBy = plans_nothing,
    ) -> None:
        self._account_type = account_type
        self._is_spot = account_type is AccountType.SPOT
        self._currency = currency
        self._instruments = instruments
        self._settled = settled
        self._planned_by = planned_by
        self._accounts: defaultdict[str, SubAccount] = defaultdict(SubAccount)
        self._trades: dict[TradeId, LiveTrade] = {}
        self._orders: dict[OrderId, Order] = {}
        self._group_trades: dict[GroupId, LiveTrade] = {}
        self._batch_ids: dict[GroupId, None] = {}
        self._moved: set[int] = set()
        self._past: dict[OrderId, Order] = {}
        self._folds: dict[type[LedgerChange], Callable[[Any], Order | None]] = {
            FundsMoved: self._move_funds,
            TradeOpened: self._open_trade,
            GroupOpened: self._open_group,
            GroupAdvanced: self._advance_group,
            OrderIntended: self._intend,
            OrderChanged: self._change_order,
            Fill: self._book_fill,
            ExternalFill: lambda _: None,
        }

    def view(self, strategy: str) -> AccountView:
        """The strategy's sub-account at its present revision."""
        account = self._accounts[strategy]
        view = account.view
        if view is None or view.revision != account.revision:
            view = account.view = self._cut(strategy, account)
        return view

    def order(self, order_id: OrderId) -> Order | None:
        """The order as it stands: a live one from here, one that has ended from the ledger."""
        return self._orders.get(order_id) or self._past.get(order_id) or self._settled().get_order(order_id)

    def trade(self, trade_id: TradeId) -> LiveTrade | None:
        """The trade, while anything of it is left to happen."""
        return self._trades.get(trade_id)

    def trade_of_group(self, group_id: GroupId) -> LiveTrade | None:
        """The trade of a group whose algorithm still listens."""
        return self._group_trades.get(group_id)

    def batches(self) -> list[tuple[LiveGroup, LiveTrade]]:
        """The groups that hold live batches together, each with the trade that it lies in."""
        if not self._batch_ids:
            return []
        return [(self._group_trades[group_id].groups[group_id], self._group_trades[group_id]) for group_id in self._batch_ids]

    def live_groups(self) -> Iterable[LiveGroup]:
        """Every group whose algorithm still listens."""
        for account in self._accounts.values():
            for trade in account.trades.values():
                yield from trade.groups.values()

    def live_trades(self) -> list[LiveTrade]:
        """Every trade of which anything is left to happen."""
        return [trade for account in self._accounts.values() for trade in account.trades.values()]

    def instrument(self, symbol: str) -> Instrument:
        """A symbol's rules."""
        return self._instruments[symbol]

    def strategies(self) -> list[str]:
        """Every strategy with a sub-account, in the order of their opening."""
        return list(self._accounts)

    def positions(self, symbol: str) -> list[tuple[str, Position]]:
        """Who holds something of a symbol, in the order of their opening, and what."""
        held = [(strategy, account.positions.get(symbol)) for strategy, account in self._accounts.items()]
        return [(strategy, position) for strategy, position in held if position is not None and position.quantity]

    def has_moved(self, ordinal: int) -> bool:
        """Whether a movement of funds that bears this number is booked."""
        return ordinal in self._moved

    def live_orders(self) -> Iterable[Order]:
        """Every order that may still fill."""
        for account in self._accounts.values():
            for trade in account.trades.values():
                yield from trade.orders.values()

    def apply(self, change: LedgerChange) -> Order | None:
        """Fold one change; returns the order that it changed, if it is about one that exists already."""
        return self._folds[type(change)](change)

    def refold(self, changes: Iterable[LedgerChange]) -> None:
        """Fold what the settled ledger holds, from its beginning, as a restart does.

        Meanwhile an order that has ended is kept as it was at that point: the ledger knows what became of it later, so that a
        late fill would look as if it were booked already.
        """
        for change in changes:
            order = self.apply(change)
            if order is not None and not order.live:
                self._past[order.order_id] = order
        self._past.clear()

    def _cut(self, strategy: str, account: SubAccount) -> AccountView:
        orders: list[Order] = []
        trades: list[OpenTrade] = []
        for trade in account.trades.values():
            orders.extend(trade.orders.values())
            trades.append(trade.shown or self._show(trade))
        return AccountView(
            revision=account.revision,
            strategy=strategy,
            account_type=self._account_type,
            currency=self._currency,
            balances=account.balances.copy(),
            positions=account.positions.copy(),
            open_orders=tuple(orders),
            open_trades=tuple(trades),
            recent_intents=tuple(account.recent_intents),
        )

    def _show(self, trade: LiveTrade) -> OpenTrade:
        opened = trade.opened
        shown = trade.shown = OpenTrade(
            trade_id=opened.trade_id,
            symbol=opened.symbol,
            direction=opened.direction,
            quantity=trade.quantity,
            algorithms=tuple([group.opened.algorithm for group in trade.groups.values()]),
            planned_quantity=self._planned(trade),
        )
        return shown

    def _planned(self, trade: LiveTrade) -> Decimal:
        """What the trade's algorithms may still order, signed."""
        planned = ZERO
        if trade.groups:
            orders = tuple(trade.orders.values())
            for group in trade.groups.values():
                planned = add(planned, self._planned_by(group, orders))
        return planned if trade.opened.direction is _LONG else subtract(ZERO, planned)

    def _require(self, order_id: OrderId) -> Order:
        order = self._orders.get(order_id) or self.order(order_id)
        if order is None:
            raise UnknownId(f"no order {order_id}")
        return order

    def _trade_of(self, intent: OrderIntended) -> LiveTrade:
        """The trade of an order. One that was over is flat, as late evidence finds it, with nothing live."""
        trade_id = intent.trade_id
        trade = self._trades.get(trade_id)
        if trade is None:
            opened = self._settled().get_trade(trade_id)
            if opened is None:
                raise UnknownId(f"no trade {trade_id}")
            trade = self._enter(opened)
        return trade

    def _enter(self, opened: TradeOpened) -> LiveTrade:
        account = self._accounts[opened.strategy]
        trade = account.trades[opened.trade_id] = self._trades[opened.trade_id] = LiveTrade(opened, account)
        return trade

    def _leave_if_over(self, trade: LiveTrade) -> None:
        """A trade ends where nothing of it is left to happen; less than a lot cannot be sold any more."""
        if trade.orders or trade.groups:
            return
        opened = trade.opened
        if abs(trade.quantity) < self._instruments[opened.symbol].quantity_lot:
            trade.account.trades.pop(opened.trade_id, None)
            self._trades.pop(opened.trade_id, None)

    def _move_funds(self, change: FundsMoved) -> None:
        self._moved.add(change.ordinal)
        account = self._accounts[change.strategy]
        if change.amount:
            account.balances[change.asset] = add(account.balances.get(change.asset, ZERO), change.amount)
        account.revision += 1

    def _open_trade(self, opened: TradeOpened) -> None:
        self._enter(opened).changes()

    def _open_group(self, opened: GroupOpened) -> None:
        if opened.done:
            return
        trade = self._trades[opened.trade_id]
        trade.groups[opened.group_id] = LiveGroup(opened, opened.state, wake_at=opened.wake_at)
        self._group_trades[opened.group_id] = trade
        if opened.algorithm == BATCH_ALGORITHM:
            self._batch_ids[opened.group_id] = None
        trade.changes()

    def _advance_group(self, change: GroupAdvanced) -> None:
        group_id = change.group_id
        trade = self._group_trades[group_id]
        group = trade.groups[group_id]
        group.state, group.wake_at, group.advance_count = change.state, change.wake_at, change.ordinal
        trade.changes()
        if change.done:
            del trade.groups[group_id]
            del self._group_trades[group_id]
            self._batch_ids.pop(group_id, None)
            self._leave_if_over(trade)

    def _intend(self, intent: OrderIntended) -> None:
        trade = self._trade_of(intent)
        trade.account.note_intent(intent.decided_at)
        self._put_order(order_from_intent(intent), trade)

    def _change_order(self, change: OrderChanged) -> Order:
        after = apply_event(self._require(change.order_id), change)
        return self._put_order(after, self._trade_of(after.intent))

    def _book_fill(self, fill: Fill) -> Order:
        before = self._require(fill.order_id)
        after = apply_fill(before, fill)
        if after is before:
            return before
        trade = self._trade_of(after.intent)
        trade.quantity = add(trade.quantity, self._settle(trade.account, fill))
        return self._put_order(after, trade)

    def _put_order(self, order: Order, trade: LiveTrade) -> Order:
        order_id = order.intent.order_id
        trade.changes()
        if order.live:
            trade.orders[order_id] = self._orders[order_id] = order
        else:
            trade.orders.pop(order_id, None)
            self._orders.pop(order_id, None)
            self._leave_if_over(trade)
        return order

    def _settle(self, account: SubAccount, fill: Fill) -> Decimal:
        """Move what the fill moved; returns what it did to the position."""
        instrument, balances = self._instruments[fill.symbol], account.balances
        received = fill.quantity if fill.side is _BUY else subtract(ZERO, fill.quantity)
        notional = instrument.notional(fill.price, received)
        balances[instrument.settlement] = subtract(balances.get(instrument.settlement, ZERO), notional)
        if fill.fee:
            balances[fill.fee_currency] = subtract(balances.get(fill.fee_currency, ZERO), fill.fee)
        if self._is_spot:
            balances[instrument.base] = add(balances.get(instrument.base, ZERO), received)
            if fill.fee_currency == instrument.base:
                received = subtract(received, fill.fee)
        held = account.positions.get(fill.symbol) or Position(instrument=instrument)
        quantity = add(held.quantity, received)
        is_dust = abs(quantity) < instrument.quantity_lot
        cost = instrument.notional(fill.price, quantity) if is_dust else add(held.cost, notional)
        account.positions[fill.symbol] = Position(instrument=instrument, quantity=quantity, cost=cost)
        return received
