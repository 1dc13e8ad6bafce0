"""The reply stream: each fill once and in order, whatever is pushed, lost, repeated or late."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import ccxt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s1mpletrader.api import (
    Accepted,
    AccountType,
    Cancelled,
    ExchangeReply,
    Expired,
    Filled,
    FillSource,
    IdKind,
    OrderDetails,
    OrderId,
    OrderRequest,
    OrderType,
    Side,
)
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.ccxt_exchange.client_ids import id_rule
from s1mpletrader.plugins.ccxt_exchange.lookup import Lookup
from s1mpletrader.plugins.ccxt_exchange.markets import Markets
from s1mpletrader.plugins.ccxt_exchange.registry import OrderRegistry
from s1mpletrader.plugins.ccxt_exchange.replies import ReplyStream
from s1mpletrader.plugins.ccxt_exchange.session import Session
from s1mpletrader.plugins.ccxt_exchange.telling import SHORT_MAX
from tests.ccxt.scripted import ScriptedExchange, order, trade
from tests.live.virtual_loop import run_virtually

START_MS = 1_767_225_600_000
RULE = id_rule("binance")


class QuickClock:
    """A clock that only waiting moves: a minute takes a moment, and an hour never ends."""

    def __init__(self) -> None:
        self.at = START_MS * 1_000_000

    def now(self) -> int:
        self.at += 1_000
        return self.at

    async def sleep_until(self, at: int) -> None:
        await asyncio.sleep(0.001 if at - self.at < 1_800_000_000_000 else 3600)
        self.at = max(self.at, at)


class Followed(Markets):
    """One symbol is followed, of which nothing is known."""

    symbols = ("BTC/USDT",)


@dataclass
class Listening:
    """A stream on a scripted exchange, with what it has told."""

    exchange: ScriptedExchange
    known: set[OrderId] = field(default_factory=set)
    told: list[ExchangeReply] = field(default_factory=list)
    reconcile_s: float = 3600.0

    def __post_init__(self) -> None:
        self.session = Session(self.exchange, QuickClock(), name="scripted")
        self.registry = OrderRegistry(RULE, self.known.__contains__)
        self.stream = ReplyStream(
            self.session,
            self.registry,
            Lookup(self.session, lambda: ("BTC/USDT",)),
            markets=Followed(self.session, AccountType.SPOT),
            watch=self.exchange.watches,
            poll_s=0.5,
            reconcile_s=self.reconcile_s,
        )

    async def listen(self) -> None:
        async for reply in self.stream.replies():
            self.told.append(reply)

    async def settle(self) -> None:
        """Until nothing is stale, and a little more."""
        for _ in range(500):
            await asyncio.sleep(0.001)
            if not self.stream.health().stale_since:
                break
        await asyncio.sleep(0.01)

    def submitted(self, name: str, number: int | None = None) -> OrderRequest:
        """An order of ours, acknowledged under a number, or in flight."""
        order_id = OrderId(Samples(name).id(IdKind.ORDER))
        details = OrderDetails(symbol="BTC/USDT", side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal(4), price=Decimal(100))
        request = OrderRequest(order_id=order_id, client_order_id=RULE.form.write(order_id), details=details)
        self.registry.claim([request], self.session.clock.now())
        if number is not None:
            self.registry.accepted(request, str(number))
            self.exchange.orders[str(number)] = order(number, request.client_order_id)
        return request

    @property
    def fills(self) -> list[Filled]:
        return [reply for reply in self.told if isinstance(reply, Filled)]


def listening(story: Callable[[Listening], Awaitable[None]], exchange: ScriptedExchange | None = None, **more: Any) -> None:
    async def run() -> None:
        async with asyncio.timeout(30):
            one = Listening(exchange or ScriptedExchange(), **more)
            listener = asyncio.create_task(one.listen())
            one.stream.start(START_MS)
            try:
                await one.settle()
                await story(one)
            finally:
                await one.stream.close()
                await listener

    run_virtually(run())


def ids(fills: Sequence[Filled]) -> list[str]:
    return [fill.venue_trade_id for fill in fills]


def test_a_pushed_fill_is_told_at_once_and_without_a_question() -> None:
    async def story(one: Listening) -> None:
        request = one.submitted("a", 1)
        one.exchange.asked.clear()
        one.exchange.push("watch_my_trades", [trade(10, 1, START_MS + 5)])
        await asyncio.sleep(0.02)
        (fill,) = one.fills
        assert (fill.order_id, fill.client_order_id) == (request.order_id, request.client_order_id)
        assert fill.source is FillSource.STREAM
        assert (fill.price, fill.quantity, fill.fee, fill.fee_currency) == (Decimal(100), Decimal(1), Decimal("0.1"), "USDT")
        assert one.exchange.asked == []

    listening(story)


def test_where_a_push_is_not_whole_it_is_a_reason_to_ask() -> None:
    async def story(one: Listening) -> None:
        one.submitted("a", 1)
        one.exchange.trades.append(trade(10, 1, START_MS + 5, "3"))
        one.exchange.push("watch_my_trades", [{**trade(10, 1, START_MS + 5, "1"), "fee": {"cost": "9", "currency": "BTC"}}])
        await asyncio.sleep(0.1)
        (fill,) = one.fills
        assert (fill.quantity, fill.fee) == (Decimal(3), Decimal("0.1"))

    listening(story, ScriptedExchange(id="okx"))


def test_a_fill_that_is_pushed_twice_and_shown_is_told_once() -> None:
    async def story(one: Listening) -> None:
        one.submitted("a", 1)
        one.exchange.trades.append(trade(10, 1, START_MS + 5))
        one.exchange.push("watch_my_trades", one.exchange.trades)
        one.exchange.push("watch_my_trades", one.exchange.trades)
        await asyncio.sleep(0.02)
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert ids(one.fills) == ["10"]

    listening(story)


def test_after_an_error_what_was_missed_comes_before_what_is_pushed_next() -> None:
    async def story(one: Listening) -> None:
        one.submitted("a", 1)
        one.exchange.broken = [ccxt.NetworkError("down")] * 3
        one.exchange.push("watch_my_trades", ccxt.NetworkError("lost"))
        one.exchange.push("watch_orders", ccxt.NetworkError("lost"))
        await asyncio.sleep(0)
        one.exchange.trades = [trade(10, 1, START_MS + 5), trade(11, 1, START_MS + 6), trade(12, 1, START_MS + 7)]
        one.exchange.push("watch_my_trades", [trade(12, 1, START_MS + 7)])
        await one.settle()
        assert ids(one.fills) == ["10", "11", "12"]

    listening(story)


def test_what_is_pushed_at_once_is_told_in_the_exchanges_order() -> None:
    async def story(one: Listening) -> None:
        one.submitted("a", 1)
        at_once = [trade(11, 1, START_MS + 6), trade(9, 1, START_MS + 5), trade(10, 1, START_MS + 5)]
        one.exchange.push("watch_my_trades", at_once)
        await asyncio.sleep(0.02)
        assert ids(one.fills) == ["9", "10", "11"]

    listening(story)


def test_it_stays_stale_until_the_stream_is_back_however_often_it_is_compared() -> None:
    async def story(one: Listening) -> None:
        one.exchange.push("watch_my_trades", [])
        await asyncio.sleep(0.005)
        for _ in range(200):
            one.exchange.push("watch_my_trades", ccxt.NetworkError("lost"))
        for _ in range(5):
            await asyncio.sleep(0.005)
            await one.stream.reconcile()
            assert one.stream.health().stale_since is not None

    listening(story)


def test_it_is_stale_from_the_error_until_what_was_missed_is_told() -> None:
    async def story(one: Listening) -> None:
        assert one.stream.health().stale_since is None
        one.exchange.broken = [ccxt.NetworkError("down")] * 2
        one.exchange.push("watch_my_trades", ccxt.NetworkError("lost"))
        await asyncio.sleep(0.002)
        assert one.stream.health().stale_since is not None
        await one.settle()
        assert one.stream.health().connected

    listening(story)


def test_what_a_stream_loses_without_knowing_is_found_by_comparing() -> None:
    async def story(one: Listening) -> None:
        one.submitted("a", 1)
        one.exchange.trades.append(trade(10, 1, START_MS + 5))
        await asyncio.sleep(0.1)
        assert ids(one.fills) == ["10"]
        assert one.fills[0].source is FillSource.RECONCILED

    listening(story, reconcile_s=5.0)


def test_the_end_of_an_order_is_told_after_its_last_fill() -> None:
    async def story(one: Listening) -> None:
        request = one.submitted("a", 1)
        ended = order(1, request.client_order_id, "canceled", filled="2")
        one.exchange.orders["1"] = ended
        one.exchange.push("watch_orders", [ended])
        await asyncio.sleep(0.01)
        assert one.told == []
        one.exchange.push("watch_my_trades", [trade(10, 1, START_MS + 5)])
        one.exchange.push("watch_my_trades", [trade(11, 1, START_MS + 6)])
        await asyncio.sleep(0.05)
        assert [type(reply) for reply in one.told] == [Filled, Filled, Cancelled]
        one.exchange.push("watch_orders", [ended])
        await asyncio.sleep(0.01)
        assert len(one.told) == 3

    listening(story)


def test_an_order_that_is_no_longer_open_is_looked_at() -> None:
    async def story(one: Listening) -> None:
        first, second = one.submitted("a", 1), one.submitted("b", 2)
        one.exchange.orders["1"] = order(1, first.client_order_id, "expired")
        one.exchange.orders["2"] = order(2, second.client_order_id, "closed", filled="4")
        one.exchange.trades = [trade(10, 2, START_MS + 5, "4")]
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert [type(reply) for reply in one.told] == [Filled, Expired]

    listening(story, ScriptedExchange(watches=False))


def test_fills_that_never_show_leave_the_stream_stale() -> None:
    async def story(one: Listening) -> None:
        request = one.submitted("a", 1)
        one.exchange.orders["1"] = order(1, request.client_order_id, "canceled", filled="2")
        for _ in range(SHORT_MAX):
            await one.stream.reconcile()
        assert one.told == []
        assert one.stream.health().stale_since is not None

    listening(story, ScriptedExchange(watches=False))


def test_an_order_from_before_a_restart_is_told_to_have_ended_though_its_first_fills_are_not() -> None:
    async def story(one: Listening) -> None:
        order_id = OrderId(Samples("before").id(IdKind.ORDER))
        one.known.add(order_id)
        text = RULE.form.write(order_id)
        one.registry.note(order(1, text, filled="2"))
        one.exchange.orders["1"] = order(1, text, "canceled", filled="3")
        one.exchange.trades = [trade(9, 1, START_MS - 5, "2"), trade(10, 1, START_MS + 5, "1")]
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert [type(reply) for reply in one.told] == [Filled, Cancelled]
        assert {reply.order_id for reply in one.told} == {order_id}

    listening(story, ScriptedExchange(watches=False))


def test_a_fill_before_the_acknowledgement_is_ours() -> None:
    async def story(one: Listening) -> None:
        request = one.submitted("a")
        one.exchange.orders["1"] = order(1, request.client_order_id, filled="1")
        one.exchange.push("watch_my_trades", [trade(10, 1, START_MS + 5)])
        await asyncio.sleep(0.02)
        assert [type(reply) for reply in one.told] == [Filled]
        assert one.told[0].order_id == request.order_id
        one.registry.accepted(request, "1")
        assert [known.order_id for known in one.registry.live()] == [request.order_id]

    listening(story)


def test_a_fill_whose_order_is_not_shown_yet_waits_while_a_submission_is_open() -> None:
    async def story(one: Listening) -> None:
        request = one.submitted("a")
        one.exchange.push("watch_my_trades", [trade(10, 1, START_MS + 5)])
        await asyncio.sleep(0.02)
        assert one.told == []
        one.exchange.trades = [trade(10, 1, START_MS + 5)]
        one.exchange.orders["1"] = order(1, request.client_order_id, filled="1")
        await one.settle()
        assert [(type(reply), reply.order_id) for reply in one.told] == [(Filled, request.order_id)]

    listening(story)


def test_an_order_whose_answer_was_lost_is_told_when_it_is_found() -> None:
    async def story(one: Listening) -> None:
        request = one.submitted("a")
        one.registry.lost(request)
        await one.stream.reconcile()
        assert one.told == []
        one.exchange.orders["1"] = order(1, request.client_order_id)
        await one.stream.reconcile()
        await one.stream.reconcile()
        await asyncio.sleep(0)
        (accepted,) = one.told
        assert isinstance(accepted, Accepted)
        assert (accepted.order_id, accepted.exchange_order_id) == (request.order_id, "1")

    listening(story, ScriptedExchange(watches=False))


def test_what_others_do_is_told_as_theirs() -> None:
    async def story(one: Listening) -> None:
        stranger = RULE.form.write(OrderId(Samples("another installation").id(IdKind.ORDER)))
        one.exchange.orders = {"1": order(1, "web_abc"), "2": order(2, stranger)}
        one.exchange.trades = [trade(10, 1, START_MS + 5), trade(11, 2, START_MS + 6), trade(12, None, START_MS + 7)]
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert [(fill.venue_trade_id, fill.order_id) for fill in one.fills] == [("10", None), ("11", None), ("12", None)]
        assert one.fills[1].client_order_id == stranger, "by which the ledger may come to know it"

    listening(story, ScriptedExchange(watches=False))


def test_an_order_that_the_ledger_comes_to_know_later_is_ours_from_then_on() -> None:
    async def story(one: Listening) -> None:
        order_id = OrderId(Samples("later").id(IdKind.ORDER))
        one.exchange.orders = {"1": order(1, RULE.form.write(order_id))}
        one.exchange.trades = [trade(10, 1, START_MS + 5)]
        await one.stream.reconcile()
        one.known.add(order_id)
        one.exchange.trades.append(trade(11, 1, START_MS + 6))
        one.exchange.orders["1"] = order(1, RULE.form.write(order_id), "canceled", filled="2")
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert [(type(reply), reply.order_id) for reply in one.told] == [
            (Filled, None),
            (Filled, order_id),
            (Cancelled, order_id),
        ]

    listening(story, ScriptedExchange(watches=False))


def test_one_record_without_meaning_is_left_out_and_the_others_count() -> None:
    async def story(one: Listening) -> None:
        one.submitted("a", 1)
        one.exchange.orders["1"] = {**one.exchange.orders["1"], "status": "NEW_THING"}
        one.exchange.trades = [{**trade(10, 1, START_MS + 5), "price": None}, trade(11, 1, START_MS + 6)]
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert ids(one.fills) == ["11"]

    listening(story, ScriptedExchange(watches=False))


def test_a_method_that_cannot_watch_is_given_up_and_asked_for() -> None:
    async def story(one: Listening) -> None:
        one.submitted("a", 1)
        one.exchange.push("watch_my_trades", ccxt.NotSupported("needs a symbol"))
        await asyncio.sleep(0.01)
        one.exchange.trades.append(trade(10, 1, START_MS + 5))
        await asyncio.sleep(0.05)
        assert ids(one.fills) == ["10"]
        assert one.stream.health().connected

    listening(story)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("count", [1, 20, 21, 50, 173])
def test_trades_are_read_whole_whichever_end_the_exchange_begins_at(count: int, newest_first: bool) -> None:
    async def story(one: Listening) -> None:
        one.exchange.trades = [trade(number, 1, START_MS + number) for number in range(count)]
        one.exchange.orders["1"] = order(1, "web")
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert ids(one.fills) == [str(number) for number in range(count)]

    listening(story, ScriptedExchange(watches=False, page=20, newest_first=newest_first))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 12))
def test_each_fill_is_told_once_whatever_is_pushed_and_lost(seed: int, count: int) -> None:
    """Some are pushed, some twice, some out of order, some not at all, with losses of the stream in between."""

    async def story(one: Listening) -> None:
        random = Random(seed)
        one.submitted("a", 1)
        made = [trade(number, 1, START_MS + number) for number in range(count)]
        pushed = [item for item in made for _ in range(random.randrange(3))]
        for number, item in enumerate(made):
            one.exchange.trades.append(item)
            if random.random() < 0.3:
                one.exchange.push("watch_my_trades", ccxt.NetworkError("lost"))
            if pushed and random.random() < 0.7:
                one.exchange.push("watch_my_trades", [one.exchange.trades[random.randrange(number + 1)]])
            await asyncio.sleep(0.001 * random.randrange(3))
        await one.settle()
        await one.stream.reconcile()
        await asyncio.sleep(0)
        assert sorted(ids(one.fills), key=int) == [str(number) for number in range(count)]

    listening(story)
