"""Whole runs with margin, funding and liquidation: what the stores say is what the venue has, to the last decimal."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.analysis import audit_store, results_of, story_of
from s1mpletrader.core.clock import finished as finish
from s1mpletrader.domain.money import total
from s1mpletrader.domain.reality import Fill, FundsKind, FundsMoved, GroupOpened, OrderIntended
from tests.analysis.test_audit import Shown, broken
from tests.running import EXAMPLES, MEMORY, Finished, finished

LIQUIDATED = ("size.0.quantity=4", "planner.opposite_signal=refuse", "data.candles=6000")


def imposed(done: Finished) -> list[OrderIntended]:
    """The orders that the venue made."""
    groups = {one.group_id for one in done.changes if isinstance(one, GroupOpened) and one.algorithm == "liquidation"}
    return [one for one in done.changes if isinstance(one, OrderIntended) and one.group_id in groups]


def check_money(done: Finished) -> None:
    """The strategies together have what the venue has, and the report of profit comes to the same."""
    backtest, connector = done.container.backtest(), done.container.connector()
    views = [backtest.view(strategy) for strategy in backtest.identity.strategies]
    at_venue = {one.asset: one.free + one.locked for one in finish(connector.balances())}
    assert total(view.cash for view in views) == at_venue.get("USDT", Decimal(0))
    account = results_of(done.ledger, done.journal)
    assert total(one.equity for one in account.strategies) == backtest.total_equity()
    funding = [one.amount for one in done.changes if isinstance(one, FundsMoved) and one.kind is FundsKind.FUNDING]
    assert total(one.funding for one in account.strategies) == total(funding)
    assert total(one.fees for one in account.strategies) == total(one.fee for one in done.changes if isinstance(one, Fill))
    assert audit_store([done.ledger], done.journal).violations == ()


def test_the_example_trades_with_borrowed_money_and_pays_funding() -> None:
    done = finished("margin.toml", *MEMORY)
    check_money(done)
    assert sum(isinstance(one, FundsMoved) and one.kind is FundsKind.FUNDING for one in done.changes) > 50
    assert done.metrics.fills > 100
    assert imposed(done) == []


def test_what_its_first_lines_promise_happens() -> None:
    done = finished("margin.toml", *MEMORY, *LIQUIDATED)
    check_money(done)
    (order,) = imposed(done)
    assert done.metrics.alarms == 1
    story = story_of(done.reasons, done.ledger, order.order_id)
    assert story.decisions[0].origin.kind == "EXTERNAL"
    assert story.to_json()["origin"]["kind"] == "EXTERNAL"
    opened = done.ledger.get_trade(order.trade_id)
    assert opened is not None
    whole = story_of(done.reasons, done.ledger, order.trade_id)
    assert [one.role for one in whole.orders] == ["entry", "liquidation"]
    assert done.container.backtest().view("margin").open_trades == ()


PORTFOLIO = """
[[strategies]]
file = "one.toml"
funds = { USDT = 10_000 }

[[strategies]]
file = "against.toml"
funds = { USDT = 10_000 }

[account]
type = "netting"
currency = "USDT"
funds = { USDT = 20_000 }

[exchange]
plugin = "simulated"
fee_rate = "0.0002"
initial_margin = "0.1"
maintenance_margin = "0.08"
liquidation_fee_rate = "0.005"
funding_rate = "0.000123"
funding_interval = "1h"

[exchange.instruments."BTC/USDT"]
price_tick = "0.1"
quantity_lot = "0.001"
"""


@pytest.fixture
def portfolio(tmp_path: Path) -> Path:
    own = (EXAMPLES / "margin.toml").read_text()
    (tmp_path / "one.toml").write_text(own.replace('"margin"', '"one"'))
    other = own.replace('"margin"', '"against"').replace("period = 80", "period = 31").replace('"0.5"', '"5"')
    (tmp_path / "against.toml").write_text(other.replace('opposite_signal = "close"', 'opposite_signal = "refuse"'))
    path = tmp_path / "portfolio.toml"
    path.write_text(PORTFOLIO)
    return path


def test_strategies_on_one_account_share_funding_and_liquidation(portfolio: Path) -> None:
    done = finished(portfolio, *MEMORY, "data.candles=6000")
    check_money(done)
    shared = [one for one in done.changes if isinstance(one, FundsMoved) and one.kind is FundsKind.FUNDING]
    assert {one.strategy for one in shared} == {"one", "against"}
    assert {one.strategy for one in imposed(done)} == {"one", "against"}


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    quantity=st.sampled_from(["1", "3.5", "6"]),
    opposite=st.sampled_from(["close", "refuse"]),
    algorithm=st.sampled_from(["single", "bracket", "twap"]),
    latency=st.sampled_from(["0", "400"]),
    interval=st.sampled_from(["5m", "1h"]),
)
def test_a_random_run_with_margin_is_the_same_dense_and_skipping_and_its_money_adds_up(
    seed: int, quantity: str, opposite: str, algorithm: str, latency: str, interval: str
) -> None:
    overrides = [
        *MEMORY,
        "data.candles=1500",
        f"strategy.seed={seed}",
        f"size.0.quantity={quantity}",
        f"planner.opposite_signal={opposite}",
        f"exchange.latency_ms={latency}",
        f"exchange.funding_interval={interval}",
        'exchange.funding_rate="0.00037"',
        'exchange.maintenance_margin="0.09"',
        "context.0.period=5",
        "context.1.period=11",
    ]
    dense = finished("margin.toml", *overrides, "engine.skip=false")
    skipping = finished("margin.toml", *overrides)
    assert dense.entries == skipping.entries
    assert dense.changes == skipping.changes
    check_money(skipping)


def shown_of(done: Finished) -> Shown:
    """The stores of a run, for somebody to change them."""
    shown = Shown()
    shown.book, shown.run, shown.written = done.ledger.book, done.run, done.changes
    shown.orders_shown, shown.told = list(done.ledger.orders()), done.entries
    return shown


def test_an_order_of_the_venue_has_to_follow_from_what_the_venue_did() -> None:
    done = finished("margin.toml", *MEMORY, *LIQUIDATED)
    assert broken(shown_of(done)) == set()
    without_origin = shown_of(done)
    nothing = b'{"v":1}'
    without_origin.seal_again(
        [entry._replace(payload=nothing) if str(entry.kind) == "EXTERNAL" else entry for entry in without_origin.told]
    )
    assert broken(without_origin) == {"14", "15"}


def test_an_order_of_ours_cannot_pass_for_one_of_the_venue() -> None:
    shown = shown_of(finished("margin.toml", *MEMORY, *LIQUIDATED))
    shown.change(shown.first(GroupOpened), algorithm="liquidation")
    assert broken(shown) == {"14"}
