"""The laws hold in every way in which the exchange can fail, and no intent is ever submitted twice.

Each class is one way. Its faults act from the opening on, and end some time. In every law that they can strike they are shown
to have struck. After each law the exchange's own log and books tell how often each order was sent, and placed.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final, get_args

import pytest

from s1mpletrader.api import SECOND_NS
from s1mpletrader.contracts import ConnectorHarness, ExecutionConnectorContract
from s1mpletrader.exchange import Fault
from s1mpletrader.exchange.clock import MILLISECOND_NS
from s1mpletrader.exchange.faults import EVENT_KINDS, REQUEST_KINDS, STATE_KINDS
from tests.binance.kit_harness import OFTEN_S, SELDOM_S, harness_of
from tests.binance.local_world import CHANGES, SOCKET, LocalWorld, make_world
from tests.binance.proofs import check_nothing_was_submitted_twice

EVENTS: Final = ("executionReport", "listStatus", "outboundAccountPosition")
REPORT: Final = ("executionReport",)
COMMANDS: Final = (*CHANGES, *CHANGES.values())
SOCKETS: Final = (SOCKET, *CHANGES)
ORDER: Final = "GET /api/v3/order"
TRADES: Final = "GET /api/v3/myTrades"
QUESTIONS: Final = (ORDER, TRADES, "GET /api/v3/openOrders", "GET /api/v3/account", "GET /api/v3/exchangeInfo")
UNREADABLE: Final = {"orderId": "x", "status": "NEW_THING", "transactTime": "?", "price": "NaN", "symbols": 7, "balances": 7}
EVERYTHING: Final = (*COMMANDS, *QUESTIONS)


WHERE_IT_IS_WELL: Final = frozenset({1, 4, 5, 6})
"""Laws that choose themselves how an order fails, at a venue that is well before, and do not meet what only orders can meet."""


def on(routes: Sequence[str], *calls: int, **fault: Any) -> tuple[Fault, ...]:
    """The same fault on each of these routes, at these of its calls."""
    return tuple(Fault.model_validate({"route": route, "calls": calls, **fault}) for route in routes)


def until(seconds: float, **fault: Any) -> Fault:
    """A state of the exchange that ends after so many seconds."""
    return Fault.model_validate({"until_ms": round(seconds * 1_000), **fault})


class OnABadDay(ExecutionConnectorContract):
    """The contract, with faults."""

    faults: ClassVar[tuple[Fault, ...]]
    over_rest: ClassVar[bool] = False
    reconcile_s: ClassVar[int] = SELDOM_S
    spared: ClassVar[frozenset[int]] = frozenset({1})
    """The laws that the faults cannot strike. In the first nothing is sent."""
    fills_are_pushed: ClassVar[bool] = True
    """Where they are not, none overtakes its acknowledgement, and the law about that is skipped."""

    async def make_harness(self, directory: Path) -> ConnectorHarness:
        law = int(directory.name.removeprefix("test_law_")[:2])

        def check_struck(world: LocalWorld, faults: Sequence[Fault]) -> None:
            assert law in self.spared or self.struck(world, faults), "no fault has struck"

        harness = await harness_of(
            directory,
            faults=self.faults,
            sockets_fail=self.over_rest,
            reconcile_s=self.reconcile_s,
            opened=self.begin,
            closed=check_struck,
        )
        return harness if self.fills_are_pushed else replace(harness, ack_after_fill=None)

    def begin(self, world: LocalWorld) -> None:
        """Do what has to be done beside, once the connector has been opened."""

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        """Whether one of the faults has acted on anything."""
        return any(fired.fault is fault for fired in world.exchange.faults.fired for fault in faults)


# Requests, which go out over the WebSocket API.


class TestRequestsLost(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="drop", commit="never")


class TestAnswersLost(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="drop", commit="first")


class TestAnswersAndTheFirstEventLost(OnABadDay):
    """Nothing tells of the first order: it has to be looked for."""

    faults = (*on(COMMANDS, 1, 3, kind="drop", commit="first"), *on(REPORT, 1, kind="lose"))


class TestRequestsLate(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="drop", commit="later", delay_ms=3_000)


class TestErrorsBefore(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="error", commit="never")


class TestErrorsAfter(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="error", commit="first")


class TestErrorsAndLate(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="error", status=500, code=-1006, commit="later", delay_ms=3_000)


class TestPagesBefore(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="html", commit="never")


class TestPagesAfter(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="html", commit="first")


class TestRequestsSlow(OnABadDay):
    faults = on(EVERYTHING, kind="delay", delay_ms=2_000)


class TestAnswersSlow(OnABadDay):
    faults = on(EVERYTHING, kind="delay", delay_ms=2_000, commit="first")


class TestRequestsTooSlow(OnABadDay):
    """They arrive when nobody waits for them any more, and are dropped for their age."""

    faults = on(EVERYTHING, 1, 3, kind="delay", delay_ms=12_000)


class TestAnswersTooSlow(OnABadDay):
    faults = on(EVERYTHING, 1, 3, kind="delay", delay_ms=12_000, commit="first")


class TestLimited(OnABadDay):
    """Until the venue listens again nothing is sent to it."""

    faults = on(EVERYTHING, 1, 4, kind="rate_limit", status=429, retry_after_s=5)

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        asked_at = [entry.at for entry in world.exchange.log.requests if not entry.route.startswith("SOCKET")]
        for fired in world.exchange.faults.fired:
            if fired.fault.kind == "rate_limit":
                listens_at = fired.at + fired.fault.retry_after_s * SECOND_NS
                assert not [at for at in asked_at if fired.at < at < listens_at]
        return super().struck(world, faults)


class TestBanned(TestLimited):
    faults = on(EVERYTHING, 1, 4, kind="rate_limit", status=418, retry_after_s=30)


class TestAnswersRewritten(OnABadDay):
    faults = on(
        EVERYTHING, 1, 3, kind="rewrite", fields={"orderId": "x", "status": "NEW_THING", "transactTime": "?", "price": "NaN"}
    )


# The same over REST.


class TestRequestsLostOverRest(OnABadDay):
    over_rest = True
    faults = on(EVERYTHING, 1, 3, kind="drop", commit="never")


class TestAnswersLostOverRest(OnABadDay):
    over_rest = True
    faults = on(EVERYTHING, 1, 3, kind="drop", commit="first")


class TestErrorsOverRest(OnABadDay):
    over_rest = True
    faults = (*on(EVERYTHING, 1, 4, kind="error", commit="first"), *on(EVERYTHING, 2, kind="error", commit="never"))


class TestPagesOverRest(OnABadDay):
    over_rest = True
    faults = (*on(EVERYTHING, 1, 4, kind="html", commit="first"), *on(EVERYTHING, 2, kind="html", commit="never"))


class TestLimitedOverRest(TestLimited):
    over_rest = True
    faults = (
        *on(EVERYTHING, 1, kind="rate_limit", status=429, retry_after_s=10),
        *on(EVERYTHING, 3, kind="rate_limit", status=418, retry_after_s=20),
    )


class TestAnswersRewrittenOverRest(TestAnswersRewritten):
    over_rest = True


# Events of the account.


class TestEventsTwice(OnABadDay):
    faults = on(EVENTS, kind="duplicate")


class TestEventsOutOfOrder(OnABadDay):
    faults = on(EVENTS, kind="reorder", count=1)


class TestEventsLate(OnABadDay):
    faults = on(EVENTS, kind="hold", delay_ms=3_000)


class TestEventsLost(OnABadDay):
    reconcile_s = OFTEN_S
    fills_are_pushed = False
    spared = frozenset({1, 6})
    faults = on(EVENTS, kind="lose")


class TestSomeEventsLost(OnABadDay):
    reconcile_s = OFTEN_S
    faults = on(EVENTS, 1, 3, kind="lose")


class TestEventsTorn(OnABadDay):
    faults = on(EVENTS, 1, 3, kind="garbage")


class TestEventsRewritten(OnABadDay):
    faults = on(EVENTS, 1, 3, kind="rewrite", fields={"x": "NEW_THING", "X": "NEW_THING", "t": "x", "L": "NaN", "C": 7})


class TestCutAtEvents(OnABadDay):
    faults = on(REPORT, 1, 3, 4, kind="cut")


# The state of the exchange. Whether it has acted shows in what was asked for while it lasted.


class TestMaintenance(OnABadDay):
    spared = WHERE_IT_IS_WELL
    faults = (until(10, kind="maintenance"),)

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        return -1013 in codes(world) or asked(world, faults, "GET /api/v3/exchangeInfo")


class TestFiltersChanged(TestMaintenance):
    """For a while the venue takes no orders as small as those of the laws."""

    faults = (until(10, kind="filters", symbol="BTCUSDT", filters={"notional_min": Decimal(50)}),)


class TestReplicasLag(OnABadDay):
    faults = (until(10**6, kind="replica_lag", delay_ms=10_000),)

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        orders, trades = world.account.records.orders("BTCUSDT", world.clock.now()), world.account.records.trades
        changes = [*(order.created_at for order in orders), *(trade.at for trade in trades)]
        questions = [entry.at for entry in world.exchange.log.requests if entry.route in QUESTIONS]
        return any(0 <= asked_at - changed_at < 10 * SECOND_NS for asked_at in questions for changed_at in changes)


class TestClockBehind(OnABadDay):
    faults = (until(10**6, kind="clock_skew", skew_ms=-60_000),)

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        return -1021 in codes(world)


class TestClockAhead(TestClockBehind):
    faults = (until(10**6, kind="clock_skew", skew_ms=60_000),)


class TestKeyRevoked(OnABadDay):
    faults = (until(10, kind="key_revoked"),)

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        return -2015 in codes(world)


class TestSilent(OnABadDay):
    faults = (until(20, kind="silent"),)

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        return asked(world, faults, *SOCKETS)


class TestSocketsRefused(OnABadDay):
    """All sockets are cut, and for a while there are no others."""

    faults = (until(20, kind="refuse_sockets"),)

    def begin(self, world: LocalWorld) -> None:
        world.exchange.cut()

    def struck(self, world: LocalWorld, faults: Sequence[Fault]) -> bool:
        return asked(world, faults, *SOCKETS, *CHANGES.values())


def codes(world: LocalWorld) -> set[int | None]:
    """With which codes the exchange has refused something."""
    return {entry.code for entry in world.exchange.log.requests}


def asked(world: LocalWorld, faults: Sequence[Fault], *routes: str) -> bool:
    """Whether one of these was asked for while a fault lasted."""
    since = [
        (entry.at - world.exchange.opened_at) // MILLISECOND_NS for entry in world.exchange.log.requests if entry.route in routes
    ]
    return any(fault.from_ms <= ms < (fault.until_ms or ms + 1) for fault in faults for ms in since)


@pytest.mark.parametrize("first_has_gone", [False, True])
def test_a_second_submission_would_be_noticed(tmp_path: Path, first_has_gone: bool) -> None:
    """One that the venue refuses, and one that it takes because the first order has gone: in its log, and in its books."""

    async def story() -> None:
        async with AsyncExitStack() as stack:
            world = await make_world(stack, tmp_path, within_the_process=True)
            stack.push_async_callback(world.transport.real.close)
            await world.place_order_by_hand("twice")
            check_nothing_was_submitted_twice(world)
            if first_has_gone:
                order = world.account.records.by_client("BTCUSDT", "twice")
                assert order is not None
                world.account.cancel(order, "by-hand", world.clock.now())
            answer = await world.place_order_by_hand("twice")
            assert (answer.status == 200) == first_has_gone
            with pytest.raises(AssertionError, match=r"\['twice'\] was sent again"):
                check_nothing_was_submitted_twice(world)
            world.exchange.log.requests.clear()
            with pytest.raises(AssertionError, match="stands twice" if first_has_gone else "was placed by nobody"):
                check_nothing_was_submitted_twice(world)

    asyncio.run(story())


WAYS: Final = [each for each in list(globals().values()) if isinstance(each, type) and issubclass(each, OnABadDay)]
KINDS: Final = [
    *[("request", kind) for kind in sorted(REQUEST_KINDS)],
    *[("event", kind) for kind in sorted(EVENT_KINDS)],
    *[("state", kind) for kind in sorted(STATE_KINDS)],
]


@pytest.mark.parametrize(("of", "kind"), KINDS)
def test_every_way_to_fail_has_its_class(of: str, kind: str) -> None:
    """Also one that the exchange learns later."""
    routes: tuple[str | None, ...] = {"request": EVERYTHING, "event": EVENTS, "state": (None,)}[of]
    faults = [fault for way in WAYS if way is not OnABadDay for fault in way.faults]
    assert [fault for fault in faults if fault.kind == kind and fault.route in routes]


def test_the_kinds_are_all_that_there_are() -> None:
    literals = get_args(Fault.model_fields["kind"].annotation)
    assert {kind for _, kind in KINDS} == {kind for literal in literals for kind in get_args(literal)}
