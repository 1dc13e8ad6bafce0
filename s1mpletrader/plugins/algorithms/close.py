"""Ending a trade, or a part of it, at the market: first what stands in the way is taken back, then the position is closed."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct, json
from msgspec.structs import replace

from s1mpletrader.api import (
    ZERO,
    AccountType,
    Advance,
    Amend,
    Cancel,
    CommandRefused,
    ExecutionDirective,
    ExitPlan,
    GroupContext,
    GroupEvent,
    Instant,
    Order,
    OrderDetails,
    OrderId,
    OrderType,
    OrderUpdate,
    Place,
    PlannedOrder,
    PlansChanged,
    RefusalDraft,
    Side,
    Stop,
    plain,
    subtract,
    total,
)
from s1mpletrader.plugins.algorithms.exits import (
    ACKNOWLEDGED,
    REFUSED,
    after_refusal,
    bare_quantity,
    covered_quantity,
    exits_min,
    is_stop,
    live_exits,
)
from s1mpletrader.plugins.algorithms.renewal import Renewal, place_anew
from s1mpletrader.plugins.algorithms.slicing.lots import lots_max, lots_min, lots_of, quantity_of, split

RETRY_NS = 1_000_000_000
"""How long after a refused cancellation it is tried again."""

ATTEMPTS_MAX = 10
"""How often an order is cancelled before the close is given up."""


class CloseState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be closed (all of it where no quantity is given), and what has been asked for on the way."""

    quantity: Decimal | None = None
    cancelled: tuple[str, ...] = ()
    amended: tuple[tuple[str, Decimal], ...] = ()
    renewals: tuple[Renewal, ...] = ()
    """Exits that had to be cancelled, for what will be left."""
    taken: tuple[Renewal, ...] = ()
    """The protection that was taken away: what it was, where nothing is closed after all."""
    has_placed: bool = False
    refused: tuple[OrderId, ...] = ()
    """Exits for what will be left that the venue did not take."""
    is_over: bool = False
    """Whether nothing more is closed: exits that have been placed are attended to until the venue has them."""
    attempts: int = 1
    wake_at: Instant | None = None


_DECODE = json.Decoder(CloseState).decode

# Looking a member up in its enumeration costs as much as three calls, and these are looked up for every close.
_MARKET = OrderType.MARKET
_BUY, _SELL = Side.BUY, Side.SELL
_NETTING = AccountType.NETTING


class Close:
    """Waits until what stands in the way has ended, and then closes exactly what is held, or the part that was asked for.

    The whole: every live order of the trade is cancelled first. A part: exits for more than what will be left are reduced, the
    newest first, so that at no time more can be sold than is held.

    The closing order is listened to until it has ended. Where it ends without having closed, or there is less to close than the
    venue takes, the exits are placed again for what they protected, with a refusal and an alarm. What is more than one order may
    have is closed part by part, and so is what an entry fills late while all is being closed, or what a stop that is placed again
    and not taken was to guard. Exits that are placed again follow a plan that has come meanwhile.
    """

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Take back what stands in the way, or close at once where nothing does."""
        held, size, orders = abs(context.held_quantity), directive.plans.size, context.trade_orders
        if size is None or size.quantity >= held:
            if not orders:
                return _close(CloseState(), context)
            taken = tuple(_renewal(exits, exits[0].remaining_quantity) for exits in live_exits(context))
            state = CloseState(cancelled=tuple(order.order_id for order in orders), taken=taken)
            commands: tuple[Cancel | Amend, ...] = tuple(Cancel(order_id=order.order_id) for order in orders)
        else:
            quantity = context.instrument.quantity_down(size.quantity)
            if not quantity:
                detail = f"{plain(size.quantity)} is less than the smallest quantity of {context.trade.symbol}"
                return Advance(done=True, given_up=RefusalDraft(code="BELOW_MINIMUM", detail=detail))
            state, commands = _make_room(context, quantity)
        return Advance(commands=commands, state=json.encode(state)) if commands else _close(state, context)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Close once nothing stands in the way any more."""
        close = _DECODE(state)
        if isinstance(event, PlansChanged):
            close = _moved(close, event.plans.exit)
        if close.has_placed:
            return _attend(close, event, context)
        in_the_way = _in_the_way(close, context)
        if isinstance(event, Stop):
            return Advance(done=True, given_up=RefusalDraft(code="SUPERSEDED", detail=event.reason))
        if not in_the_way:
            return _go_on(close, context)
        if _is_to_be_asked_again(event, in_the_way) and close.wake_at is None:
            return _stay(replace(close, wake_at=context.at + RETRY_NS))
        if close.wake_at is None or context.at < close.wake_at:
            return _stay(close)
        if close.attempts >= ATTEMPTS_MAX:
            why = f"after {ATTEMPTS_MAX} attempts {in_the_way[0].order_id} is still live"
            return _fail(close, "CANCEL_REFUSED", why, context)
        again = replace(close, attempts=close.attempts + 1, wake_at=None)
        amounts = dict(close.amended)
        return _stay(again, *(_ask(order, amounts.get(order.order_id)) for order in in_the_way))


