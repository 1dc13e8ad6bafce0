"""The life of an order, told line by line: an order, what happens to it, and how it stands then."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.domain.directives import Action
from s1mpletrader.domain.errors import IllegalTransition
from s1mpletrader.domain.ids import FillId, GroupId, OrderId, TradeId, fill_id
from s1mpletrader.domain.order import Order, apply_event, apply_fill, needs_reopening, order_from_intent
from s1mpletrader.domain.orders import (
    TERMINAL_STATES,
    TRANSITIONS,
    OrderDetails,
    OrderEventKind,
    OrderState,
    OrderType,
    Side,
)
from s1mpletrader.domain.reality import Fill, GroupOpened, Liquidity, OrderChanged, OrderIntended

ORDER = OrderId("ORD_20220101_000000_0000000000000001")
GROUP = GroupId("EXG_20220101_000000_0000000000000001")
TRADE = TradeId("TRD_20220101_000000_0000000000000001")

EVENTS = {
    "submit": OrderEventKind.SUBMITTED,
    "accept": OrderEventKind.ACCEPTED,
    "reject": OrderEventKind.REJECTED,
    "cancel": OrderEventKind.CANCELLED,
    "replace": OrderEventKind.REPLACED,
    "expire": OrderEventKind.EXPIRED,
    "unknown": OrderEventKind.UNKNOWN,
    "not_placed": OrderEventKind.NOT_PLACED,
    "reopen": OrderEventKind.REOPENED,
    "amend": OrderEventKind.AMENDED,
}


def intended(quantity: str = "2") -> Order:
    details = OrderDetails(symbol="BTC/USDT", side=Side.BUY, type=OrderType.LIMIT, quantity=Decimal(quantity), price=Decimal(10))
    return order_from_intent(
        OrderIntended(
            order_id=ORDER,
            group_id=GROUP,
            trade_id=TRADE,
            strategy="s",
            venue="v",
            account="a",
            client_order_id=ORDER,
            details=details,
            decided_at=0,
        )
    )


def fill(number: int, quantity: str, price: str = "10") -> Fill:
    return Fill(
        fill_id=fill_id("v", "a", "BTC/USDT", str(number), 0),
        order_id=ORDER,
        venue="v",
        account="a",
        symbol="BTC/USDT",
        venue_trade_id=str(number),
        side=Side.BUY,
        price=Decimal(price),
        quantity=Decimal(quantity),
        fee=Decimal(0),
        fee_currency="USDT",
        liquidity=Liquidity.MAKER,
        venue_at=0,
        at=0,
    )


def live(order: Order, story: str) -> Order:
    for number, word in enumerate(story.split(), start=1):
        verb, _, amount = word.partition(":")
        if verb == "fill":
            order = apply_fill(order, fill(number, amount))
        else:
            evidence = "a fill" if verb in ("reopen", "not_placed") else None
            order = apply_event(
                order,
                OrderChanged(
                    order_id=ORDER,
                    ordinal=order.event_count + 1,
                    kind=EVENTS[verb],
                    at=number,
                    evidence=evidence,
                    exchange_order_id="X1" if verb == "accept" else None,
                    rejection_reason="no money" if verb == "reject" else None,
                    quantity=Decimal(amount) if amount else None,
                ),
            )
    return order


@pytest.mark.parametrize(
    ("story", "state", "filled", "remaining"),
    [
        ("", "INTENDED", "0", "2"),
        ("submit", "SUBMITTED", "0", "2"),
        ("submit accept", "OPEN", "0", "2"),
        ("accept", "OPEN", "0", "2"),
        ("submit reject", "REJECTED", "0", "2"),
        ("reject", "REJECTED", "0", "2"),
        ("accept fill:1", "PARTIALLY_FILLED", "1", "1"),
        ("accept fill:1 amend:1", "FILLED", "1", "0"),
        ("accept fill:2", "FILLED", "2", "0"),
        ("accept fill:1 fill:1", "FILLED", "2", "0"),
        ("accept cancel", "CANCELLED", "0", "2"),
        ("accept fill:1 cancel", "CANCELLED", "1", "1"),
        ("accept fill:1 expire", "EXPIRED", "1", "1"),
        ("accept expire", "EXPIRED", "0", "2"),
        ("accept replace", "CANCELLED", "0", "2"),
        ("submit unknown", "UNKNOWN", "0", "2"),
        ("unknown accept", "OPEN", "0", "2"),
        ("unknown reject", "REJECTED", "0", "2"),
        ("unknown not_placed", "NOT_PLACED", "0", "2"),
        ("unknown fill:1", "PARTIALLY_FILLED", "1", "1"),
        ("unknown fill:2", "FILLED", "2", "0"),
        ("unknown cancel", "CANCELLED", "0", "2"),
        ("accept unknown", "UNKNOWN", "0", "2"),
        ("accept fill:1 unknown", "UNKNOWN", "1", "1"),
        ("accept fill:1 unknown accept", "PARTIALLY_FILLED", "1", "1"),
        # A fill may come before the acknowledgement, and the late acknowledgement moves nothing back.
        ("fill:1", "PARTIALLY_FILLED", "1", "1"),
        ("fill:1 accept", "PARTIALLY_FILLED", "1", "1"),
        ("fill:2 accept", "FILLED", "2", "0"),
        ("fill:2 submit accept", "FILLED", "2", "0"),
        ("fill:1 submit", "PARTIALLY_FILLED", "1", "1"),
        ("cancel accept", "CANCELLED", "0", "2"),
        # A late fill is kept, and an order that had ended stays as it ended.
        ("accept cancel fill:1", "CANCELLED", "1", "1"),
        ("accept expire fill:1", "EXPIRED", "1", "1"),
        # Evidence against an end reopens the order first.
        ("accept cancel reopen", "OPEN", "0", "2"),
        ("accept fill:1 cancel reopen", "PARTIALLY_FILLED", "1", "1"),
        ("accept cancel reopen fill:2", "FILLED", "2", "0"),
        ("not_placed reopen accept", "OPEN", "0", "2"),
        ("reject reopen accept fill:2", "FILLED", "2", "0"),
        # An amendment changes the quantity that counts.
        ("accept amend:1", "OPEN", "0", "1"),
        ("accept fill:1 amend:3", "PARTIALLY_FILLED", "1", "2"),
    ],
)
def test_the_life_of_a_buy_of_2_at_10(story: str, state: str, filled: str, remaining: str) -> None:
    order = live(intended(), story)
    assert (order.state, order.filled_quantity, order.remaining_quantity) == (state, Decimal(filled), Decimal(remaining))
    assert order.live == (order.state not in TERMINAL_STATES)


@pytest.mark.parametrize(
    "story",
    [
        "accept reject",
        "fill:1 reject",
        "reject accept",
        "reject fill:1",
        "not_placed accept",
        "not_placed fill:1",
        "accept cancel fill:2",
        "accept expire fill:2",
        "accept fill:3",
        "accept fill:1 fill:2",
        "accept fill:2 fill:1",
        "accept fill:2 cancel",
        "accept fill:2 expire",
        "accept cancel cancel",
        "accept not_placed",
        "fill:1 not_placed",
        "accept reopen",
        "reopen",
        "accept fill:1 amend:0.5",
        "accept fill:2 amend:3",
        "accept cancel unknown",
    ],
)
def test_what_the_graph_does_not_have_is_refused(story: str) -> None:
    with pytest.raises(IllegalTransition, match=ORDER):
        live(intended(), story)


def test_an_order_keeps_what_each_message_told() -> None:
    order = live(intended(), "submit accept fill:1")
    assert order.exchange_order_id == "X1"
    assert order.acknowledged_at == 2
    assert order.event_count == 2
    assert order.filled_notional == Decimal(10)
    assert order.average_price == Decimal(10)
    assert live(intended(), "reject").rejection_reason == "no money"
    assert intended().average_price is None


def test_later_events_do_not_erase_what_earlier_ones_told() -> None:
    order = live(intended(), "accept")
    later = OrderChanged(order_id=ORDER, ordinal=2, kind=OrderEventKind.CANCELLED, at=9, venue_at=8)
    ended = apply_event(order, later)
    assert (ended.exchange_order_id, ended.acknowledged_at, ended.venue_at) == ("X1", 1, 8)


def test_the_price_is_that_of_the_intent_until_an_amendment_names_another() -> None:
    order = live(intended(), "accept")
    dearer = apply_event(order, OrderChanged(order_id=ORDER, ordinal=2, kind=OrderEventKind.AMENDED, at=9, price=Decimal(11)))
    larger = apply_event(dearer, OrderChanged(order_id=ORDER, ordinal=3, kind=OrderEventKind.AMENDED, at=9, quantity=Decimal(3)))
    assert [(one.price, one.quantity) for one in (intended(), order, dearer, larger)] == [
        (Decimal(10), Decimal(2)),
        (Decimal(10), Decimal(2)),
        (Decimal(11), Decimal(2)),
        (Decimal(11), Decimal(3)),
    ]


def test_times_are_kept_as_they_were_first_or_last_told() -> None:
    def told(ordinal: int, kind: OrderEventKind, submitted_at: int | None, venue_at: int | None) -> OrderChanged:
        return OrderChanged(order_id=ORDER, ordinal=ordinal, kind=kind, at=9, submitted_at=submitted_at, venue_at=venue_at)

    order = apply_event(intended(), told(1, OrderEventKind.SUBMITTED, 3, 4))
    order = apply_event(order, told(2, OrderEventKind.ACCEPTED, 5, 6))
    assert (order.submitted_at, order.venue_at) == (3, 6)
    order = apply_event(order, told(3, OrderEventKind.CANCELLED, None, None))
    assert (order.submitted_at, order.venue_at) == (3, 6)


def test_a_fill_counts_once() -> None:
    order = apply_fill(intended(), fill(1, "1"))
    assert apply_fill(order, fill(1, "1")) == order
    assert order.fill_ids == (fill(1, "1").fill_id,)


@pytest.mark.parametrize(
    ("story", "quantity", "needed"),
    [
        ("accept", "2", False),
        ("accept cancel", "1", False),
        ("accept cancel", "2", True),
        ("accept expire", "2", True),
        ("accept fill:1 cancel", "1", True),
        ("reject", "1", True),
        ("not_placed", "1", True),
        ("accept fill:2", "1", False),
    ],
)
def test_a_fill_that_contradicts_the_end_needs_a_reopening(story: str, quantity: str, *, needed: bool) -> None:
    assert needs_reopening(live(intended(), story), Decimal(quantity)) is needed


def test_no_way_leads_out_of_a_terminal_state() -> None:
    assert all(not TRANSITIONS[state] for state in TERMINAL_STATES)
    assert set(TRANSITIONS) == set(OrderState)


@given(st.permutations(["fill:0.5", "fill:0.7", "fill:0.8", "accept"]))
def test_fills_add_up_in_any_order(words: list[str]) -> None:
    order = live(intended(), " ".join(words))
    assert (order.state, order.filled_quantity) == (OrderState.FILLED, Decimal(2))
    assert order.exchange_order_id == "X1"


def test_a_reopening_without_evidence_has_no_constructor() -> None:
    with pytest.raises(ValueError, match="only with evidence"):
        OrderChanged(order_id=ORDER, ordinal=1, kind=OrderEventKind.REOPENED, at=0)


def test_containers_refuse_ids_of_another_kind() -> None:
    with pytest.raises(ValueError, match="no GROUP id"):
        GroupOpened(group_id=GroupId(ORDER), trade_id=TRADE, action=Action.EXECUTE_TRADE, algorithm="single", at=0)
    assert FillId(fill(1, "1").fill_id).startswith("FIL_")
