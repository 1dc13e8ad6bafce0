"""One entry with its exits: every fill of the entry is protected at once, by a stop and a target that cancel each other."""

from decimal import Decimal

from msgspec import Struct, json
from msgspec.structs import replace

from s1mpletrader.api import (
    Advance,
    Defect,
    ExecutionDirective,
    Fill,
    GroupContext,
    GroupEvent,
    Instant,
    OrderUpdate,
    Place,
    PlansChanged,
    Side,
    Stop,
    Timer,
)
from s1mpletrader.plugins.algorithms.exits import cancels, place_exits
from s1mpletrader.plugins.algorithms.single import entry_order, expired


class BracketState(Struct, frozen=True, kw_only=True):
    """Where the exits lie, and for how long the entry may wait. The rest is in the orders."""

    entry_side: Side
    stop_price: Decimal | None
    target_price: Decimal | None
    valid_until: Instant | None = None
    stopped: bool = False


class Bracket:
    """Answers each fill of the entry with a pair of exits of the fill's quantity.

    A pair for each fill keeps a partly filled entry protected without changing an order that is live already.
    """

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        """Place the entry, and remember where the exits lie."""
        plans, exits = directive.plans, directive.plans.exit
        if plans.entry is None or exits is None:
            raise Defect(f"{directive.id} has no entry or no exit plan for its bracket")
        state = BracketState(
            entry_side=plans.entry.side,
            stop_price=exits.stop_price,
            target_price=exits.target_price,
            valid_until=plans.entry.valid_until,
        )
        place = Place(orders=(entry_order(directive),))
        return Advance(commands=(place,), state=json.encode(state), wake_at=state.valid_until)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Protect what has just been entered; be done when nothing of the group is left to fill."""
        bracket = json.decode(state, type=BracketState)
        match event:
            case OrderUpdate() if event.fill is not None and self._protects(event, bracket, context):
                return _waiting(
                    bracket, place_exits(context, _received(event.fill, context), bracket.stop_price, bracket.target_price)
                )
            case Stop():
                stopped = replace(bracket, stopped=True, valid_until=None)
                return Advance(
                    commands=cancels(context.orders), state=json.encode(stopped), done=not any(o.live for o in context.orders)
                )
            case PlansChanged() if event.plans.exit is not None:
                exits = event.plans.exit
                return _waiting(
                    replace(
                        bracket,
                        stop_price=exits.stop_price or bracket.stop_price,
                        target_price=exits.target_price or bracket.target_price,
                    )
                )
            case Timer():
                return self._expire(bracket, context)
            case _:
                return _waiting(bracket) if any(order.live for order in context.orders) else Advance(done=True)

    def _protects(self, event: OrderUpdate, bracket: BracketState, context: GroupContext) -> bool:
        order = event.order
        return order.group_id == context.group_id and order.details.side is bracket.entry_side and not bracket.stopped

    def _expire(self, bracket: BracketState, context: GroupContext) -> Advance:
        """Take back what has not been entered; what has been stays protected."""
        entries = [order for order in context.orders if order.live and order.details.side is bracket.entry_side]
        after = replace(bracket, valid_until=None)
        if not entries:
            return Advance(state=json.encode(after), done=not any(order.live for order in context.orders))
        return Advance(commands=cancels(entries), state=json.encode(after), given_up=expired(context))


def _waiting(bracket: BracketState, *commands: Place) -> Advance:
    return Advance(commands=commands, state=json.encode(bracket), wake_at=bracket.valid_until)


def _received(fill: Fill, context: GroupContext) -> Decimal:
    """What there is to protect: a fee taken in what was bought leaves less than the fill."""
    received = fill.quantity - fill.fee if fill.fee_currency == context.instrument.base else fill.quantity
    return context.instrument.quantity_down(received)
