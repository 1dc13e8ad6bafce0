"""Whatever goes wrong between here and the exchange: no intent is submitted twice, and in the end everything is told once."""

import asyncio
from collections.abc import Coroutine, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from s1mpletrader.api import (
    Accepted,
    Amended,
    AuthenticationFailed,
    Cancelled,
    CancelRejected,
    Expired,
    Filled,
    FillSource,
    ListKind,
    Maintenance,
    NotPlaced,
    NotSent,
    OrderRequest,
    OrderState,
    RateLimited,
    Refused,
    Rejected,
    Replaced,
    Unknown,
    total,
)
from s1mpletrader.exchange import Fault
from tests.binance.local_world import CHANGES, DIP, QUIET, LocalWorld, local_world
from tests.binance.samples import KEY, SECRET, details, ref_of
from tests.exchange.submissions import SUBMISSIONS

PLACE: Final = ("order.place", SUBMISSIONS["order.place"])
REPORT: Final = "executionReport"


def run(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(90):
            await story

    asyncio.run(bounded())


def fills_of(world: LocalWorld, request: OrderRequest) -> list[Filled]:
    return [reply for reply in world.told_of(request) if isinstance(reply, Filled)]


def truth_of(world: LocalWorld, request: OrderRequest) -> list[tuple[str, Decimal, Decimal]]:
    """The fills of an order as the exchange has booked them."""
    order = world.account.records.by_client("BTCUSDT", request.client_order_id)
    trades = [trade for trade in world.account.records.trades if order is not None and trade.order_id == order.order_id]
    return [(str(trade.trade_id), trade.price, trade.quantity) for trade in trades]


async def check_converged(world: LocalWorld, *requests: OrderRequest) -> None:
    """With nothing wrong any more, what was told is what happened: each fill once, in the exchange's order."""
    world.exchange.faults.clear()
    await world.healthy()
    await world.pass_by(15)
    await world.rest()
    for request in requests:
        assert world.submissions_of(request) <= 1
        told = [(fill.venue_trade_id, fill.price, fill.quantity) for fill in fills_of(world, request)]
        assert sorted(told) == sorted(truth_of(world, request))
        assert len(set(told)) == len(told)


def add(world: LocalWorld, routes: Sequence[str], **fault: Any) -> None:
    for route in routes:
        world.exchange.faults.add(Fault(route=route, **fault))


AMBIGUOUS: Final[dict[str, dict[str, Any]]] = {
    "dropped": {"kind": "drop"},
    "503 and -1007": {"kind": "error", "status": 503, "code": -1007},
    "500 and -1006": {"kind": "error", "status": 500, "code": -1006},
    "400 and -1001": {"kind": "error", "status": 400, "code": -1001},
    "400 and -1000": {"kind": "error", "status": 400, "code": -1000},
    "a page and 403": {"kind": "html"},
}


@pytest.mark.parametrize("commit", ["never", "first", "later"])
@pytest.mark.parametrize("fault", AMBIGUOUS)
@pytest.mark.parametrize("way", ["socket", "rest"])
def test_an_ambiguous_answer_is_unknown_and_nothing_is_sent_again(tmp_path: Path, way: str, fault: str, commit: str) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            world.transport.sockets_fail = way == "rest"
            add(world, PLACE, calls=(1,), commit=commit, delay_ms=2_000 if commit == "later" else 0, **AMBIGUOUS[fault])
            request = world.request()
            outcome = await world.submit(request)
            assert isinstance(outcome, Unknown)
            assert outcome.submitted_at is not None
            await world.pass_by(5)
            placed = world.account.records.by_client("BTCUSDT", request.client_order_id) is not None
            assert placed == (commit != "never")
            wrong = (Rejected, NotPlaced, NotSent, Cancelled, Expired)
            assert [reply for reply in world.told_of(request) if isinstance(reply, wrong)] == []
            assert len([reply for reply in world.told_of(request) if isinstance(reply, Accepted)]) == placed
            with pytest.raises(Refused):
                await world.connector.submit([request])
            await check_converged(world, request)
            assert world.submissions_of(request) == 1

    run(story())


@pytest.mark.parametrize("commit", ["never", "first"])
def test_an_answer_that_takes_too_long_leaves_the_order_unknown(tmp_path: Path, commit: str) -> None:
    async def story() -> None:
        async with local_world(tmp_path, request_timeout_ms=3_000) as world:
            add(world, PLACE, kind="delay", delay_ms=4_000, commit=commit, calls=(1,))
            request = world.request()
            assert isinstance(await world.submit(request), Unknown)
            await world.until(lambda: world.told_of(request) != [], step=0.1)
            assert isinstance(world.told_of(request)[0], Accepted), "it arrived late"
            await check_converged(world, request)
            assert world.submissions_of(request) == 1

    run(story())


def test_a_change_of_unknown_outcome_is_not_sent_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            request, other = world.request(), world.request()
            await world.submit(request)
            world.lose_answer(committed=True)
            assert isinstance(await world.answered(world.connector.amend(ref_of(request), Decimal(3))), Unknown)
            ended, begun = await world.answered(world.connector.replace(ref_of(request), other))
            assert (type(ended), type(begun)) == (Unknown, Unknown)
            world.known.add(other.order_id)
            assert isinstance(await world.answered(world.connector.cancel(ref_of(other))), Unknown)
            for route in ("order.amend.keepPriority", "order.cancelReplace", "order.cancel"):
                assert len(world.exchange.log.of(route)) + len(world.exchange.log.of(CHANGES[route])) == 1, route
            await check_converged(world, request, other)
            assert Cancelled in {type(reply) for reply in world.told_of(request)}
            assert Cancelled in {type(reply) for reply in world.told_of(other)}

    run(story())


@pytest.mark.parametrize("change", [Accepted, Amended, Cancelled])
def test_a_change_in_doubt_is_looked_for_at_once(tmp_path: Path, change: type) -> None:
    """Where no event tells of it."""

    async def story() -> None:
        async with local_world(tmp_path) as world:
            request = world.request()
            if change is not Accepted:
                await world.submit(request)
            world.lose_answer(committed=True)
            add(world, (REPORT,), kind="lose")
            if change is Accepted:
                outcome: object = await world.submit(request)
            elif change is Amended:
                outcome = await world.answered(world.connector.amend(ref_of(request), Decimal(3)))
            else:
                outcome = await world.answered(world.connector.cancel(ref_of(request)))
            assert isinstance(outcome, Unknown)
            await world.pass_by(2)
            assert [type(reply) for reply in world.told_of(request)] == [change]

    run(story())


@pytest.mark.parametrize("status", [418, 429])
def test_a_limit_is_obeyed_by_everything_and_over_a_restart(tmp_path: Path, status: int) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            resting = world.request(details("buy 4 @ 5"))
            await world.submit(resting)
            add(world, PLACE, kind="rate_limit", status=status, retry_after_s=40, calls=(1,))
            began, request = world.clock.now(), world.request()
            with pytest.raises(RateLimited) as raised:
                await world.submit(request)
            assert began + 39 * 10**9 <= raised.value.retry_at <= world.clock.now() + 41 * 10**9
            asked = len(world.exchange.log.requests)
            with pytest.raises(RateLimited):
                await world.connector.submit([request])
            with pytest.raises(RateLimited):
                await world.connector.cancel(ref_of(resting))
            with pytest.raises(RateLimited):
                await world.connector.balances()
            assert len(world.exchange.log.requests) == asked, "nothing at all was sent"
            assert world.connector.health().banned_until == raised.value.retry_at
            await world.connector.close()
            world.transport.loses_next = False
            again = world._build()
            with pytest.raises(RateLimited):
                await again.open()
            assert len(world.exchange.log.requests) == asked, "what was told before the restart counts after it"
            await world.pass_by(41)
            await world.restart()
            assert isinstance(await world.submit(request), Accepted), "what a limit refused may be sent once it is over"
            await check_converged(world, resting, request)
            assert sum(len(world.exchange.log.of(route)) for route in PLACE) == 3

    run(story())


EVENT_FAULTS: Final[dict[str, dict[str, Any]]] = {
    "duplicate": {"kind": "duplicate"},
    "every second lost": {"kind": "lose", "calls": (2, 4, 6)},
    "all lost": {"kind": "lose"},
    "garbage": {"kind": "garbage", "calls": (1, 3)},
    "reorder": {"kind": "reorder", "calls": (1, 3), "count": 1},
    "hold": {"kind": "hold", "calls": (1, 2), "delay_ms": 7_000},
    "an unknown status": {"kind": "rewrite", "calls": (1, 2, 3), "fields": {"X": "NEW_THING"}},
    "an unknown execution": {"kind": "rewrite", "calls": (1, 2, 3), "fields": {"x": "NEW_THING"}},
    "a price that is none": {"kind": "rewrite", "calls": (2,), "fields": {"L": "NaN"}},
    "a type that is none": {"kind": "rewrite", "calls": (2,), "fields": {"t": "x"}},
    "cut": {"kind": "cut", "calls": (1, 3)},
}


@pytest.mark.parametrize("fault", EVENT_FAULTS)
def test_whatever_becomes_of_the_events_everything_is_told_once(tmp_path: Path, fault: str) -> None:
    async def story() -> None:
        async with local_world(tmp_path, reconcile_ms=20_000) as world:
            add(world, (REPORT,), **EVENT_FAULTS[fault])
            one, other = world.request(details("buy 3 @ 9.5")), world.request(details("buy 4 @ 9.5"))
            for request in (one, other):
                assert isinstance(await world.submit(request), Accepted)
            for _ in range(4):
                await world.next_fill()
            outcome = await world.answered(world.connector.cancel(ref_of(other)))
            assert isinstance(outcome, Cancelled | CancelRejected)
            await world.pass_by(45)
            await check_converged(world, one, other)
            assert total(fill.quantity for fill in fills_of(world, one)) > 0
            for request in (one, other):
                times = [fill.venue_at for fill in fills_of(world, request)]
                assert fault != "duplicate" or times == sorted(times)
                assert world.submissions_of(request) == 1

    run(story())


def test_an_order_that_a_lost_event_ended_is_told_as_ended(tmp_path: Path) -> None:
    """A sibling that expires with nobody watching is found by comparing."""

    async def story() -> None:
        bars = (*[QUIET] * 31, *[(12.0, 15.5, 11.5, 12.0, 400.0)] * 60)
        async with local_world(tmp_path, bars, reconcile_ms=20_000) as world:
            target, stop = world.request(details("sell 2 @ 15")), world.request(details("sell 2 stop 5"))
            outcomes = await world.connector.submit([target, stop], ListKind.OCO)
            world.known.update((target.order_id, stop.order_id))
            assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
            add(world, (REPORT, "listStatus"), kind="lose")
            await world.pass_by(80)
            assert total(fill.quantity for fill in fills_of(world, target)) == 2
            assert Expired in {type(reply) for reply in world.told_of(stop)} or Cancelled in {
                type(reply) for reply in world.told_of(stop)
            }
            await check_converged(world, target, stop)

    run(story())


def test_maintenance_refuses_orders_and_lets_cancels_through(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            resting, request = world.request(details("buy 4 @ 5")), world.request()
            await world.submit(resting)
            world.exchange.faults.add(Fault(kind="maintenance"))
            for _ in range(2):
                with pytest.raises(Maintenance):
                    await world.submit(request)
            assert isinstance(await world.answered(world.connector.cancel(ref_of(resting))), Cancelled)
            world.exchange.faults.clear()
            await world.pass_by(11)
            world.known.discard(request.order_id)
            assert isinstance(await world.submit(request), Accepted), "the status is asked for again"

    run(story())


def test_a_lagging_query_is_no_evidence_and_is_asked_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            world.exchange.faults.add(Fault(kind="replica_lag", delay_ms=4_000))
            add(world, (REPORT,), kind="lose")
            request = world.request()
            assert isinstance(await world.submit(request), Accepted)
            assert await world.connector.query(ref_of(request)) is None
            await world.next_fill()
            world.lose_private_stream()
            await world.pass_by(12)
            told = world.told_of(request)
            assert [type(reply) for reply in told] == [Filled]
            await check_converged(world, request)

    run(story())


def test_filters_that_change_are_fetched_again_and_nothing_is_retried(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            world.exchange.faults.add(Fault(kind="filters", symbol="BTCUSDT", filters={"price_tick": Decimal("0.5")}))
            first, second = world.request(details("buy 4 @ 9.4")), world.request(details("buy 4 @ 9.4"))
            outcome = await world.submit(first)
            assert isinstance(outcome, Rejected)
            assert "PRICE_FILTER" in outcome.rejection_reason
            assert world.submissions_of(first) == 1
            with pytest.raises(Refused, match="PRICE_FILTER"):
                await world.connector.submit([second])
            assert world.submissions_of(second) == 0, "the new filter is applied here"
            assert (await world.connector.instruments(["BTC/USDT"]))["BTC/USDT"].price_tick == Decimal("0.5")

    run(story())


@pytest.mark.parametrize("skew_ms", [-60_000, 60_000])
def test_a_clock_that_is_wrong_is_measured_again_and_the_order_sent_once_more(tmp_path: Path, skew_ms: int) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            world.exchange.faults.add(Fault(kind="clock_skew", skew_ms=skew_ms))
            request = world.request()
            assert isinstance(await world.submit(request), Accepted)
            carried_out = [
                entry
                for route in PLACE
                for entry in world.exchange.log.of(route)
                if entry.status == 200 and request.client_order_id in entry.params.values()
            ]
            assert len(carried_out) == 1
            codes = [entry.code for route in PLACE for entry in world.exchange.log.of(route)]
            assert codes == [-1021, None], "the first was refused for its time, and so proven not to be carried out"

    run(story())


def test_a_revoked_key_stops_trading(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            world.exchange.faults.add(Fault(kind="key_revoked"))
            request = world.request()
            with pytest.raises(AuthenticationFailed):
                await world.submit(request)
            with pytest.raises(AuthenticationFailed):
                await world.connector.balances()
            assert world.submissions_of(request) == 1

    run(story())


def test_a_wrong_key_is_said_at_the_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            monkeypatch.setenv("LOCAL_API_SECRET", "wrong")
            with pytest.raises(AuthenticationFailed) as raised:
                await world.restart()
            assert KEY not in str(raised.value)
            monkeypatch.setenv("LOCAL_API_SECRET", SECRET)

    run(story())


def test_a_silent_stream_is_noticed_by_the_clock_and_replaced(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path, request_timeout_ms=2_000, silence_ms=5_000) as world:
            request = world.request()
            await world.submit(request)
            before = len(world.exchange.log.of("SOCKET /ws-api/v3"))
            world.exchange.faults.add(Fault(kind="silent"))
            await world.next_fill()
            assert fills_of(world, request) == []
            await world.until(lambda: world.connector.health().stale, seconds=30)
            await check_converged(world, request)
            assert len(fills_of(world, request)) == len(truth_of(world, request)) > 0
            assert len(world.exchange.log.of("SOCKET /ws-api/v3")) > before

    run(story())


def test_a_stream_that_the_venue_ends_is_subscribed_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            request = world.request()
            await world.submit(request)
            world.exchange.user_streams.terminate(KEY, world.clock.now())
            await world.rest()
            await world.until(lambda: len(world.exchange.log.of("userDataStream.subscribe.signature")) == 2, seconds=20)
            await world.next_fill()
            await check_converged(world, request)
            assert len(fills_of(world, request)) >= 1

    run(story())


def test_the_daily_cut_is_forestalled_by_another_connection(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            for line in (world.connector._parts.private_line, world.connector._parts.command_line):
                line._pace = line._pace._replace(age_ns=30 * 10**9)
            request, stale = world.request(), False
            await world.submit(request)
            for _ in range(120):
                await world.pass_by(1)
                stale = stale or world.connector.health().stale
            assert not stale, "there was never a gap"
            assert len(world.exchange.log.of("userDataStream.subscribe.signature")) >= 3
            await check_converged(world, request)
            assert [fill.source for fill in fills_of(world, request)].count(FillSource.STREAM) == 4

    run(story())


def test_nothing_happens_twice_to_a_foreign_order(tmp_path: Path) -> None:
    async def story() -> None:
        bars = (*[QUIET] * 31, *[(12.0, 12.5, 7.0, 12.0, 400.0)] * 60)
        async with local_world(tmp_path, bars) as world:
            await world.connector.instruments(["BTC/USDT"])
            await world.place_foreign_order()
            await world.next_fill()
            world.lose_private_stream()
            await world.healthy()
            await world.rest()
            fills = [reply for reply in world.told if isinstance(reply, Filled)]
            assert [(fill.order_id, fill.client_order_id) for fill in fills] == [(None, "somebody-else")]
            assert [type(reply) for reply in world.told] == [Filled]

    run(story())


def test_every_kind_of_list_is_placed_and_comes_back_as_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            lists = {
                ListKind.OCO: ("buy 2 @ 5", "buy 2 stop 15 @ 16"),
                ListKind.OTO: ("buy 2 @ 6", "sell 2 @ 15"),
                ListKind.OTOCO: ("buy 2 @ 6", "sell 2 stop 5", "sell 2 @ 15"),
            }
            for kind, texts in lists.items():
                requests = [world.request(details(text)) for text in texts]
                outcomes = await world.connector.submit(requests, kind)
                assert [type(outcome) for outcome in outcomes] == [Accepted] * len(requests), (kind, outcomes)
                for request in requests:
                    world.known.add(request.order_id)
                    shown = await world.connector.query(ref_of(request))
                    assert shown is not None
                    assert shown.details == request.details
                    assert shown.state is OrderState.OPEN
                assert isinstance(await world.connector.cancel(ref_of(requests[0])), Cancelled)
                await world.rest()
                assert await world.connector.open_orders("BTC/USDT") == []

    run(story())


def test_every_type_of_order_comes_back_as_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            for text in ("buy 1 @ 9", "sell 1 stop 5", "sell 1 stop 5 @ 4.9", "buy 0.5"):
                request = world.request(details(text))
                outcome = await world.submit(request)
                assert isinstance(outcome, Accepted), (text, outcome)
                shown = await world.connector.query(ref_of(request))
                assert shown is not None
                assert shown.details == request.details
            await check_converged(world)

    run(story())


def test_an_amendment_keeps_the_order_and_a_replacement_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            request, other = world.request(), world.request(details("buy 2 @ 9.4"))
            await world.submit(request)
            amended = await world.connector.amend(ref_of(request), Decimal(3))
            assert isinstance(amended, Amended)
            assert amended.quantity == 3
            shown = await world.connector.query(ref_of(request))
            assert shown is not None
            assert (shown.details.quantity, shown.state) == (Decimal(3), OrderState.OPEN)
            assert isinstance(await world.connector.amend(ref_of(request), Decimal(5)), CancelRejected)
            ended, begun = await world.connector.replace(ref_of(request), other)
            world.known.add(other.order_id)
            assert isinstance(ended, Replaced)
            assert isinstance(begun, Accepted)
            await world.rest()
            assert Cancelled not in {type(reply) for reply in world.told_of(request)}, "it is told as replaced, and only so"

    run(story())


def test_a_replacement_that_is_refused_leaves_the_old_order_told_as_cancelled(tmp_path: Path) -> None:
    """The venue cancels first: what it cancelled stays cancelled when it then refuses the other."""

    async def story() -> None:
        async with local_world(tmp_path) as world:
            request, dear = world.request(), world.request(details("buy 900 @ 9.4"))
            await world.submit(request)
            ended, begun = await world.connector.replace(ref_of(request), dear)
            assert isinstance(begun, Rejected)
            assert isinstance(ended, CancelRejected)
            await world.rest()
            shown = await world.connector.query(ref_of(request))
            assert shown is not None
            told = [type(reply) for reply in world.told_of(request)]
            assert told == ([Cancelled] if shown.state is OrderState.CANCELLED else [])

    run(story())


def test_the_reserve_of_the_request_budget_is_kept_for_cancels(tmp_path: Path) -> None:
    async def story() -> None:
        async with local_world(tmp_path) as world:
            resting = world.request(details("buy 4 @ 5"))
            await world.submit(resting)
            for _ in range(265):
                await world.connector.balances()
            with pytest.raises(RateLimited):
                await asyncio.gather(*(world.connector.balances() for _ in range(10)))
            assert 5_380 < (world.connector.health().weight_used or 0) <= 5_400
            assert isinstance(await world.connector.cancel(ref_of(resting)), Cancelled)
            assert not [entry for entry in world.exchange.log.requests if entry.status in (418, 429)]

    run(story())


def test_the_bars_of_these_tests_fill_as_they_should() -> None:
    assert DIP[2] < 9.5 < QUIET[2]
