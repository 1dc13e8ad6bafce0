"""What a venue shows of our orders comes in as replies, once; what is not ours to settle is an alarm, once."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import cast

import pytest
from msgspec.structs import replace

from s1mpletrader.core.evidence import EvidenceRules
from s1mpletrader.core.reconciler import PAST_NS, Reconciler
from s1mpletrader.domain.errors import Unavailable
from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import SECOND_NS, iso
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.domain.reality import FillSource
from s1mpletrader.domain.replies import (
    Accepted,
    Cancelled,
    ExchangeReply,
    Expired,
    Filled,
    NotPlaced,
    Rejected,
    Unknown,
)
from s1mpletrader.ports.execution import IExecutionConnector, OrderRef, OrderSnapshot
from tests.core.desk import NOON, Desk, accepted, filled
from tests.core.samples import SYMBOL

RULES = EvidenceRules(recv_window_ns=5 * SECOND_NS, grace_ns=SECOND_NS)


class Venue:
    """Shows what the test has put into it, and notes what it is asked."""

    venue = "v"
    account = "a"

    def __init__(self) -> None:
        self.open: list[OrderSnapshot] = []
        self.known: list[OrderSnapshot] = []
        self.fills: list[Filled] = []
        self.asked: list[str] = []
        self.away: set[str] = set()
        self.meanwhile: Callable[[], None] = lambda: None

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderSnapshot]:
        self._ask("open_orders")
        return list(self.open)

    async def query(self, order: OrderRef) -> OrderSnapshot | None:
        self._ask(f"query {order.client_order_id[-1]}")
        self.meanwhile()
        return next((one for one in self.known if one.client_order_id == order.client_order_id), None)

    async def fills_since(self, symbol: str, at: int) -> Sequence[Filled]:
        self._ask(f"fills {symbol} {at}")
        return list(self.fills)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what.split(maxsplit=1)[0] in self.away:
            raise Unavailable(f"no {what}")


class Watch:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> int:
        return self.at

    async def sleep_until(self, at: int) -> None:
        raise AssertionError("the reconciler never sleeps")


class Story:
    """A desk whose orders have left, a venue, and the reconciler between them."""

    def __init__(self, order_count: int = 1) -> None:
        self.desk = Desk()
        self.venue = Venue()
        self.watch = Watch()
        self.busy: set[OrderId] = set()
        self.unanswered: set[OrderId] = set()
        self.alarms: list[str] = []
        self.told: list[ExchangeReply] = []
        self.orders = [self.desk.execute(number=number).intents[0].intent.order_id for number in range(order_count)]
        self.reconciler = Reconciler(
            connector=cast(IExecutionConnector, self.venue),
            book=self.desk.book,
            clock=self.watch,
            deliver=self._deliver,
            alarm=self.alarms.append,
            is_busy=self.busy.__contains__,
            is_unanswered=self.unanswered.__contains__,
            find_order=lambda client, exchange: self.desk.ledger.find_order(client_order_id=client, exchange_order_id=exchange),
            rules=RULES,
        )

    def _deliver(self, replies: Sequence[ExchangeReply]) -> None:
        self.told.extend(replies)
        self.desk.reply(*replies)

    @property
    def order(self) -> Order:
        return self.desk.order(self.orders[0])

    def unknown(self, number: int = 0) -> None:
        """The outcome of an order's submission is not known."""
        self.desk.reply(Unknown(order_id=self.orders[number], reason="timeout", at=NOON + 2, submitted_at=NOON + 1))

    def reconcile(self, after_s: int = 0) -> list[ExchangeReply]:
        """What it tells this time."""
        self.watch.at += after_s * SECOND_NS
        before = len(self.told)
        asyncio.run(self.reconciler.reconcile())
        return self.told[before:]

    def snapshot(self, state: OrderState, filled_quantity: str = "0", number: int = 0) -> OrderSnapshot:
        order = self.desk.order(self.orders[number])
        return OrderSnapshot(
            client_order_id=order.intent.client_order_id,
            exchange_order_id=f"X{order.order_id[-4:]}",
            symbol=SYMBOL,
            state=state,
            details=order.details,
            filled_quantity=Decimal(filled_quantity),
            filled_notional=Decimal(filled_quantity) * 10,
            venue_at=NOON + 3,
            order_id=order.order_id,
        )


