"""Batches in whole runs: both legs or none, one after the other, and always a reason."""

from collections import Counter
from decimal import Decimal
from typing import NamedTuple

import pytest

from s1mpletrader.analysis import audit_store
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.domain.batches import OnFailure
from s1mpletrader.domain.directives import Refusal, Scope, Stage
from s1mpletrader.domain.ids import TradeId
from s1mpletrader.domain.orders import opening_side
from s1mpletrader.domain.reasons import EntryKind
from tests.running import MEMORY, Finished, finished

SMALL = (*MEMORY, "data.0.candles=3000", "data.1.candles=3000")
WAITING = ("entry.plugin=limit", "entry.offset_percent=0.25", "batch.time_limit=30m")
"""Entries that wait below the market, so that one leg may be filled and the other not."""


class Leg(NamedTuple):
    """A leg of a batch as the ledger has it."""

    trade_id: TradeId
    entered: Decimal
    wanted: Decimal
    held: Decimal


def pairs(*overrides: str) -> Finished:
    done = finished("pairs.toml", *SMALL, *overrides)
    assert audit_store([done.ledger], done.journal).violations == ()
    return done


def leg(done: Finished, trade_id: TradeId) -> Leg:
    trade = done.ledger.get_trade(trade_id)
    assert trade is not None
    side = opening_side(trade.direction)
    orders = list(done.ledger.orders(trade_id=trade_id))
    entered = sum((order.filled_quantity for order in orders if order.details.side is side), Decimal(0))
    left = sum((order.filled_quantity for order in orders if order.details.side is not side), Decimal(0))
    return Leg(trade_id, entered, orders[0].details.quantity, entered - left)


def batches(done: Finished) -> list[list[Leg]]:
    """The legs of each batch, as far as they were begun: the trades that its directives opened."""
    opened: dict[str, TradeId] = {}
    for order in done.ledger.orders():
        entry = done.journal.entries_of_order(order.order_id)[0]
        directive_id = done.reasons.causality(entry).execution_directive_id
        if directive_id is not None:
            opened.setdefault(directive_id, order.trade_id)
    found = []
    for entry in done.entries:
        batch = read_reasons(entry).batch
        if batch is not None:
            assert entry.kind is EntryKind.BATCHED
            found.append([leg(done, opened[one]) for one in batch.execution_directive_ids if one in opened])
    return found


def refusals(done: Finished) -> Counter[str]:
    return Counter(refusal.code for entry in done.entries for refusal in read_reasons(entry).refusals)


def live(done: Finished) -> set[TradeId]:
    return {order.trade_id for order in done.ledger.orders(live=True)}


def test_legs_at_the_market_all_stand() -> None:
    done = pairs()
    found = batches(done)
    assert len(found) > 5
    assert all(len(legs) == 2 and all(one.entered == one.wanted for one in legs) for legs in found)
    assert refusals(done) == Counter()


def test_a_leg_that_is_not_filled_in_time_takes_the_other_with_it() -> None:
    done = pairs(*WAITING)
    found = [legs for legs in batches(done) if not {one.trade_id for one in legs} & live(done)]
    stood = [legs for legs in found if all(one.entered == one.wanted for one in legs)]
    failed = [legs for legs in found if legs not in stood]
    one_sided = [legs for legs in failed if any(one.entered for one in legs)]
    assert stood
    assert one_sided, "no leg was ever left alone: the test shows nothing"
    assert all(one.held == 0 for legs in failed for one in legs)
    assert refusals(done)["BATCH_FAILED"] >= len(failed)
    ended = [
        reasons.directive
        for entry in done.entries
        if (reasons := read_reasons(entry)).directive is not None and reasons.directive.reason.startswith("its batch failed")
    ]
    assert {directive.scope for directive in ended} == {Scope.CLOSE_EXISTING}
    assert len(ended) >= len(one_sided)


def test_a_failed_batch_may_keep_what_is_filled() -> None:
    done = pairs(*WAITING, "batch.on_failure=CANCEL")
    failed = [legs for legs in batches(done) if any(one.entered != one.wanted for one in legs)]
    kept = [one for legs in failed for one in legs if one.entered and one.entered == one.wanted]
    assert kept
    assert not any(
        reasons.directive.reason.startswith("its batch failed")
        for entry in done.entries
        if (reasons := read_reasons(entry)).directive is not None
    )


def test_a_leg_that_is_refused_at_once_lets_none_go() -> None:
    done = pairs('exchange.instruments."ETH/USDT".quantity_max=0.01')
    assert done.metrics.orders == 0
    assert refusals(done)["LEG_REFUSED"] == refusals(done)["ABOVE_MAXIMUM"] > 5
    prevented = [r for entry in done.entries for r in read_reasons(entry).refusals if r.code == "LEG_REFUSED"]
    assert all(refusal.plans.entry is not None and refusal.plans.size is not None for refusal in prevented)