def _stay(close: CloseState, *commands: Cancel | Amend) -> Advance:
    return Advance(commands=commands, state=json.encode(close), wake_at=close.wake_at)


def _ask(order: Order, quantity: Decimal | None) -> Cancel | Amend:
    return Cancel(order_id=order.order_id) if quantity is None else Amend(order_id=order.order_id, quantity=quantity)


def _moved(close: CloseState, exits: ExitPlan | None) -> CloseState:
    renewals, taken = ([one.moved(exits) for one in each] for each in (close.renewals, close.taken))
    return replace(close, renewals=tuple(renewals), taken=tuple(taken))


def _is_to_be_asked_again(event: GroupEvent, in_the_way: Sequence[Order]) -> bool:
    """Whether what was asked may not have been done: it was refused, or nobody knew, and the order is there after all."""
    if not isinstance(event, OrderUpdate):
        return isinstance(event, CommandRefused)
    return event.order.state in ACKNOWLEDGED and any(one.order_id == event.order.order_id for one in in_the_way)


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
    taken: list[Renewal] = []
    for orders in reversed(exits):
        if excess <= 0:
            break
        remaining = orders[0].remaining_quantity
        rest = _rest(orders, subtract(remaining, excess), context)
        excess = subtract(excess, remaining) if not rest else Decimal(0)
        taken.append(_renewal(orders, subtract(remaining, rest)))
        if rest and context.capabilities.amend:
            amended += [(order.order_id, subtract(order.quantity, subtract(remaining, rest))) for order in orders]
            continue
        cancelled += [order.order_id for order in orders]
        if rest:
            renewals.append(_renewal(orders, rest))
    state = CloseState(
        quantity=quantity,
        cancelled=tuple(cancelled),
        amended=tuple(amended),
        renewals=tuple(renewals),
        taken=tuple(taken),
    )
    commands = [Cancel(order_id=order.order_id) for order in context.trade_orders if order.order_id in cancelled]
    amounts = dict(amended)
    amends = [Amend(order_id=it.order_id, quantity=amounts[it.order_id]) for it in context.trade_orders if it.order_id in amounts]
    return state, (*commands, *amends)


def _go_on(close: CloseState, context: GroupContext) -> Advance:
    """Close, unless others have placed or changed exits meanwhile, so that there is no room any more for a part."""
    if close.quantity is not None:
        again, commands = _make_room(context, min(close.quantity, abs(context.held_quantity)))
        if commands:
            again = replace(
                again,
                quantity=close.quantity,
                renewals=(*again.renewals, *close.renewals),
                taken=(*again.taken, *close.taken),
                attempts=close.attempts,
            )
            return _stay(again, *commands)
    return _close(close, context)


def _rest(orders: list[Order], quantity: Decimal, context: GroupContext) -> Decimal:
    """What exits are reduced to that are to be for a quantity: to nothing where that is less than the venue takes."""
    renewal = _renewal(orders, quantity)
    lots = lots_of(quantity, context.instrument)
    is_enough = lots >= exits_min(context.instrument, renewal.stop_price, renewal.target_price)
    return quantity_of(lots if is_enough else 0, context.instrument)


