"""One order, sent at once."""

from s1mpletrader.api import (
    Advance,
    Defect,
    ExecutionDirective,
    GroupContext,
    OrderDetails,
    OrderUpdate,
    Place,
    PlannedOrder,
    Timer,
)


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


class Single:
    """Places the entry and needs to hear nothing more."""

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Place the entry."""
        return Advance(commands=(Place(orders=(entry_order(directive),)),), done=True)

    def advance(self, state: bytes, event: OrderUpdate | Timer, context: GroupContext) -> Advance:
        """It is done from its beginning."""
        return Advance(state=state, done=True)
