"""The async flow: replies in every order become reality, and each finds the reason it belongs to."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from s1mpletrader.analysis import audit_store
from s1mpletrader.core.journal_reader import StrategyJournal, read_reasons
from s1mpletrader.core.watchers import Watchers
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.orders import ListKind, OrderState, Side
from s1mpletrader.domain.replies import (
    Amended,
    Cancelled,
    CancelRejected,
    Expired,
    NotPlaced,
    NotSent,
    Rejected,
    Replaced,
    Unknown,
)
from s1mpletrader.ports.cache import CacheMiss

from .desk import NOON, Desk, accepted, filled
from .samples import SYMBOL, order_id


def placed(desk: Desk, **how: str) -> OrderId:
    return desk.execute(**how).intents[0].intent.order_id  # type: ignore[arg-type]


def state_of(desk: Desk, order: OrderId) -> tuple[str, str]:
    found = desk.order(order)
    return str(found.state), str(found.filled_quantity)


def test_acknowledged_and_filled() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), filled(order, 1))
    assert state_of(desk, order) == ("FILLED", "2")
    assert desk.kinds == ["INTENDED", "RECORDED", "FILLED"]
    assert desk.order(order).submitted_at == NOON
    assert desk.order(order).acknowledged_at == NOON + 1


def test_each_entry_has_the_one_before_as_its_parent_and_the_fill_reaches_the_origin() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), filled(order, 1, "1"), filled(order, 2, "1"))
    parents = [entry.parent_seq for entry in desk.journal.entries("r")]
    assert parents == [None, 0, 1, 2]
    journal = StrategyJournal(desk.journal)
    chain = journal.get_entry(fill_id=desk.order(order).fill_ids[1]).causality
    assert chain.origin.at == NOON
    assert chain.fill_ids == desk.order(order).fill_ids
    assert journal.get_entry(order_id=order).facts == {"f": 1.0}


def test_a_fill_before_the_acknowledgement() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(filled(order, 1), accepted(order))
    assert state_of(desk, order) == ("FILLED", "2")
    assert desk.order(order).exchange_order_id is not None
    assert desk.kinds == ["INTENDED", "FILLED", "RECORDED"]


def test_the_same_reply_twice_adds_nothing() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), accepted(order), filled(order, 1, "1"), filled(order, 1, "1"))
    assert desk.kinds == ["INTENDED", "RECORDED", "FILLED"]
    assert state_of(desk, order) == ("PARTIALLY_FILLED", "1")


@pytest.mark.parametrize(
    ("end", "state", "kind"),
    [
        (Rejected(order_id=OrderId(""), rejection_reason="no money", at=NOON), "REJECTED", "REJECTED"),
        (Unknown(order_id=OrderId(""), reason="timeout", at=NOON, submitted_at=NOON), "UNKNOWN", "UNKNOWN"),
        (NotSent(order_id=OrderId(""), reason="no route", at=NOON), "NOT_PLACED", "NOT_PLACED"),
        (NotPlaced(order_id=OrderId(""), evidence="thrice not found", at=NOON), "NOT_PLACED", "NOT_PLACED"),
        (Cancelled(order_id=OrderId(""), at=NOON, reason="asked"), "CANCELLED", "CANCELLED"),
        (Expired(order_id=OrderId(""), at=NOON, reason="IOC"), "EXPIRED", "EXPIRED"),
        (Replaced(order_id=OrderId(""), replaced_by=order_id(7), at=NOON), "CANCELLED", "REPLACED"),
    ],
)
def test_every_other_outcome_is_booked_and_told_once(end: object, state: str, kind: str) -> None:
    desk = Desk()
    order = placed(desk)
    reply = replace(end, order_id=order)  # type: ignore[type-var]
    desk.reply(reply, reply)  # type: ignore[arg-type]
    assert state_of(desk, order) == (state, "0")
    assert desk.kinds == ["INTENDED", kind]
    (_, told) = desk.journal.entries("r")
    assert read_reasons(told).text


def test_an_unknown_outcome_after_the_stream_has_told_better_changes_nothing() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), Unknown(order_id=order, reason="timeout", at=NOON, submitted_at=NOON))
    assert state_of(desk, order) == ("OPEN", "0")
    desk.reply(Unknown(order_id=order, reason="cancel timed out", at=NOON))
    assert state_of(desk, order) == ("UNKNOWN", "0")


def test_a_fill_after_an_unknown_outcome_resolves_it() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(Unknown(order_id=order, reason="timeout", at=NOON, submitted_at=NOON))
    assert desk.book.view("s").exposure(SYMBOL) == Decimal(2)
    desk.reply(filled(order, 1))
    assert state_of(desk, order) == ("FILLED", "2")


def test_evidence_against_an_end_reopens_the_order_and_says_so() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(NotPlaced(order_id=order, evidence="thrice not found", at=NOON), filled(order, 1))
    assert state_of(desk, order) == ("FILLED", "2")
    assert desk.kinds == ["INTENDED", "NOT_PLACED", "REOPENED", "FILLED", "ALARM"]
    assert desk.metrics.alarms == 1
    desk = Desk()
    order = placed(desk)
    desk.reply(Rejected(order_id=order, rejection_reason="?", at=NOON), accepted(order))
    assert state_of(desk, order) == ("OPEN", "0")
    assert desk.kinds == ["INTENDED", "REJECTED", "REOPENED", "RECORDED", "ALARM"]
    assert desk.metrics.alarms == 1


def test_a_late_fill_of_a_cancelled_order_is_kept_and_its_story_is_found_again() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), Cancelled(order_id=order, at=NOON))
    with pytest.raises(CacheMiss):
        desk.cache.get_context(order)
    desk.reply(filled(order, 1, "1"))
    assert state_of(desk, order) == ("CANCELLED", "1")
    assert desk.kinds == ["INTENDED", "RECORDED", "CANCELLED", "FILLED", "ALARM"]
    assert [entry.parent_seq for entry in desk.journal.entries("r")] == [None, 0, 1, 2, 3]
    assert desk.metrics.alarms == 1
    with pytest.raises(CacheMiss):
        desk.cache.get_context(order)


def test_a_context_that_the_cache_has_lost_is_rebuilt_as_it_was() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order))
    before = desk.cache.get_context(order)
    desk.cache.drop_context(order)
    desk.reply(CancelRejected(order_id=order, reason="too late", at=NOON))
    after = desk.cache.get_context(order)
    assert (after.strategy, after.order_details, after.status, after.fills, dict(after.facts)) == (
        before.strategy,
        before.order_details,
        before.status,
        before.fills,
        dict(before.facts),
    )
    assert desk.kinds[-1] == "CANCEL_REJECTED"
    assert after.last.seq == before.last.seq + 1


def test_a_reply_that_the_graph_has_no_place_for_is_an_alarm_and_changes_nothing() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), filled(order, 1, "1"), filled(order, 2, "5"))
    assert state_of(desk, order) == ("PARTIALLY_FILLED", "1")
    assert desk.kinds[-1] == "ALARM"
    assert desk.metrics.alarms == 1
    desk.reply(filled(order, 3, "1"))
    assert state_of(desk, order) == ("FILLED", "2")


def test_a_fill_of_a_strange_order_is_kept_apart() -> None:
    desk = Desk()
    desk.reply(filled(None, 1, client_order_id="somebody else's"))
    (external,) = desk.ledger.external_fills()
    assert external.client_order_id == "somebody else's"
    assert desk.kinds == ["EXTERNAL"]
    assert desk.metrics.alarms == 1
    assert desk.book.view("s").position(SYMBOL) == Decimal(0)


def test_a_fill_without_our_id_is_recognised_by_the_venues() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), filled(None, 1, client_order_id=f"c-{order}"))
    assert state_of(desk, order) == ("FILLED", "2")


def test_a_reply_about_an_order_that_nobody_meant_is_refused() -> None:
    with pytest.raises(UnknownId):
        Desk().reply(accepted(order_id(1)))


def test_an_amendment_changes_the_quantity_that_counts() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), Amended(order_id=order, at=NOON, quantity=Decimal(1)), filled(order, 1, "1"))
    assert state_of(desk, order) == ("FILLED", "1")
    assert desk.kinds == ["INTENDED", "RECORDED", "AMENDED", "FILLED"]


def test_each_fill_of_a_bracket_gets_its_exits_and_they_say_why() -> None:
    desk = Desk(AccountType.NETTING)
    order = placed(desk, algorithm="bracket", stop="9", target="12")
    desk.reply(accepted(order), filled(order, 1, "0.5"))
    stop, target = list(desk.ledger.orders())[1:]
    assert [one.details.side for one in (stop, target)] == [Side.SELL, Side.SELL]
    assert (stop.details.stop_price, target.details.price) == (Decimal(9), Decimal(12))
    assert stop.details.quantity == target.details.quantity == Decimal("0.5")
    assert stop.details.reduce_only
    assert stop.intent.list_id == target.intent.list_id == stop.order_id
    assert stop.intent.list_kind is ListKind.OCO
    assert desk.kinds == ["INTENDED", "RECORDED", "FILLED", "INTENDED", "INTENDED"]
    entries = list(desk.journal.entries("r"))
    assert [entry.parent_seq for entry in entries[3:]] == [2, 2]
    assert desk.sent.commands[-1].order_ids == (stop.order_id, target.order_id)
    desk.reply(filled(order, 2, "1.5"))
    assert len(list(desk.ledger.orders())) == 5


def test_a_bracket_is_over_when_one_exit_has_filled_and_the_other_is_cancelled() -> None:
    desk = Desk(AccountType.NETTING)
    order = placed(desk, algorithm="bracket", stop="9", target="12")
    desk.reply(accepted(order), filled(order, 1))
    stop, target = list(desk.ledger.orders())[1:]
    desk.reply(accepted(stop.order_id), accepted(target.order_id), filled(target.order_id, 2, side=Side.SELL))
    assert len(list(desk.ledger.active_groups())) == 1
    desk.reply(Cancelled(order_id=stop.order_id, at=NOON))
    assert list(desk.ledger.active_groups()) == []
    assert desk.book.view("s").open_trades == ()


def test_a_bracket_whose_entry_is_rejected_is_over() -> None:
    desk = Desk()
    order = placed(desk, algorithm="bracket", stop="9")
    desk.reply(Rejected(order_id=order, rejection_reason="no money", at=NOON))
    assert list(desk.ledger.active_groups()) == []
    assert desk.book.view("s").open_trades == ()


def test_a_close_waits_for_the_exits_to_be_cancelled_and_closes_what_is_held() -> None:
    desk = Desk(AccountType.NETTING)
    order = placed(desk, algorithm="bracket", stop="9", target="12")
    desk.reply(accepted(order), filled(order, 1))
    stop, target = list(desk.ledger.orders())[1:]
    desk.reply(accepted(stop.order_id), accepted(target.order_id))
    trade = desk.book.view("s").open_trades[0].trade_id
    effects = desk.execute(algorithm="close", close=trade, number=1)
    assert effects.intents == []
    assert [command.order_ids for command in effects.commands] == [(stop.order_id,), (target.order_id,)]
    desk.reply(Cancelled(order_id=stop.order_id, at=NOON))
    assert len(list(desk.ledger.orders())) == 3
    # The other exit fills a part before its cancellation arrives: the close is for the rest.
    desk.reply(filled(target.order_id, 2, "0.5", side=Side.SELL), Cancelled(order_id=target.order_id, at=NOON))
    closing = list(desk.ledger.orders())[-1]
    assert (closing.details.side, closing.details.quantity) == (Side.SELL, Decimal("1.5"))
    desk.reply(accepted(closing.order_id), filled(closing.order_id, 3, "1.5", side=Side.SELL))
    assert desk.book.view("s").position(SYMBOL) == Decimal(0)
    assert desk.book.view("s").open_trades == ()
    assert list(desk.ledger.active_groups()) == []


def test_a_close_with_nothing_in_the_way_is_one_order() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), filled(order, 1))
    trade = desk.book.view("s").open_trades[0].trade_id
    effects = desk.execute(algorithm="close", close=trade, number=1)
    assert [one.role for one in effects.intents] == ["close"]
    assert not effects.intents[0].intent.details.reduce_only
    assert effects.intents[0].intent.reference_price == Decimal(10)


def test_a_close_of_a_trade_that_is_over_is_refused() -> None:
    desk = Desk()
    with pytest.raises(UnknownId, match="is not open"):
        desk.execute(algorithm="close", close="TRD_20220101_000000_0000000000000009", number=1)  # type: ignore[arg-type]


def test_an_algorithm_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownId, match="there are bracket, close, single"):
        Desk().execute(algorithm="twap")


def test_outsiders_see_each_new_state_and_each_fill() -> None:
    seen: list[str] = []
    watchers = Watchers(
        flow_started=lambda strategy, flow, at: seen.append("started"),
        flow_terminated=lambda strategy, flow, at: seen.append("terminated"),
        exchange_reply=lambda reply: seen.append(type(reply).__name__),
        order=lambda order: seen.append(str(order.state)),
        fill=lambda fill: seen.append(str(fill.quantity)),
    )
    desk = Desk(watchers=watchers)
    order = placed(desk)
    desk.reply(accepted(order), filled(order, 1))
    assert seen == ["started", "Accepted", "OPEN", "terminated", "started", "Filled", "FILLED", "2", "terminated"]
    assert desk.metrics.flows == desk.metrics.replies == 2


def test_whatever_comes_the_order_states_follow_the_graph() -> None:
    desk = Desk()
    order = placed(desk)
    desk.reply(accepted(order), Cancelled(order_id=order, at=NOON), Cancelled(order_id=order, at=NOON), filled(order, 1))
    assert desk.order(order).state is OrderState.FILLED
    report = audit_store([desk.ledger], desk.journal)
    named = {violation.invariant for violation in report.violations}
    # No run was opened here, so that only what a run's first entry tells is missing.
    assert named <= {"14_orders_trace_to_a_decision", "16_orders_obey_their_filters"}