def _close(close: CloseState, context: GroupContext) -> Advance:
    held, instrument = abs(context.held_quantity), context.instrument
    lots = lots_of(held if close.quantity is None else min(close.quantity, held), instrument)
    if not lots:
        return _end(close, context)
    parts = split(lots, lots_min(instrument, context.last_price), lots_max(instrument))
    if not parts:
        why = f"{plain(quantity_of(lots, instrument))} is less than the venue takes at the market"
        return _fail(close, "BELOW_MINIMUM", why, context)
    details = OrderDetails(
        symbol=context.trade.symbol,
        side=_SELL if context.held_quantity > ZERO else _BUY,
        type=_MARKET,
        quantity=quantity_of(parts[0], instrument),
        reduce_only=context.view.account_type is _NETTING,
    )
    closing = Place(orders=(PlannedOrder(details=details, role="close"),))
    renewed: tuple[Place, ...] = ()
    if close.renewals:
        renewed = place_anew(close.renewals, subtract(bare_quantity(context), details.quantity), context)
    return Advance(commands=(closing, *renewed), state=json.encode(replace(close, renewals=(), has_placed=True, wake_at=None)))


def _attend(close: CloseState, event: GroupEvent, context: GroupContext) -> Advance:
    """Hear what becomes of the closing order. Whoever stops this has taken over what is held."""
    if not isinstance(event, OrderUpdate):
        return Advance(done=True) if isinstance(event, Stop) else _stay(close)
    order = event.order
    if order.group_id != context.group_id:
        return _stay(close)
    is_refused = event.fill is None and order.state in REFUSED
    if close.is_over:
        return _end(replace(close, refused=(order.order_id,) if is_refused else ()), context)
    if order.details.type is not _MARKET:
        return _stay(replace(close, refused=(*close.refused, order.order_id)) if is_refused else close)
    if order.live:
        return _stay(close)
    if order.remaining_quantity:
        return _fail(close, "NOT_CLOSED", _told(order), context)
    rest = None if close.quantity is None else subtract(close.quantity, order.quantity)
    return _close(replace(close, quantity=rest, taken=()), context)


def _end(
    close: CloseState,
    context: GroupContext,
    places: Sequence[Place] = (),
    given_up: RefusalDraft | None = None,
    alarm: str | None = None,
) -> Advance:
    """Close nothing more, and be done once the venue has every exit; what those that it refuses were to guard is closed."""
    commands, alarms = list(places), [] if alarm is None else [alarm]
    for order_id in close.refused:
        order = context.find_order(order_id)
        closing, why = ((), None) if order is None else after_refusal(order, context)
        commands += closing
        alarms += [] if why is None else [why]
    is_done = not commands and not _unacknowledged(context)
    state = b"" if is_done else json.encode(replace(close, refused=(), is_over=True, has_placed=True, wake_at=None))
    return Advance(commands=tuple(commands), state=state, done=is_done, given_up=given_up, alarm="; ".join(alarms) or None)


def _unacknowledged(context: GroupContext) -> list[Order]:
    """The group's live orders of which the venue has not said that it has them."""
    return [order for order in context.orders if order.live and order.state not in ACKNOWLEDGED]


def _told(order: Order) -> str:
    end = f"{order.order_id} has ended as {order.state}"
    return end if order.rejection_reason is None else f"{end}: {order.rejection_reason}"


def _fail(close: CloseState, code: str, why: str, context: GroupContext) -> Advance:
    """Put back the exits, as far as they are for what is held and has none."""
    bare = subtract(abs(context.held_quantity), total(exits[0].remaining_quantity for exits in live_exits(context)))
    places = place_anew(close.taken, bare, context)
    bare = subtract(bare, covered_quantity(places))
    given_up = RefusalDraft(code=code, detail=why)
    held = f"{plain(abs(context.held_quantity))} of {context.trade.symbol} is still held by {context.trade.trade_id}"
    after = f", {plain(bare)} of it without an exit" if bare > 0 else ""
    return _end(close, context, places, given_up, f"{why}; {held}{after}")


def _renewal(orders: list[Order], quantity: Decimal) -> Renewal:
    stop = next((order.details.stop_price for order in reversed(orders) if is_stop(order)), None)
    target = next((order.price for order in reversed(orders) if not is_stop(order)), None)
    return Renewal(quantity=quantity, stop_price=stop, target_price=target)
