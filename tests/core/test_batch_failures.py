"""What becomes of a batch's legs when one of them fails, with scripted algorithms: what they are told, and what is cancelled."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec import json
from msgspec.structs import replace

from s1mpletrader.core.batches import BatchListener, leg_of
from s1mpletrader.core.commands import CancelOrder
from s1mpletrader.core.deferred import Deferred
from s1mpletrader.core.effects import Effects, GivenUp, Wake
from s1mpletrader.domain.batches import BATCH_ALGORITHM, Batch, BatchPolicy, Leg, LegState, OnFailure
from s1mpletrader.domain.directives import Action, Approved, Plans, Refusal, RefusalDraft, Scope, SizePlan, Stage
from s1mpletrader.domain.errors import Defect
from s1mpletrader.domain.ids import DirectiveId, GroupId, IdKind, PlanId, RefusalId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.reality import GroupAdvanced, GroupOpened
from s1mpletrader.domain.replies import Cancelled, ExchangeReply, Rejected
from s1mpletrader.ports.algorithms import Advance, ExecutionAlgorithm, GroupEvent, Place, PlannedOrder, PlansChanged, Stop

from .desk import NOON, Desk, accepted, filled
from .samples import SYMBOL
from .stage import LATER, PLACED, Script, details

NOTHING = Advance()
GONE = Advance(done=True)
NO_MONEY = "no money"


class Pair(Desk):
    """Two legs of 2 that have been placed at noon, the first one acknowledged, and a batch that holds them together.

    Of a sequence the first leg alone has begun; the second's orders have nothing to do with the batch.
    """

    def __init__(
        self,
        first: Sequence[Advance] = (),
        second: Sequence[Advance] = (),
        *,
        on_failure: OnFailure = OnFailure.CANCEL,
        deadline: int | None = None,
        deferred: tuple[DirectiveId, ...] = (),
    ) -> None:
        self.scripts = Script(PLACED, NOTHING, *first), Script(PLACED, *second)
        self.closing = Script(*[GONE] * 9)
        self.waiting: dict[DirectiveId, Deferred] = {}
        algorithms: dict[str, ExecutionAlgorithm] = {
            "first": self.scripts[0],
            "second": self.scripts[1],
            "close": self.closing,
            BATCH_ALGORITHM: BatchListener(),
        }
        super().__init__(AccountType.NETTING, algorithms=algorithms)
        begun = [self.execute(algorithm=name, number=number) for number, name in enumerate(("first", "second"))]
        self.legs = tuple(_leg(effects) for effects in begun)
        self.orders = tuple(effects.intents[0].intent.order_id for effects in begun)
        self.batch = Batch(
            policy=BatchPolicy.SEQUENTIAL if deferred else BatchPolicy.COORDINATED,
            on_failure=on_failure,
            deadline=deadline,
            legs=self.legs[:1] if deferred else self.legs,
            deferred=deferred,
        )
        self.opened = self.worker.open_batch(self.batch, "s")
        self.reply_to(accepted(self.orders[0]))
        self.told_before = [len(script.told) for script in self.scripts]
        self.now = LATER

    def reply_to(self, *replies: ExchangeReply) -> Effects:
        """Book replies, and give what came of the last."""
        for reply in replies:
            effects = self.worker.on_exchange_reply(reply)
        return effects

    def heard(self, leg: int) -> list[GroupEvent | None]:
        """What a leg's algorithm was told since the batch stands."""
        return [event for _, event, _ in self.scripts[leg].told[self.told_before[leg] :]]

    @property
    def batch_id(self) -> GroupId:
        assert self.opened.group_id is not None
        return self.opened.group_id

    def _no_deferred(self, directive_id: object, batch: object) -> Deferred:
        return self.waiting[directive_id]  # type: ignore[index]


def _leg(effects: Effects) -> Leg:
    assert effects.group_id is not None
    assert effects.trade_id is not None
    return Leg(group_id=effects.group_id, trade_id=effects.trade_id, target=Decimal(2))


