"""Ending a trade: first its open orders are cancelled, then what it holds is sold or bought back at the market."""

from decimal import Decimal

from s1mpletrader.api import (
    AccountType,
    Advance,
    Cancel,
    ExecutionDirective,
    GroupContext,
    OrderDetails,
    OrderType,
    OrderUpdate,
    Place,
    PlannedOrder,
    Side,
    Timer,
)

WAITING = b"waiting"
"""The trade still has live orders; the closing order waits for their end, so that it cannot close more than is held."""


class Close:
    """Waits for the trade's other orders to end, and then closes exactly what is held."""

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Cancel what is open, or close at once where nothing is."""
        if context.trade_orders:
            cancels = tuple(Cancel(order_id=order.order_id) for order in context.trade_orders)
            return Advance(commands=cancels, state=WAITING)
        return _close(context)

    def advance(self, state: bytes, event: OrderUpdate | Timer, context: GroupContext) -> Advance:
        """Close once the last of the trade's orders has ended."""
        if any(order.live for order in context.trade_orders):
            return Advance(state=state)
        return _close(context)


def _close(context: GroupContext) -> Advance:
    quantity = context.instrument.quantity_down(abs(context.held_quantity))
    if quantity == Decimal(0):
        return Advance(done=True)
    details = OrderDetails(
        symbol=context.trade.symbol,
        side=Side.SELL if context.held_quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        quantity=quantity,
        reduce_only=context.view.account_type is AccountType.NETTING,
    )
    return Advance(commands=(Place(orders=(PlannedOrder(details=details, role="close"),)),), done=True)
