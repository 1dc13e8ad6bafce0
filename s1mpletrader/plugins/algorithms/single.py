"""One order, sent at once."""

from s1mpletrader.api import (
    SECOND_NS,
    Advance,
    Defect,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    Instant,
    OrderDetails,
    Place,
    PlannedOrder,
    RefusalDraft,
    Stop,
    Timer,
    iso,
)
from s1mpletrader.plugins.algorithms.exits import cancels


def entry_order(directive: ExecutionDirective) -> PlannedOrder:
    """The opening order that a directive's entry and size plans mean."""
    entry, size = directive.plans.entry, directive.plans.size
    if entry is None or size is None:
        raise Defect(f"{directive.id} opens a trade without an entry or a size")
    details = OrderDetails(
        symbol=directive.directive.symbol,
        side=entry.side,
        type=entry.type,
        quantity=size.quantity,
        price=entry.price,
        stop_price=entry.stop_price,
        time_in_force=entry.time_in_force,
    )
    return PlannedOrder(details=details, role="entry")


def expired(context: GroupContext) -> RefusalDraft:
    """What is said of an entry whose time has run out."""
    return RefusalDraft(code="EXPIRED", detail=f"the entry was valid until {iso(context.at)}, and not all of it had been filled")


RETRY_NS = 10 * SECOND_NS
"""How long after an entry was first taken back it is tried again, where it is still there; then after twice as long."""


def again_at(expired_at: Instant, context: GroupContext) -> Instant:
    """When an entry is to be taken back once more that was to end: the first cancellation may be refused, or come to nothing."""
    return context.at + max(RETRY_NS, context.at - expired_at)


class Single:
    """Places the entry. It hears more only where the entry is valid for a time."""

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Place the entry."""
        place = Place(orders=(entry_order(directive),))
        entry = directive.plans.entry
        valid_until = entry.valid_until if entry is not None else None
        if valid_until is None:
            return Advance(commands=(place,), done=True)
        return Advance(commands=(place,), wake_at=valid_until, state=str(valid_until).encode())

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Cancel what is left when its time has run out, and be done when nothing is live."""
        live = [order for order in context.orders if order.live]
        if not live:
            return Advance(done=True)
        if isinstance(event, Stop):
            return Advance(commands=cancels(live))
        valid_until, is_over = state.removesuffix(_OVER), state.endswith(_OVER)
        if isinstance(event, Timer):
            given_up = None if is_over else expired(context)
            wake_at = again_at(int(valid_until), context)
            return Advance(commands=cancels(live), state=valid_until + _OVER, wake_at=wake_at, given_up=given_up)
        if is_over:
            return Advance(state=state, wake_at=again_at(int(valid_until), context))
        return Advance(state=state, wake_at=int(state) if state else None)


_OVER = b" over"
"""Ends the state of an entry whose time has run out."""