def rejected(pair: Pair) -> Rejected:
    """The second leg's order is refused."""
    return Rejected(order_id=pair.orders[1], rejection_reason=NO_MONEY, at=LATER)


def cancelled(effects: Effects) -> list[str]:
    return [command.order.order_id for command in effects.commands if isinstance(command, CancelOrder)]


def advanced(effects: Effects, group: GroupId) -> list[GroupAdvanced]:
    return [change for change in effects.reality if isinstance(change, GroupAdvanced) and change.group_id == group]


def states(change: GroupAdvanced) -> list[LegState]:
    return [leg.state for leg in json.decode(change.state, type=Batch).legs]


def failed(detail: str) -> RefusalDraft:
    return RefusalDraft(code="BATCH_FAILED", detail=detail)


def test_a_batch_lies_in_its_first_legs_trade_and_wakes_at_its_time_limit() -> None:
    pair = Pair(deadline=LATER)
    (opened,) = pair.opened.reality
    assert opened == GroupOpened(
        group_id=pair.ids.flow("s", f"batch:{pair.legs[0].group_id}", NOON).make(IdKind.GROUP),  # type: ignore[arg-type]
        trade_id=pair.legs[0].trade_id,
        action=Action.EXECUTE_TRADE,
        algorithm=BATCH_ALGORITHM,
        at=NOON,
        state=json.encode(pair.batch),
        wake_at=LATER,
    )
    assert pair.opened.wakes == [Wake(LATER, pair.batch_id)]
    assert Pair().opened.wakes == []


def test_a_leg_that_nothing_is_filled_of_stops_and_its_order_is_taken_back() -> None:
    pair = Pair(first=[GONE], second=[GONE])
    effects = pair.reply_to(rejected(pair))
    why = f"{SYMBOL} {NO_MONEY}"
    assert pair.heard(0) == [Stop(reason=why)]
    assert cancelled(effects) == [pair.orders[0]]
    assert effects.given_up == [GivenUp(pair.batch_id, BATCH_ALGORITHM, failed(why))]
    (change,) = advanced(effects, pair.batch_id)
    assert (change.ordinal, change.at, change.wake_at, change.done) == (1, LATER, None, True)
    assert states(change) == [LegState.OPEN, LegState.FAILED]
    assert effects.directed == []


def test_an_end_without_a_rejection_is_named_by_its_state() -> None:
    pair = Pair(first=[GONE], second=[NOTHING, GONE])
    effects = pair.reply_to(accepted(pair.orders[1]), Cancelled(order_id=pair.orders[1], at=LATER))
    assert pair.heard(0) == [Stop(reason=f"{SYMBOL} CANCELLED")]
    assert [one.refusal for one in effects.given_up] == [failed(f"{SYMBOL} CANCELLED")]


def test_a_leg_whose_algorithm_gives_up_when_its_timer_rings_fails_its_batch() -> None:
    pair = Pair(first=[GONE], second=[Advance(wake_at=LATER + 5), GONE])
    assert advanced(pair.reply_to(Cancelled(order_id=pair.orders[1], at=LATER)), pair.batch_id) == []
    pair.now = LATER + 5
    effects = pair.worker.on_timer(pair.legs[1].group_id, LATER + 5)
    assert [one.refusal for one in effects.given_up] == [failed("a leg gave up")]
    assert pair.heard(0) == [Stop(reason="a leg gave up")]


def test_what_a_leg_has_entered_is_kept_and_its_algorithm_learns_that_this_is_all_of_it() -> None:
    exit_ = Place(orders=(PlannedOrder(details=details("1.5", "12", side=Side.SELL), role="exit"),))
    more = Place(orders=(PlannedOrder(details=details("1.5", "9", side=Side.SELL), role="stop"),))
    pair = Pair(first=[Advance(commands=(exit_,)), Advance(commands=(more,))], second=[GONE])
    pair.reply_to(filled(pair.orders[0], 1, "1.5"))
    effects = pair.reply_to(rejected(pair))
    ids = pair.ids.flow("s", f"{pair.legs[0].group_id}:batch failed", LATER)
    size = SizePlan(id=PlanId(ids.make(IdKind.SIZE_PLAN)), quantity=Decimal("1.5"))
    assert pair.heard(0)[-1] == PlansChanged(plans=Plans(size=size))
    assert [one.intent.order_id for one in effects.intents] == [ids.make(IdKind.ORDER)]
    assert cancelled(effects) == [pair.orders[0]], "the exits stay"


