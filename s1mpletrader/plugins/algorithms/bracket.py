"""One entry with its exits: every fill of the entry is protected at once, by a stop and a target that cancel each other."""

from msgspec import Struct, json
from msgspec.structs import replace

from s1mpletrader.api import (
    Advance,
    AlgorithmCommand,
    Defect,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    Instant,
    Order,
    OrderUpdate,
    Place,
    PlansChanged,
    Side,
    Stop,
    Timer,
)
from s1mpletrader.plugins.algorithms.exits import after_refusal, cancels
from s1mpletrader.plugins.algorithms.protection import Protection, protect
from s1mpletrader.plugins.algorithms.single import again_at, entry_order, expired
from s1mpletrader.plugins.algorithms.succession import Adopted, adopt, is_own, own_orders, trims


class BracketState(Struct, frozen=True, kw_only=True):
    """Where the exits lie, and for how long the entry may wait. The rest is in the orders."""

    entry_side: Side
    protection: Protection
    valid_until: Instant | None = None
    expired_at: Instant | None = None
    """When the entry was first taken back, because its time had run out."""
    stopped: bool = False
    adopted: Adopted = ()


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
            protection=Protection(stop_price=exits.stop_price, target_price=exits.target_price),
            valid_until=plans.entry.valid_until,
        )
        place = Place(orders=(entry_order(directive),))
        return Advance(commands=(place,), state=json.encode(state), wake_at=state.valid_until)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        """Protect what has just been entered; be done when nothing of the group is left to fill."""
        bracket = json.decode(state, type=BracketState)
        match event:
            case OrderUpdate():
                return self._hear(bracket, event, context)
            case Stop():
                stopped = replace(bracket, stopped=True, valid_until=None)
                orders = own_orders(bracket.adopted, context)
                return Advance(commands=cancels(orders), state=json.encode(stopped), done=not orders)
            case PlansChanged() if event.plans.exit is not None:
                return _waiting(replace(bracket, protection=bracket.protection.moved(event.plans.exit)), context)
            case Timer():
                return self._expire(bracket, context)
            case _:
                return _waiting(bracket, context)

    def _hear(self, bracket: BracketState, event: OrderUpdate, context: GroupContext) -> Advance:
        """Protect a fill of the entry; be done once nothing of the group, or in the place of its orders, is live."""
        order, commands = event.order, tuple[AlgorithmCommand, ...]()
        bracket = replace(bracket, adopted=adopt(bracket.adopted, order, context))
        entered = is_own(order, bracket.adopted, context) and order.details.side is bracket.entry_side
        if event.fill is not None and entered and not bracket.stopped:
            protection, commands = protect(bracket.protection, event.fill, context)
            bracket = replace(bracket, protection=protection)
        elif event.fill is not None:
            commands = trims(order, context)
        alarm: str | None = None
        if event.fill is None and not bracket.stopped and is_own(order, bracket.adopted, context):
            commands, alarm = after_refusal(order, context)
        if commands or own_orders(bracket.adopted, context):
            return _waiting(bracket, context, *commands, alarm=alarm)
        return Advance(done=True, alarm=alarm)

    def _expire(self, bracket: BracketState, context: GroupContext) -> Advance:
        """Take back what has not been entered; what has been stays protected."""
        orders = own_orders(bracket.adopted, context)
        entries = _entries(bracket, context)
        after = replace(bracket, valid_until=None)
        if not entries:
            return Advance(state=json.encode(after), done=not orders)
        if bracket.expired_at is not None:
            return _waiting(after, context, *cancels(entries))
        advance = _waiting(replace(after, expired_at=context.at), context, *cancels(entries))
        return replace(advance, given_up=expired(context))


def _entries(bracket: BracketState, context: GroupContext) -> list[Order]:
    return [order for order in own_orders(bracket.adopted, context) if order.details.side is bracket.entry_side]


def _waiting(bracket: BracketState, context: GroupContext, *commands: AlgorithmCommand, alarm: str | None = None) -> Advance:
    wake_at = bracket.valid_until
    if bracket.expired_at is not None and not bracket.stopped and _entries(bracket, context):
        wake_at = again_at(bracket.expired_at, context)
    return Advance(commands=commands, state=json.encode(bracket), wake_at=wake_at, alarm=alarm)
