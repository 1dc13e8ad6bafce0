"""What has been bought, paid and asked for, reckoned a second time and naively: from what the venue told, reply by reply."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.orders import OrderDetails, Side
from s1mpletrader.domain.replies import (
    Accepted,
    Amended,
    Cancelled,
    ExchangeReply,
    Expired,
    Filled,
    NotPlaced,
    NotSent,
    Rejected,
    Replaced,
)


@dataclass
class NaiveOrder:
    details: OrderDetails
    quantity: Decimal
    filled: Decimal = Decimal(0)
    end: str = ""

    @property
    def open_quantity(self) -> Decimal:
        return Decimal(0) if self.end else self.quantity - self.filled


@dataclass
class NaiveAccount:
    """One sub-account. An order that nobody has ended counts whole, whatever is or is not known of it."""

    account_type: AccountType
    balances: dict[str, Decimal]
    orders: dict[str, NaiveOrder] = field(default_factory=dict)
    positions: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    _trades: set[str] = field(default_factory=set)
    _acknowledged: set[str] = field(default_factory=set)

    def intend(self, order_id: str, details: OrderDetails) -> None:
        self.orders[order_id] = NaiveOrder(details, details.quantity)

    def hear(self, reply: ExchangeReply) -> None:
        order = self.orders.get(reply.order_id or "")
        if order is None:
            return
        match reply:
            case Filled():
                self._fill(order, reply)
            case Accepted() if str(reply.order_id) not in self._acknowledged:
                self._acknowledged.add(str(reply.order_id))
                order.end = "" if order.end in ("rejected", "not placed") else order.end
            case Amended() if not order.end and reply.quantity >= order.filled:
                order.quantity = reply.quantity
                order.end = "filled" if order.filled == order.quantity else ""
            case Cancelled() | Expired() | Replaced():
                order.end = order.end or "ended"
            case Rejected() if not self._is_known(str(reply.order_id), order):
                order.end = order.end or "rejected"
            case NotPlaced() if not self._is_known(str(reply.order_id), order):
                order.end = order.end or "not placed"
            case NotSent() if not self._is_known(str(reply.order_id), order):
                order.end = order.end or "not placed"
            case _:
                pass

    def exposure(self, symbol: str) -> Decimal:
        signed = [
            (1 if order.details.side is Side.BUY else -1) * order.open_quantity
            for order in self.orders.values()
            if order.details.symbol == symbol
        ]
        return sum(signed, self.positions[symbol])

    def owned(self) -> Mapping[str, Decimal]:
        return {asset: amount for asset, amount in self.balances.items() if amount}

    def _is_known(self, order_id: str, order: NaiveOrder) -> bool:
        """Whether the venue has shown that it has, or had, the order."""
        return order_id in self._acknowledged or bool(order.filled)

    def _fill(self, order: NaiveOrder, fill: Filled) -> None:
        if fill.venue_trade_id in self._trades or order.filled + fill.quantity > order.quantity:
            return
        self._trades.add(fill.venue_trade_id)
        order.filled += fill.quantity
        if order.filled == order.quantity:
            order.end = "filled"
        elif order.end in ("rejected", "not placed"):
            order.end = ""
        sign = 1 if fill.side is Side.BUY else -1
        base = fill.symbol.partition("/")[0]
        self._move("USDT", -sign * fill.price * fill.quantity)
        self._move(fill.fee_currency, -fill.fee)
        self.positions[fill.symbol] += sign * fill.quantity
        if self.account_type is AccountType.SPOT:
            self._move(base, sign * fill.quantity)
            self.positions[fill.symbol] -= fill.fee if fill.fee_currency == base else 0

    def _move(self, asset: str, amount: Decimal) -> None:
        self.balances[asset] = self.balances.get(asset, Decimal(0)) + amount