def test_a_leg_whose_algorithm_is_done_loses_its_entry_and_is_told_nothing() -> None:
    pair = Pair(first=[GONE], second=[GONE])
    pair.reply_to(filled(pair.orders[0], 1, "0.5"))
    effects = pair.reply_to(rejected(pair))
    assert len(pair.heard(0)) == 1
    assert cancelled(effects) == [pair.orders[0]]


def test_orders_that_others_of_the_trade_have_placed_are_left_alone() -> None:
    pair = Pair(first=[NOTHING, GONE], second=[PLACED, GONE])
    change = pair._directive("1", "second", None, None, pair.legs[0].trade_id, 5)
    assert change.plans.execution is not None
    plans = replace(change.plans, execution=replace(change.plans.execution, action=Action.MODIFY_ORDERS))
    other = pair.worker.execute(Approved(directive=replace(change, plans=plans))).intents[0].intent
    assert other.trade_id == pair.legs[0].trade_id
    assert cancelled(pair.reply_to(rejected(pair))) == [pair.orders[0]]


def test_a_leg_goes_on_while_its_order_or_its_algorithm_does() -> None:
    pair = Pair(second=[NOTHING, GONE, NOTHING])
    effects = pair.reply_to(accepted(pair.orders[1]))
    assert advanced(effects, pair.batch_id) == []
    effects = pair.reply_to(filled(pair.orders[1], 1, "1"))
    (change,) = advanced(effects, pair.batch_id)
    assert states(change) == [LegState.OPEN, LegState.OPEN]
    assert (change.done, effects.given_up, effects.commands) == (False, [], [])


def test_an_exit_that_fills_counts_for_no_leg() -> None:
    exit_ = Place(orders=(PlannedOrder(details=details("2", "12", side=Side.SELL), role="exit"),))
    pair = Pair(first=[Advance(commands=(exit_,)), NOTHING, NOTHING])
    effects = pair.reply_to(filled(pair.orders[0], 1, "1"))
    (sell,) = [one.intent.order_id for one in effects.intents]
    pair.reply_to(accepted(sell))
    effects = pair.reply_to(filled(sell, 2, "1", side=Side.SELL))
    assert advanced(effects, pair.batch_id) == []


def test_a_batch_whose_legs_have_all_succeeded_is_over() -> None:
    pair = Pair(first=[GONE], second=[GONE], deadline=LATER + 1)
    (change,) = advanced(pair.reply_to(filled(pair.orders[0], 1)), pair.batch_id)
    assert (states(change), change.done, change.wake_at) == ([LegState.SUCCEEDED, LegState.OPEN], False, LATER + 1)
    (change,) = advanced(pair.reply_to(filled(pair.orders[1], 2)), pair.batch_id)
    assert (states(change), change.done, change.wake_at) == ([LegState.SUCCEEDED] * 2, True, None)
    assert (change.ordinal, change.at) == (2, LATER)


def test_what_is_filled_when_the_time_limit_has_come_is_too_late() -> None:
    pair = Pair(first=[NOTHING, GONE], second=[GONE], deadline=LATER)
    effects = pair.reply_to(filled(pair.orders[0], 1))
    (change,) = advanced(effects, pair.batch_id)
    assert (change.done, change.wake_at) == (True, None)
    assert [one.refusal for one in effects.given_up] == [failed(f"{SYMBOL} FILLED")]
    assert cancelled(effects) == [pair.orders[1]]


