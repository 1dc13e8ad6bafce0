"""One entry with its exits: every fill of the entry is protected at once, by a stop and a target that cancel each other."""

from decimal import Decimal

from msgspec import Struct, json

from s1mpletrader.api import (
    AccountType,
    Advance,
    Defect,
    ExecutionDirective,
    Fill,
    GroupContext,
    ListKind,
    OrderDetails,
    OrderId,
    OrderType,
    OrderUpdate,
    Place,
    PlannedOrder,
    Side,
    Timer,
)
from s1mpletrader.plugins.algorithms.single import entry_order


class BracketState(Struct, frozen=True, kw_only=True):
    """Where the exits lie. The rest is in the orders."""

    entry_side: Side
    stop_price: Decimal | None
    target_price: Decimal | None


class Bracket:
    """Answers each fill of the entry with a pair of exits of the fill's quantity.

    A pair for each fill keeps a partly filled entry protected without changing an order that is live already.
    """

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Place the entry, and remember where the exits lie."""
        entry, exits = entry_order(directive), directive.plans.exit
        if exits is None:
            raise Defect(f"{directive.id} has no exit plan for its bracket")
        state = BracketState(entry_side=entry.details.side, stop_price=exits.stop_price, target_price=exits.target_price)
        return Advance(commands=(Place(orders=(entry,)),), state=json.encode(state))

    def advance(self, state: bytes, event: OrderUpdate | Timer, context: GroupContext) -> Advance:
        """Protect what has just been entered; be done when nothing of the group is left to fill."""
        if isinstance(event, Timer) or event.order.group_id != context.group_id:
            return Advance(state=state, done=not _live(context, None))
        bracket = json.decode(state, type=BracketState)
        if event.fill is not None and event.order.details.side is bracket.entry_side:
            return Advance(commands=(_exits(event.fill, bracket, context),), state=state)
        return Advance(state=state, done=not _live(context, event.order.order_id) and not event.order.live)


def _live(context: GroupContext, besides: OrderId | None) -> bool:
    return any(order.live for order in context.orders if order.order_id != besides)


def _exits(fill: Fill, bracket: BracketState, context: GroupContext) -> Place:
    # A fee taken in what was bought leaves less than the fill to sell.
    received = fill.quantity - fill.fee if fill.fee_currency == context.instrument.base else fill.quantity
    quantity = context.instrument.quantity_down(received)
    side = bracket.entry_side.opposite
    reduce_only = context.view.account_type is AccountType.NETTING
    exits = []
    if bracket.stop_price is not None:
        stop = OrderDetails(
            symbol=fill.symbol,
            side=side,
            type=OrderType.STOP,
            quantity=quantity,
            stop_price=bracket.stop_price,
            reduce_only=reduce_only,
        )
        exits.append(PlannedOrder(details=stop, role="stop"))
    if bracket.target_price is not None:
        target = OrderDetails(
            symbol=fill.symbol,
            side=side,
            type=OrderType.LIMIT,
            quantity=quantity,
            price=bracket.target_price,
            reduce_only=reduce_only,
        )
        exits.append(PlannedOrder(details=target, role="target"))
    return Place(orders=tuple(exits), list_kind=ListKind.OCO if len(exits) > 1 else ListKind.NONE)
