"""The state machine of an entry in slices, whatever its pace."""

from decimal import Decimal
from typing import TypeGuard

from msgspec import json
from msgspec.structs import replace

from s1mpletrader.api import (
    Advance,
    AlgorithmCommand,
    Cancel,
    CommandRefused,
    Defect,
    EntryPlan,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    GroupId,
    Instant,
    Order,
    OrderDetails,
    OrderType,
    OrderUpdate,
    Parameters,
    Place,
    PlannedOrder,
    PlansChanged,
    RefusalDraft,
    Stop,
    TimeInForce,
    plain,
    subtract,
)
from s1mpletrader.plugins.algorithms.exits import after_refusal
from s1mpletrader.plugins.algorithms.protection import Protection
from s1mpletrader.plugins.algorithms.slicing.lots import lots_max, lots_min, lots_of, quantity_of, split
from s1mpletrader.plugins.algorithms.slicing.paces import Slice, Standing, Wish
from s1mpletrader.plugins.algorithms.slicing.starts import Asked, Leftover, Start, Started
from s1mpletrader.plugins.algorithms.slicing.state import (
    WINDOW_OVER,
    Phase,
    SlicedState,
    ended,
    hear_order,
    hear_plans,
    hear_refusal,
    live_slices,
    planned_quantity,
    remaining_quantity,
    surplus,
)
from s1mpletrader.plugins.algorithms.succession import Placed, own_orders, trims


class Sliced:
    """Enters a target in slices, protects every fill, and ends with its window.

    What is live and what has filled never exceed the target: a slice of unknown outcome is live, and its quantity is free again
    only with its end. A slice that the venue rejects is not tried again. The first fill of an exit ends the entry.
    """

    def __init__(self, start: Start) -> None:
        self._start = start

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Place the first slices, or refuse what could never be carried out."""
        plans = directive.plans
        if plans.entry is None or plans.size is None:
            raise Defect(f"{directive.id} opens a trade without an entry or a size")
        parameters = plans.execution.parameters if plans.execution is not None else ()
        started = self._begin(plans.entry, plans.size.quantity, parameters, context)
        if isinstance(started, RefusalDraft):
            return Advance(done=True, given_up=started)
        valid_until, exits = plans.entry.valid_until, plans.exit
        expires = valid_until is not None and (started.ends_at is None or valid_until <= started.ends_at)
        state = SlicedState(
            side=plans.entry.side,
            type=plans.entry.type,
            price=plans.entry.price,
            time_in_force=plans.entry.time_in_force,
            target=context.instrument.quantity_down(plans.size.quantity),
            pace=started.pace,
            leftover=started.leftover,
            ends_at=valid_until if expires else started.ends_at,
            end_code="EXPIRED" if expires else WINDOW_OVER,
            protection=None if exits is None else Protection(stop_price=exits.stop_price, target_price=exits.target_price),
        )
        return _go_on(state, context, ())

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Take in what has happened, and go on from there."""
        sliced, places = _hear(json.decode(state, type=SlicedState), event, context)
        refused, alarm = after_refusal(event.order, context) if _is_end(event, context) else ((), None)
        trimmed = trims(event.order, context) if isinstance(event, OrderUpdate) and event.fill is not None else ()
        advance = _go_on(sliced, context, (*places, *refused))
        return replace(advance, commands=(*advance.commands, *trimmed), alarm=alarm)

    def planned_quantity(self, state: bytes, group_id: GroupId, trade_orders: tuple[Order, ...]) -> Decimal:
        """What of the target has not been placed and still may be."""
        return planned_quantity(json.decode(state, type=SlicedState), Placed(group_id, trade_orders))

    def _begin(
        self, entry: EntryPlan, quantity: Decimal, parameters: Parameters, context: GroupContext
    ) -> Started | RefusalDraft:
        if entry.type not in (OrderType.MARKET, OrderType.LIMIT):
            return RefusalDraft(code="UNSUPPORTED_ENTRY", detail=f"a {entry.type} entry cannot be placed in slices")
        asked = Asked(entry, lots_of(quantity, context.instrument), parameters, context)
        if not split(asked.lots, asked.least, lots_max(context.instrument)):
            return RefusalDraft(code="BELOW_MINIMUM", detail=f"{plain(quantity)} is less than the venue takes")
        try:
            return self._start(asked)
        except (ValueError, ArithmeticError) as error:
            return RefusalDraft(code="BAD_PARAMETERS", detail=str(error))


def _is_end(event: GroupEvent, context: GroupContext) -> TypeGuard[OrderUpdate]:
    """Whether an order of the group may have ended without a fill."""
    return isinstance(event, OrderUpdate) and event.fill is None and event.order.group_id == context.group_id


def _hear(state: SlicedState, event: GroupEvent, context: GroupContext) -> tuple[SlicedState, tuple[Place, ...]]:
    match event:
        case OrderUpdate():
            return hear_order(state, event, context)
        case CommandRefused():
            return hear_refusal(state, event, context), ()
        case PlansChanged():
            return hear_plans(state, event.plans, context), ()
        case Stop():
            return ended(state, "SUPERSEDED", Phase.STOPPED), ()
        case _:
            return state, ()


