"""Ending a part of a trade: at no time may more be sold than is held, whatever the exits do meanwhile."""

from decimal import Decimal

import pytest

from s1mpletrader.analysis import audit_store
from s1mpletrader.core.commands import AmendOrder, CancelOrder, SubmitOrders
from s1mpletrader.domain.ids import OrderId, TradeId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import ListKind, OrderType, Side
from s1mpletrader.domain.replies import Amended, Cancelled, CancelRejected

from .desk import NOON, Desk, accepted, filled


def protected(desk: Desk) -> tuple[TradeId, list[Order]]:
    """A trade of two with a stop and a target that cancel each other."""
    entry = desk.execute(algorithm="bracket", stop="9", target="12").intents[0].intent
    desk.reply(accepted(entry.order_id), filled(entry.order_id, 1))
    exits = live(desk)
    desk.reply(*(accepted(order.order_id) for order in exits))
    desk.sent.commands.clear()
    return entry.trade_id, live(desk)


def live(desk: Desk) -> list[Order]:
    return list(desk.ledger.orders(live=True))


def closing(desk: Desk) -> list[Order]:
    return [order for order in desk.ledger.orders() if order.details.type is OrderType.MARKET and order.details.side is Side.SELL]


def sold_at_most(desk: Desk) -> Decimal:
    """What would be sold if every live order that can fill did, one of each linked list."""
    lists: dict[str, Decimal] = {}
    for order in live(desk):
        lists[order.intent.list_id or order.order_id] = order.remaining_quantity
    return sum(lists.values(), Decimal(0))


def sound(desk: Desk) -> None:
    """All invariants but those that need a run's identity, which the desk does not write."""
    violations = audit_store([desk.ledger], desk.journal).violations
    assert [one for one in violations if "no run" not in one.sentence] == []


def amended(order: OrderId, quantity: str) -> Amended:
    return Amended(order_id=order, at=NOON + 5, quantity=Decimal(quantity))


def test_exits_shrink_before_the_part_is_sold() -> None:
    desk = Desk(AccountType.NETTING)
    trade, exits = protected(desk)
    desk.execute(close=trade, algorithm="close", part="0.5", number=1)
    asked = [command for command in desk.sent.commands if isinstance(command, AmendOrder)]
    assert {command.order.order_id: command.quantity for command in asked} == dict.fromkeys(
        [one.order_id for one in exits], Decimal("1.5")
    )
    assert closing(desk) == []
    desk.reply(amended(exits[0].order_id, "1.5"))
    assert closing(desk) == []
    desk.reply(amended(exits[1].order_id, "1.5"))
    (order,) = closing(desk)
    assert order.quantity == Decimal("0.5")
    assert sold_at_most(desk) == 2
    desk.reply(accepted(order.order_id), filled(order.order_id, 9, "0.5", side=Side.SELL))
    held = desk.book.trade(trade)
    assert held is not None
    assert held.quantity == Decimal("1.5")
    sound(desk)


def test_where_nothing_can_be_amended_exits_are_placed_anew_for_what_is_left() -> None:
    desk = Desk(AccountType.NETTING)
    desk.venue.amends = False
    trade, exits = protected(desk)
    desk.execute(close=trade, algorithm="close", part="0.5", number=1)
    assert [type(command) for command in desk.sent.commands] == [CancelOrder, CancelOrder]
    desk.sent.commands.clear()
    desk.reply(Cancelled(order_id=exits[0].order_id, at=NOON + 5))
    assert desk.sent.commands == []
    desk.reply(Cancelled(order_id=exits[1].order_id, at=NOON + 6))
    close, renewed = desk.sent.commands
    assert isinstance(close, SubmitOrders)
    assert [request.details.quantity for request in close.requests] == [Decimal("0.5")]
    assert isinstance(renewed, SubmitOrders)
    assert renewed.list_kind is ListKind.OCO
    terms = [(it.details.quantity, it.details.stop_price or it.details.price) for it in renewed.requests]
    assert terms == [(Decimal("1.5"), Decimal(9)), (Decimal("1.5"), Decimal(12))]
    assert sold_at_most(desk) == 2
    sound(desk)


def test_a_stop_that_fills_first_leaves_nothing_to_sell() -> None:
    desk = Desk(AccountType.NETTING)
    trade, (stop, target) = protected(desk)
    desk.execute(close=trade, algorithm="close", part="0.5", number=1)
    desk.reply(filled(stop.order_id, 5, side=Side.SELL), Cancelled(order_id=target.order_id, at=NOON + 6, reason="OCO"))
    desk.reply(CancelRejected(order_id=stop.order_id, reason="filled", at=NOON + 7))
    assert closing(desk) == []
    assert desk.book.trade(trade) is None
    sound(desk)


@pytest.mark.parametrize("part", ["2", "5"])
def test_a_part_that_is_all_of_it_is_a_whole_close(part: str) -> None:
    desk = Desk(AccountType.NETTING)
    trade, exits = protected(desk)
    desk.execute(close=trade, algorithm="close", part=part, number=1)
    assert {command.order.order_id for command in desk.sent.commands} == {one.order_id for one in exits}
    assert all(isinstance(command, CancelOrder) for command in desk.sent.commands)
    desk.reply(*(Cancelled(order_id=one.order_id, at=NOON + 5) for one in exits))
    (order,) = closing(desk)
    assert order.quantity == 2
    desk.reply(accepted(order.order_id), filled(order.order_id, 9, side=Side.SELL))
    assert desk.book.trade(trade) is None
    sound(desk)


def test_a_cancellation_that_is_refused_is_tried_again_and_then_given_up() -> None:
    desk = Desk(AccountType.NETTING)
    trade, (stop, target) = protected(desk)
    desk.execute(close=trade, algorithm="close", number=1)
    desk.reply(Cancelled(order_id=target.order_id, at=NOON + 5))
    attempts = 1
    while True:
        desk.reply(CancelRejected(order_id=stop.order_id, reason="busy", at=desk.now))
        if not desk.alarms:
            break
        at, rank, ring = desk.alarms.pop()
        assert (at - desk.now, rank) == (1_000_000_000, 4)
        desk.now = at
        ring()
        attempts += 1
    assert attempts == 11
    refused = [refusal.code for entry in desk.journal.entries("r") for refusal in desk.reasons_of(entry).refusals]
    assert refused == ["CANCEL_REFUSED"]
    assert closing(desk) == []
    sound(desk)