def test_an_open_order_of_unknown_outcome_is_accepted_once() -> None:
    story = Story()
    story.unknown()
    story.venue.open = [story.snapshot(OrderState.OPEN)]
    (told,) = story.reconcile(after_s=1)
    assert told == Accepted(
        order_id=story.orders[0], exchange_order_id=f"X{story.orders[0][-4:]}", at=NOON + SECOND_NS, venue_at=NOON + 3
    )
    assert story.order.state is OrderState.OPEN
    assert story.venue.asked == [f"fills {SYMBOL} {NOON - PAST_NS}", "open_orders"]
    assert story.reconcile() == []
    assert story.alarms == []


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (OrderState.CANCELLED, [Accepted, Cancelled]),
        (OrderState.EXPIRED, [Accepted, Expired]),
        (OrderState.REJECTED, [Rejected]),
    ],
)
def test_an_end_that_was_missed_is_told_with_its_time(state: OrderState, told: list[type[ExchangeReply]]) -> None:
    story = Story()
    story.unknown()
    story.venue.known = [story.snapshot(state)]
    found = story.reconcile(after_s=1)
    assert [type(one) for one in found] == told
    end = found[-1]
    assert isinstance(end, Cancelled | Expired | Rejected)
    assert (end.order_id, end.at, end.venue_at) == (story.orders[0], NOON + SECOND_NS, NOON + 3)
    why = end.rejection_reason if isinstance(end, Rejected) else end.reason
    assert why == f"the venue shows it {str(state).lower()}"
    assert story.order.state is state
    entry_count = len(story.desk.kinds)
    assert story.reconcile(after_s=9) == []
    assert len(story.desk.kinds) == entry_count
    assert story.alarms == []


def test_the_end_of_an_order_that_was_acknowledged_is_told_alone() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]))
    story.venue.known = [story.snapshot(OrderState.CANCELLED)]
    assert [type(one) for one in story.reconcile()] == [Cancelled]


def test_fills_that_were_missed_come_first_and_are_marked_as_reconciled() -> None:
    story = Story()
    story.unknown()
    story.venue.fills = [filled(story.orders[0], 1), filled(None, 2, "7")]
    story.venue.known = [story.snapshot(OrderState.FILLED, "2")]
    assert story.reconcile()[0] == replace(filled(story.orders[0], 1), source=FillSource.RECONCILED)
    assert (story.order.state, story.order.filled_quantity) == (OrderState.FILLED, Decimal(2))
    entry_count = len(story.desk.kinds)
    assert story.reconcile() == []
    assert len(story.desk.kinds) == entry_count


def test_a_fill_that_bears_the_venues_id_alone_is_known_by_it() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]))
    number = story.order.exchange_order_id
    story.venue.fills = [
        replace(filled(None, 1, "0.5"), exchange_order_id=number),
        replace(filled(None, 2), exchange_order_id="X"),
    ]
    story.venue.open = [story.snapshot(OrderState.PARTIALLY_FILLED, "0.5")]
    told = story.reconcile()
    assert [(type(one), getattr(one, "venue_trade_id", None)) for one in told] == [(Filled, "1")]
    assert story.order.filled_quantity == Decimal("0.5")


def test_a_fill_that_the_book_has_is_not_told_again() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]), filled(story.orders[0], 1, "1"))
    story.venue.fills = [filled(story.orders[0], 1, "1")]
    story.venue.open = [story.snapshot(OrderState.PARTIALLY_FILLED, "1")]
    assert story.reconcile() == []


def test_an_end_waits_for_fills_that_are_not_visible_yet() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]))
    story.venue.known = [story.snapshot(OrderState.CANCELLED, "1")]
    assert story.reconcile() == []
    assert story.order.state is OrderState.OPEN
    story.venue.fills = [filled(story.orders[0], 1, "1")]
    assert [type(one) for one in story.reconcile()] == [Filled, Cancelled]
    assert (story.order.state, story.order.filled_quantity) == (OrderState.CANCELLED, Decimal(1))


