"""Changing a trade that is there: its live orders are brought to what the new plans say, by whatever way the venue offers."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct, json
from msgspec.structs import replace

from s1mpletrader.api import (
    ZERO,
    Advance,
    AlgorithmCommand,
    Amend,
    Cancel,
    CommandRefused,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    Order,
    OrderState,
    OrderType,
    OrderUpdate,
    Place,
    PlannedOrder,
    Plans,
    PlansChanged,
    RefusalDraft,
    Replace,
    Stop,
    subtract,
)
from s1mpletrader.plugins.algorithms.exits import ACKNOWLEDGED, closing_side, is_stop, live_exits, place_exits

ATTEMPTS_MAX = 3
"""How often a change that the venue refuses is tried."""


class Renewal(Struct, frozen=True, kw_only=True):
    """Orders that were cancelled to be placed anew, and with what prices."""

    order_ids: tuple[str, ...]
    quantity: Decimal
    stop_price: Decimal | None
    target_price: Decimal | None


class Replaced(Struct, frozen=True, kw_only=True):
    """An order that another is to take the place of: what both are for, and what of it has filled by now."""

    order_id: str
    quantity: Decimal
    filled: Decimal


class ModifyState(Struct, frozen=True, kw_only=True):
    """What is wanted, and what has been asked for and not been answered."""

    plans: Plans
    asked: tuple[str, ...] = ()
    renewals: tuple[Renewal, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    refused: int = 0


class Modify:
    """Compares the trade's live orders with the plans, and asks for what differs.

    A stop or a target follows the exit plan, an entry that still waits follows the entry plan's prices and, where it is one
    order, the size plan's quantity: it is cancelled where it has filled that much. Where the connector cannot replace an order as
    one, or would cut it from the order it is linked with, the list is cancelled and placed anew for what is left of it; an entry
    that it cannot change at all stays, with a refusal. A position without any exit gets the planned ones. What fills of an order
    while another takes its place is taken off the other, once the venue has it.
    """

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Ask for every difference."""
        return _ask(ModifyState(plans=directive.plans), context)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Go on until everything that was asked for has been answered."""
        modify = json.decode(state, type=ModifyState)
        match event:
            case OrderUpdate():
                return self._heard(modify, event.order, context)
            case CommandRefused() if event.order.order_id in modify.asked:
                return self._refused(modify, event, context)
            case Stop():
                return Advance(done=True, given_up=RefusalDraft(code="SUPERSEDED", detail=event.reason))
            case PlansChanged() if not modify.renewals:
                return Advance(done=True)
            case _:
                return Advance(state=state)

    def _heard(self, modify: ModifyState, order: Order, context: GroupContext) -> Advance:
        order_id = order.order_id
        modify, places = _noted(modify, order, context), tuple[Place, ...]()
        is_waiting = (
            order.live and order.state is not OrderState.UNKNOWN and _wanted(order, modify, context) != order_terms(order)
        )
        if order_id in modify.asked and not is_waiting:
            modify, places = _renew(replace(modify, asked=tuple(one for one in modify.asked if one != order_id)), context)
            if not order.live and any(one.order_id == order.intent.replaces for one in context.trade_orders):
                # It never took the other's place: the other is to be changed after all.
                asked = _ask(modify, context)
                return replace(asked, commands=(*places, *asked.commands))
        return _trim(modify, places, context)

    def _refused(self, modify: ModifyState, event: CommandRefused, context: GroupContext) -> Advance:
        """The order may have ended, or another may stand in its place by now: compare again."""
        after = replace(
            modify,
            asked=tuple(one for one in modify.asked if one != event.order.order_id),
            renewals=tuple(one for one in modify.renewals if event.order.order_id not in one.order_ids),
            refused=modify.refused + 1,
        )
        if after.refused < ATTEMPTS_MAX and event.order.live:
            return _ask(after, context)
        given_up = RefusalDraft(code="NOT_MODIFIED", detail=f"{event.order.order_id}: {event.reason}")
        alarm = None
        if event.order.live and _is_too_large(event.order, modify):
            alarm = f"{event.order.order_id} cannot be made smaller, and is for more than {context.trade.trade_id} needs"
        return Advance(state=json.encode(after), done=not after.asked, given_up=given_up, alarm=alarm)


def _noted(modify: ModifyState, order: Order, context: GroupContext) -> ModifyState:
    """Know what has filled of an order that is being replaced: whatever was asked of the other is asked anew."""
    known = next((one for one in modify.replaced if one.order_id == order.order_id), None)
    if known is None or known.filled == order.filled_quantity:
        return modify
    now = replace(known, filled=order.filled_quantity)
    heirs = {one.order_id for one in context.trade_orders if one.intent.replaces == order.order_id}
    return replace(
        modify,
        asked=tuple(order_id for order_id in modify.asked if order_id not in heirs),
        replaced=tuple(now if one is known else one for one in modify.replaced),
    )


def _due(order: Order, modify: ModifyState) -> Decimal | None:
    """The quantity that an order is to have which took another's place; None for any other order."""
    former = next((one for one in modify.replaced if one.order_id == order.intent.replaces), None)
    return None if former is None else max(subtract(former.quantity, former.filled), ZERO)


