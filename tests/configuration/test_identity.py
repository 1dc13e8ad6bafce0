"""Equal meaning, equal hash."""

import json
from pathlib import Path

import pytest

from s1mpletrader.api import Series
from s1mpletrader.configuration import canonical_json, configuration_hash

from .fakes import STRATEGY, loaded

FIRST = Series("BTC/USDT", "1m")


@pytest.mark.parametrize(
    "overrides",
    [
        ("ledger.url=postgresql://user:secret@db/x",),
        ("journal.url=sqlite:///elsewhere.sqlite", "journal.pool=3"),
        ("ledger.plugin=memory",),
        ("engine.skip=false", "engine.commit_steps=1"),
        ("plugins.allow=[]",),
        ("cache.plugin=memory",),
        ("environment.mode=backtest",),
        ("context.1.name=ema", "context.1.symbol=BTC/USDT", "context.1.source=close"),
        ("entry.confidence=[0, 1]",),
        ("exchange.fee_rate=0.0010",),
        ("exchange.fee_rate=1e-3",),
        ("size.quantity=0.01",),
        ("planner.hedged=false",),
        ("account.funds={BTC = 0.1, USDT = 1e3}",),
        ("exchange.api_key=abc",),
        ("data.drift=0",),
    ],
)
def test_what_changes_no_decision_changes_no_hash(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    assert configuration_hash(loaded(tmp_path, STRATEGY, *overrides)) == configuration_hash(loaded(tmp_path))


@pytest.mark.parametrize(
    "override",
    [
        "strategy.seed=8",
        "strategy.name=other",
        'strategy.timeframes=["1m"]',
        "environment.mode=paper",
        "account.funds.USDT=1001",
        "account.name=second",
        "context.0.period=11",
        "context.0.name=quick",
        "context.1.timeframe=1h",
        "exchange.fee_rate=0.0011",
        "size.quantity=0.011",
        "data.candles=49_999",
        "gate.plugin=exposure",
        "exit.plugin=atr",
    ],
)
def test_what_may_change_a_decision_changes_the_hash(tmp_path: Path, override: str) -> None:
    assert configuration_hash(loaded(tmp_path, STRATEGY, override)) != configuration_hash(loaded(tmp_path))


def test_the_order_of_keys_says_nothing_and_that_of_workers_something(tmp_path: Path) -> None:
    keys = STRATEGY.replace(
        'plugin = "ema"\n    name = "fast"\n    period = 10', 'period = 10\n    plugin = "ema"\n    name = "fast"'
    )
    assert keys != STRATEGY
    assert configuration_hash(loaded(tmp_path, keys)) == configuration_hash(loaded(tmp_path))
    workers = STRATEGY.replace('name = "fast"\n    period = 10', "period = 30").replace(
        '"ema"\n    period = 30\n\n    [planner]', '"ema"\n    name = "fast"\n    period = 10\n\n    [planner]'
    )
    assert configuration_hash(loaded(tmp_path, workers)) != configuration_hash(loaded(tmp_path))


def test_data_counts_by_its_content_and_not_by_its_source(tmp_path: Path) -> None:
    generated = loaded(tmp_path)
    here = loaded(tmp_path, STRATEGY, "data.plugin=file", "data.path=/here/x.csv")
    there = loaded(tmp_path, STRATEGY, "data.plugin=file", "data.path=/there/y.csv")
    assert configuration_hash(here, {FIRST: "abc"}) == configuration_hash(generated, {FIRST: "abc"})
    assert configuration_hash(here, {FIRST: "abc"}) != configuration_hash(here, {FIRST: "abd"})
    assert configuration_hash(here) == configuration_hash(there) != configuration_hash(generated)
    assert "/here" not in canonical_json(here)


def test_the_canonical_form_is_json_without_secrets_and_places(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, STRATEGY, "exchange.api_key=hunter2", "ledger.url=sqlite:///private.sqlite")
    text = canonical_json(configuration)
    content = json.loads(text)
    assert content["account"]["funds"] == {"BTC": "0.1", "USDT": "1000"}
    assert content["tables"][0]["config"]["instruments"] == {"BTC/USDT": {"price_tick": "0.1"}}
    for hidden in ("hunter2", "private.sqlite", str(tmp_path)):
        assert hidden not in text
