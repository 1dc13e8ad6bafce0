"""What an algorithm wishes, to the last field: groups that begin and advance, orders that are meant, commands that leave."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.core.commands import AmendOrder, CancelOrder, ReplaceOrder, SubmitOrders, order_ref
from s1mpletrader.core.effects import GivenUp, Intent, Wake
from s1mpletrader.core.execution_groups import ExecutionGroups
from s1mpletrader.core.quarantine import NoQuarantine
from s1mpletrader.domain.directives import Action, RefusalDraft
from s1mpletrader.domain.errors import Defect, UnknownId
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.orders import ListKind, OrderDetails
from s1mpletrader.domain.reality import GroupAdvanced, GroupOpened, OrderIntended, TradeOpened
from s1mpletrader.domain.replies import Cancelled
from s1mpletrader.ports.algorithms import (
    Advance,
    Amend,
    Cancel,
    OrderUpdate,
    Place,
    PlannedOrder,
    Replace,
    Stop,
    Timer,
)
from s1mpletrader.ports.execution import OrderRef, OrderRequest

from .desk import NOON, NoMarket, accepted, filled
from .samples import INSTRUMENT, SYMBOL, order_id
from .stage import LATER, PLACED, Stage, details, planned


def intended(order: OrderId, stage: Stage, wanted: OrderDetails, **more: object) -> OrderIntended:
    assert stage.effects.group_id is not None
    assert stage.effects.trade_id is not None
    common = OrderIntended(
        order_id=order,
        group_id=stage.effects.group_id,
        trade_id=stage.effects.trade_id,
        strategy="s",
        venue="v",
        account="a",
        client_order_id=f"c-{order}",
        details=wanted,
        decided_at=NOON,
        reference_price=Decimal(10),
    )
    return replace(common, **more)


def request(order: OrderId, wanted: OrderDetails) -> OrderRequest:
    return OrderRequest(order_id=order, client_order_id=f"c-{order}", details=wanted)


def test_a_group_begins_with_its_trade_its_state_and_what_it_wishes() -> None:
    first = Advance(
        commands=(Place(orders=(planned("entry"),)), Place(orders=(planned("one"), planned("two")), list_kind=ListKind.OCO)),
        state=b"state",
        wake_at=LATER,
        given_up=RefusalDraft(code="LESS"),
    )
    stage = Stage(first)
    effects = stage.effects
    one, two, three = (intent.intent.order_id for intent in effects.intents)
    group_id, trade_id = effects.group_id, effects.trade_id
    assert group_id is not None
    assert trade_id is not None
    intents = [
        intended(one, stage, details()),
        intended(two, stage, details(), list_kind=ListKind.OCO, list_id=two),
        intended(three, stage, details(), list_kind=ListKind.OCO, list_id=two),
    ]
    assert effects.reality == [
        TradeOpened(trade_id=trade_id, strategy="s", symbol=SYMBOL, direction=Direction.LONG, at=NOON),
        GroupOpened(
            group_id=group_id,
            trade_id=trade_id,
            action=Action.EXECUTE_TRADE,
            algorithm="script",
            at=NOON,
            state=b"state",
            wake_at=LATER,
        ),
        *intents,
    ]
    assert effects.intents == [Intent(one, role) for one, role in zip(intents, ("entry", "one", "two"), strict=True)]
    assert effects.commands == [
        SubmitOrders((request(one, details()),), ListKind.NONE),
        SubmitOrders((request(two, details()), request(three, details())), ListKind.OCO),
    ]
    assert effects.wakes == [Wake(LATER, group_id)]
    assert effects.given_up == [GivenUp(group_id, "script", RefusalDraft(code="LESS"))]


def test_an_algorithm_sees_its_trade_its_orders_and_the_market() -> None:
    stage = Stage(Advance(commands=(Place(orders=(planned("entry"),)),)), Advance(state=b"2"), Advance())
    (order,) = stage.orders
    stage.desk.reply(accepted(order.order_id))
    stage.tell(Stop(reason="enough"))
    (_, nothing, begun), (state, update, context), (after, stop, last) = stage.script.told
    trade = stage.effects.reality[0]
    assert (nothing, begun.trade, begun.orders, begun.trade_orders, begun.at) == (None, trade, (), (), NOON)
    assert (begun.instrument, begun.held_quantity, begun.last_price) == (INSTRUMENT, Decimal(0), Decimal(10))
    assert begun.volume_since(0) == Decimal(0)
    assert begun.capabilities == stage.desk.venue.capabilities()
    now = stage.desk.order(order.order_id)
    assert (state, update) == (b"", OrderUpdate(order=now))
    assert (context.group_id, context.orders, context.trade_orders) == (stage.group_id, (now,), (now,))
    assert context.view.open_orders == (now,)
    assert (after, stop, last.at) == (b"2", Stop(reason="enough"), LATER)


def test_an_order_that_has_just_ended_is_shown_beside_the_live_ones() -> None:
    stage = Stage(Advance(commands=(Place(orders=(planned("a"),)), Place(orders=(planned("b"),)))), Advance(), Advance(done=True))
    first, second = stage.orders
    stage.desk.reply(filled(first.order_id, 1))
    *_, (_, _, context) = stage.script.told
    assert [one.order_id for one in context.orders] == [first.order_id, second.order_id]
    assert [one.order_id for one in context.trade_orders] == [second.order_id]
    assert context.held_quantity == Decimal(2)


def test_orders_of_another_group_of_the_trade_are_seen_but_not_as_ones_own() -> None:
    place = Advance(commands=(Place(orders=(planned("entry"),)),))
    stage = Stage(place, Advance(), Advance(state=b"x"), place, Advance(), Advance())
    (first,) = stage.orders
    stage.desk.reply(filled(first.order_id, 1, "1"))
    stage.desk.execute(algorithm="script", close=stage.effects.trade_id, number=1)
    *_, (_, _, context) = stage.script.told
    assert context.orders == ()
    assert [one.order_id for one in context.trade_orders] == [first.order_id]


@pytest.mark.parametrize(
    ("advance", "written"),
    [
        (Advance(state=b"s", wake_at=LATER + 5), []),
        (Advance(state=b"t", wake_at=LATER + 5), [(b"t", LATER + 5, False)]),
        (Advance(state=b"s", wake_at=LATER + 6), [(b"s", LATER + 6, False)]),
        (Advance(state=b"s"), [(b"s", None, False)]),
        (Advance(state=b"s", wake_at=LATER + 5, done=True), [(b"s", LATER + 5, True)]),
    ],
)
def test_an_advance_is_written_where_it_changes_something(
    advance: Advance, written: list[tuple[bytes, int | None, bool]]
) -> None:
    stage = Stage(Advance(commands=(Place(orders=(planned("a"),)),), state=b"s", wake_at=LATER + 5), advance)
    effects = stage.tell(Stop(reason=""))
    assert effects.reality == [
        GroupAdvanced(group_id=stage.group_id, ordinal=1, at=LATER, state=state, wake_at=wake_at, done=done)
        for state, wake_at, done in written
    ]
    is_new = advance.wake_at == LATER + 6
    assert effects.wakes == ([Wake(LATER + 6, stage.group_id)] if is_new else [])
    assert (effects.commands, effects.given_up, effects.intents) == ([], [], [])


def test_advances_are_counted_within_their_group() -> None:
    stage = Stage(PLACED, Advance(state=b"1"), Advance(state=b"1"), Advance(state=b"2"))
    ordinals = [[one.ordinal for one in stage.tell(Stop(reason="")).reality if isinstance(one, GroupAdvanced)] for _ in range(3)]
    assert ordinals == [[1], [], [2]]


@pytest.mark.parametrize(("wake_at", "sound"), [(LATER - 1, False), (LATER, False), (LATER + 1, True), (None, True)])
def test_a_timer_may_not_ask_to_ring_again_at_once(wake_at: int | None, *, sound: bool) -> None:
    stage = Stage(PLACED, Advance(wake_at=wake_at), Advance(wake_at=wake_at))
    if sound:
        stage.tell(Timer(at=LATER))
    else:
        with pytest.raises(Defect) as refused:
            stage.tell(Timer(at=LATER))
        expected = f"expected an Advance that is to be woken later than {LATER}"
        assert str(refused.value) == f"script failed: WrongReturn: advance returned {wake_at} (int), {expected}"
        stage.tell(Stop(reason="what is no timer may"))


def test_live_orders_are_cancelled_amended_and_replaced_and_ended_ones_left_alone() -> None:
    place = Place(orders=(planned("a", price="9"), planned("b", price="8"), planned("c", price="7"), planned("d", price="6")))
    stage = Stage(Advance(commands=(place,)), *[Advance()] * 5)
    orders = stage.orders
    stage.desk.reply(*(accepted(one.order_id) for one in orders), Cancelled(order_id=orders[3].order_id, at=NOON + 2))
    first, second, third, ended = (one.order_id for one in orders)
    wishes = (
        Cancel(order_id=first),
        Cancel(order_id=first),
        Amend(order_id=second, quantity=Decimal(1), price=Decimal(5)),
        Replace(order_id=third, order=planned("anew", "3")),
        *(Cancel(order_id=ended), Amend(order_id=ended, quantity=Decimal(1)), Replace(order_id=ended, order=planned("never"))),
    )
    stage.script.advances = [Advance(commands=wishes)]
    effects = stage.tell(Stop(reason=""))
    (anew,) = (one.intent for one in effects.intents)
    refs = [order_ref(stage.desk.order(one)) for one in (first, second, third)]
    assert refs[0] == OrderRef(order_id=first, client_order_id=f"c-{first}", symbol=SYMBOL, exchange_order_id=f"X{first[-4:]}")
    assert effects.commands == [
        CancelOrder(refs[0]),
        AmendOrder(refs[1], Decimal(1), Decimal(5)),
        ReplaceOrder(refs[2], request(anew.order_id, details("3"))),
    ]
    assert effects.intents == [Intent(anew, "anew")]
    assert anew == intended(anew.order_id, stage, details("3"), replaces=third, decided_at=LATER)


def test_an_order_that_nobody_knows_cannot_be_commanded() -> None:
    stage = Stage(PLACED, Advance(commands=(Cancel(order_id=order_id(9)),)))
    with pytest.raises(UnknownId) as unknown:
        stage.tell(Stop(reason=""))
    assert str(unknown.value) == f"an algorithm names the order {order_id(9)}, which the ledger does not know"


@pytest.mark.parametrize("is_shared", [False, True])
@pytest.mark.parametrize("reduce_only", [False, True])
def test_on_a_shared_account_no_order_only_reduces(*, is_shared: bool, reduce_only: bool) -> None:
    reducing = PlannedOrder(details=details(reduce_only=reduce_only), role="close")
    stage = Stage(
        PLACED,
        Advance(commands=(Place(orders=(reducing,)),)),
        account_type=AccountType.NETTING,
    )
    desk = stage.desk
    groups = ExecutionGroups(
        book=desk.book,
        algorithms={"script": stage.script},
        instruments={SYMBOL: INSTRUMENT},
        venue=desk.venue,
        markets={"s": NoMarket()},
        now=lambda: desk.now,
        quarantine=NoQuarantine(),
        is_shared=is_shared,
    )
    (intent,) = stage.tell(Stop(reason=""), groups).intents
    assert intent.intent.details == details(reduce_only=reduce_only and not is_shared)


def test_a_group_that_is_done_hears_no_more() -> None:
    stage = Stage(Advance(commands=(Place(orders=(planned("a"),)),), done=True))
    (order,) = stage.orders
    stage.desk.reply(accepted(order.order_id), filled(order.order_id, 1))
    assert len(stage.script.told) == 1
