"""The story of a trade: everything that was decided, asked for, refused and done about it, and what it came to."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from s1mpletrader.analysis import story_of, story_tree
from s1mpletrader.analysis.batch_story import LegStanding
from s1mpletrader.analysis.story import Story
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.domain.directives import Refusal, Scope, Stage
from s1mpletrader.domain.ids import TradeId
from s1mpletrader.domain.money import total
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.reasons import EntryKind, SealedEntry
from tests.running import EXAMPLES, MEMORY, Finished, finished

WAITING = ("entry.plugin=limit", "entry.offset_percent=0.25", "batch.time_limit=30m")
PAIRS = ("data.0.candles=3000", "data.1.candles=3000", *WAITING)
RUNS: dict[str, tuple[str, ...]] = {
    "breakout.toml": ("data.candles=900",),
    "ema_cross.toml": ("data.candles=600",),
    "trailing.toml": ("data.candles=2500",),
    "twap.toml": ("data.candles=2500",),
    "pairs.toml": PAIRS,
    "dca.toml": ("data.candles=900",),
    "rebalance.toml": ("data.0.candles=900", "data.1.candles=900"),
    "portfolio.toml": ("data.candles=400",),
}


def run(file: str, *overrides: str) -> Finished:
    return finished(file, *MEMORY, *RUNS[file], *overrides)


def stories(done: Finished) -> Iterator[Story]:
    return (story_of(done.reasons, done.ledger, trade.trade_id) for trade in done.ledger.trades())


def shown(story: Story) -> str:
    console = Console(width=400, color_system=None)
    with console.capture() as captured:
        console.print(story_tree(story))
    return captured.get()


def is_about(done: Finished, entry: SealedEntry, trade_id: TradeId) -> bool:
    """Told the long way round: by its order, by the trade that its directive names, or by the entry that it follows from."""
    if entry.order_id is not None:
        order = done.ledger.get_order(entry.order_id)
        return order is not None and order.trade_id == trade_id
    reasons = read_reasons(entry)
    if reasons.batch is not None or reasons.run is not None or entry.kind in (EntryKind.OBSERVED, EntryKind.DEFERRED):
        return False
    directives = [reasons.directive, *(refusal.directive for refusal in reasons.refusals)]
    named = [directive for directive in directives if directive is not None]
    if named:
        return any(directive.trade_id == trade_id for directive in named)
    if any(refusal.stage not in (Stage.EXECUTION_WORKER, Stage.EXPIRY) for refusal in reasons.refusals):
        return False
    parent = done.journal.entry(entry.parent) if entry.parent is not None else None
    return parent is not None and is_about(done, parent, trade_id)


@pytest.mark.parametrize("file", RUNS)
def test_no_entry_about_a_trade_is_left_out_of_its_story_and_none_is_added(file: str) -> None:
    done = run(file)
    for story in stories(done):
        expected = [entry.ref for entry in done.entries if is_about(done, entry, TradeId(story.subject))]
        # An opening decision that placed nothing at once bears no id of the trade.
        told = [one.ref for one in story.happenings if one.ref in expected or one.ref != story.decisions[0].ref]
        assert told == expected
        assert len(told) >= len(story.happenings) - 1
        assert [told.order for told in story.orders] == list(done.ledger.orders(trade_id=TradeId(story.subject)))
        assert {one.ref for one in story.decisions} <= {one.ref for one in story.happenings}
        assert shown(story)
        story.to_json()


def test_every_move_of_a_stop_is_in_the_story_with_its_lineage() -> None:
    moved = max(stories(run("trailing.toml")), key=lambda story: len(story.commands))
    assert len(moved.commands) > 2
    stops = [told for told in moved.orders if told.role == "stop"]
    for command in moved.commands:
        assert (command.kind, command.answer) == ("REPLACE", EntryKind.REPLACED)
        assert moved.decisions[command.decision or 0].directive is not None
        (before,) = [told for told in stops if told.order.order_id == command.order_id]
        (after,) = [told for told in stops if told.order.order_id == command.replaced_by]
        assert before.replaced_by == after.order.order_id
        assert after.order.intent.replaces == before.order.order_id
        assert after.decision == command.decision
    scopes = [decision.directive.scope for decision in moved.decisions if decision.directive is not None]
    assert scopes.count(Scope.MODIFY_EXISTING) >= len(moved.commands)
    told = moved.to_json()
    assert [command["replaced_by"] for command in told["commands"]] == [stop.order.order_id for stop in stops[1:]]
    assert "REPLACE by" in shown(moved)


def test_an_order_that_is_amended_and_one_that_is_cancelled_are_told_with_their_answers() -> None:
    done = run("pairs.toml")
    cancelled = [command for story in stories(done) for command in story.commands if command.kind == "CANCEL"]
    assert cancelled
    assert {command.answer for command in cancelled} == {EntryKind.CANCELLED}
    assert all(command.answered_at is not None and command.answered_at >= command.at for command in cancelled)


def test_every_slice_is_told_with_the_timer_that_placed_it() -> None:
    done = run("twap.toml")
    for story in stories(done):
        entry = story.algorithms[0]
        placed = [order_id for wake in entry.wakes for order_id in wake.order_ids]
        assert (entry.algorithm, entry.target, len(entry.slices)) == ("twap", Decimal(6), 6)
        assert list(entry.slices[1:]) == placed
        assert [told.cause.kind if told.cause else None for told in story.orders[:6]] == [None] + [EntryKind.ADVANCED] * 5
        assert entry.filled == total(told.order.filled_quantity for told in story.orders[:6])
        paid = total(fill.price * fill.quantity for told in story.orders[:6] for fill in told.fills)
        market = story.decisions[0].market
        assert market is not None
        assert entry.decision_price == market.reference_price
        expected = (paid / entry.filled / market.reference_price - 1) * 10_000
        assert float(entry.basis_points or 0) == pytest.approx(float(expected))
        assert f"{entry.basis_points:+.2f} bp against" in shown(story)
        assert shown(story).count("placed by the timer") == 5


def test_what_an_algorithm_gave_up_is_told_with_what_had_been_planned() -> None:
    pov = ("execution.plugin=pov", "execution.participation=0.0001", "execution.interval=5m", "execution.duration=20m")
    done = run("ema_cross.toml", *pov)
    found = [one for story in stories(done) for one in story.refusals]
    assert {(one.refusal.code, one.gave_up) for one in found} >= {("WINDOW_OVER", True)}
    alone = story_of(done.reasons, done.ledger, found[0].refusal.id)
    (decision,) = alone.decisions
    assert decision.plans.size is not None
    assert decision.plans.execution is not None
    assert (decision.refusals, alone.orders, alone.trade) == ((), (), None)
    assert alone.refusals[0].refusal == found[0].refusal
    assert "given up" in shown(alone)


def refusals_of(done: Finished) -> list[Refusal]:
    return [refusal for entry in done.entries for refusal in read_reasons(entry).refusals]


def test_a_refused_change_of_a_trade_is_in_its_story() -> None:
    done = run("dca.toml", "gate.plugin=position_limit", "gate.quantity_max=0.1")
    refused = [one for one in refusals_of(done) if one.stage is Stage.RISK_GATE]
    assert refused
    (story,) = stories(done)
    told = [one for one in story.refusals if one.refusal.stage is Stage.RISK_GATE]
    assert [one.refusal for one in told] == refused
    assert all(story.decisions[one.decision or 0].refusals == (one.refusal,) and not one.gave_up for one in told)
    assert shown(story).count("would have been MODIFY_EXISTING to ADD") == len(refused)


def test_a_refusals_story_has_the_plans_and_nothing_that_did_not_happen() -> None:
    done = run("ema_cross.toml", "gate.plugin=position_limit", "gate.quantity_max=0.001")
    refusal = refusals_of(done)[0]
    story = story_of(done.reasons, done.ledger, refusal.id)
    assert story.decisions[0].plans == refusal.plans
    assert refusal.plans.size is not None
    told = story.to_json()
    assert (told["orders"], told["fills"], told["trade"], told["commands"]) == ([], [], None, [])
    assert told["slippage"]["against_decision"]["cost"] is None
    assert told["context"]["market"]["reference_price"]
    assert "would have been" in shown(story)


def test_every_leg_of_a_batch_is_told_with_how_far_it_came() -> None:
    done = run("pairs.toml")
    found = list(stories(done))
    assert all(len(story.batches) == 1 and len(story.batches[0].legs) == 2 for story in found)
    for story in found:
        (batch,) = story.batches
        assert TradeId(story.subject) in {leg.trade_id for leg in batch.legs}
        own = next(leg for leg in batch.legs if leg.trade_id == story.subject)
        assert own.entered == total(leg.quantity for leg in story.trade.legs if leg.kind == "ENTRY") if story.trade else False
        is_over = all(leg.standing is LegStanding.SUCCEEDED for leg in batch.legs)
        assert bool(batch.failures) is not is_over or LegStanding.OPEN in {leg.standing for leg in batch.legs}
    failed = [story for story in found if story.batches[0].taken_back]
    assert failed
    assert "taken back" in shown(failed[0])
    assert "its batch failed" in shown(failed[0])


def test_a_deferred_leg_is_told_with_the_batch_that_held_it_back() -> None:
    done = run("pairs.toml", "batch.policy=SEQUENTIAL")
    later = [story for story in stories(done) if EntryKind.DEFERRED in {one.kind for one in story.happenings}]
    assert later
    assert all(story.batches[0].legs[0].standing is LegStanding.SUCCEEDED for story in later)
    refused = [story for story in stories(done) if story.batches[0].failures]
    assert refused
    for story in refused:
        leg = story.batches[0].legs[1]
        assert leg.refusal is not None or leg.trade_id is not None
        assert (leg.standing is LegStanding.REFUSED) is (leg.refusal is not None)


def test_a_leg_whose_turn_has_not_come_is_waiting(tmp_path: Path) -> None:
    file = tmp_path / "pairs.toml"
    file.write_text((EXAMPLES / "pairs.toml").read_text().replace('time_limit = "10m"', ""))
    candles = ("data.0.candles=490", "data.1.candles=490")
    done = finished(file, *MEMORY, *candles, "entry.plugin=limit", "entry.offset_percent=20", "batch.policy=SEQUENTIAL")
    story = next(stories(done))
    assert [leg.standing for leg in story.batches[0].legs] == [LegStanding.OPEN, LegStanding.WAITING]
    assert (story.batches[0].failures, story.batches[0].legs[1].trade_id) == ((), None)


@pytest.mark.parametrize("file", RUNS)
def test_what_a_trade_came_to_is_the_sum_of_its_legs(file: str) -> None:
    for story in stories(run(file)):
        assert story.trade is not None
        result, legs = story.trade.result, story.trade.legs
        sides = {order.order_id: order.details.side for order in (told.order for told in story.orders)}
        signed = [leg.notional if sides[leg.order_ids[0]] is Side.SELL else -leg.notional for leg in legs]
        assert total(signed) - result.fees == result.profit
        fees = total(amount for leg in legs for currency, amount in leg.fees.items() if currency == result.currency)
        assert fees == result.fees
        costs = [leg.shortfall.cost for leg in legs if leg.shortfall.cost is not None]
        assert total(costs) == (story.shortfall.cost or 0)
        if result.closed_at is not None:
            assert story.trade.realised == result.profit


def test_an_order_is_measured_against_the_last_price_at_its_decision() -> None:
    done = run("breakout.toml", "exchange.slippage_ticks=2")
    for story in stories(done):
        for told in story.orders:
            worth, price = told.shortfall, told.order.intent.reference_price
            if not told.fills:
                assert worth.cost is None
                continue
            assert price is not None
            sign = told.order.details.side.sign
            cost = total((fill.price - price) * fill.quantity * sign for fill in told.fills)
            assert (worth.decision_price, worth.cost, worth.currency) == (price, cost, "USDT")
            assert worth.basis_points is not None
            expected = float(cost / (price * told.order.filled_quantity) * 10_000)
            assert float(worth.basis_points) == pytest.approx(expected)


def keys(value: Any) -> set[str]:
    return set(value)


def test_the_keys_of_the_json_stay() -> None:
    story = next(stories(run("breakout.toml")))
    told = story.to_json()
    first = "subject origin context signals risks directive plans gates refusals orders fills slippage trade decisions"
    added = "commands algorithms batches timeline"
    assert keys(told) == {*first.split(), *added.split()}
    assert keys(told["slippage"]) == {"cost", "orders", "against_decision"}
    of_order = "order_id role decision algorithm average_price entries intent state replaces"
    assert keys(told["orders"][0]) >= {*of_order.split()}
