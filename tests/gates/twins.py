"""Gates that break one law each. The name of a twin begins with the law that it breaks."""

from decimal import Decimal

from s1mpletrader.api import ExecutionDirective, GateRefusal, OrderState, RiskGate, Scope, Situation, WorkerProvision
from s1mpletrader.contracts import RiskGateContract
from s1mpletrader.contracts.generated import INSTRUMENT

NO = GateRefusal(code="NO")


class Twin(RiskGateContract):
    """A gate and its contract in one; each twin overrides ``check``."""

    def make_planner(self, provision: WorkerProvision) -> RiskGate:
        twin = type(self)()
        twin.asked = 0
        return twin

    asked: int

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        raise NotImplementedError


def opens(directive: ExecutionDirective) -> bool:
    return directive.directive.scope is Scope.NEW_TRADE


class Law04RefusesEverySecondOne(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        self.asked += 1
        return NO if opens(directive) and self.asked % 2 else None


class Law05ChangesThePrices(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        situation.prices[INSTRUMENT.symbol] = Decimal(1)  # type: ignore[index]
        return None


class Law06AnswersWithABool(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        return not opens(directive)  # type: ignore[return-value]


class Law06RefusesWithoutACode(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        return GateRefusal(code="", detail="just no") if opens(directive) else None


class Law07RefusesEndsUnderARisk(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        return NO if situation.risks else None


class Law07RefusesEndsWithoutAPrice(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        return None if situation.prices else NO


class Law07RefusesEndsBesideManyOrders(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        return NO if len(situation.view.open_orders) > 10 else None


class Law08CountsOpenOrdersAlone(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        count = sum(order.state is OrderState.OPEN for order in situation.view.open_orders)
        return NO if opens(directive) and count > 10 else None


class Law08ForgetsUnknownOnes(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        count = sum(order.state is not OrderState.UNKNOWN for order in situation.view.open_orders)
        return NO if opens(directive) and count > 10 else None


class Law08CountsAcknowledgedOnesInTheLedger(Twin):
    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        count = sum(order.acknowledged_at is not None for order in situation.ledger.orders())
        return NO if opens(directive) and count > 10 else None


class Law09CountsLiveOrdersAlone(Twin):
    bounds_position = True

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        return NO if opens(directive) and abs(live_quantity(situation)) > 10 else None


class Law09CountsSlicesOfBuysAlone(Twin):
    bounds_position = True

    def check(self, directive: ExecutionDirective, situation: Situation) -> GateRefusal | None:
        return NO if opens(directive) and situation.view.exposure(INSTRUMENT.symbol) > 10 else None


def live_quantity(situation: Situation) -> Decimal:
    view = situation.view
    return view.exposure(INSTRUMENT.symbol) - view.planned(INSTRUMENT.symbol)


TWINS = (
    Law04RefusesEverySecondOne,
    Law05ChangesThePrices,
    Law06AnswersWithABool,
    Law06RefusesWithoutACode,
    Law07RefusesEndsUnderARisk,
    Law07RefusesEndsWithoutAPrice,
    Law07RefusesEndsBesideManyOrders,
    Law08CountsOpenOrdersAlone,
    Law08ForgetsUnknownOnes,
    Law08CountsAcknowledgedOnesInTheLedger,
    Law09CountsLiveOrdersAlone,
    Law09CountsSlicesOfBuysAlone,
)