def _is_too_large(order: Order, modify: ModifyState) -> bool:
    due = _due(order, modify)
    return due is not None and due < order.quantity


def _trim(modify: ModifyState, places: tuple[Place, ...], context: GroupContext) -> Advance:
    """Take off an order what has filled of the one before it; wait for those that the venue has not acknowledged."""
    too_large = [one for one in context.trade_orders if _is_too_large(one, modify) and one.order_id not in modify.asked]
    known = [order for order in too_large if order.state in ACKNOWLEDGED]
    commands, after, _ = _changes(modify, known, context)
    return Advance(commands=(*places, *commands), state=json.encode(after), done=not after.asked and len(known) == len(too_large))


Terms = tuple[Decimal, Decimal | None, Decimal | None]
"""An order's quantity, limit and stop price."""


def order_terms(order: Order) -> Terms:
    """What an order stands at now."""
    return order.quantity, order.price, order.details.stop_price


def _wanted(order: Order, modify: ModifyState, context: GroupContext) -> Terms:
    """What the plans want of an order; what they do not speak of stays."""
    plans, (quantity, price, stop_price) = modify.plans, order_terms(order)
    due = _due(order, modify)
    quantity = quantity if due is None else min(due, quantity)
    if order.details.side is closing_side(context):
        if plans.exit is None or order.details.type is OrderType.MARKET:
            return quantity, price, stop_price
        if is_stop(order):
            return quantity, price, plans.exit.stop_price or stop_price
        return quantity, plans.exit.target_price or price, stop_price
    is_sized = due is None and plans.size is not None and _is_whole_entry(order, context)
    if is_sized and plans.size is not None and plans.size.quantity > order.filled_quantity:
        quantity = plans.size.quantity
    if plans.entry is not None and order.details.type is not OrderType.MARKET:
        price = plans.entry.price if price is not None and plans.entry.price is not None else price
        stop_price = plans.entry.stop_price if stop_price is not None and plans.entry.stop_price is not None else stop_price
    return quantity, price, stop_price


def _is_filled_enough(order: Order, modify: ModifyState, context: GroupContext) -> bool:
    """Whether an entry already has all of its new size, or an order all that is due: what is left of it is taken back."""
    plans, due = modify.plans, _due(order, modify)
    if due is not None:
        return due <= order.filled_quantity
    if plans.size is None or order.details.side is closing_side(context) or not _is_whole_entry(order, context):
        return False
    return plans.size.quantity <= order.filled_quantity


def _is_whole_entry(order: Order, context: GroupContext) -> bool:
    """Whether no other order enters: an entry of several orders is made to fit its new size by its own algorithm."""
    others = [one for one in context.trade_orders if order.order_id not in (one.order_id, one.intent.replaces)]
    return all(one.details.side is closing_side(context) for one in others)


def _ask(modify: ModifyState, context: GroupContext) -> Advance:
    """Ask for every difference that has not been asked for. An order that is being replaced for an earlier directive leaves."""
    leaving = {one.intent.replaces for one in context.trade_orders if one.group_id != context.group_id}
    staying = [one for one in context.trade_orders if one.order_id not in leaving]
    orders = [one for one in staying if one.state in ACKNOWLEDGED or _due(one, modify) is None]
    changes, after, fixed = _changes(modify, orders, context)
    commands = (*changes, *_protect(modify.plans, live_exits(context), context))
    return Advance(commands=commands, state=json.encode(after), done=not after.asked, given_up=_unchangeable(fixed))