def test_an_end_does_not_wait_for_fills_that_the_book_has_and_the_list_no_longer_shows() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]), filled(story.orders[0], 1, "1"))
    story.venue.known = [story.snapshot(OrderState.CANCELLED, "1")]
    assert [type(one) for one in story.reconcile()] == [Cancelled]


def test_what_is_not_found_often_enough_was_not_placed() -> None:
    story = Story()
    story.unknown()
    assert [story.reconcile(after_s) for after_s in (0, 5)] == [[], []]
    assert [story.reconcile(after_s=2), story.reconcile(after_s=1)] == [[], []]
    (told,) = story.reconcile(after_s=1)
    assert isinstance(told, NotPlaced)
    assert (told.order_id, told.at) == (story.orders[0], NOON + 9 * SECOND_NS)
    assert told.evidence == (
        f"not found in 3 queries from {iso(NOON + 7 * SECOND_NS)} to {iso(NOON + 9 * SECOND_NS)},"
        " nor among open orders and trades;"
        f" no request that left at {iso(NOON + 1)} is accepted after {iso(NOON + 1 + 6 * SECOND_NS)}"
    )
    assert story.order.state is OrderState.NOT_PLACED
    assert story.reconcile(after_s=60) == []
    assert story.alarms == []


@pytest.mark.parametrize("shown", ["snapshot", "fill"])
def test_an_order_that_shows_in_between_begins_to_be_missing_anew(shown: str) -> None:
    story = Story()
    story.unknown()
    assert [story.reconcile(after_s) for after_s in (10, 1)] == [[], []]
    if shown == "snapshot":
        # It shows more than its trades, so that no more than its existence is told.
        story.venue.known = [story.snapshot(OrderState.CANCELLED, "1")]
    else:
        story.venue.fills = [filled(story.orders[0], 1, "1")]
    story.reconcile(after_s=1)
    assert story.order.state is not OrderState.NOT_PLACED
    story.venue.known, story.venue.fills = [], []
    assert [type(one) for one in story.reconcile(after_s=1)] == []
    assert story.order.live


def test_an_order_that_was_there_and_is_not_found_is_an_alarm_and_never_not_placed() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]))
    for _ in range(9):
        assert story.reconcile(after_s=60) == []
    assert story.alarms == [f"{story.orders[0]} is OPEN here, and the venue does not find it"]


def test_an_order_in_doubt_that_was_acknowledged_once_is_an_alarm_and_never_not_placed() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]), Unknown(order_id=story.orders[0], reason="a lost amendment", at=NOON + 2))
    for _ in range(9):
        assert story.reconcile(after_s=60) == []
    assert story.order.state is OrderState.UNKNOWN
    assert story.alarms == [f"{story.orders[0]} is UNKNOWN here, and the venue does not find it"]


def test_what_is_busy_is_left_alone() -> None:
    story = Story()
    story.unknown()
    story.venue.known = [story.snapshot(OrderState.REJECTED)]
    story.busy.add(story.orders[0])
    assert story.reconcile() == []
    assert story.venue.asked == ["open_orders"]
    story.busy.clear()
    assert [type(one) for one in story.reconcile()] == [Rejected]


def test_an_order_that_becomes_busy_while_the_venue_is_asked_is_left_alone() -> None:
    story = Story()
    story.unknown()
    story.venue.known = [story.snapshot(OrderState.REJECTED)]
    story.venue.meanwhile = lambda: story.busy.add(story.orders[0])
    assert story.reconcile() == []
    assert story.order.state is OrderState.UNKNOWN


def test_an_open_order_of_somebody_else_is_an_alarm_once() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]))
    mine = story.snapshot(OrderState.OPEN)
    story.venue.open = [mine, replace(mine, client_order_id="web_1", exchange_order_id="77", order_id=None)]
    assert [story.reconcile(), story.reconcile()] == [[], []]
    assert story.alarms == [f"the order 77 in {SYMBOL} is open and not ours"]


def test_an_order_of_ours_is_known_by_the_venues_id_alone() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]), Cancelled(order_id=story.orders[0], at=NOON + 2))
    story.venue.open = [replace(story.snapshot(OrderState.OPEN), client_order_id=None, order_id=None)]
    assert (story.reconcile(), story.alarms) == ([], [])


