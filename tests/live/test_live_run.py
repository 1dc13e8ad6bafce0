"""A live run from its first entry to its last: what may end it, what is written down, and what is only told."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from msgspec import json

from s1mpletrader.core.journal_reader import read_reasons
from s1mpletrader.core.narrator import Narrator, Topic
from s1mpletrader.core.tenure import LEASE_NS, Lease, LeaseLost
from s1mpletrader.domain.errors import Refused, Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import MINUTE_NS, SECOND_NS, Instant
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.origin import OriginKind
from s1mpletrader.domain.reality import FundsKind, FundsMoved
from s1mpletrader.domain.reasons import EntryKind
from s1mpletrader.domain.replies import Cancelled, FundsChanged, Outcome, VenueReply
from s1mpletrader.plugins.simulated_exchange.connector import SimulatedExchange
from s1mpletrader.ports.execution import OrderRequest, OrderSnapshot
from s1mpletrader.ports.health import Health, StreamHealth
from s1mpletrader.ports.hooks import hookimpl
from s1mpletrader.ports.status import FlowLine, LiveStatus
from tests.core.desk import filled
from tests.live.telling import Running, changed, given, to_its_end, told

RESTING = ("entry.0.plugin=limit", "entry.0.offset_percent=5")
"""Orders that are never filled."""


@pytest.mark.parametrize("on_stop", ["keep", "cancel"])
def test_a_graceful_stop_keeps_open_orders_or_cancels_them_and_says_why(on_stop: str) -> None:
    async def story(running: Running) -> None:
        await running.until(lambda: OrderState.OPEN in running.states)

    running = told(story, *RESTING, f"environment.on_stop={on_stop}")
    is_kept = on_stop == "keep"
    assert running.states[-1] is (OrderState.OPEN if is_kept else OrderState.CANCELLED)
    assert ("CANCEL: the run stops" in running.texts(EntryKind.COMMANDED)) is not is_kept
    assert running.entries[-1] == (EntryKind.RUN_ENDED, "the run has ended")
    assert running.run.status().halted


def test_a_cancellation_at_the_end_names_its_order_and_follows_from_what_was_last_said_of_it() -> None:
    async def story(running: Running) -> None:
        await running.until(lambda: OrderState.OPEN in running.states)

    running = told(story, *RESTING, "environment.on_stop=cancel")
    entries = list(running.container.journal().entries(running.run.identity.run))
    commanded, cancelled, _ = entries[-3:]
    assert [commanded.kind, cancelled.kind] == [EntryKind.COMMANDED, EntryKind.CANCELLED]
    (order,) = running.container.ledger().orders()
    assert entries[0].at < commanded.at <= cancelled.at <= entries[-1].at
    assert commanded.order_id == cancelled.order_id == order.order_id
    assert commanded.parent is not None
    assert entries[commanded.parent.seq - entries[0].seq].kind is EntryKind.RECORDED


def test_the_last_entry_has_the_prices_at_the_end() -> None:
    async def story(running: Running) -> None:
        await running.minutes(100)

    running = told(story)
    (last,) = list(running.container.journal().entries(running.run.identity.run))[-1:]
    assert read_reasons(last).prices == running.run.prices("ema_cross")
    assert running.run.equity("ema_cross") == running.run.view("ema_cross").equity(running.run.prices("ema_cross"))
    assert running.run.candle_count == 100


def test_a_new_book_gets_its_opening_funds_with_the_first_entry() -> None:
    running = told(lambda running: running.minutes(1))
    funds = [change for change in running.container.ledger().changes() if isinstance(change, FundsMoved)]
    assert [(one.strategy, one.asset, one.amount, one.kind) for one in funds] == [
        ("ema_cross", "USDT", Decimal(1_000_000), FundsKind.OPENING)
    ]
    assert running.entries[0][0] is EntryKind.RUN_STARTED
    started = next(iter(running.container.journal().entries(running.run.identity.run)))
    assert [one.at for one in funds] == [started.at]
    assert started.at == running._start
    assert read_reasons(started).run == running.run.identity


def test_what_the_venue_says_of_an_order_that_the_ledger_does_not_know_is_an_alarm_and_no_more() -> None:
    stranger = OrderId("ORD_20220101_000000_00000000000000ff")

    async def story(running: Running) -> None:
        await running.minutes(2)
        at = running.clock.now()
        came = FundsChanged(asset="USDT", amount=Decimal(-3), kind=FundsKind.FUNDING, at=at, venue_at=at, venue_change_id="f1")
        running.run.told([Cancelled(order_id=stranger, at=at), filled(stranger, 7, "0.5"), came])
        await running.minutes(3)

    running = told(story)
    moved = [change for change in running.container.ledger().changes() if isinstance(change, FundsMoved)]
    assert [one.amount for one in moved if one.kind is FundsKind.FUNDING] == [Decimal(-3)]
    assert running.texts(EntryKind.ALARM) == [f"the venue speaks of {stranger}, which this ledger does not know"]
    assert running.texts(EntryKind.EXTERNAL) == ["a fill of an order that is not ours"]
    assert running.entries[-1][0] is EntryKind.RUN_ENDED


def test_what_a_schedule_says_starts_a_flow_at_its_time_while_the_run_goes_on() -> None:
    running = told(lambda running: running.minutes(100), "schedule.0.at=*/30 * * * *", "data.candles=600", file="dca.toml")
    journal = running.container.journal()
    reasons = [read_reasons(entry) for entry in journal.entries(running.run.identity.run)]
    origins = [one.origin for one in reasons if one.origin is not None]
    assert {origin.kind for origin in origins} == {OriginKind.SCHEDULE}
    assert [origin.at % (30 * MINUTE_NS) // SECOND_NS for origin in origins] == [0, 0, 0]
    assert [order.state for order in running.container.ledger().orders()] == [OrderState.FILLED] * 3


def test_a_process_that_has_lost_its_lease_ends_at_once_and_writes_nothing_more() -> None:
    entry_count = 0

    async def story(running: Running) -> None:
        nonlocal entry_count
        await running.minutes(5)
        other = json.encode(Lease(owner="elsewhere:1", until=running.clock.now() + LEASE_NS))
        _, version = running.lease
        running.container.state().put(f"lease/{running.container.book_name()}", other, expected_version=version)
        entry_count = len(running.entries)
        await running.until(lambda: False)

    holder: list[Running] = []

    async def kept(running: Running) -> None:
        holder.append(running)
        await story(running)

    with pytest.raises(LeaseLost, match="another process trades"):
        told(kept, *RESTING)
    (running,) = holder
    assert EntryKind.RUN_ENDED not in [kind for kind, _ in running.entries]
    assert len(running.entries) == entry_count
    kept_lease, _ = running.lease
    assert kept_lease.owner == "elsewhere:1", "what another holds is not given back"


def test_the_lease_is_given_back_when_the_run_has_ended() -> None:
    running = told(lambda running: running.minutes(1))
    lease, _ = running.lease
    assert lease.until <= time.time_ns()


@pytest.mark.parametrize(("away_s", "is_over"), [(15, False), (45, True)])
def test_a_state_store_that_is_busy_takes_nothing_away_as_long_as_the_lease_lasts(away_s: int, is_over: bool) -> None:
    async def story(running: Running) -> None:
        loop, begun = asyncio.get_running_loop(), time.time_ns()
        # The machine's time goes with the loop's here.
        running.run._tenure._now = lambda: begun + int(loop.time() * SECOND_NS)
        await running.clock.sleep_until(running.clock.now() + 25 * SECOND_NS)
        state = running.container.state()
        put = state.put

        def busy(*_: Any, **__: Any) -> int:
            raise Unavailable("the database is locked")

        setattr(state, "put", busy)  # noqa: B010 - the store is locked
        await running.clock.sleep_until(running.clock.now() + away_s * SECOND_NS)
        setattr(state, "put", put)  # noqa: B010 - and free again
        await running.clock.sleep_until(running.clock.now() + 60 * SECOND_NS)

    if not is_over:
        assert told(story, *RESTING).entries[-1][0] is EntryKind.RUN_ENDED
        return
    with pytest.raises(Unavailable, match="locked"):
        told(story, *RESTING)


STALE = Health(streams=(StreamHealth(name="private", connected=True, stale_since=5),))
BANNED_NS = 2**62


@pytest.mark.parametrize(
    ("health", "reason"),
    [
        (STALE, "the private stream is stale"),
        (Health(banned_until=BANNED_NS), "the venue has banned us"),
        (Health(streams=STALE.streams, banned_until=BANNED_NS), "the venue has banned us"),
    ],
)
def test_while_the_venue_cannot_be_trusted_nothing_new_is_opened(health: Health, reason: str) -> None:
    async def story(running: Running) -> None:
        await running.until(lambda: running.held_back)
        assert running.run.status().halted
        assert running.states == []

    running = told(story, meddle=given("health", lambda: health))
    assert running.held_back[0] == reason


@pytest.mark.parametrize("health", [Health(), Health(banned_until=1), Health(streams=(StreamHealth(name="a", connected=False),))])
def test_a_ban_that_is_over_and_a_stream_that_is_only_reconnecting_hold_nothing_back(health: Health) -> None:
    async def story(running: Running) -> None:
        await running.minutes(1)
        assert not running.run.status().halted
        assert running.run.status().health.banned_until == health.banned_until
        await running.until(lambda: running.holds)

    told(story, meddle=given("health", lambda: health))


def test_a_close_that_waits_for_the_gate_is_meant_until_it_leaves() -> None:
    """The stream is stale for longer than a request could take: an order that has not left is not missing at the venue."""
    health = [Health()]

    async def story(running: Running) -> None:
        await running.until(lambda: running.holds)
        health[0] = STALE
        count = len(running.states)
        await running.until(lambda: len(running.states) > count)
        meant_at = running.clock.now()
        assert running.states[-1] is OrderState.INTENDED
        await running.clock.sleep_until(meant_at + 300 * SECOND_NS)
        assert running.states[count:] == [OrderState.INTENDED]
        health[0] = Health()
        await running.until(lambda: not running.holds)
        assert running.states[count] is OrderState.FILLED

    running = told(story, meddle=given("health", lambda: health[0]))
    assert running.texts(EntryKind.NOT_PLACED) == []
    assert running.texts(EntryKind.ALARM) == []


def test_while_the_account_cannot_be_reconciled_nothing_new_is_opened() -> None:
    faults = [Unavailable("maintenance")]

    def meddle(exchange: SimulatedExchange) -> SimulatedExchange:
        asked = exchange.open_orders

        async def open_orders(symbol: str | None = None) -> Sequence[OrderSnapshot]:
            if faults:
                raise faults[0]
            return await asked(symbol)

        return changed(exchange, "open_orders", open_orders)

    async def story(running: Running) -> None:
        await running.until(lambda: running.held_back)
        assert running.states == []
        assert running.held_back[0] == "the account cannot be reconciled now: maintenance"
        faults.clear()
        at = running.clock.now()
        await running.until(lambda: not running.run.status().halted)
        assert running.clock.now() - at <= 3 * SECOND_NS, "while it is closed the venue is asked often"
        await running.until(lambda: running.holds)

    told(story, meddle=meddle)


def test_until_the_account_has_been_reconciled_once_nothing_new_is_opened() -> None:
    async def open_orders(symbol: str | None = None) -> Sequence[OrderSnapshot]:
        await asyncio.Event().wait()
        return ()

    async def story(running: Running) -> None:
        await running.until(lambda: running.held_back)
        assert running.states == []

    running = told(story, meddle=given("open_orders", open_orders))
    assert running.held_back[0] == "the account has not been reconciled yet"


def test_the_venue_is_asked_every_minute_where_all_is_well_and_often_while_an_outcome_is_unknown() -> None:
    asked_at: list[Instant] = []

    def meddle(exchange: SimulatedExchange) -> SimulatedExchange:
        asked, submit = exchange.open_orders, exchange.submit

        async def open_orders(symbol: str | None = None) -> Sequence[OrderSnapshot]:
            asked_at.append(exchange._clock.now())
            return await asked(symbol)

        async def lost(*args: Any) -> Sequence[Outcome]:
            await submit(*args)
            raise RuntimeError("the answer is garbled")

        return changed(changed(exchange, "open_orders", open_orders), "submit", lost)

    async def story(running: Running) -> None:
        await running.until(lambda: running.states)
        before = list(asked_at)
        gaps = {(later - earlier) // SECOND_NS for earlier, later in pairwise(before)}
        assert gaps == {60}
        await running.until(lambda: OrderState.UNKNOWN not in running.states and OrderState.FILLED in running.states)

    running = told(story, meddle=meddle)
    assert running.texts(EntryKind.UNKNOWN)[0] == "RuntimeError: the answer is garbled"


def test_while_an_outcome_is_unknown_the_venue_is_asked_every_two_seconds() -> None:
    asked_at: list[Instant] = []

    def meddle(exchange: SimulatedExchange) -> SimulatedExchange:
        async def open_orders(symbol: str | None = None) -> Sequence[OrderSnapshot]:
            asked_at.append(exchange._clock.now())
            return ()

        async def lost(*args: Any) -> Sequence[Outcome]:
            raise RuntimeError("the answer is garbled")

        return changed(changed(exchange, "open_orders", open_orders), "submit", lost)

    async def story(running: Running) -> None:
        await running.until(lambda: OrderState.NOT_PLACED in running.states)

    told(story, meddle=meddle)
    gaps = [(later - earlier) // SECOND_NS for earlier, later in pairwise(asked_at)]
    assert set(gaps) == {2, 60}
    assert gaps[-3:] == [2, 2, 2]


@pytest.mark.parametrize("fault", [Refused("the key has been revoked"), OSError("the line is cut")])
def test_a_stream_of_replies_that_breaks_ends_the_run_as_what_it_is(fault: Exception) -> None:
    async def replies() -> AsyncIterator[VenueReply]:
        await asyncio.sleep(70)
        yield FundsChanged(asset="USDT", amount=Decimal(1), kind=FundsKind.FUNDING, at=1, venue_at=1, venue_change_id="x")
        raise fault

    with pytest.raises(type(fault), match=str(fault)):
        told(to_its_end, meddle=given("replies", replies))


def test_a_store_that_fails_ends_the_run_and_what_was_not_written_down_has_not_left() -> None:
    submitted: list[OrderId] = []
    holder: list[Running] = []

    def meddle(exchange: SimulatedExchange) -> SimulatedExchange:
        submit = exchange.submit

        async def noted(orders: Sequence[OrderRequest], *rest: Any) -> Sequence[Outcome]:
            submitted.extend(order.order_id for order in orders)
            return await submit(orders, *rest)

        return changed(exchange, "submit", noted)

    async def story(running: Running) -> None:
        holder.append(running)
        await running.until(lambda: running.holds)
        journal = running.container.journal()

        def full(*args: Any) -> None:
            raise OSError("no space left on device")

        setattr(journal, "write", full)  # noqa: B010 - the store's own disk is full
        await running.until(lambda: False)

    with pytest.raises(OSError, match="no space left"):
        told(story, meddle=meddle)
    (running,) = holder
    assert {order.order_id for order in running.container.ledger().orders()} == set(submitted)
    assert EntryKind.RUN_ENDED not in [kind for kind, _ in running.entries]


class Board(Narrator):
    """Keeps everything that is told, and every status."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[Topic, str]] = []
        self.statuses: list[LiveStatus] = []

    def tell(self, topic: Topic, line: FlowLine) -> None:
        self.lines.append((topic, line.text))

    @hookimpl
    def s1mple_status(self, status: LiveStatus) -> None:
        """Kept, too."""
        self.statuses.append(status)


