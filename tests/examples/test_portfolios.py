"""Several strategies on one account: each as it would be alone, each on its own funds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from s1mpletrader.configuration import load
from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.domain.errors import ConfigurationError
from s1mpletrader.domain.reality import Fill, GroupAdvanced, GroupOpened, LedgerChange, OrderChanged, OrderIntended, TradeOpened
from tests.running import EXAMPLES, MEMORY, Finished, finished

HEAD = """
[account]
type = "netting"
currency = "USDT"
funds = { USDT = 1_000_000 }

[exchange]
plugin = "simulated"
fee_rate = "0.0002"
"""


def portfolio(directory: Path, *strategies: str, head: str = HEAD) -> Path:
    tables = [
        f'[[strategies]]\nfile = "{EXAMPLES}/{file}"\n{keys}\n' for file, _, keys in (text.partition(" ") for text in strategies)
    ]
    path = directory / f"portfolio_{len(strategies)}.toml"
    path.write_text("\n".join([*tables, head]))
    return path


CROSS = "ema_cross.toml funds = { USDT = 300_000 }"
BREAKOUT = 'breakout.toml symbols = ["ETH/USDT"]\nfunds = { USDT = 300_000 }'
THIRD = 'ema_cross.toml name = "third"\nsymbols = ["SOL/USDT"]\nfunds = { USDT = 300_000 }'
SMALL = (*MEMORY, "data.candles=1500")


def reality(done: Finished, strategies: Sequence[str]) -> list[LedgerChange]:
    """What the ledger has of these strategies, in its order; the venue's own numbers of orders are left out."""
    orders = {order.order_id for order in done.ledger.orders() if order.intent.strategy in strategies}
    trades = {trade.trade_id for trade in done.ledger.trades() if trade.strategy in strategies}
    groups = {change.group_id for change in done.changes if isinstance(change, GroupOpened) and change.trade_id in trades}
    found: list[LedgerChange] = []
    for change in done.changes:
        match change:
            case OrderIntended() | Fill() if change.order_id in orders:
                found.append(change)
            case OrderChanged() if change.order_id in orders:
                found.append(replace(change, exchange_order_id=None))
            case TradeOpened() if change.trade_id in trades:
                found.append(change)
            case GroupOpened() | GroupAdvanced() if change.group_id in groups:
                found.append(change)
    return found


def reasons(done: Finished, strategies: Sequence[str]) -> list[Any]:
    """The decisions of these strategies, to trade and not to."""
    bodies = [read_reasons(entry) for entry in done.entries]
    return [body for body in bodies if body.strategy in strategies]


def test_adding_a_strategy_changes_no_id_and_no_decision_of_the_others(tmp_path: Path) -> None:
    two = finished(portfolio(tmp_path, CROSS, BREAKOUT), *SMALL)
    three = finished(portfolio(tmp_path, CROSS, BREAKOUT, THIRD), *SMALL)
    before = three.container.identity().strategies[:2]
    assert len(reality(two, before)) > 500
    assert reality(three, before) == reality(two, before)
    assert reasons(three, before) == reasons(two, before)
    assert len(three.changes) > len(two.changes)
    for strategy in before:
        assert three.container.backtest().equity(strategy) == two.container.backtest().equity(strategy)


def test_sub_accounts_add_up_to_the_account(tmp_path: Path) -> None:
    done = finished(portfolio(tmp_path, CROSS, BREAKOUT, THIRD), *SMALL)
    backtest = done.container.backtest()
    venue = {balance.asset: balance.free + balance.locked for balance in backtest_balances(done)}
    held = sum(backtest.view(strategy).cash for strategy in backtest.identity.strategies)
    assert held + 100_000 == venue["USDT"]


def backtest_balances(done: Finished) -> Any:
    task = done.container.connector().balances()
    try:
        task.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a simulated venue answers at once")


@pytest.mark.parametrize(
    ("strategies", "complaint"),
    [
        ((CROSS, CROSS), "is named 'ema_cross' too"),
        ((CROSS, BREAKOUT, THIRD, "twap.toml funds = { USDT = 200_000 }"), "are given 1100000 USDT, the account has 1000000"),
        (("portfolio.toml",), "is a portfolio itself"),
        (("nowhere.toml",), "there is no such file"),
        (("ema_cross.toml nme = 'x'",), "nme: unknown key (nearest: 'name')"),
        (("ema_cross.toml", "twap.toml", "trailing.toml"), "cannot be shared out equally among 3"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, strategies: Sequence[str], complaint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(portfolio(tmp_path, *strategies))
    assert complaint in str(caught.value)


def test_strategies_that_contradict_each_other_about_a_price_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="twap reads other prices of BTC/USDT than a strategy before it"):
        finished(portfolio(tmp_path, CROSS, "twap.toml funds = { USDT = 300_000 }"), *SMALL)


def test_equal_parts_where_none_is_named(tmp_path: Path) -> None:
    loaded = load(portfolio(tmp_path, "ema_cross.toml", BREAKOUT.split(" funds", maxsplit=1)[0].split("\n", maxsplit=1)[0]))
    assert [dict(one.account.funds) for one in loaded.strategies] == [{"USDT": 500_000}, {"USDT": 500_000}]
