"""What a sliced entry remembers, and what it makes of the news."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from s1mpletrader.api import (
    SECOND_NS,
    ZERO,
    CommandRefused,
    Fill,
    GroupContext,
    Instant,
    Order,
    OrderId,
    OrderState,
    OrderType,
    OrderUpdate,
    Place,
    Plans,
    Side,
    TimeInForce,
    add,
    subtract,
    total,
)
from s1mpletrader.plugins.algorithms.exits import ACKNOWLEDGED
from s1mpletrader.plugins.algorithms.protection import Protection, protect
from s1mpletrader.plugins.algorithms.slicing.lots import lots_of
from s1mpletrader.plugins.algorithms.slicing.paces import Pace
from s1mpletrader.plugins.algorithms.slicing.starts import Leftover
from s1mpletrader.plugins.algorithms.succession import Adopted, InTrade, adopt, is_own, own_orders

FAILURES_MAX = 3
"""After so many slices in a row that ended unasked and without a fill, no further one is placed."""

RETRY_NS = SECOND_NS
"""How long after a refused cancellation it is tried again."""

WINDOW_OVER = "WINDOW_OVER"
"""Why an entry ends whose time has passed: the only end after which the rest may be taken at the market, or slices kept."""

CANCELS_REFUSED_MAX = 10
"""How many refused cancellations are tried again."""


class Phase(StrEnum):
    """How far an entry is."""

    PLACING = "placing"
    ENDING = "ending"
    """No further slice is placed; those that are live are cancelled."""
    TAKING = "taking"
    """The rest is being taken at the market."""
    STOPPED = "stopped"
    """Told to stop: exits are cancelled, too."""


class SlicedState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All of an entry in slices. What is live is in the orders; what has ended is here."""

    side: Side
    type: OrderType
    price: Decimal | None
    time_in_force: TimeInForce
    target: Decimal
    pace: Pace
    leftover: Leftover
    ends_at: Instant | None
    end_code: str
    """Why it will have ended, if it ends at ``ends_at``; once it has ended, why."""
    protection: Protection | None
    phase: Phase = Phase.PLACING
    filled: Decimal = ZERO
    rejected: tuple[tuple[OrderId, Decimal], ...] = ()
    """Slices that the venue refused, and their quantities: not tried again."""
    failures: int = 0
    """How many slices in a row have ended unasked and without a fill."""
    cancelled: tuple[OrderId, ...] = ()
    """Slices whose cancellation has been asked for."""
    cancels_refused: int = 0
    retry_at: Instant | None = None
    adopted: Adopted = ()
    told: bool = False
    """Whether what was given up has been said."""


def live_slices(state: SlicedState, context: InTrade) -> list[Order]:
    """The live orders that enter, oldest first. One that is about to take another's place is not counted beside it."""
    slices = [order for order in own_orders(state.adopted, context) if order.details.side is state.side]
    ids = {order.order_id for order in slices}
    return [order for order in slices if order.intent.replaces not in ids]


def remaining_quantity(state: SlicedState, live: list[Order]) -> Decimal:
    """What has not been filled, is not live and has not been refused; below zero where too much is live."""
    spoken_for = total((state.filled, *(quantity for _, quantity in state.rejected), *(it.remaining_quantity for it in live)))
    return subtract(state.target, spoken_for)


def planned_quantity(state: SlicedState, context: InTrade) -> Decimal:
    """What may still be placed beside the live slices: by the pace, or at the market once the window has ended."""
    takes_rest = state.phase is Phase.ENDING and state.leftover is Leftover.MARKET and state.end_code == WINDOW_OVER
    if state.told or not (state.phase is Phase.PLACING or takes_rest):
        return ZERO
    return max(remaining_quantity(state, live_slices(state, context)), ZERO)


def surplus(live: list[Order], remaining: Decimal) -> list[Order]:
    """The newest slices, until what is live is no longer more than the target has room for."""
    excess = []
    for order in reversed(live):
        if remaining >= 0:
            break
        excess.append(order)
        remaining = add(remaining, order.remaining_quantity)
    return excess


def ended(state: SlicedState, code: str, phase: Phase = Phase.ENDING) -> SlicedState:
    """The entry from where on nothing more is placed; what is live is asked to end without waiting for an earlier refusal."""
    return replace(state, phase=phase, ends_at=None, end_code=code, retry_at=None)


