"""Changing a trade that is there: its live orders are brought to what the new plans say, by whatever way the venue offers."""

from collections.abc import Sequence

from msgspec import Struct, json
from msgspec.structs import replace

from s1mpletrader.api import (
    Advance,
    AlgorithmCommand,
    Amend,
    Cancel,
    CommandRefused,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    Order,
    OrderId,
    OrderState,
    OrderUpdate,
    Place,
    PlannedOrder,
    Plans,
    PlansChanged,
    RefusalDraft,
    Replace,
    Stop,
    plain,
    subtract,
)
from s1mpletrader.plugins.algorithms.exits import (
    ACKNOWLEDGED,
    REFUSED,
    after_refusal,
    bare_quantity,
    closing_side,
    is_stop,
    live_exits,
    place_exits,
)
from s1mpletrader.plugins.algorithms.renewal import Renewal, renew, renewal_of
from s1mpletrader.plugins.algorithms.terms import Replaced, Terms, Wanted, order_terms

ATTEMPTS_MAX = 3
"""How often a change that the venue refuses is tried."""


class ModifyState(Struct, frozen=True, kw_only=True):
    """What is wanted, and what has been asked for and not been answered."""

    plans: Plans
    replaced: tuple[Replaced, ...] = ()
    asked: tuple[OrderId, ...] = ()
    doubted: tuple[tuple[OrderId, OrderId | None], ...] = ()
    """Orders of which nobody knows whether they have been changed, each with the one that may have taken its place."""
    renewals: tuple[Renewal, ...] = ()
    refused: int = 0

    @property
    def wanted(self) -> Wanted:
        """What the orders are to be brought to."""
        return Wanted(plans=self.plans, replaced=self.replaced)