def test_the_time_limit_fails_every_leg_that_has_not_succeeded() -> None:
    pair = Pair(first=[GONE], second=[GONE], deadline=LATER + 1)
    pair.reply_to(filled(pair.orders[0], 1))
    pair.now = LATER + 1
    effects = pair.worker.on_timer(pair.batch_id, LATER + 1)
    (change,) = advanced(effects, pair.batch_id)
    assert (states(change), change.done) == ([LegState.SUCCEEDED, LegState.FAILED], True)
    assert pair.heard(1) == [Stop(reason="the time limit has come")]
    assert effects.given_up == [GivenUp(pair.batch_id, BATCH_ALGORITHM, failed("the time limit has come"))]


def test_a_batch_that_flattens_ends_every_trade_that_has_anything() -> None:
    pair = Pair(first=[NOTHING], second=[GONE], on_failure=OnFailure.FLATTEN)
    effects = pair.reply_to(rejected(pair))
    ((group_id, approved, batch_id),) = effects.directed
    leg = pair.legs[0]
    ids = pair.ids.flow("s", f"{pair.batch_id}:{leg.group_id}", LATER)
    directive, plan = approved.directive.directive, approved.directive.plans.execution
    assert directive.id == ids.make(IdKind.STRATEGY_DIRECTIVE)
    assert (directive.symbol, directive.direction, directive.trade_id) == (SYMBOL, "LONG", leg.trade_id)
    assert (directive.scope, directive.reason) == (Scope.CLOSE_EXISTING, f"its batch failed: {SYMBOL} {NO_MONEY}")
    assert (directive.confidence, directive.signal_ids, directive.risk_ids) == (1.0, (), ())
    assert plan is not None
    assert (plan.id, plan.action, plan.algorithm) == (ids.make(IdKind.EXECUTION_PLAN), Action.EXECUTE_TRADE, "close")
    assert approved.directive.plans == Plans(execution=plan)
    assert (approved.directive.id, approved.directive.strategy) == (ids.make(IdKind.EXECUTION_DIRECTIVE), "s")
    assert batch_id == pair.batch_id
    assert [one.algorithm for one in effects.reality if isinstance(one, GroupOpened)] == ["close"]
    assert [one.group_id for one in effects.reality if isinstance(one, GroupOpened)] == [group_id]
    assert pair.heard(0) == [Stop(reason=directive.reason)]


def test_a_trade_that_is_being_ended_already_is_not_ended_once_more() -> None:
    pair = Pair(first=[NOTHING], second=[GONE], on_failure=OnFailure.FLATTEN)
    pair.closing.advances = [NOTHING]
    pair.reply_to(filled(pair.orders[0], 1))
    half = SizePlan(id=PlanId("SIZ_20220101_000000_0000000000000001"), quantity=Decimal(1))
    ending = pair._directive("1", "close", None, None, pair.legs[0].trade_id, 5)
    pair.worker.execute(Approved(directive=replace(ending, plans=replace(ending.plans, size=half))))
    effects = pair.reply_to(rejected(pair))
    assert effects.directed == []
    assert [one.refusal for one in effects.given_up] == [failed(f"{SYMBOL} {NO_MONEY}")]


def test_a_trade_that_nothing_but_its_batch_keeps_open_is_not_ended() -> None:
    pair = Pair(first=[GONE], second=[NOTHING, NOTHING], on_failure=OnFailure.FLATTEN)
    effects = pair.reply_to(Cancelled(order_id=pair.orders[0], at=LATER))
    assert [one.approved.directive.directive.trade_id for one in effects.directed] == [pair.legs[1].trade_id]