def test_independent_directives_are_no_batch() -> None:
    done = pairs("batch.policy=INDEPENDENT", 'exchange.instruments."ETH/USDT".quantity_max=0.01')
    assert batches(done) == []
    assert done.metrics.orders > 0


def test_a_sequence_begins_each_leg_when_the_one_before_it_is_filled() -> None:
    done = pairs("batch.policy=SEQUENTIAL")
    found = batches(done)
    assert len(found) > 5
    for first, second in found:
        (entry, *_), (later, *_) = (list(done.ledger.orders(trade_id=one.trade_id)) for one in (first, second))
        filled_at = max(fill.at for fill in done.ledger.fills(order_id=entry.order_id))
        assert later.intent.decided_at >= filled_at
        assert second.entered == second.wanted
    deferred = [entry for entry in done.entries if entry.kind is EntryKind.DEFERRED]
    assert len(deferred) == len(found)


def test_a_sequence_that_fails_begins_no_further_leg() -> None:
    done = pairs(*WAITING, "batch.policy=SEQUENTIAL")
    found = batches(done)
    alone = [legs for legs in found if len(legs) == 1]
    assert alone
    assert len(found) > len(alone)
    assert refusals(done)["BATCH_FAILED"] >= len(alone) - 1


PACE = ("gate.plugin=orders_per_minute", "gate.orders_max=1")
"""One order a minute: each leg passes for itself, and the second no longer when the first has just been placed."""

SECOND_LOOK = ("batch.policy=SEQUENTIAL", *PACE)


def second_looks(done: Finished) -> list[Refusal]:
    return [one for entry in done.entries for one in read_reasons(entry).refusals if one.stage is Stage.RISK_GATE]


@pytest.mark.parametrize("on_failure", list(OnFailure))
def test_a_leg_that_the_gates_refuse_at_its_turn_fails_the_sequence(on_failure: OnFailure) -> None:
    done = pairs("batch.policy=SEQUENTIAL", *PACE, f"batch.on_failure={on_failure}")
    found, refused = batches(done), second_looks(done)
    assert len(refused) == len(found) > 5
    assert {(one.by, one.code) for one in refused} == {("orders_per_minute", "ORDERS_PER_MINUTE")}
    for refusal in refused:
        assert refusal.directive is not None
        assert (refusal.directive.symbol, refusal.directive.scope) == ("ETH/USDT", Scope.NEW_TRADE)
        assert None not in (refusal.plans.entry, refusal.plans.size, refusal.plans.execution)
        assert refusal.signal_ids == refusal.directive.signal_ids
    assert {trade.symbol for trade in done.ledger.trades()} == {"BTC/USDT"}
    assert refusals(done)["BATCH_FAILED"] == 0
    flattened = [
        reasons.directive
        for entry in done.entries
        if (reasons := read_reasons(entry)).directive is not None and reasons.directive.reason.startswith("its batch failed")
    ]
    assert len(flattened) == (len(found) if on_failure is OnFailure.FLATTEN else 0)


def test_a_leg_that_never_began_is_refused_with_its_plans() -> None:
    done = pairs(*WAITING, "batch.policy=SEQUENTIAL")
    withdrawn = [
        one
        for entry in done.entries
        for one in read_reasons(entry).refusals
        if one.code == "BATCH_FAILED" and one.directive is not None
    ]
    assert len(withdrawn) == len([legs for legs in batches(done) if len(legs) == 1 and not legs[0].entered]) > 1
    assert all(one.plans.size is not None and one.directive is not None for one in withdrawn)
    ids = [refusal.id for entry in done.entries for refusal in read_reasons(entry).refusals]
    assert len(set(ids)) == len(ids)


def test_what_waits_of_a_sequence_that_ran_out_of_time_is_taken_back() -> None:
    done = pairs(*WAITING, "batch.policy=SEQUENTIAL")
    alone = [legs[0] for legs in batches(done) if len(legs) == 1 and legs[0].trade_id not in live(done)]
    assert alone
    assert all(one.held == 0 for one in alone)


@pytest.mark.parametrize(
    "overrides", [(*WAITING, "batch.policy=COORDINATED"), (*WAITING, "batch.policy=SEQUENTIAL"), SECOND_LOOK]
)
def test_dense_and_skipping_are_equal(overrides: tuple[str, ...]) -> None:
    dense, skipping = (pairs(*overrides, f"engine.skip={skip}") for skip in ("false", "true"))
    assert dense.entries == skipping.entries
    assert dense.changes == skipping.changes


def test_no_batch_is_part_of_causality() -> None:
    done = pairs()
    chain = done.reasons.causality(done.journal.entries_of_order(next(done.ledger.orders()).order_id)[0])
    assert not any("batch" in name for name in chain.__struct_fields__)
    followers = {entry.parent_seq for entry in done.entries if entry.order_id is not None}
    assert not followers & {entry.seq for entry in done.entries if entry.kind is EntryKind.BATCHED}