class Modify:
    """Compares the trade's live orders with the plans, and asks for what differs.

    A stop or a target follows the exit plan, an entry that still waits follows the entry plan's prices and, where it is one
    order, the size plan's quantity: it is cancelled where it has filled that much. Where the connector cannot replace an order as
    one, or would cut it from the order it is linked with, the list is cancelled and placed anew for what is left of it; an entry
    that it cannot change at all stays, with a refusal. A position without any exit gets the planned ones; what a stop that the
    venue does not take was to guard is closed at the market.

    What fills of an order while another takes its place is taken off the other, once the venue has it. Where nobody knows whether
    an order has been changed, what the venue shows of it decides: it is asked for again, or it ends for the one in its place.
    """

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Ask for every difference. What an earlier directive is replacing is this one's from here on.

        An entry's new size is then only in its orders, of which the one or the other may have it: no more is entered than the
        larger of the two.
        """
        wanted, doubted = Wanted(plans=directive.plans), []
        for order, heir in _pairs(context):
            wanted = wanted.noting(order, max(order.quantity, heir.quantity))
            if order.state is OrderState.UNKNOWN:
                doubted.append((order.order_id, heir.order_id))
        return _ask(ModifyState(plans=wanted.plans, replaced=wanted.replaced, doubted=tuple(doubted)), context)

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
            case PlansChanged():
                renewals = tuple(one.moved(event.plans.exit) for one in modify.renewals)
                return Advance(state=json.encode(replace(modify, plans=Plans(), renewals=renewals)))
            case _:
                return Advance(state=state)

    def _heard(self, modify: ModifyState, order: Order, context: GroupContext) -> Advance:
        """Trim, place anew, and ask again, as far as this answers what was asked."""
        modify = _noted(modify, order, context)
        answered = [order_id for order_id in modify.asked if not _is_waiting(order_id, order, modify, context)]
        modify = replace(modify, asked=tuple(order_id for order_id in modify.asked if order_id not in answered))
        modify, cancels, is_open_again = _resolve(modify, context)
        if is_open_again and modify.refused + 1 >= ATTEMPTS_MAX:
            why = f"{order.order_id}: nobody knows what became of {ATTEMPTS_MAX} attempts to change it"
            given_up = RefusalDraft(code="NOT_MODIFIED", detail=why)
            return Advance(commands=tuple(cancels), state=json.encode(modify), done=_is_done(modify, context), given_up=given_up)
        modify = replace(modify, refused=modify.refused + is_open_again)
        renewals, renewed = renew(modify.renewals, {*modify.asked, *dict(modify.doubted)}, context)
        modify = replace(modify, renewals=renewals)
        closing, alarm = after_refusal(order, context) if order.group_id == context.group_id else ((), None)
        places = (*renewed, *closing)
        was_replacement = order.order_id in answered and not order.live
        if is_open_again or (was_replacement and any(one.order_id == order.intent.replaces for one in context.trade_orders)):
            # It never took the other's place: the other is to be changed after all.
            asked = _ask(modify, context)
            commands = (*cancels, *places, *asked.commands)
            return replace(asked, commands=commands, done=asked.done and not places, alarm=alarm)
        return _trim(modify, (*cancels, *places), alarm, context)

    def _refused(self, modify: ModifyState, event: CommandRefused, context: GroupContext) -> Advance:
        """The order may have ended, or another may stand in its place by now: compare again."""
        order_id, is_live = event.order.order_id, event.order.live
        renewal = next((one for one in modify.renewals if order_id in one.order_ids), None)
        modify = replace(modify, refused=modify.refused + 1)
        if renewal is not None and is_live and modify.refused < ATTEMPTS_MAX:
            return Advance(commands=(Cancel(order_id=order_id),), state=json.encode(modify))
        after = replace(
            modify,
            asked=tuple(one for one in modify.asked if one != order_id),
            renewals=tuple(one for one in modify.renewals if one is not renewal),
        )
        if is_live and after.refused < ATTEMPTS_MAX:
            after, cancels, _ = _resolve(after, context)
            asked = _ask(after, context)
            return replace(asked, commands=(*cancels, *asked.commands))
        given_up = RefusalDraft(code="NOT_MODIFIED", detail=f"{order_id}: {event.reason}")
        alarm = None
        if is_live and renewal is not None and _is_torn(renewal, after, context):
            alarm = f"{order_id} cannot be cancelled, and what it was linked with is gone: look at {context.trade.trade_id}"
        elif is_live and (order_id in dict(modify.doubted) or modify.wanted.is_too_large(event.order, context)):
            alarm = f"{order_id} can be made neither smaller nor to end, and is for more than {context.trade.trade_id} needs"
        after = replace(after, doubted=tuple(one for one in after.doubted if one[0] != order_id))
        return Advance(state=json.encode(after), done=_is_done(after, context), given_up=given_up, alarm=alarm)


def _pairs(context: GroupContext) -> list[tuple[Order, Order]]:
    """The live orders that others are about to take the place of, each with that other."""
    live = {order.order_id: order for order in context.trade_orders}
    return [
        (live[heir.intent.replaces], heir)
        for heir in context.trade_orders
        if heir.intent.replaces is not None and heir.intent.replaces in live
    ]


def _noted(modify: ModifyState, order: Order, context: GroupContext) -> ModifyState:
    """Know what has filled of an order that is being replaced, so that the other is asked for anew, and of what is in doubt."""
    heir_ids = [one.order_id for one in context.trade_orders if one.intent.replaces == order.order_id]
    replaced = modify.wanted.hearing(order).replaced
    if replaced != modify.replaced:
        again = set(heir_ids).difference(one.intent.replaces or "" for one in context.trade_orders)
        modify = replace(modify, replaced=replaced, asked=tuple(one for one in modify.asked if one not in again))
    if order.state is not OrderState.UNKNOWN or order.order_id not in modify.asked:
        return modify
    doubt = (order.order_id, next(iter(heir_ids), None))
    asked = tuple(one for one in modify.asked if one != order.order_id)
    return replace(modify, asked=asked, doubted=(*modify.doubted, doubt))


def _is_waiting(order_id: OrderId, changed: Order, modify: ModifyState, context: GroupContext) -> bool:
    """Whether what was asked about an order is yet to be seen, in itself or in the one that takes its place."""
    if changed.order_id == order_id and not changed.live and changed.state is not OrderState.CANCELLED:
        return False
    for order in context.trade_orders:
        if order.order_id == order_id:
            is_renewed = any(order_id in one.order_ids for one in modify.renewals)
            return is_renewed or modify.wanted.of(order, context) != order_terms(order)
        if order.intent.replaces == order_id and order.state not in ACKNOWLEDGED:
            return True
    return False


def _is_torn(renewal: Renewal, modify: ModifyState, context: GroupContext) -> bool:
    """Whether an order of a list that stays has ended for it, or may yet."""
    live = {one.order_id for one in context.trade_orders}
    return not live.issuperset(renewal.order_ids) or not set(modify.asked).isdisjoint(renewal.order_ids)


def _resolve(modify: ModifyState, context: GroupContext) -> tuple[ModifyState, list[AlgorithmCommand], bool]:
    """Go by what the venue shows of orders that were in doubt: one that is there is to be changed after all, or to end."""
    if not modify.doubted:
        return modify, [], False
    commands: list[AlgorithmCommand] = []
    doubted, asked, is_open_again = [], list(modify.asked), False
    live = {order.order_id: order for order in context.trade_orders}
    for order_id, heir_id in modify.doubted:
        order = live.get(order_id)
        if order is None:
            continue
        heir = context.find_order(heir_id) if heir_id is not None else None
        is_known = order.state in ACKNOWLEDGED and (heir is None or not heir.live or heir.state in ACKNOWLEDGED)
        has_heir = heir is not None and heir.state not in REFUSED
        is_renewed = any(order_id in one.order_ids for one in modify.renewals)
        if not is_known or has_heir:
            doubted.append((order_id, heir_id))
        if is_known and (has_heir or is_renewed) and order_id not in asked:
            commands.append(Cancel(order_id=order_id))
            asked.append(order_id)
        is_open_again = is_open_again or (is_known and not has_heir and not is_renewed)
    return replace(modify, doubted=tuple(doubted), asked=tuple(asked)), commands, is_open_again


def _is_done(modify: ModifyState, context: GroupContext) -> bool:
    """Whether nothing is to be answered any more.

    While an order takes another's place, what fills is to be taken off it; exits that have been placed may not be taken.
    """
    new = [one for one in context.trade_orders if one.intent.replaces is not None or one.group_id == context.group_id]
    return not (modify.asked or modify.doubted) and all(one.state in ACKNOWLEDGED for one in new)


def _trim(modify: ModifyState, commands: Sequence[AlgorithmCommand], alarm: str | None, context: GroupContext) -> Advance:
    """Take off an order what has filled of the one before it; wait for those that the venue has not acknowledged."""
    leaving = {one.intent.replaces for one in context.trade_orders}
    settled = [one for one in context.trade_orders if one.state in ACKNOWLEDGED and one.order_id not in leaving]
    too_large = [one for one in settled if one.order_id not in modify.asked and modify.wanted.is_too_large(one, context)]
    changes, after, _ = _changes(modify, too_large, context)
    is_done = not commands and _is_done(after, context)
    return Advance(commands=(*commands, *changes), state=json.encode(after), done=is_done, alarm=alarm)


def _ask(modify: ModifyState, context: GroupContext) -> Advance:
    """Ask for every difference that has not been asked for. An order that is being replaced for an earlier directive leaves."""
    doubted = dict(modify.doubted)
    leaving = {one.intent.replaces for one in context.trade_orders if one.group_id != context.group_id}
    orders = [
        one
        for one in context.trade_orders
        if one.order_id not in leaving
        and one.order_id not in doubted
        and (one.state in ACKNOWLEDGED or one.intent.replaces is None or one.group_id != context.group_id)
    ]
    changes, after, fixed = _changes(modify, orders, context)
    exits, too_little = _protect(modify.wanted.plans, context)
    commands = (*changes, *exits)
    done = not commands and _is_done(after, context)
    return Advance(commands=commands, state=json.encode(after), done=done, given_up=_unchangeable(fixed) or too_little)


def _changes(
    modify: ModifyState, orders: Sequence[Order], context: GroupContext
) -> tuple[list[AlgorithmCommand], ModifyState, list[str]]:
    """What to ask for these orders, what is known then, and the entries that cannot be changed."""
    if not orders:
        return [], modify, []
    commands: list[AlgorithmCommand] = []
    wanted, asked, renewals, fixed = modify.wanted, list(modify.asked), list(modify.renewals), list[str]()
    leaving = {one.intent.replaces for one in context.trade_orders}
    lists = [[one for one in together if one.order_id not in leaving] for together in live_exits(context)]
    linked = {order.order_id: together for together in lists for order in together}
    for order in orders:
        terms = modify.wanted.of(order, context)
        together = linked.get(order.order_id, [order])
        if order.order_id in asked:
            continue
        if modify.wanted.is_filled_enough(order, context):
            commands.append(Cancel(order_id=order.order_id))
            asked.append(order.order_id)
        elif terms == order_terms(order):
            continue
        elif _can_replace(together, context) or _is_amendable(order, terms, context):
            commands.append(_change(order, terms, context))
            asked.append(order.order_id)
            wanted = wanted.noting(order, terms[0])
        elif order.details.side is closing_side(context):
            renewals.append(renewal_of(together, modify.wanted, context))
            commands += [Cancel(order_id=one.order_id) for one in together]
            asked += [one.order_id for one in together]
        else:
            fixed.append(order.order_id)
    return commands, replace(modify, replaced=wanted.replaced, asked=tuple(asked), renewals=tuple(renewals)), fixed


def _unchangeable(order_ids: list[str]) -> RefusalDraft | None:
    """What is said of entries that the venue has no way to change."""
    if not order_ids:
        return None
    return RefusalDraft(code="NOT_MODIFIED", detail=f"{', '.join(order_ids)}: the venue neither amends nor replaces it so")


def _can_replace(together: list[Order], context: GroupContext) -> bool:
    return context.capabilities.replace and (len(together) <= 1 or context.capabilities.replace_linked)


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


def _protect(plans: Plans, context: GroupContext) -> tuple[tuple[Place, ...], RefusalDraft | None]:
    """Exits for a position that has none, and is not being closed; or what is said of one that is too little for any."""
    if plans.exit is None or live_exits(context):
        return (), None
    quantity = context.instrument.quantity_down(bare_quantity(context))
    if not quantity:
        return (), None
    places = place_exits(context, quantity, plans.exit.stop_price, plans.exit.target_price)
    detail = f"{plain(quantity)} is less than the venue takes: nothing protects it"
    return places, None if places else RefusalDraft(code="BELOW_MINIMUM", detail=detail)
