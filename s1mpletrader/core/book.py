"""The book: the ledger's changes folded into what is live. Every AccountView is a value cut from it.

Nothing here is a truth of its own. Reading the same changes again gives the same book; that is what a restart does.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from s1mpletrader.domain.account import RECENT_NS, AccountView, OpenTrade, Position
from s1mpletrader.domain.batches import BATCH_ALGORITHM
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.ids import GroupId, OrderId, TradeId
from s1mpletrader.domain.instant import Instant
from s1mpletrader.domain.instrument import AccountType, Instrument
from s1mpletrader.domain.money import ZERO, add, subtract, total
from s1mpletrader.domain.order import Order, apply_event, apply_fill, order_from_intent
from s1mpletrader.domain.orders import opening_side
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


@dataclass(slots=True)
class LiveGroup:
    """An execution group whose algorithm still listens."""

    opened: GroupOpened
    state: bytes
    advance_count: int = 0
    wake_at: int | None = None


@dataclass(slots=True)
class LiveTrade:
    """A trade with a position, live orders or listening algorithms."""

    opened: TradeOpened
    quantity: Decimal = ZERO
    orders: dict[OrderId, Order] = field(default_factory=dict)
    groups: dict[GroupId, LiveGroup] = field(default_factory=dict)

    def over(self, dust: Decimal) -> bool:
        """Whether nothing of the trade is left to happen; less than ``dust`` cannot be sold any more."""
        return not self.orders and not self.groups and abs(self.quantity) < dust


@dataclass(slots=True)
class SubAccount:
    """What one strategy owns."""

    balances: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    trades: dict[TradeId, LiveTrade] = field(default_factory=dict)
    recent_intents: deque[Instant] = field(default_factory=deque)
    revision: int = 0
    view: AccountView | None = None

    def note_intent(self, at: Instant) -> None:
        """Remember when an order was meant, for as long as it is recent."""
        recent = self.recent_intents
        recent.append(at)
        while recent[0] <= at - RECENT_NS:
            recent.popleft()


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
        self._currency = currency
        self._instruments = instruments
        self._settled = settled
        self._planned_by = planned_by
        self._accounts: dict[str, SubAccount] = {}
        self._trade_owner: dict[TradeId, SubAccount] = {}
        self._order_trade: dict[OrderId, TradeId] = {}
        self._group_trade: dict[GroupId, TradeId] = {}
        self._batch_ids: dict[GroupId, None] = {}
        self._moved: set[int] = set()
        self._past: dict[OrderId, Order] = {}

    def view(self, strategy: str) -> AccountView:
        """The strategy's sub-account at its present revision."""
        account = self._account(strategy)
        if account.view is None:
            account.view = AccountView(
                revision=account.revision,
                strategy=strategy,
                account_type=self._account_type,
                currency=self._currency,
                balances=dict(account.balances),
                positions=dict(account.positions),
                open_orders=tuple(order for trade in account.trades.values() for order in trade.orders.values()),
                open_trades=tuple(
                    OpenTrade(
                        trade_id=trade.opened.trade_id,
                        symbol=trade.opened.symbol,
                        direction=trade.opened.direction,
                        quantity=trade.quantity,
                        algorithms=tuple([group.opened.algorithm for group in trade.groups.values()]),
                        planned_quantity=self._planned(trade) if trade.groups else ZERO,
                    )
                    for trade in account.trades.values()
                ),
                recent_intents=tuple(account.recent_intents),
            )
        return account.view

    def order(self, order_id: OrderId) -> Order | None:
        """The order as it stands: a live one from here, one that has ended from the ledger."""
        trade_id = self._order_trade.get(order_id)
        if trade_id is not None:
            return self._trade_owner[trade_id].trades[trade_id].orders[order_id]
        return self._past.get(order_id) or self._settled().get_order(order_id)

    def trade(self, trade_id: TradeId) -> LiveTrade | None:
        """The trade, while anything of it is left to happen."""
        owner = self._trade_owner.get(trade_id)
        return owner.trades[trade_id] if owner is not None else None

    def trade_of_group(self, group_id: GroupId) -> LiveTrade | None:
        """The trade of a group whose algorithm still listens."""
        trade_id = self._group_trade.get(group_id)
        return self.trade(trade_id) if trade_id is not None else None

    def batches(self) -> list[tuple[LiveGroup, LiveTrade]]:
        """The groups that hold live batches together, each with the trade that it lies in."""
        if not self._batch_ids:
            return []
        trades = [(group_id, self.trade_of_group(group_id)) for group_id in self._batch_ids]
        return [(trade.groups[group_id], trade) for group_id, trade in trades if trade is not None]

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
        match change:
            case OrderChanged():
                return self._put_order(apply_event(self._require(change.order_id), change))
            case Fill():
                return self._book_fill(change)
            case OrderIntended():
                self._intend(change)
            case GroupOpened():
                self._open_group(change)
            case TradeOpened():
                account = self._touch(change.strategy)
                account.trades[change.trade_id] = LiveTrade(change)
                self._trade_owner[change.trade_id] = account
            case GroupAdvanced():
                self._advance_group(change)
            case FundsMoved():
                self._moved.add(change.ordinal)
                _move(self._touch(change.strategy).balances, change.asset, change.amount)
            case ExternalFill():
                pass
        return None

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

    def _planned(self, trade: LiveTrade) -> Decimal:
        """What the trade's algorithms may still order, signed."""
        orders = tuple(trade.orders.values())
        planned = total(self._planned_by(group, orders) for group in trade.groups.values())
        return planned if opening_side(trade.opened.direction).sign > 0 else subtract(ZERO, planned)

    def _account(self, strategy: str) -> SubAccount:
        account = self._accounts.get(strategy)
        if account is None:
            account = self._accounts[strategy] = SubAccount()
        return account

    def _touch(self, strategy: str) -> SubAccount:
        account = self._account(strategy)
        account.revision += 1
        account.view = None
        return account

    def _live(self, trade_id: TradeId, strategy: str) -> tuple[SubAccount, LiveTrade]:
        account = self._touch(strategy)
        trade = account.trades.get(trade_id)
        if trade is None:
            trade = account.trades[trade_id] = self._revive(trade_id)
            self._trade_owner[trade_id] = account
        return account, trade

    def _revive(self, trade_id: TradeId) -> LiveTrade:
        """A trade that was over, as late evidence or a further directive finds it: flat, with nothing live."""
        opened = self._settled().get_trade(trade_id)
        if opened is None:
            raise UnknownId(f"no trade {trade_id}")
        return LiveTrade(opened)

    def _leave_if_over(self, account: SubAccount, trade: LiveTrade) -> None:
        if trade.over(self._instruments[trade.opened.symbol].quantity_lot):
            trade_id = trade.opened.trade_id
            account.trades.pop(trade_id, None)
            self._trade_owner.pop(trade_id, None)

    def _intend(self, intent: OrderIntended) -> None:
        account, trade = self._live(intent.trade_id, intent.strategy)
        account.note_intent(intent.decided_at)
        trade.orders[intent.order_id] = order_from_intent(intent)
        self._order_trade[intent.order_id] = intent.trade_id

    def _book_fill(self, fill: Fill) -> Order:
        before = self._require(fill.order_id)
        if fill.fill_id in before.fill_ids:
            return before
        after = apply_fill(before, fill)
        account, trade = self._live(after.trade_id, after.intent.strategy)
        signed = fill.quantity if fill.side.sign > 0 else -fill.quantity
        trade.quantity = add(trade.quantity, self._settle(account, fill, signed))
        return self._put_order(after)

    def _settle(self, account: SubAccount, fill: Fill, signed: Decimal) -> Decimal:
        """Move what the fill moved; returns what it did to the position."""
        instrument = self._instruments[fill.symbol]
        notional = instrument.notional(fill.price, signed)
        _move(account.balances, instrument.settlement, -notional)
        _move(account.balances, fill.fee_currency, -fill.fee)
        held = account.positions.get(fill.symbol) or Position(instrument=instrument)
        received = signed
        if self._account_type is AccountType.SPOT:
            _move(account.balances, instrument.base, signed)
            if fill.fee_currency == instrument.base:
                received = subtract(signed, fill.fee)
        quantity = add(held.quantity, received)
        is_dust = abs(quantity) < instrument.quantity_lot
        cost = instrument.notional(fill.price, quantity) if is_dust else add(held.cost, notional)
        account.positions[fill.symbol] = Position(instrument=instrument, quantity=quantity, cost=cost)
        return received

    def _put_order(self, order: Order) -> Order:
        account, trade = self._live(order.trade_id, order.intent.strategy)
        if order.live:
            trade.orders[order.order_id] = order
            self._order_trade[order.order_id] = order.trade_id
        else:
            trade.orders.pop(order.order_id, None)
            self._order_trade.pop(order.order_id, None)
            self._leave_if_over(account, trade)
        return order

    def _open_group(self, opened: GroupOpened) -> None:
        if opened.done:
            return
        trade = self._trade_owner[opened.trade_id].trades[opened.trade_id]
        self._touch(trade.opened.strategy)
        trade.groups[opened.group_id] = LiveGroup(opened, opened.state, wake_at=opened.wake_at)
        self._group_trade[opened.group_id] = opened.trade_id
        if opened.algorithm == BATCH_ALGORITHM:
            self._batch_ids[opened.group_id] = None

    def _advance_group(self, change: GroupAdvanced) -> None:
        trade_id = self._group_trade[change.group_id]
        trade = self._trade_owner[trade_id].trades[trade_id]
        account = self._touch(trade.opened.strategy)
        group = trade.groups[change.group_id]
        group.state, group.wake_at, group.advance_count = change.state, change.wake_at, change.ordinal
        if change.done:
            del trade.groups[change.group_id]
            del self._group_trade[change.group_id]
            self._batch_ids.pop(change.group_id, None)
            self._leave_if_over(account, trade)

    def _require(self, order_id: OrderId) -> Order:
        order = self.order(order_id)
        if order is None:
            raise UnknownId(f"no order {order_id}")
        return order


def _move(balances: dict[str, Decimal], asset: str, amount: Decimal) -> None:
    if amount:
        balances[asset] = add(balances.get(asset, ZERO), amount)
