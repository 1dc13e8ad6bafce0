"""What the ExecutionWorker tells the algorithms of a trade, and what it says of what it does not know."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.core.commands import CancelOrder
from s1mpletrader.core.effects import Effects, Wake
from s1mpletrader.domain.directives import Action, Approved, ExecutionDirective, SizePlan
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.ids import GroupId, IdKind, PlanId
from s1mpletrader.domain.reality import GroupAdvanced, GroupOpened
from s1mpletrader.domain.replies import Cancelled, CancelRejected
from s1mpletrader.ports.algorithms import Advance, CommandRefused, GroupEvent, OrderUpdate, Place, PlansChanged, Stop, Timer

from .desk import NOON, accepted, filled
from .samples import order_id
from .stage import LATER, PLACED, Stage, planned

NOTHING = Advance()


def heard(stage: Stage) -> list[GroupEvent | None]:
    """What the script was told since its beginning."""
    return [event for _, event, _ in stage.script.told[1:]]


def close(stage: Stage, change: Callable[[ExecutionDirective], ExecutionDirective] = lambda it: it, number: int = 1) -> Effects:
    """Carry out a directive that ends the trade, or what is made of it."""
    assert stage.effects.trade_id is not None
    directive = stage.desk._directive("1", "script", None, None, stage.effects.trade_id, number)
    return stage.desk.worker.execute(Approved(directive=change(directive)))


def of_size(quantity: str) -> Callable[[ExecutionDirective], ExecutionDirective]:
    size = SizePlan(id=PlanId("SIZ_20220101_000000_0000000000000001"), quantity=Decimal(quantity))
    return lambda it: replace(it, plans=replace(it.plans, size=size))


def with_reason(reason: str) -> Callable[[ExecutionDirective], ExecutionDirective]:
    return lambda it: replace(it, directive=replace(it.directive, reason=reason))


def acting(action: Action) -> Callable[[ExecutionDirective], ExecutionDirective]:
    def change(it: ExecutionDirective) -> ExecutionDirective:
        assert it.plans.execution is not None
        return replace(it, plans=replace(it.plans, execution=replace(it.plans.execution, action=action)))

    return change


def held(quantity: str = "2", *advances: Advance) -> Stage:
    """A stage whose order has filled so much of 2, and whose algorithm listens on."""
    stage = Stage(PLACED, NOTHING, NOTHING, *advances)
    (order,) = stage.orders
    stage.desk.reply(accepted(order.order_id), filled(order.order_id, 1, quantity))
    stage.script.told = stage.script.told[:1]
    return stage


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda it: it, [Stop(reason="the trade is to end")]),
        (with_reason("bad news"), [Stop(reason="bad news")]),
        (of_size("1.5"), [Stop(reason="the trade is to end")]),
        (of_size("2"), [Stop(reason="the trade is to end")]),
        (of_size("1.25"), []),
        (acting(Action.CANCEL_ALL_IN_TRADE), [Stop(reason="CANCEL_ALL_IN_TRADE")]),
    ],
)
def test_the_end_of_a_trade_stops_its_groups_and_that_of_a_part_does_not(
    change: Callable[[ExecutionDirective], ExecutionDirective], told: list[GroupEvent]
) -> None:
    stage = held("1.5", NOTHING, NOTHING)
    close(stage, change)
    assert [event for event in heard(stage) if event is not None] == told


def test_a_modification_tells_the_groups_the_new_plans() -> None:
    stage = held("1.5", Advance(commands=(Place(orders=(planned("again"),)),)), NOTHING)
    given = list[ExecutionDirective]()

    def modify(it: ExecutionDirective) -> ExecutionDirective:
        given.append(acting(Action.MODIFY_ORDERS)(it))
        return given[0]

    effects = close(stage, modify)
    assert heard(stage) == [PlansChanged(plans=given[0].plans), None]
    (again,) = effects.intents
    assert again.intent.order_id == stage.desk.ids.flow("s", given[0].id, NOON).make(IdKind.ORDER)


def test_a_refused_command_is_told_to_the_groups_of_its_trade_and_each_time_anew() -> None:
    anew = Advance(commands=(Place(orders=(planned("again"),)),))
    stage = Stage(PLACED, NOTHING, anew, anew, NOTHING)
    (order,) = stage.orders
    stage.desk.reply(accepted(order.order_id))
    refused = CancelRejected(order_id=order.order_id, reason="too late", at=NOON + 5)
    stage.desk.reply(refused, replace(refused, at=NOON + 6))
    update, *told = heard(stage)
    now = stage.desk.order(order.order_id)
    assert update == OrderUpdate(order=now)
    assert told == [CommandRefused(order=now, reason="too late")] * 2
    assert len({one.order_id for one in stage.orders}) == 3


def test_a_refused_command_of_a_trade_that_is_over_is_told_to_nobody() -> None:
    stage = Stage(PLACED, Advance(done=True))
    (order,) = stage.orders
    stage.desk.reply(Cancelled(order_id=order.order_id, at=NOON + 1))
    before = len(stage.script.told)
    effects = stage.desk.worker.on_exchange_reply(CancelRejected(order_id=order.order_id, reason="gone", at=NOON + 2))
    assert (len(stage.script.told), effects) == (before, Effects())
    effects = stage.desk.worker.on_exchange_reply(CancelRejected(order_id=order_id(9), reason="whose?", at=NOON + 2))
    assert effects == Effects()


def test_a_timer_rings_only_where_it_is_still_asked_for() -> None:
    ringing = replace(PLACED, wake_at=LATER)
    later = Advance(commands=(Place(orders=(planned("slice"),)),), wake_at=LATER + 5, state=b"rung")
    stage = Stage(ringing, later)
    worker, group_id = stage.desk.worker, stage.group_id
    stage.desk.now = LATER
    stranger = GroupId("EXG_20220101_000000_0000000000000009")
    for asked, at in ((group_id, LATER + 1), (group_id, LATER - 1), (stranger, LATER)):
        assert worker.on_timer(asked, at) == Effects()
    effects = worker.on_timer(group_id, LATER)
    assert heard(stage) == [Timer(at=LATER)]
    assert effects.group_id == group_id
    assert [one.role for one in effects.intents] == ["slice"]
    assert effects.intents[0].intent.order_id == stage.desk.ids.flow("s", f"{group_id}:0", LATER).make(IdKind.ORDER)
    assert effects.wakes == [Wake(LATER + 5, group_id)]
    assert [one.state for one in effects.reality if isinstance(one, GroupAdvanced)] == [b"rung"]
    assert worker.on_timer(group_id, LATER) == Effects()


def test_it_knows_the_group_of_an_order_and_whether_it_listens() -> None:
    stage = Stage(PLACED, NOTHING, Advance(done=True))
    (order,) = stage.orders
    worker = stage.desk.worker
    assert worker.group_of(order.order_id) == stage.group_id
    assert worker.group_of(order_id(9)) is None
    assert worker.listens(stage.group_id)
    stage.desk.reply(accepted(order.order_id), filled(order.order_id, 1))
    assert not worker.listens(stage.group_id)


def test_orders_that_follow_from_a_reply_are_named_after_it() -> None:
    more = Advance(commands=(Place(orders=(planned("more"),)),))
    stage = Stage(PLACED, more, more, NOTHING)
    (order,) = stage.orders
    stage.desk.reply(accepted(order.order_id), filled(order.order_id, 1, "1"))
    fill_id = stage.desk.order(order.order_id).fill_ids[0]
    ids = stage.desk.ids
    anchors = (f"{order.order_id}:1", fill_id)
    assert [one.order_id for one in stage.orders[1:]] == [ids.flow("s", anchor, NOON).make(IdKind.ORDER) for anchor in anchors]


def test_what_it_does_not_know_it_names() -> None:
    stage = Stage(PLACED)
    with pytest.raises(UnknownId) as unknown:
        stage.desk.worker.on_exchange_reply(accepted(order_id(9)))
    assert str(unknown.value) == f"a reply names the order {order_id(9)}, which the ledger does not know"
    gone = "TRD_20220101_000000_0000000000000009"
    with pytest.raises(UnknownId) as unknown:
        close(stage, lambda it: replace(it, directive=replace(it.directive, trade_id=gone)))
    assert str(unknown.value).endswith(f" names the trade {gone}, which is not open")


def test_a_run_that_stops_lets_every_algorithm_stop_and_takes_every_live_order_back() -> None:
    parting = Advance(commands=(Place(orders=(planned("parting"),)),))
    stage = Stage(PLACED, replace(PLACED, done=True), parting)
    desk = stage.desk
    (first,) = stage.orders
    other = desk.execute(algorithm="script", number=1).intents[0].intent
    assert desk.book.trade_of_group(other.group_id) is None, "its algorithm listens no more"
    desk.now = LATER
    effects = desk.worker.cancel_all("closing time")
    assert heard(stage) == [None, Stop(reason="closing time")]
    # What an algorithm still does when it is told to stop is its own affair.
    (placed,) = [one.intent for one in effects.intents]
    assert placed.order_id == desk.ids.flow("s", f"{stage.effects.trade_id}:closing time", LATER).make(IdKind.ORDER)
    cancelled = [command.order.order_id for command in effects.commands if isinstance(command, CancelOrder)]
    assert cancelled == [first.order_id, other.order_id]
    assert len(effects.commands) == 3


def test_a_run_that_stops_with_nothing_open_has_nothing_to_take_back() -> None:
    stage = held("2", Advance(done=True))
    effects = stage.desk.worker.cancel_all("closing time")
    assert heard(stage) == [Stop(reason="closing time")]
    assert effects.commands == []


@pytest.mark.parametrize("action", list(Action))
def test_a_group_is_opened_with_the_action_of_its_directive(action: Action) -> None:
    stage = held("1.5", NOTHING, NOTHING)
    effects = close(stage, acting(action))
    (opened,) = [one for one in effects.reality if isinstance(one, GroupOpened)]
    cancels = action in (Action.CANCEL_GROUP, Action.CANCEL_ALL_IN_TRADE)
    assert (opened.action, opened.algorithm, opened.done) == (action, "" if cancels else "script", cancels)
    assert (opened.group_id, opened.trade_id) == (effects.group_id, stage.effects.trade_id)


def test_an_algorithm_sees_the_market_of_its_symbol() -> None:
    _, _, context = held().script.told[0]
    assert (context.last_price, context.volume_since(7)) == (Decimal(10), Decimal(7))


def test_an_order_that_is_placed_when_orders_are_called_off_is_named_after_the_directive() -> None:
    stage = held("1.5", Advance(commands=(Place(orders=(planned("parting"),)),)))
    given = list[ExecutionDirective]()

    def call_off(it: ExecutionDirective) -> ExecutionDirective:
        given.append(acting(Action.CANCEL_ALL_IN_TRADE)(it))
        return given[0]

    (parting,) = close(stage, call_off).intents
    assert parting.intent.order_id == stage.desk.ids.flow("s", given[0].id, NOON).make(IdKind.ORDER)
