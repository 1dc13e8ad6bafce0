"""What a ledger does beyond the contract: on failures, with several writers, and in bulk."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from s1mpletrader.api import (
    ConflictingRecord,
    FillSource,
    GroupAdvanced,
    ILedger,
    IllegalTransition,
    LedgerChange,
    MissingParent,
    Order,
    OrderEventKind,
    OrderState,
    Refused,
    apply_event,
    apply_fill,
    order_from_intent,
)
from s1mpletrader.contracts.samples import Family, Samples

from .conftest import Stores


class Failure(Exception):
    """Something goes wrong in the middle of a transaction."""


def write(ledger: ILedger, *changes: LedgerChange) -> Sequence[LedgerChange]:
    with ledger.begin() as tx:
        return ledger.write(tx, changes)


def test_a_failed_transaction_leaves_nothing_and_the_rules_go_on_from_what_is_stored(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    family, lost = samples.family(), samples.family()
    accepted = samples.event(family.intent, 1, OrderEventKind.ACCEPTED)
    write(ledger, *family.changes)
    with pytest.raises(Failure), ledger.begin() as tx:  # noqa: PT012 - what fails is the transaction as a whole
        ledger.write(tx, [*lost.changes, accepted])
        ledger.write(tx, [samples.event(family.intent, 2, OrderEventKind.CANCELLED)])
        raise Failure
    assert list(ledger.changes()) == list(family.changes)
    with pytest.raises(MissingParent):
        write(ledger, samples.fill(lost.intent, Decimal(1)))
    with pytest.raises(IllegalTransition):
        write(ledger, samples.event(family.intent, 2, OrderEventKind.CANCELLED))
    fill = samples.fill(family.intent, Decimal("2.5"))
    assert list(write(ledger, accepted, fill)) == [accepted, fill]
    assert [order.state for order in ledger.orders()] == [OrderState.FILLED]


def test_a_refused_write_leaves_nothing_even_where_the_transaction_is_kept(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    family, other = samples.family(), samples.family()
    with ledger.begin() as tx:
        ledger.write(tx, family.changes)
        with pytest.raises(IllegalTransition):
            ledger.write(tx, [*other.changes, samples.event(family.intent, 2, OrderEventKind.ACCEPTED)])
        ledger.write(tx, [samples.fill(family.intent, Decimal(1))])
    assert [order.order_id for order in ledger.orders()] == [family.order_id]
    assert ledger.get_trade(other.trade.trade_id) is None


def test_what_ended_in_a_write_may_be_reopened_in_the_same_write_or_much_later(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    family, late = samples.family(), samples.family()
    write(ledger, *late.changes, samples.event(late.intent, 1, OrderEventKind.REJECTED))
    for other in (samples.family(), samples.family()):
        write(ledger, *other.changes)
    before: list[LedgerChange] = [*family.changes, samples.event(family.intent, 1, OrderEventKind.REJECTED)]
    for each, first in ((family, before), (late, [])):
        reopened = samples.event(each.intent, 2, OrderEventKind.REOPENED)
        fill = samples.fill(each.intent, Decimal("2.5"))
        write(ledger, *first, reopened, fill)
        order = ledger.get_order(each.order_id)
        assert order is not None
        assert order.state is OrderState.FILLED


def test_a_redelivery_in_which_something_is_new_adds_only_that(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    family = samples.family()
    accepted = samples.event(family.intent, 1, OrderEventKind.ACCEPTED)
    fill, further = samples.fill(family.intent, Decimal(1)), samples.fill(family.intent, Decimal("1.5"))
    first: list[LedgerChange] = [samples.funds(), *family.changes, accepted, fill]
    write(ledger, *first)
    advanced = GroupAdvanced(group_id=family.group.group_id, ordinal=1, at=samples.next_at(), state=b"1")
    assert list(write(ledger, *first, fill, advanced, further, advanced)) == [advanced, further]
    assert list(ledger.changes()) == [*first, advanced, further]
    assert ledger.get_group_state(family.group.group_id) == advanced


def test_a_fill_is_the_same_however_it_was_learnt_but_not_whatever_it_says(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    family = samples.family()
    fill = samples.fill(family.intent, Decimal(1))
    write(ledger, *family.changes, fill)
    assert write(ledger, replace(fill, source=FillSource.POLL, at=fill.at + 5)) == []
    assert list(ledger.fills()) == [fill]
    with pytest.raises(ConflictingRecord):
        write(ledger, replace(fill, fee=Decimal(1)))


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_an_amount_that_is_no_number_is_refused(stores: Stores, amount: str) -> None:
    ledger, samples = stores.ledger(), Samples()
    family = samples.family()
    for change in (
        samples.funds(amount=Decimal(amount)),
        replace(samples.external_fill(), fee=Decimal(amount)),
        replace(samples.fill(family.intent, Decimal(1)), fee=Decimal(amount)),
    ):
        with pytest.raises(Refused):
            write(ledger, *family.changes, change)
    assert list(ledger.changes()) == []


def test_states_of_a_group_follow_one_another(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    family = samples.family()
    write(ledger, *family.changes)
    states = [
        GroupAdvanced(group_id=family.group.group_id, ordinal=n, at=samples.next_at(), state=bytes([n]), done=n == 3)
        for n in (1, 2, 3)
    ]
    with pytest.raises(IllegalTransition):
        write(ledger, states[1])
    write(ledger, states[0])
    write(ledger, states[1])
    assert list(ledger.active_groups()) == [family.group]
    assert ledger.get_group_state(family.group.group_id) == states[1]
    write(ledger, states[2])
    assert list(ledger.active_groups()) == []


def test_two_writers_of_one_book_see_each_other(database_stores: Stores) -> None:
    one, other, samples = database_stores.ledger(), database_stores.ledger(), Samples()
    family = samples.family()
    accepted = samples.event(family.intent, 1, OrderEventKind.ACCEPTED)
    cancelled = samples.event(family.intent, 2, OrderEventKind.CANCELLED)
    write(one, *family.changes)
    write(other, accepted)
    write(one, cancelled)
    with pytest.raises(IllegalTransition):
        write(other, samples.fill(family.intent, Decimal("2.5")))
    assert list(other.changes()) == [*family.changes, accepted, cancelled]


def test_a_writer_that_failed_sees_what_another_wrote_in_its_place(database_stores: Stores) -> None:
    """Also where the other wrote just as much as was lost."""
    one, other, samples = database_stores.ledger(), database_stores.ledger(), Samples()
    family = samples.family()
    write(one, *family.changes)
    with pytest.raises(Failure), one.begin() as tx:  # noqa: PT012 - what fails is the transaction as a whole
        one.write(tx, [samples.event(family.intent, 1, OrderEventKind.ACCEPTED)])
        raise Failure
    write(other, samples.event(family.intent, 1, OrderEventKind.REJECTED))
    with pytest.raises(IllegalTransition):
        write(one, samples.fill(family.intent, Decimal(1)))


def test_a_redelivered_order_that_ended_long_ago_may_come_with_new_ones(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    ended, new = samples.family(), samples.family()
    rejected = samples.event(ended.intent, 1, OrderEventKind.REJECTED)
    write(ledger, *ended.changes, rejected)
    write(ledger, samples.funds())
    assert list(write(ledger, *new.changes, ended.intent, rejected)) == list(new.changes)
    assert list(write(ledger, *new.changes, ended.intent)) == []
    assert [order.order_id for order in ledger.orders()] == [ended.order_id, new.order_id]
    assert [order.order_id for order in ledger.orders(live=True)] == [new.order_id]


def test_live_orders_are_told_by_number_and_not_by_text(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    partly, wholly = samples.family(quantity=Decimal(10)), samples.family(quantity=Decimal("10.0"))
    write(ledger, *partly.changes, samples.fill(partly.intent, Decimal(9)))
    write(ledger, *wholly.changes, *(samples.fill(wholly.intent, Decimal("2.50")) for _ in range(4)))
    assert [order.order_id for order in ledger.orders(live=True)] == [partly.order_id]


def test_many_changes_in_one_write_come_back_as_they_were(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    written: list[LedgerChange] = []
    for number in range(700):
        family = samples.family(f"strategy {number % 3}", price=Decimal(number + 1).scaleb(-18))
        written += [*family.changes, samples.event(family.intent, 1, OrderEventKind.ACCEPTED)]
        written += [samples.fill(family.intent, Decimal("2.5") if number % 7 else Decimal(1))]
    assert list(write(ledger, *written)) == written
    assert list(ledger.changes()) == written
    live = [order for order in ledger.orders() if order.live]
    assert len(live) == 100
    assert list(ledger.orders(live=True)) == live
    assert sum(1 for _ in ledger.fills(strategy="strategy 1")) == 233


def test_an_iteration_that_is_left_early_and_one_beside_a_writer_do_no_harm(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    families = [samples.family() for _ in range(3)]
    for family in families:
        write(ledger, *family.changes)
    reading = ledger.changes()
    assert next(reading) == families[0].trade
    more = samples.family()
    write(ledger, *more.changes)
    assert more.trade not in list(reading)
    assert next(ledger.orders()).order_id == families[0].order_id
    assert len(list(ledger.orders())) == 4


def test_a_replacement_names_an_order_that_is_there(stores: Stores) -> None:
    ledger, samples = stores.ledger(), Samples()
    family = samples.family()
    replacement = replace(samples.intent(family.trade, family.group), replaces=family.order_id)
    with pytest.raises(MissingParent):
        write(ledger, family.trade, family.group, replacement)
    write(ledger, *family.changes, replacement)
    assert [order.intent.replaces for order in ledger.orders(trade_id=family.trade.trade_id)] == [None, family.order_id]


def test_discarding_removes_one_book_and_lets_it_be_written_anew(stores: Stores) -> None:
    ledger, other, samples = stores.ledger("repeated"), stores.ledger("other"), Samples()
    family = samples.family()
    changes: list[LedgerChange] = [
        samples.funds(),
        *family.changes,
        samples.event(family.intent, 1, OrderEventKind.ACCEPTED),
        samples.fill(family.intent, Decimal(1)),
        GroupAdvanced(group_id=family.group.group_id, ordinal=1, at=samples.next_at()),
        replace(samples.intent(family.trade, family.group), replaces=family.order_id),
        samples.external_fill(),
    ]
    for each in (ledger, other):
        write(each, *changes)
    ledger.discard()
    assert list(ledger.changes()) == []
    assert list(other.changes()) == changes
    assert list(write(ledger, *changes)) == changes
    assert list(ledger.changes()) == changes


def test_a_book_of_real_orders_is_never_discarded(stores: Stores) -> None:
    ledger, samples = stores.ledger(lasting=True), Samples()
    write(ledger, *samples.family().changes)
    with pytest.raises(Refused):
        ledger.discard()
    assert len(list(ledger.changes())) == 3


def test_a_book_stays_lasting_for_whoever_opens_it(database_stores: Stores) -> None:
    write(database_stores.ledger(lasting=True), *Samples().family().changes)
    other = database_stores.ledger(lasting=False)
    with pytest.raises(Refused):
        other.discard()
    write(other, *Samples("more").family().changes)
    with pytest.raises(Refused):
        other.discard()
    assert len(list(other.changes())) == 6


_numbers = count(1)

KINDS = [
    OrderEventKind.SUBMITTED,
    OrderEventKind.ACCEPTED,
    OrderEventKind.CANCELLED,
    OrderEventKind.EXPIRED,
    OrderEventKind.REJECTED,
    OrderEventKind.UNKNOWN,
    OrderEventKind.AMENDED,
    OrderEventKind.REOPENED,
    OrderEventKind.NOT_PLACED,
]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.sampled_from([*KINDS, "0.5", "1.000000000000000001", "2.5"]), max_size=8), chunk=st.integers(1, 4))
def test_any_story_of_an_order_is_folded_as_the_domain_folds_it(stores: Stores, steps: list[Any], chunk: int) -> None:
    """Legal steps are stored and illegal ones refused, however the writes are cut; live orders are found by their fold."""
    stores.close()  # what the example before this one has opened: a server has only so many connections
    ledger, samples = stores.ledger(f"story {next(_numbers)}"), Samples()
    family = samples.family()
    expected, legal = _fold(samples, family, steps)
    changes: list[LedgerChange] = [*family.changes, *legal]
    for start in range(0, len(changes), chunk):
        write(ledger, *changes[start : start + chunk])
    assert ledger.get_order(family.order_id) == expected
    assert (expected in list(ledger.orders(live=True))) == expected.live
    if expected.live is False and expected.state is not OrderState.FILLED:
        with pytest.raises(IllegalTransition):
            write(ledger, samples.fill(family.intent, expected.quantity))
    assert ledger.get_order(family.order_id) == expected


def _fold(samples: Samples, family: Family, steps: list[Any]) -> tuple[Order, list[LedgerChange]]:
    """The order after those of the steps that are legal, and these steps as changes."""
    order = order_from_intent(family.intent)
    legal: list[LedgerChange] = []
    for step in steps:
        change: LedgerChange
        try:
            if isinstance(step, OrderEventKind):
                change = samples.event(family.intent, order.event_count + 1, step)
                order = apply_event(order, change)
            else:
                change = samples.fill(family.intent, Decimal(step))
                order = apply_fill(order, change)
        except IllegalTransition:
            continue
        legal.append(change)
    return order, legal