def test_who_watches_is_told_every_second_how_the_run_stands() -> None:
    board = Board()

    async def story(running: Running) -> None:
        await running.until(lambda: running.holds)
        (held,) = running.run.status().strategies
        assert running.run.equity("ema_cross") == held.equity
        await running.until(lambda: not running.holds)

    running = told(story, watching={"board": board})
    first, *_, last = board.statuses
    assert {(later.at - earlier.at) // SECOND_NS for earlier, later in pairwise(board.statuses)} == {1}
    assert (first.mode, first.account, first.unknown_orders, first.halted) == ("paper", "main", 0, False)
    assert not last.halted
    (strategy,) = last.strategies
    assert (strategy.name, strategy.currency, strategy.open_orders) == ("ema_cross", "USDT", ())
    assert strategy.prices.keys() == {"BTC/USDT"}
    held = [one for status in board.statuses for one in status.strategies if one.positions]
    assert held
    assert all(one.equity is not None and one.equity < 1_000_000 * 2 for one in held)
    assert all(one.positions[0].quantity == one.balances["BTC"] for one in held)
    assert all(one.equity == one.balances["USDT"] + one.balances["BTC"] * one.prices["BTC/USDT"] for one in held)
    assert board.lines[0] == (Topic.RUN, "the run begins")
    assert board.lines[-1] == (Topic.RUN, "the run ends: the run has ended")
    assert running.run.status().health == Health()


def test_health_is_the_connectors_and_every_streams_as_one() -> None:
    private = StreamHealth(name="private", connected=True)
    health = Health(streams=(private,), weight_used=7, weight_max=100, banned_until=5)

    async def story(running: Running) -> None:
        await running.minutes(1)
        (source,) = running.run._streams.sources
        public = StreamHealth(name="public", connected=False)
        source.health = lambda: Health(streams=(public,), weight_max=3, banned_until=9)  # type: ignore[attr-defined]
        assert running.run.status().health == Health(streams=(private, public), weight_used=7, weight_max=100, banned_until=9)

    told(story, meddle=given("health", lambda: health))