def _changes(
    modify: ModifyState, orders: Sequence[Order], context: GroupContext
) -> tuple[list[AlgorithmCommand], ModifyState, list[str]]:
    """What to ask for these orders, what is known then, and the entries that cannot be changed."""
    commands: list[AlgorithmCommand] = []
    asked, renewals, fixed = list(modify.asked), list(modify.renewals), list[str]()
    replaced = {one.order_id: one for one in modify.replaced}
    linked = {order.order_id: lists for lists in live_exits(context) for order in lists if len(lists) > 1}
    for order in orders:
        wanted = _wanted(order, modify, context)
        together = linked.get(order.order_id, [order])
        if order.order_id in asked:
            continue
        if _is_filled_enough(order, modify, context):
            commands.append(Cancel(order_id=order.order_id))
            asked.append(order.order_id)
        elif wanted == order_terms(order):
            continue
        elif _can_replace(together, context) or _is_amendable(order, wanted, context):
            commands.append(_change(order, wanted, context))
            asked.append(order.order_id)
            replaced[order.order_id] = Replaced(order_id=order.order_id, quantity=wanted[0], filled=order.filled_quantity)
        elif order.details.side is closing_side(context):
            renewals.append(_renewal(together, modify, context))
            commands += [Cancel(order_id=one.order_id) for one in together]
            asked += [one.order_id for one in together]
        else:
            fixed.append(order.order_id)
    after = replace(modify, asked=tuple(asked), renewals=tuple(renewals), replaced=tuple(replaced.values()))
    return commands, after, fixed


def _unchangeable(order_ids: list[str]) -> RefusalDraft | None:
    """What is said of entries that the venue has no way to change."""
    if not order_ids:
        return None
    return RefusalDraft(code="NOT_MODIFIED", detail=f"{', '.join(order_ids)}: the venue neither amends nor replaces it so")


def _can_replace(together: list[Order], context: GroupContext) -> bool:
    return context.capabilities.replace and (len(together) == 1 or context.capabilities.replace_linked)


def _is_amendable(order: Order, wanted: Terms, context: GroupContext) -> bool:
    quantity, price, stop_price = wanted
    if price != order.price and not context.capabilities.amend_price:
        return False
    return context.capabilities.amend and stop_price == order.details.stop_price and quantity <= order.quantity


def _change(order: Order, wanted: Terms, context: GroupContext) -> Amend | Replace:
    quantity, price, stop_price = wanted
    if _is_amendable(order, wanted, context):
        return Amend(order_id=order.order_id, quantity=quantity, price=price if price != order.price else None)
    details = replace(order.details, quantity=subtract(quantity, order.filled_quantity), price=price, stop_price=stop_price)
    role = "entry" if order.details.side is not closing_side(context) else "stop" if is_stop(order) else "target"
    return Replace(order_id=order.order_id, order=PlannedOrder(details=details, role=role))


def _renewal(together: list[Order], modify: ModifyState, context: GroupContext) -> Renewal:
    terms = [(is_stop(order), _wanted(order, modify, context)) for order in together]
    return Renewal(
        order_ids=tuple(order.order_id for order in together),
        quantity=min(order.remaining_quantity for order in together),
        stop_price=next((stop for stops, (_, _, stop) in terms if stops), None),
        target_price=next((price for stops, (_, price, _) in terms if not stops), None),
    )


def _renew(modify: ModifyState, context: GroupContext) -> tuple[ModifyState, tuple[Place, ...]]:
    """Place anew what has been cancelled for it, once the last order of its list has ended."""
    places, waiting = [], []
    for renewal in modify.renewals:
        if any(order_id in modify.asked for order_id in renewal.order_ids):
            waiting.append(renewal)
            continue
        quantity = context.instrument.quantity_down(min(renewal.quantity, abs(context.held_quantity)))
        if quantity:
            places.append(place_exits(context, quantity, renewal.stop_price, renewal.target_price))
    return replace(modify, renewals=tuple(waiting)), tuple(places)


def _protect(plans: Plans, exits: list[list[Order]], context: GroupContext) -> list[Place]:
    """Exits for a position that has none."""
    held = context.instrument.quantity_down(abs(context.held_quantity))
    if plans.exit is None or exits or not held:
        return []
    return [place_exits(context, held, plans.exit.stop_price, plans.exit.target_price)]
