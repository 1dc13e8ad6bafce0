"""The laws of a connector, and what may be configured."""

from typing import Any

import pytest
from pydantic import ValidationError

from s1mpletrader.api import AlreadySubmitted, ListKind, OrderId, UnsupportedOrder
from s1mpletrader.plugins import simulated_exchange
from s1mpletrader.plugins.simulated_exchange import SimulatedExchangeConfig
from tests.simulated_exchange.harness import Bar, World, candles, order_id, reasons

RISES: Bar = (10.0, 13.0, 8.0, 12.0)


def test_it_registers_by_the_hook_of_exchange_connectors() -> None:
    (plugin,) = simulated_exchange.s1mple_exchange_connectors()
    assert (plugin.name, plugin.config) == ("simulated", SimulatedExchangeConfig)


def test_it_dies_with_the_process_and_takes_our_ids() -> None:
    exchange = World(candles(RISES)).exchange
    assert (exchange.venue, exchange.account, exchange.outlives_process) == ("simulated", "main", False)
    assert exchange.venue_id(OrderId("ORD_x")) == "ORD_x"


@pytest.mark.parametrize(
    ("offered", "order", "kind"),
    [
        ({"order_types": ["MARKET"]}, "buy 1 @ 9", "NONE"),
        ({"times_in_force": ["GTC"]}, "buy 1 ioc", "NONE"),
        ({"list_kinds": ["NONE"]}, "buy 1", "OTO"),
    ],
)
def test_what_is_not_offered_is_refused_and_nothing_is_sent(offered: dict[str, Any], order: str, kind: str) -> None:
    world = World(candles(RISES), **offered)
    requests = [world.request("buy 1"), world.request(order)]
    with pytest.raises(UnsupportedOrder):
        world.run(world.exchange.submit(requests, ListKind(kind)))
    assert world.exchange.next_at() is None
    assert reasons(world.run(world.exchange.submit(requests[:1]))) == ["ok"]


def test_an_id_is_taken_once_whatever_became_of_it() -> None:
    world = World(candles(RISES), submitted=[order_id(3)])
    filled, rejected, known, fresh = (world.request(text) for text in ("buy 1", "buy 1.05", "buy 1", "buy 1"))
    world.run(world.exchange.submit([filled, rejected]))
    world.until(0)
    for again in ([filled], [rejected], [known], [fresh, fresh], [fresh, filled]):
        with pytest.raises(AlreadySubmitted):
            world.run(world.exchange.submit(again))
    with pytest.raises(AlreadySubmitted):
        world.run(world.exchange.replace(world.ref(1), filled))
    assert world.exchange.next_at() is None
    assert reasons(world.run(world.exchange.submit([fresh]))) == ["ok"]


def test_nothing_is_pending_in_a_world_without_orders() -> None:
    world = World(candles(RISES))
    assert world.exchange.next_at() is None
    with pytest.raises(LookupError):
        world.exchange.pop()


@pytest.mark.parametrize("value", [0.001, "0.001"])
def test_numbers_are_exact_however_they_are_written(value: object) -> None:
    assert str(SimulatedExchangeConfig.model_validate({"fee_rate": value}).fee_rate) == "0.001"


@pytest.mark.parametrize(
    "keys",
    [
        {"fee_rate": True},
        {"fee_rate": "much"},
        {"fee_rate": "nan"},
        {"fee_rate": float("inf")},
        {"latency_ms": -1},
        {"volume_share": 0},
        {"volume_share": 1.5},
        {"slippage_rate": 1},
        {"slippage_ticks": -1},
        {"limit_fill": "maybe"},
        {"path": "straight"},
        {"fees": 1},
        {"instruments": {"BTC/USDT": {"price_tick": 0}}},
        {"instruments": {"BTC/USDT": {"tick": 1}}},
    ],
)
def test_a_mistake_in_the_configuration_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SimulatedExchangeConfig.model_validate(keys)


@pytest.mark.parametrize(
    ("account_type", "keys", "funds", "message"),
    [
        ("netting", {"fee_in": "base"}, {}, "fee_in"),
        ("spot", {"instruments": {"BTCUSDT": {}}}, {}, "not BASE/QUOTE"),
        ("spot", {"instruments": {"BTC/USDT:EUR": {}}}, {}, "settles in the quote"),
        ("spot", {"instruments": {"BTC/USDT": {"multiplier": 2}}}, {}, "no multiplier"),
        ("spot", {}, {"USDT": -1}, "below zero"),
        ("spot", {}, {"USDT": "lots"}, "expected a number"),
    ],
)
def test_what_does_not_fit_together_is_refused_when_it_is_built(
    account_type: str, keys: dict[str, Any], funds: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        World(candles(RISES), account_type=account_type, funds=funds, **keys)