def hear_order(state: SlicedState, event: OrderUpdate, context: GroupContext) -> tuple[SlicedState, tuple[Place, ...]]:
    """Count what filled and what ended; answers a fill with its protection."""
    order = event.order
    state = replace(state, adopted=adopt(state.adopted, order, context))
    if not is_own(order, state.adopted, context) or order.details.side is not state.side:
        leaves = order.details.side is not state.side and order.details.type is not OrderType.MARKET
        if event.fill is not None and leaves and state.phase in (Phase.PLACING, Phase.ENDING):
            state = ended(state, "EXIT_FILLED")
        return state, ()
    if order.live:
        rejected = tuple(one for one in state.rejected if one[0] != order.order_id)
        state = replace(state, rejected=rejected)
        if order.state in ACKNOWLEDGED and state.retry_at is None:
            # Nobody may have known what became of its cancellation.
            state = _asked_again(state, order, context)
    else:
        state = _count_end(state, order, context)
    return _count_fill(state, event.fill, context) if event.fill is not None else (state, ())


def hear_refusal(state: SlicedState, event: CommandRefused, context: GroupContext) -> SlicedState:
    """A cancellation that was refused is tried again after a while, unless the order has ended meanwhile."""
    return _asked_again(state, event.order, context)


def hear_plans(state: SlicedState, plans: Plans, context: GroupContext) -> SlicedState:
    """Slices to come follow the new plans: their limit, the target, and where what fills is left again."""
    if plans.entry is not None and state.price is not None:
        state = replace(state, price=plans.entry.price or state.price)
    if plans.size is not None:
        state = replace(state, target=context.instrument.quantity_down(plans.size.quantity))
        live = live_slices(state, context)
        excess = surplus(live, remaining_quantity(state, live))
        remaining = remaining_quantity(state, [order for order in live if order not in excess])
        state = replace(state, pace=state.pace.resized(lots_of(remaining, context.instrument)))
    if plans.exit is not None and state.protection is not None:
        state = replace(state, protection=state.protection.moved(plans.exit))
    return state


def _asked_again(state: SlicedState, order: Order, context: GroupContext) -> SlicedState:
    """Cancel a slice once more, after a while, that has been asked to end and is there."""
    if order.order_id not in state.cancelled or not order.live or state.cancels_refused >= CANCELS_REFUSED_MAX:
        return state
    return replace(
        state,
        cancelled=tuple(one for one in state.cancelled if one != order.order_id),
        cancels_refused=state.cancels_refused + 1,
        retry_at=context.at + RETRY_NS,
    )


def _count_fill(state: SlicedState, fill: Fill, context: GroupContext) -> tuple[SlicedState, tuple[Place, ...]]:
    state = replace(state, filled=add(state.filled, fill.quantity), failures=0)
    if state.protection is None or state.phase is Phase.STOPPED:
        return state, ()
    protection, places = protect(state.protection, fill, context)
    return replace(state, protection=protection), places


def _count_end(state: SlicedState, order: Order, context: GroupContext) -> SlicedState:
    asked = order.order_id in state.cancelled
    replaced = any(one.intent.replaces == order.order_id for one in context.trade_orders)
    state = replace(state, cancelled=tuple(one for one in state.cancelled if one != order.order_id))
    if order.state is OrderState.REJECTED and order.order_id not in dict(state.rejected):
        state = replace(state, rejected=(*state.rejected, (order.order_id, order.quantity)))
    if order.filled_quantity or asked or replaced or _ends_by_its_terms(order):
        return state
    failures = state.failures + 1
    return replace(ended(state, "SLICES_FAILED") if _is_too_many(state, failures) else state, failures=failures)


def _is_too_many(state: SlicedState, failures: int) -> bool:
    return failures >= FAILURES_MAX and state.phase is Phase.PLACING


def _ends_by_its_terms(order: Order) -> bool:
    """Whether the order ended because it never was to wait: what the market does not give at once is no failure."""
    rests = order.details.type is OrderType.LIMIT and order.details.time_in_force is TimeInForce.GTC
    return order.state is OrderState.EXPIRED and not rests