class Waiting(Pair):
    """One leg that has begun, and directives that wait, each with what the gates will say."""

    def __init__(self, *verdicts: Refusal | None, on_failure: OnFailure = OnFailure.FLATTEN) -> None:
        names = tuple(DirectiveId(f"EXD_20220101_000000_{number:016x}") for number in range(len(verdicts)))
        super().__init__(first=[NOTHING] * 9, second=[NOTHING] * 9, on_failure=on_failure, deferred=names)
        self.approvals = []
        for number, (name, verdict) in enumerate(zip(names, verdicts, strict=True)):
            approved = Approved(directive=self._directive("3", "second", None, None, None, 20 + number))
            self.approvals.append(approved)
            self.waiting[name] = Deferred(approved, lambda verdict=verdict: verdict, self._withdrawn)  # type: ignore[misc]

    def _withdrawn(self, draft: RefusalDraft) -> Refusal:
        return refusal(draft.code, draft.detail)


def refusal(code: str = "NO", detail: str = "not now") -> Refusal:
    identity = RefusalId("REF_20220101_120000_0000000000000001")
    return Refusal(id=identity, stage=Stage.RISK_GATE, by="gate", code=code, detail=detail, signal_ids=(), risk_ids=())


def test_the_next_leg_of_a_sequence_begins_when_those_before_it_have_succeeded() -> None:
    sequence = Waiting(None, None)
    sequence.scripts[1].advances.insert(0, PLACED)
    assert advanced(sequence.reply_to(filled(sequence.orders[0], 1, "1.5")), sequence.batch_id)[0].done is False
    effects = sequence.reply_to(filled(sequence.orders[0], 2, "0.5"))
    ((group_id, approved, batch_id),) = effects.directed
    assert (approved, batch_id) == (sequence.approvals[0], sequence.batch_id)
    (change,) = advanced(effects, sequence.batch_id)
    batch = json.decode(change.state, type=Batch)
    trade = sequence.book.trade_of_group(group_id)
    assert trade is not None
    assert batch.legs[1] == Leg(group_id=group_id, trade_id=trade.opened.trade_id, target=Decimal(3))
    assert batch.deferred == sequence.batch.deferred[1:]
    assert (change.done, effects.given_up) == (False, [])


def test_a_leg_that_is_refused_at_its_turn_fails_the_sequence_and_those_behind_it_are_withdrawn() -> None:
    sequence = Waiting(refusal(), None)
    effects = sequence.reply_to(filled(sequence.orders[0], 1))
    why = f"{SYMBOL}, a leg of it, was refused: NO"
    assert effects.given_up == [
        GivenUp(sequence.batch_id, BATCH_ALGORITHM, refusal()),
        GivenUp(sequence.batch_id, BATCH_ALGORITHM, refusal("BATCH_FAILED", f"{why}; this leg of the batch is not begun")),
    ]
    (directed,) = effects.directed
    assert directed.approved.directive.directive.reason == f"its batch failed: {why}"
    (change,) = advanced(effects, sequence.batch_id)
    assert change.done
    assert json.decode(change.state, type=Batch).deferred == sequence.batch.deferred[1:]


def test_what_enters_nothing_is_no_leg() -> None:
    pair = Pair()
    directive = pair._directive("1", "close", None, None, pair.legs[0].trade_id, 5)
    with pytest.raises(Defect) as defect:
        leg_of(directive, pair.legs[0].group_id, pair.legs[0].trade_id)
    assert str(defect.value) == f"{directive.id} is no leg of a batch: it enters nothing"


def test_no_planner_begins_a_batch() -> None:
    pair = Pair()
    directive = pair._directive("1", BATCH_ALGORITHM, None, None, None, 5)
    with pytest.raises(Defect) as defect:
        pair.worker.execute(Approved(directive=directive))
    assert str(defect.value) == "batch failed: Defect: a batch is no algorithm that a planner may name"


def test_a_batch_in_a_trade_that_is_to_end_ends_and_stays_as_it_is_for_everything_else() -> None:
    listener, pair = BatchListener(), Pair(deadline=LATER)
    state = json.encode(pair.batch)
    context = pair.scripts[0].told[0][2]
    assert listener.advance(state, Stop(reason="it is to end"), context) == Advance(done=True)
    assert listener.advance(state, PlansChanged(plans=Plans()), context) == Advance(state=state, wake_at=LATER)
