"""Trades that are added to and ended in parts: their stories, their profit and the audit agree to the last digit."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from s1mpletrader.analysis import audit_store, results_of, story_of
from s1mpletrader.analysis.story import Story, TradeStory
from s1mpletrader.analysis.teller import Teller
from s1mpletrader.domain.directives import Aim, Scope
from s1mpletrader.domain.money import total
from s1mpletrader.domain.orders import Side
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.reality import Fill, FundsKind, FundsMoved
from tests.running import MEMORY, Finished, finished

WEEKS = ("data.0.candles=3000", "data.1.candles=3000", "planner.band_percent=0.1")
RUNS: dict[str, tuple[str, ...]] = {
    "spot": ("rebalance.toml", *WEEKS),
    "fees in what is bought": ("rebalance.toml", *WEEKS, "exchange.fee_in=base"),
    "with sizes of a netting account": ("rebalance.toml", *WEEKS, "account.type=netting"),
    "added to every day": ("dca.toml", "data.candles=3000"),
}


def run(name: str) -> Finished:
    example, *overrides = RUNS[name]
    return finished(example, *MEMORY, *overrides)


def stories(done: Finished) -> Iterator[tuple[Story, TradeStory]]:
    for trade in done.ledger.trades():
        story = story_of(done.reasons, done.ledger, trade.trade_id)
        assert story.trade is not None
        yield story, story.trade


def scopes(story: Story) -> set[tuple[Scope, Aim | None]]:
    return {(one.directive.scope, one.directive.aim) for one in story.decisions if one.directive is not None}


def realised_by_hand(fills: list[Fill], base: str) -> Decimal:
    """At the mean price of everything that was ever entered."""
    bought = [fill for fill in fills if fill.side is Side.BUY]
    sold = [fill for fill in fills if fill.side is Side.SELL]
    received = total(fill.quantity - (fill.fee if fill.fee_currency == base else 0) for fill in bought)
    paid = total(fill.price * fill.quantity for fill in bought)
    given = total(fill.quantity + (fill.fee if fill.fee_currency == base else 0) for fill in sold)
    return total(fill.price * fill.quantity for fill in sold) - paid * given / received


@pytest.mark.parametrize("name", RUNS)
def test_story_profit_and_audit_agree(name: str) -> None:
    done = run(name)
    assert audit_store([done.ledger], done.journal).violations == ()
    profits = {one.trade_id: one for strategy in results_of(done.ledger, done.journal).strategies for one in strategy.trades}
    for story, told in stories(done):
        result, profit = told.result, profits[told.result.trade_id]
        assert (Scope.MODIFY_EXISTING, Aim.ADD) in scopes(story)
        assert profit.is_open is (result.closed_at is None)
        in_base = total(fill.fee for one in story.orders for fill in one.fills if fill.fee_currency != result.currency)
        held = total(fill.quantity * fill.side.sign for one in story.orders for fill in one.fills)
        assert held - in_base == result.open_quantity
        # Fees in what was bought are fees at the last price to the one, and a smaller holding to the other.
        assert profit.realised == result.profit + result.fees
        if not in_base:
            assert profit.profit == result.profit + profit.held_value


@pytest.mark.parametrize("name", ["spot", "fees in what is bought", "with sizes of a netting account"])
def test_a_part_that_is_ended_is_realised_at_the_mean_price_of_the_entries(name: str) -> None:
    done = run(name)
    found = 0
    for story, told in stories(done):
        if (Scope.CLOSE_EXISTING, None) not in scopes(story):
            continue
        found += 1
        fills = [fill for one in story.orders for fill in one.fills]
        base = told.result.symbol.split("/")[0]
        assert told.result.closed_at is None
        assert float(told.result.realised) == pytest.approx(float(realised_by_hand(fills, base)))
        assert told.realised == told.result.realised - told.result.fees
        kinds = [leg.kind for leg in told.legs]
        assert kinds[0] == "ENTRY"
        assert {"ENTRY", "EXIT"} == set(kinds)
    assert found


@pytest.mark.parametrize("name", RUNS)
def test_each_leg_is_what_its_own_decision_came_to(name: str) -> None:
    for story, told in stories(run(name)):
        groups = {one.order.order_id: (one.order.group_id, one.decision) for one in story.orders}
        decisions = [groups[leg.order_ids[0]][1] for leg in told.legs]
        assert decisions == sorted(decisions)
        assert len(set(decisions)) == len(decisions)
        for leg, decision in zip(told.legs, decisions, strict=True):
            directive, plans = story.decisions[decision].directive, story.decisions[decision].plans
            assert directive is not None
            assert leg.kind == ("EXIT" if directive.scope is Scope.CLOSE_EXISTING else "ENTRY")
            assert plans.size is not None
            assert leg.quantity == plans.size.quantity


def test_funding_is_told_with_the_trade_that_it_was_paid_for() -> None:
    done = finished("margin.toml", *MEMORY, "data.candles=6000")
    found = [told for _, told in stories(done)]
    (strategy,) = results_of(done.ledger, done.journal).strategies
    assert strategy.funding == total(told.funding for told in found) != 0
    assert all(told.funding_shared == 0 for told in found)
    assert sum(told.funding != 0 for told in found) > 3
    assert sum(told.funding == 0 for told in found) > 3


def test_a_liquidation_is_told_as_the_venues_own_decision() -> None:
    done = finished("margin.toml", *MEMORY, "size.0.quantity=4", "planner.opposite_signal=refuse", "data.candles=6000")
    story, told = next((story, told) for story, told in stories(done) if len(story.decisions) > 1)
    last = story.decisions[-1]
    assert (last.origin.kind, last.directive) == (OriginKind.EXTERNAL, None)
    assert last.text
    assert [leg.kind for leg in told.legs] == ["ENTRY", "EXIT"]
    assert told.legs[1].shortfall.cost is None
    assert told.realised == told.result.profit + told.funding
    assert story.to_json()["decisions"][-1]["text"] == last.text


def test_funding_while_two_trades_are_held_is_told_and_not_divided() -> None:
    done = run("with sizes of a netting account")
    first, second = list(done.ledger.trades())
    both = max(next(fill.at for fill in done.ledger.fills() if fill.symbol == one.symbol) for one in (first, second))

    class Funded:
        """The ledger with funding at two instants."""

        def __getattr__(self, name: str) -> object:
            return getattr(done.ledger, name)

        def funds(self, *, strategy: str | None = None) -> Iterator[FundsMoved]:
            yield from done.ledger.funds(strategy=strategy)
            for amount in (Decimal(-2), Decimal(-3)):
                yield FundsMoved(strategy=first.strategy, asset="USDT", amount=amount, kind=FundsKind.FUNDING, at=both)

    story = Teller(done.reasons, Funded(), first.trade_id).tell_trade(first)  # type: ignore[arg-type]
    assert story.trade is not None
    assert (story.trade.funding, story.trade.funding_shared) == (Decimal(0), Decimal(-5))
    assert story.to_json()["trade"]["funding_shared"] == "-5"


def test_ids_of_every_kind_lead_to_a_story_of_a_changed_trade() -> None:
    done = run("spot")
    (story, _), *_ = stories(done)
    directive = next(one for one in story.decisions if one.directive and one.directive.aim is Aim.ADD)
    assert directive.directive is not None
    for any_id in (directive.directive.id, directive.execution_directive_id, *directive.plans.ids):
        assert any_id is not None
        told = story_of(done.reasons, done.ledger, any_id)
        assert [one.decision for one in told.orders] == [0]
        assert told.decisions[0].directive == directive.directive
        assert told.trade == story.trade