def _go_on(state: SlicedState, context: GroupContext, places: tuple[Place, ...]) -> Advance:
    if state.retry_at is not None and state.retry_at <= context.at:
        state = replace(state, retry_at=None)
    if state.ends_at is not None and state.ends_at <= context.at:
        state = ended(state, state.end_code)
    live = live_slices(state, context)
    if state.phase is Phase.PLACING:
        return _place(state, live, context, places)
    return _wind_up(state, live, context, places)


def _place(state: SlicedState, live: list[Order], context: GroupContext, places: tuple[Place, ...]) -> Advance:
    """Place what the pace wishes; end where nothing is left to place and nothing is live."""
    remaining = remaining_quantity(state, live)
    state, cancels = _cancel(state, surplus(live, remaining))
    least = lots_min(context.instrument, state.price or context.last_price)
    lots = lots_of(remaining, context.instrument)
    wish = state.pace.wish(Standing(context.at, lots, bool(live), least, context.instrument, context.volume_since))
    state = replace(state, pace=wish.pace)
    slices = tuple(place for one in wish.slices for place in _orders(state, one, context))
    if not live and not slices and (lots < least or _is_over(state, wish)):
        return _finish(ended(state, _code(state, lots, least)), context, places)
    return _advance(state, (*places, *cancels, *slices), _earliest(state.ends_at, wish.wake_at, state.retry_at))


def _wind_up(state: SlicedState, live: list[Order], context: GroupContext, places: tuple[Place, ...]) -> Advance:
    """Wait for what is live to end, and do with the rest as was planned."""
    if state.phase is Phase.STOPPED:
        live = own_orders(state.adopted, context)
    stays = state.phase is Phase.TAKING or (state.leftover is Leftover.KEEP and state.end_code == WINDOW_OVER)
    state, cancels = (state, ()) if stays else _cancel(state, live)
    if live:
        return _advance(state, (*places, *cancels), state.retry_at)
    if state.phase is Phase.ENDING and state.leftover is Leftover.MARKET and state.end_code == WINDOW_OVER and not state.told:
        taking = replace(state, phase=Phase.TAKING, type=OrderType.MARKET, price=None, time_in_force=TimeInForce.GTC)
        lots = lots_of(remaining_quantity(state, live), context.instrument)
        orders = _orders(taking, Slice(lots), context)
        if orders:
            return _advance(taking, (*places, *orders), None)
    return _finish(state, context, places)


def _finish(state: SlicedState, context: GroupContext, places: tuple[Place, ...]) -> Advance:
    """Say once what was not entered; listen on while exits are live, so that a fill that comes late is protected, too."""
    missing = subtract(state.target, state.filled)
    given_up = None
    if not state.told and missing >= context.instrument.quantity_lot:
        detail = f"{plain(missing)} of {plain(state.target)} has not been entered"
        given_up = RefusalDraft(code=state.end_code, detail=detail)
    done = not places and not own_orders(state.adopted, context)
    return Advance(commands=places, state=json.encode(replace(state, told=True)), done=done, given_up=given_up)


def _advance(state: SlicedState, commands: tuple[AlgorithmCommand, ...], wake_at: Instant | None) -> Advance:
    return Advance(commands=commands, state=json.encode(state), wake_at=wake_at)


def _cancel(state: SlicedState, orders: list[Order]) -> tuple[SlicedState, tuple[Cancel, ...]]:
    """Cancel what has not been asked to end yet; after a refusal not before its time."""
    wanted = [order.order_id for order in orders if order.order_id not in state.cancelled]
    if not wanted or state.retry_at is not None:
        return state, ()
    return replace(state, cancelled=(*state.cancelled, *wanted)), tuple(Cancel(order_id=order_id) for order_id in wanted)


def _orders(state: SlicedState, one: Slice, context: GroupContext) -> tuple[Place, ...]:
    instrument = context.instrument
    price = state.price if one.price is None else one.price
    least = lots_min(instrument, price or context.last_price)
    details = OrderDetails(
        symbol=context.trade.symbol,
        side=state.side,
        type=state.type if one.price is None else OrderType.LIMIT,
        quantity=instrument.quantity_lot,
        price=price,
        time_in_force=state.time_in_force,
    )
    quantities = [quantity_of(lots, instrument) for lots in split(one.lots, least, lots_max(instrument))]
    return tuple(
        [Place(orders=(PlannedOrder(details=replace(details, quantity=quantity), role="slice"),)) for quantity in quantities]
    )


def _is_over(state: SlicedState, wish: Wish) -> bool:
    """Whether nothing more will come: no further slice, and no end of a window at which the rest would be taken."""
    return wish.wake_at is None and state.ends_at is None


def _code(state: SlicedState, lots: int, least: int) -> str:
    """Why something was not entered, where the window has not ended."""
    if state.rejected:
        return "REJECTED"
    return "BELOW_MINIMUM" if lots < least else "NOT_FILLED"


def _earliest(*times: Instant | None) -> Instant | None:
    return min((time for time in times if time is not None), default=None)
