"""The bracket: what its contract does not tell."""

from decimal import Decimal

from msgspec.structs import replace

from s1mpletrader.api import GroupId, IdKind, OrderEventKind, OrderId, order_from_intent
from s1mpletrader.contracts.execution_desk import Desk, Task
from s1mpletrader.contracts.samples import Samples
from s1mpletrader.plugins.algorithms.bracket import Bracket


def begun() -> Desk:
    desk = Desk(Bracket, Task(quantity=Decimal("0.5"), price=Decimal("38500.0"), stop_price=Decimal("38000.0")))
    desk.begin()
    return desk


def test_fills_too_small_for_an_exit_are_protected_together() -> None:
    desk = begun()
    desk.fill(desk.live[0], Decimal("0.001"), fee=Decimal("0.0000015"))
    assert desk.exits == []
    desk.fill(desk.live[0], Decimal("0.001"))
    assert [str(order.quantity) for order in desk.exits] == ["0.001"]
    desk.fill(desk.entries[0])
    assert [str(order.quantity) for order in desk.exits] == ["0.001", "0.498"]


def test_an_entry_that_fills_less_than_an_exit_could_be_comes_to_an_end() -> None:
    desk = begun()
    desk.fill(desk.live[0], Decimal("0.001"), fee=Decimal("0.0000015"))
    desk.change(desk.live[0], OrderEventKind.CANCELLED)
    assert desk.last.done


def test_an_order_in_the_place_of_the_entry_is_protected() -> None:
    desk = begun()
    entry, ids = desk.live[0], Samples("heir")
    intent = replace(
        entry.intent,
        order_id=OrderId(ids.id(IdKind.ORDER)),
        group_id=GroupId(ids.id(IdKind.GROUP)),
        replaces=entry.order_id,
    )
    desk.orders[intent.order_id] = order_from_intent(intent)
    desk.change(entry, OrderEventKind.REPLACED)
    assert not desk.last.done
    desk.fill(desk.orders[intent.order_id])
    assert [str(order.quantity) for order in desk.exits] == ["0.500"]
    desk.fill(desk.exits[0])
    assert desk.last.done