def test_an_open_order_that_is_busy_is_ours() -> None:
    story = Story()
    story.busy.add(story.orders[0])
    story.venue.open = [story.snapshot(OrderState.OPEN)]
    assert (story.reconcile(), story.alarms) == ([], [])


@pytest.mark.parametrize("end", ["rejected", "not placed"])
def test_an_order_that_was_taken_for_dead_and_is_open_lives_again(end: str) -> None:
    story = Story()
    order_id = story.orders[0]
    why = {"rejected": Rejected(order_id=order_id, rejection_reason="no", at=NOON + 1)}
    story.desk.reply(why.get(end, NotPlaced(order_id=order_id, evidence="three queries", at=NOON + 1)))
    assert not story.order.live
    story.venue.open = [story.snapshot(OrderState.OPEN)]
    assert [type(one) for one in story.reconcile(after_s=3)] == [Accepted]
    assert story.order.state is OrderState.OPEN
    assert "REOPENED" in story.desk.kinds
    assert story.reconcile() == []
    assert story.alarms == []


def test_an_order_that_has_ended_and_is_still_listed_as_open_is_nothing_new() -> None:
    story = Story()
    story.desk.reply(accepted(story.orders[0]), Cancelled(order_id=story.orders[0], at=NOON + 2))
    story.venue.open = [story.snapshot(OrderState.OPEN)]
    assert (story.reconcile(), story.alarms) == ([], [])


@pytest.mark.parametrize("what", ["fills", "open_orders", "query"])
def test_a_venue_that_is_away_is_told_to_who_asked_and_changes_nothing(what: str) -> None:
    story = Story()
    story.unknown()
    story.venue.away.add(what)
    with pytest.raises(Unavailable, match=what):
        story.reconcile(after_s=100)
    assert story.told == []
    story.venue.away.clear()
    story.venue.known = [story.snapshot(OrderState.REJECTED)]
    assert [type(one) for one in story.reconcile()] == [Rejected]


def test_each_order_is_settled_by_what_the_venue_shows_of_it() -> None:
    story = Story(order_count=3)
    for number in range(3):
        story.unknown(number)
    story.venue.open = [story.snapshot(OrderState.OPEN, number=1)]
    story.venue.known = [story.snapshot(OrderState.REJECTED, number=2)]
    story.reconcile()
    states = [story.desk.order(order_id).state for order_id in story.orders]
    assert states == [OrderState.UNKNOWN, OrderState.OPEN, OrderState.REJECTED]
    assert story.venue.asked[:2] == [f"fills {SYMBOL} {NOON - PAST_NS}", "open_orders"]
    assert len(story.venue.asked) == 4


def test_fills_are_asked_for_from_before_the_oldest_live_order() -> None:
    story = Story()
    story.desk.now = NOON + 50
    later = story.desk.execute(number=1).intents[0].intent.order_id
    story.reconcile()
    story.desk.reply(Cancelled(order_id=story.orders[0], at=NOON + 60))
    story.reconcile()
    assert [one for one in story.venue.asked if one.startswith("fills")] == [
        f"fills {SYMBOL} {NOON - PAST_NS}",
        f"fills {SYMBOL} {NOON + 50 - PAST_NS}",
    ]
    assert story.desk.order(later).live


def test_where_nothing_is_live_only_open_orders_are_asked_for() -> None:
    story = Story(order_count=0)
    assert story.reconcile() == []
    assert story.venue.asked == ["open_orders"]


def test_after_a_restart_what_had_no_answer_is_in_doubt_and_nothing_else() -> None:
    story = Story(order_count=4)
    story.desk.reply(accepted(story.orders[1]))
    story.unknown(2)
    story.desk.reply(accepted(story.orders[3]))
    story.unanswered |= {story.orders[2], story.orders[3]}
    story.watch.at += 5
    story.reconciler.doubt_what_was_under_way()
    doubted = [story.orders[0], story.orders[3]]
    why = "the process ended before an answer came"
    assert story.told == [Unknown(order_id=order_id, reason=why, at=NOON + 5) for order_id in doubted]
    assert [story.desk.order(order_id).state for order_id in doubted] == [OrderState.UNKNOWN] * 2
    story.reconciler.doubt_what_was_under_way()
    assert len(story.told) == 2
