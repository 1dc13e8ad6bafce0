"""What ended long ago leaves memory, and is never mistaken for what never was."""

import pytest

from s1mpletrader.api import AlreadySubmitted, CancelRejected, OrderState, Refused
from s1mpletrader.plugins.simulated_exchange.execution import FILLS_MAX
from s1mpletrader.plugins.simulated_exchange.venue import ENDED_MAX, Venue
from tests.simulated_exchange.harness import SYMBOL, World, candles

FLAT = (10.0, 10.0, 10.0, 10.0, 1.0)


def world_after(orders: int) -> World:
    """A world in which a resting order was followed by so many that filled at once."""
    world = World(candles(FLAT), latency_ms=0)
    world.place("buy 1 @ 5")
    for _ in range(orders):
        world.place("buy 1")
    world.until(world.clock.at)
    return world


def test_what_ended_lately_and_what_is_live_can_still_be_asked_for() -> None:
    world = world_after(3 * ENDED_MAX)
    assert world.open_numbers() == [1]
    latest = world.run(world.exchange.query(world.ref(3 * ENDED_MAX + 1)))
    assert latest is not None
    assert latest.state is OrderState.FILLED


def test_an_order_that_ended_long_ago_is_refused_and_never_said_to_be_unknown() -> None:
    world = world_after(3 * ENDED_MAX)
    with pytest.raises(Refused, match="ended long ago"):
        world.run(world.exchange.query(world.ref(2)))
    refused = world.run(world.exchange.cancel(world.ref(2)))
    assert isinstance(refused, CancelRejected)
    assert refused.reason == "ORDER_ENDED"


def test_a_forgotten_order_is_not_placed_again() -> None:
    world = world_after(3 * ENDED_MAX)
    world._count = 1
    with pytest.raises(AlreadySubmitted):
        world.submit("buy 1")


def test_fills_are_given_whole_or_refused() -> None:
    kept = world_after(FILLS_MAX)
    assert len(kept.run(kept.exchange.fills_since(SYMBOL, 0))) == FILLS_MAX
    dropped = world_after(2 * FILLS_MAX)
    with pytest.raises(Refused, match="no longer keeps"):
        dropped.run(dropped.exchange.fills_since(SYMBOL, 0))
    assert dropped.run(dropped.exchange.fills_since(SYMBOL, 1)) == []


def test_what_is_kept_does_not_grow_with_what_has_ended() -> None:
    venue = world_after(4 * ENDED_MAX).exchange._venue
    assert isinstance(venue, Venue)
    assert len(venue._orders) <= 2 * ENDED_MAX + 1
    assert len(venue.execution.fills[SYMBOL]) < 2 * FILLS_MAX
