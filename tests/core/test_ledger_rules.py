"""The laws that every ledger keeps: what may be written after what, and what a repetition is."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.core.ledger_rules import GroupStanding, LedgerRules, change_identity, fold_order
from s1mpletrader.domain.errors import IllegalTransition, Refused
from s1mpletrader.domain.ids import GroupId, OrderId, TradeId
from s1mpletrader.domain.order import Order, apply_event, order_from_intent
from s1mpletrader.domain.orders import OrderEventKind, OrderState
from s1mpletrader.domain.reality import (
    ExternalFill,
    Fill,
    FillSource,
    FundsKind,
    FundsMoved,
    GroupAdvanced,
    GroupOpened,
    LedgerChange,
    OrderChanged,
    OrderIntended,
    TradeOpened,
)
from s1mpletrader.ports.ledger import ConflictingRecord, MissingParent

from .samples import event, fill, group_id, intent, opening, order_id, trade_id

NOT_A_NUMBER = Decimal("NaN")


class Shelf:
    """What is stored already, and what was looked up in it."""

    def __init__(self, *stored: LedgerChange) -> None:
        self.stored = {change_identity(change): change for change in stored}
        self.looked_up: list[str] = []

    def order(self, order_id: OrderId) -> Order | None:
        self.looked_up.append(order_id)
        about = [one for one in self.stored.values() if isinstance(one, OrderIntended | OrderChanged | Fill)]
        history = [one for one in about if one.order_id == order_id]
        return fold_order(history) if history else None

    def group(self, group_id: GroupId) -> GroupStanding | None:
        self.looked_up.append(group_id)
        opened = self.stored.get((GroupOpened, group_id))
        if not isinstance(opened, GroupOpened):
            return None
        advances = [one for one in self.stored.values() if isinstance(one, GroupAdvanced) and one.group_id == group_id]
        return GroupStanding(opened.trade_id, len(advances))

    def has_trade(self, trade_id: TradeId) -> bool:
        self.looked_up.append(trade_id)
        return (TradeOpened, trade_id) in self.stored

    def same(self, change: LedgerChange) -> LedgerChange | None:
        return self.stored.get(change_identity(change))


def advance(number: int, ordinal: int) -> GroupAdvanced:
    return GroupAdvanced(group_id=group_id(number), ordinal=ordinal, at=0)


def external(fee: Decimal = Decimal(0)) -> ExternalFill:
    known = fill(1)
    names = (name for name in ExternalFill.__struct_fields__ if hasattr(known, name))
    same = {name: getattr(known, name) for name in names}
    return ExternalFill(**{**same, "fee": fee}, client_order_id=None, exchange_order_id=None)


def funds(amount: Decimal = Decimal(1), ordinal: int = 0) -> FundsMoved:
    return FundsMoved(strategy="s", asset="USDT", amount=amount, kind=FundsKind.DEPOSIT, at=7, ordinal=ordinal)


STORY: tuple[LedgerChange, ...] = (
    funds(),
    *opening(1, done=False),
    intent(1),
    event(1, OrderEventKind.ACCEPTED, 1),
    fill(1, "1"),
    advance(1, 1),
    fill(1, "1", trade_number=2),
    advance(1, 2),
    replace(intent(2, trade=1), replaces=order_id(1)),
    external(),
)

TOO_MANY: list[tuple[tuple[LedgerChange, ...], LedgerChange, type[Exception], str]] = [
    ((), opening(1)[1], MissingParent, f"the ledger has no trade {trade_id(1)}"),
    ((), intent(1), MissingParent, f"the ledger has no group {group_id(1)}"),
    (opening(1), intent(1, trade=2), MissingParent, f"the ledger has no group {group_id(2)}"),
    (opening(1), replace(intent(1), trade_id=trade_id(2)), MissingParent, f"{trade_id(2)} has no group {group_id(1)}"),
    (opening(1), replace(intent(1), replaces=order_id(9)), MissingParent, f"the ledger has no order {order_id(9)}"),
    ((), event(1, OrderEventKind.ACCEPTED), MissingParent, f"the ledger has no order {order_id(1)}"),
    (
        (*opening(1), intent(1)),
        event(1, OrderEventKind.ACCEPTED, 2),
        IllegalTransition,
        f"{order_id(1)}: event 2 does not follow event 0",
    ),
    ((), fill(1), MissingParent, f"the ledger has no order {order_id(1)}"),
    (
        (*opening(1), intent(1), fill(1, "1")),
        fill(1, "1"),
        IllegalTransition,
        f"{fill(1).fill_id} is booked already",
    ),
    (
        (*opening(1), intent(1)),
        replace(fill(1), fee=NOT_A_NUMBER),
        Refused,
        f"{fill(1).fill_id}: NaN is no fee",
    ),
    ((), external(NOT_A_NUMBER), Refused, f"{fill(1).fill_id}: NaN is no fee"),
    ((), funds(NOT_A_NUMBER), Refused, "NaN is no amount of USDT"),
    ((), advance(1, 1), MissingParent, f"the ledger has no group {group_id(1)}"),
    (opening(1), advance(1, 2), IllegalTransition, f"{group_id(1)}: state 2 does not follow state 0"),
    ((*opening(1), advance(1, 1)), advance(1, 1), IllegalTransition, f"{group_id(1)}: state 1 does not follow state 1"),
]


@pytest.mark.parametrize("before", [0, 3, 6, len(STORY)], ids=["nothing", "the opening", "the first fill", "all"])
def test_a_sound_story_is_written_whatever_of_it_is_stored_already(before: int) -> None:
    shelf, rules = Shelf(*STORY[:before]), LedgerRules()
    assert rules.sift(STORY, shelf) == list(STORY[before:])
    LedgerRules().check(STORY[before:], shelf)


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "in the same write"])
@pytest.mark.parametrize(("before", "change", "error", "sentence"), TOO_MANY, ids=[one[-1] for one in TOO_MANY])
def test_what_does_not_follow_is_refused_and_forgotten(
    before: tuple[LedgerChange, ...], change: LedgerChange, error: type[Exception], sentence: str, *, stored: bool
) -> None:
    rules = LedgerRules()
    shelf, written = (Shelf(*before), ()) if stored else (Shelf(), before)
    with pytest.raises(error) as refused:
        rules.check((*written, change), shelf)
    assert str(refused.value) == sentence
    assert rules.remembered == 0


def test_an_order_is_intended_once() -> None:
    with pytest.raises(IllegalTransition, match=f"{order_id(1)} is intended already"):
        LedgerRules().check([*opening(1), intent(1), intent(1)], Shelf())


def test_what_is_remembered_is_not_looked_up_again() -> None:
    shelf, rules = Shelf(*opening(1)), LedgerRules()
    rules.check([intent(1), advance(1, 1)], shelf)
    rules.check([event(1, OrderEventKind.ACCEPTED), advance(1, 2), intent(2, trade=1)], shelf)
    assert shelf.looked_up == [group_id(1)]
    second_group = replace(opening(1)[1], group_id=group_id(2))
    third_group = replace(opening(1)[1], group_id=group_id(3))
    rules.check([second_group], shelf)
    rules.check([third_group], shelf)
    assert shelf.looked_up == [group_id(1), trade_id(1)]


def test_an_order_that_has_ended_leaves_with_the_next_write_and_a_live_one_stays() -> None:
    shelf, rules = Shelf(), LedgerRules()
    rules.check([*opening(1), intent(1), intent(2, trade=1), intent(3, trade=1)], shelf)
    rules.check([event(1, OrderEventKind.CANCELLED), event(2, OrderEventKind.ACCEPTED)], shelf)
    assert rules.remembered == 3
    rules.check([], shelf)
    assert rules.remembered == 2
    rules.sift([fill(3)], shelf)
    rules.sift([], shelf)
    assert rules.remembered == 1


def test_an_order_that_was_reopened_within_the_same_write_is_live() -> None:
    shelf, rules = Shelf(), LedgerRules()
    rules.check([*opening(1), intent(1)], shelf)
    rules.check([event(1, OrderEventKind.CANCELLED), event(1, OrderEventKind.REOPENED, 2)], shelf)
    rules.check([], shelf)
    assert rules.remembered == 1


def test_a_refused_write_leaves_nothing_of_itself_behind() -> None:
    shelf, rules = Shelf(*opening(1), intent(1)), LedgerRules()
    with pytest.raises(MissingParent):
        rules.check([event(1, OrderEventKind.ACCEPTED), fill(9)], shelf)
    rules.check([event(1, OrderEventKind.CANCELLED)], shelf)
    rules = LedgerRules()
    with pytest.raises(MissingParent):
        rules.sift([event(1, OrderEventKind.ACCEPTED), fill(9)], shelf)
    assert rules.sift([event(1, OrderEventKind.CANCELLED)], shelf)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("repeated", STORY, ids=lambda one: type(one).__name__)
def test_an_equal_repetition_is_left_out(repeated: LedgerChange, *, stored: bool) -> None:
    if stored:
        assert LedgerRules().sift([repeated], Shelf(*STORY)) == []
    else:
        assert LedgerRules().sift([*STORY, repeated], Shelf()) == list(STORY)


@pytest.mark.parametrize("known", [fill(1), external()], ids=["ours", "another's"])
def test_a_fill_is_the_same_however_and_whenever_it_was_learnt(known: Fill | ExternalFill) -> None:
    shelf = Shelf(*opening(1), intent(1), known)
    again = replace(known, at=99, source=FillSource.POLL)
    assert LedgerRules().sift([again], shelf) == []
    dearer = replace(again, price=Decimal(11))
    with pytest.raises(ConflictingRecord) as refused:
        LedgerRules().sift([dearer], shelf)
    told = replace(dearer, at=0, source=FillSource.STREAM)
    assert str(refused.value) == f"the ledger holds {known}, and not {told}"


def test_another_record_under_the_same_identity_is_a_conflict() -> None:
    shelf = Shelf(*STORY)
    other = replace(advance(1, 2), done=True)
    with pytest.raises(ConflictingRecord, match="the ledger holds GroupAdvanced"):
        LedgerRules().sift([other], shelf)
    with pytest.raises(ConflictingRecord):
        LedgerRules().sift([replace(event(1, OrderEventKind.ACCEPTED), at=99)], shelf)


@pytest.mark.parametrize(
    ("change", "identity"),
    [
        (intent(1), (OrderIntended, order_id(1))),
        (event(1, OrderEventKind.ACCEPTED, 3), (OrderChanged, order_id(1), 3)),
        (fill(1), (Fill, fill(1).fill_id)),
        (external(), (ExternalFill, fill(1).fill_id)),
        (opening(1)[0], (TradeOpened, trade_id(1))),
        (opening(1)[1], (GroupOpened, group_id(1))),
        (advance(1, 2), (GroupAdvanced, group_id(1), 2)),
        (funds(ordinal=3), (FundsMoved, "s", "USDT", FundsKind.DEPOSIT, 7, 3)),
    ],
    ids=lambda one: type(one).__name__,
)
def test_the_identity_of_a_change_is_its_kind_and_its_key(change: LedgerChange, identity: tuple[object, ...]) -> None:
    assert change_identity(change) == identity


def test_an_order_is_folded_from_its_history() -> None:
    accepted = event(1, OrderEventKind.ACCEPTED)
    order = fold_order([intent(1), advance(1, 1), accepted, fill(1, "1")])
    assert order.state is OrderState.PARTIALLY_FILLED
    assert order.filled_quantity == Decimal(1)
    assert fold_order([intent(1), accepted]) == apply_event(order_from_intent(intent(1)), accepted)
    with pytest.raises(TypeError, match="an order begins with its intent, found OrderChanged"):
        fold_order([accepted])
