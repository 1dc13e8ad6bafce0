"""One order, sent at once."""

from s1mpletrader.api import (
    Advance,
    Defect,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
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


class Single:
    """Places the entry. It hears more only where the entry is valid for a time."""

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Place the entry."""
        entry = directive.plans.entry
        valid_until = entry.valid_until if entry is not None else None
        place = Place(orders=(entry_order(directive),))
        return Advance(commands=(place,), wake_at=valid_until, state=str(valid_until or "").encode(), done=valid_until is None)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Cancel what is left when its time has run out, and be done when nothing is live."""
        live = [order for order in context.orders if order.live]
        if not live:
            return Advance(done=True)
        if isinstance(event, Timer):
            return Advance(commands=cancels(live), given_up=expired(context))
        if isinstance(event, Stop):
            return Advance(commands=cancels(live))
        return Advance(state=state, wake_at=int(state) if state else None)
