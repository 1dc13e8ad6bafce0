"""Ending a trade, or a part of it, at the market: first what stands in the way is taken back, then the position is closed."""

from decimal import Decimal

from msgspec import Struct, json
from msgspec.structs import replace

from s1mpletrader.api import (
    AccountType,
    Advance,
    Amend,
    Cancel,
    CommandRefused,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    Instant,
    Order,
    OrderDetails,
    OrderType,
    Place,
    PlannedOrder,
    RefusalDraft,
    Side,
    Stop,
    subtract,
    total,
)
from s1mpletrader.plugins.algorithms.exits import is_stop, live_exits, place_exits

RETRY_NS = 1_000_000_000
"""How long after a refused cancellation it is tried again."""

ATTEMPTS_MAX = 10
"""How often an order is cancelled before the close is given up."""


class Renewal(Struct, frozen=True, kw_only=True):
    """Exits that are cancelled, and placed again for what will be left."""

    quantity: Decimal
    stop_price: Decimal | None
    target_price: Decimal | None


class CloseState(Struct, frozen=True, kw_only=True):
    """What is to be closed (all of it where no quantity is given), and what has been asked for on the way."""

    quantity: Decimal | None = None
    cancelled: tuple[str, ...] = ()
    amended: tuple[tuple[str, Decimal], ...] = ()
    renewals: tuple[Renewal, ...] = ()
    attempts: int = 1
    wake_at: Instant | None = None


class Close:
    """Waits until what stands in the way has ended, and then closes exactly what is held, or the part that was asked for.

    The whole: every live order of the trade is cancelled first. A part: exits for more than what will be left are reduced, the
    newest first, so that at no time more can be sold than is held.
    """

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Take back what stands in the way, or close at once where nothing does."""
        held, size = abs(context.held_quantity), directive.plans.size
        if size is None or size.quantity >= held:
            orders = context.trade_orders
            state = CloseState(cancelled=tuple(order.order_id for order in orders))
            commands: tuple[Cancel | Amend, ...] = tuple(Cancel(order_id=order.order_id) for order in orders)
        else:
            state, commands = _make_room(context, size.quantity)
        return Advance(commands=commands, state=json.encode(state)) if commands else _close(state, context)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Close once nothing stands in the way any more."""
        close = json.decode(state, type=CloseState)
        in_the_way = _in_the_way(close, context)
        if isinstance(event, Stop):
            return Advance(done=True, given_up=RefusalDraft(code="SUPERSEDED", detail=event.reason))
        if not in_the_way:
            return _close(close, context)
        if isinstance(event, CommandRefused) and close.wake_at is None:
            return _stay(replace(close, wake_at=context.at + RETRY_NS))
        if close.wake_at is None or context.at < close.wake_at:
            return _stay(close)
        if close.attempts >= ATTEMPTS_MAX:
            detail = f"after {ATTEMPTS_MAX} attempts {in_the_way[0].order_id} is still live"
            return Advance(done=True, given_up=RefusalDraft(code="CANCEL_REFUSED", detail=detail))
        again = replace(close, attempts=close.attempts + 1, wake_at=None)
        amounts = dict(close.amended)
        return _stay(again, *(_ask(order, amounts.get(order.order_id)) for order in in_the_way))


def _stay(close: CloseState, *commands: Cancel | Amend) -> Advance:
    return Advance(commands=commands, state=json.encode(close), wake_at=close.wake_at)


def _ask(order: Order, quantity: Decimal | None) -> Cancel | Amend:
    return Cancel(order_id=order.order_id) if quantity is None else Amend(order_id=order.order_id, quantity=quantity)


def _in_the_way(close: CloseState, context: GroupContext) -> list[Order]:
    """The orders that have not ended or shrunk as they were asked to. A whole close waits for all of the trade's orders."""
    if close.quantity is None:
        return list(context.trade_orders)
    amended = dict(close.amended)
    return [
        order
        for order in context.trade_orders
        if order.order_id in close.cancelled or order.quantity > amended.get(order.order_id, order.quantity)
    ]


def _make_room(context: GroupContext, quantity: Decimal) -> tuple[CloseState, tuple[Cancel | Amend, ...]]:
    """Reduce exits, the newest first, until they and the closing order are no more than what is held."""
    exits = live_exits(context)
    excess = subtract(total((quantity, *(one[0].remaining_quantity for one in exits))), abs(context.held_quantity))
    cancelled: list[str] = []
    amended: list[tuple[str, Decimal]] = []
    renewals: list[Renewal] = []
    for orders in reversed(exits):
        if excess <= 0:
            break
        remaining = orders[0].remaining_quantity
        rest = context.instrument.quantity_down(max(subtract(remaining, excess), Decimal(0)))
        excess = subtract(excess, remaining) if not rest else Decimal(0)
        if rest and context.capabilities.amend:
            amended += [(order.order_id, subtract(order.quantity, subtract(remaining, rest))) for order in orders]
            continue
        cancelled += [order.order_id for order in orders]
        if rest:
            stop = next((order.details.stop_price for order in orders if is_stop(order)), None)
            target = next((order.price for order in orders if not is_stop(order)), None)
            renewals.append(Renewal(quantity=rest, stop_price=stop, target_price=target))
    state = CloseState(quantity=quantity, cancelled=tuple(cancelled), amended=tuple(amended), renewals=tuple(renewals))
    commands = [Cancel(order_id=order.order_id) for order in context.trade_orders if order.order_id in cancelled]
    amounts = dict(amended)
    amends = [Amend(order_id=it.order_id, quantity=amounts[it.order_id]) for it in context.trade_orders if it.order_id in amounts]
    return state, (*commands, *amends)


def _close(close: CloseState, context: GroupContext) -> Advance:
    held = abs(context.held_quantity)
    wanted = held if close.quantity is None else min(close.quantity, held)
    quantity = context.instrument.quantity_down(wanted)
    if quantity == Decimal(0):
        return Advance(done=True)
    details = OrderDetails(
        symbol=context.trade.symbol,
        side=Side.SELL if context.held_quantity > 0 else Side.BUY,
        type=OrderType.MARKET,
        quantity=quantity,
        reduce_only=context.view.account_type is AccountType.NETTING,
    )
    closing = Place(orders=(PlannedOrder(details=details, role="close"),))
    renewed = [place_exits(context, it.quantity, it.stop_price, it.target_price) for it in close.renewals]
    return Advance(commands=(closing, *renewed), done=True)
