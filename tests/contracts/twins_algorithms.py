"""Algorithms that break one law each. The name of a twin begins with the law that it breaks."""

from decimal import Decimal

from msgspec.structs import replace

from s1mpletrader.api import (
    Advance,
    ExecutionAlgorithm,
    ExecutionDirective,
    GroupContext,
    GroupEvent,
    GroupId,
    Order,
    OrderState,
    OrderUpdate,
    Place,
    PlannedOrder,
    Stop,
    Timer,
    WorkerProvision,
)
from s1mpletrader.contracts import ExecutionAlgorithmContract
from s1mpletrader.plugins.algorithms.slicing.sliced import Sliced
from s1mpletrader.plugins.algorithms.slicing.starts import start_twap


class Honest:
    """A twap; what breaks a law changes what it is told or what it says."""

    def __init__(self) -> None:
        self.inner = Sliced(start_twap)

    def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
        return self.inner.begin(directive, context)

    def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
        return self.inner.advance(state, event, context)

    def planned_quantity(self, state: bytes, group_id: GroupId, trade_orders: tuple[Order, ...]) -> Decimal:
        return self.inner.planned_quantity(state, group_id, trade_orders)


class TwapContract(ExecutionAlgorithmContract):
    parameters = (("duration", "30m"), ("slices", "6"), ("leftover", "market"))
    algorithm: type[Honest] = Honest

    def make_algorithm(self, provision: WorkerProvision) -> ExecutionAlgorithm:
        return self.algorithm()


class Law01RemembersBesideItsState(TwapContract):
    class algorithm(Honest):
        def __init__(self) -> None:
            super().__init__()
            self.woken = 0

        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            self.woken += isinstance(event, Timer)
            return super().advance(state, event, context) if self.woken < 3 else Advance(state=state)


class Law02SendsAgainWhatIsUnknown(TwapContract):
    class algorithm(Honest):
        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            def known(orders: tuple[Order, ...]) -> tuple[Order, ...]:
                return tuple(order for order in orders if order.state is not OrderState.UNKNOWN)

            seen = replace(context, orders=known(context.orders), trade_orders=known(context.trade_orders))
            return super().advance(state, event, seen)


class Law02ForgetsWhatFilled(TwapContract):
    class algorithm(Honest):
        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            if isinstance(event, OrderUpdate) and event.order.live:
                event = replace(event, fill=None)
            return super().advance(state, event, context)


class Law03DividesLots(TwapContract):
    class algorithm(Honest):
        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            advance = super().advance(state, event, context)
            return replace(advance, commands=tuple(halved(one) if isinstance(one, Place) else one for one in advance.commands))


class Law04WantsToBeWokenAtOnce(TwapContract):
    class algorithm(Honest):
        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            advance = super().advance(state, event, context)
            return advance if advance.wake_at is None else replace(advance, wake_at=context.at)


class Law05IsNeverDone(TwapContract):
    class algorithm(Honest):
        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            return replace(super().advance(state, event, context), done=False)


class Law06GoesOnWhenToldToStop(TwapContract):
    class algorithm(Honest):
        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            return super().advance(state, Timer(at=context.at) if isinstance(event, Stop) else event, context)


class Law07ProtectsNothing(TwapContract):
    class algorithm(Honest):
        def begin(self, directive: ExecutionDirective, context: GroupContext) -> Advance:
            plans = replace(directive.plans, exit=None)
            return super().begin(replace(directive, plans=plans), context)


class Law07ProtectsTwice(TwapContract):
    class algorithm(Honest):
        def advance(self, state: bytes, event: GroupEvent, context: GroupContext) -> Advance:
            advance = super().advance(state, event, context)
            exits = [one for one in advance.commands if isinstance(one, Place) and one.orders[0].role == "stop"]
            return replace(advance, commands=(*advance.commands, *exits))


class Law08TellsNothingOfWhatIsToCome(TwapContract):
    class algorithm(Honest):
        def planned_quantity(self, state: bytes, group_id: GroupId, trade_orders: tuple[Order, ...]) -> Decimal:
            return Decimal(0)


class Law08CountsWhatIsLiveTwice(TwapContract):
    class algorithm(Honest):
        def planned_quantity(self, state: bytes, group_id: GroupId, trade_orders: tuple[Order, ...]) -> Decimal:
            return super().planned_quantity(state, group_id, ())


class Law08ForgetsWhatIsTakenInTheEnd(TwapContract):
    class algorithm(Honest):
        def planned_quantity(self, state: bytes, group_id: GroupId, trade_orders: tuple[Order, ...]) -> Decimal:
            return super().planned_quantity(state, group_id, trade_orders) if b'"ending"' not in state else Decimal(0)


def halved(place: Place) -> Place:
    def half(one: PlannedOrder) -> PlannedOrder:
        return replace(one, details=replace(one.details, quantity=one.details.quantity * Decimal("0.5001")))

    return replace(place, orders=tuple(map(half, place.orders)))


ALGORITHMS = [
    Law01RemembersBesideItsState,
    Law02SendsAgainWhatIsUnknown,
    Law02ForgetsWhatFilled,
    Law03DividesLots,
    Law04WantsToBeWokenAtOnce,
    Law05IsNeverDone,
    Law06GoesOnWhenToldToStop,
    Law07ProtectsNothing,
    Law07ProtectsTwice,
    Law08TellsNothingOfWhatIsToCome,
    Law08CountsWhatIsLiveTwice,
    Law08ForgetsWhatIsTakenInTheEnd,
]
