"""The book: the ledger's changes folded into what is live."""

from decimal import Decimal
from itertools import pairwise

import pytest

from s1mpletrader.core.book import Book
from s1mpletrader.core.live_trades import LiveGroup
from s1mpletrader.domain.account import OpenTrade
from s1mpletrader.domain.errors import UnknownId
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import OrderEventKind, OrderState, Side
from s1mpletrader.domain.reality import ExternalFill, FundsKind, FundsMoved, GroupAdvanced, LedgerChange
from s1mpletrader.plugins.stores import MemoryLedger

from .samples import INSTRUMENT, SYMBOL, event, fill, group_id, intent, opening, order_id, trade_id

OPENING = FundsMoved(strategy="s", asset="USDT", amount=Decimal(100), kind=FundsKind.OPENING, at=0)


class Shelf:
    """A book beside the ledger that it falls back on."""

    def __init__(self, account_type: AccountType = AccountType.SPOT) -> None:
        self.ledger = MemoryLedger("b", lasting=False)
        self.book = Book(account_type, "USDT", {SYMBOL: INSTRUMENT}, lambda: self.ledger)

    def write(self, *changes: LedgerChange) -> None:
        """As in a flow: first in the book, then in the ledger."""
        for change in changes:
            self.book.apply(change)
        with self.ledger.begin() as tx:
            self.ledger.write(tx, changes)


def test_an_empty_account_has_nothing() -> None:
    view = Shelf().book.view("s")
    assert (view.cash, view.position(SYMBOL), view.open_orders, view.open_trades) == (Decimal(0), Decimal(0), (), ())


def test_a_spot_buy_moves_cash_to_coins_and_pays_its_fee() -> None:
    shelf = Shelf()
    shelf.write(OPENING, *opening(1), intent(1), fill(1, "2", "10", fee="0.02"))
    view = shelf.book.view("s")
    assert dict(view.balances) == {"USDT": Decimal("79.98"), "BTC": Decimal(2)}
    assert view.position(SYMBOL) == Decimal(2)
    assert view.positions[SYMBOL].average_price == Decimal(10)
    assert view.equity({SYMBOL: Decimal(11)}) == Decimal("101.98")


def test_a_fee_in_coins_leaves_less_to_sell() -> None:
    shelf = Shelf()
    shelf.write(OPENING, *opening(1), intent(1), fill(1, "2", "10", fee="0.002", fee_currency="BTC"))
    view = shelf.book.view("s")
    assert view.position(SYMBOL) == view.balances["BTC"] == Decimal("1.998")
    trade = view.open_trade(SYMBOL)
    assert trade is not None
    assert trade.quantity == Decimal("1.998")


def test_a_netting_account_has_a_position_and_no_coins() -> None:
    shelf = Shelf(AccountType.NETTING)
    shelf.write(OPENING, *opening(1), intent(1, side=Side.SELL), fill(1, "2", "10", side=Side.SELL))
    view = shelf.book.view("s")
    assert dict(view.balances) == {"USDT": Decimal(120)}
    assert view.position(SYMBOL) == Decimal(-2)
    assert view.equity({SYMBOL: Decimal(9)}) == Decimal(102)


def test_a_trade_that_is_flat_again_leaves_with_its_result_in_cash() -> None:
    shelf = Shelf()
    shelf.write(OPENING, *opening(1), intent(1), fill(1, "2", "10"))
    shelf.write(intent(2, side=Side.SELL, trade=1), fill(2, "2", "12", side=Side.SELL))
    view = shelf.book.view("s")
    assert view.cash == Decimal(104)
    assert view.open_trades == ()
    assert view.positions[SYMBOL].cost == Decimal(0)
    assert shelf.book.trade(trade_id(1)) is None


def test_less_than_a_lot_does_not_keep_a_trade_open() -> None:
    shelf = Shelf()
    shelf.write(OPENING, *opening(1), intent(1), fill(1, "2", "10", fee="0.0005", fee_currency="BTC"))
    shelf.write(intent(2, "1.999", side=Side.SELL, trade=1), fill(2, "1.999", "12", side=Side.SELL))
    assert shelf.book.view("s").open_trades == ()
    assert shelf.book.view("s").position(SYMBOL) == Decimal("0.0005")
    assert shelf.book.view("s").positions[SYMBOL].average_price == Decimal(12), "what is left has not cost the trade's loss"


def test_a_whole_lot_does() -> None:
    shelf = Shelf()
    shelf.write(OPENING, *opening(1), intent(1), fill(1, "2", "10"))
    shelf.write(intent(2, "1.999", side=Side.SELL, trade=1), fill(2, "1.999", "12", side=Side.SELL))
    (trade,) = shelf.book.view("s").open_trades
    assert trade.quantity == Decimal("0.001")


def test_a_live_order_counts_as_exposure_also_when_its_outcome_is_unknown() -> None:
    shelf = Shelf()
    shelf.write(*opening(1), intent(1), event(1, OrderEventKind.UNKNOWN))
    view = shelf.book.view("s")
    assert [order.state for order in view.open_orders] == [OrderState.UNKNOWN]
    assert view.exposure(SYMBOL) == Decimal(2)
    assert view.exposure("other") == Decimal(0)


def test_exposure_counts_what_is_left_of_a_sell_against_the_position() -> None:
    shelf = Shelf()
    shelf.write(*opening(1), intent(1), fill(1, "2"))
    shelf.write(intent(2, side=Side.SELL, trade=1), fill(2, "0.5", side=Side.SELL))
    assert shelf.book.view("s").exposure(SYMBOL) == Decimal(0)


def test_an_order_that_has_ended_is_found_in_the_ledger() -> None:
    shelf = Shelf()
    shelf.write(*opening(1), intent(1), event(1, OrderEventKind.REJECTED))
    assert list(shelf.book.live_orders()) == []
    found = shelf.book.order(order_id(1))
    assert found is not None
    assert found.state is OrderState.REJECTED
    assert shelf.book.order(order_id(9)) is None
    assert shelf.book.view("s").open_trades == ()


def test_a_late_fill_revives_the_trade_of_an_ended_order() -> None:
    shelf = Shelf()
    shelf.write(OPENING, *opening(1), intent(1), event(1, OrderEventKind.CANCELLED))
    shelf.write(fill(1, "1"))
    view = shelf.book.view("s")
    assert view.position(SYMBOL) == Decimal(1)
    assert [trade.quantity for trade in view.open_trades] == [Decimal(1)]


def test_a_fill_counts_once() -> None:
    shelf = Shelf()
    shelf.write(OPENING, *opening(1), intent(1), fill(1, "1"))
    shelf.book.apply(fill(1, "1"))
    assert shelf.book.view("s").position(SYMBOL) == Decimal(1)


def test_a_listening_group_keeps_its_trade_and_a_done_one_lets_it_go() -> None:
    shelf = Shelf()
    shelf.write(*opening(1, done=False), intent(1), event(1, OrderEventKind.REJECTED))
    assert [group.opened.group_id for group in shelf.book.live_groups()] == [group_id(1)]
    shelf.write(GroupAdvanced(group_id=group_id(1), ordinal=1, at=1, state=b"x", wake_at=7))
    (group,) = shelf.book.live_groups()
    assert (group.state, group.wake_at, group.advance_count) == (b"x", 7, 1)
    shelf.write(GroupAdvanced(group_id=group_id(1), ordinal=2, at=2, done=True))
    assert list(shelf.book.live_groups()) == []
    assert shelf.book.trade(trade_id(1)) is None


def test_a_view_is_a_value_of_its_revision() -> None:
    shelf = Shelf()
    shelf.write(OPENING)
    before = shelf.book.view("s")
    assert shelf.book.view("s") is before
    shelf.write(*opening(1), intent(1), fill(1))
    after = shelf.book.view("s")
    assert before.cash == Decimal(100)
    assert after.revision > before.revision


def test_what_one_strategy_does_leaves_another_alone() -> None:
    shelf = Shelf()
    other = shelf.book.view("t")
    shelf.write(OPENING, *opening(1), intent(1), fill(1))
    assert shelf.book.view("t") is other


def test_a_foreign_fill_moves_nothing_of_ours() -> None:
    shelf = Shelf()
    shelf.write(OPENING)
    booked = fill(9)
    foreign = ExternalFill(
        fill_id=booked.fill_id,
        client_order_id=None,
        exchange_order_id="E",
        venue="v",
        account="a",
        symbol=SYMBOL,
        venue_trade_id="9",
        side=Side.BUY,
        price=Decimal(10),
        quantity=Decimal(1),
        fee=Decimal(0),
        fee_currency="USDT",
        liquidity=booked.liquidity,
        venue_at=0,
        at=0,
    )
    shelf.write(foreign)
    assert shelf.book.view("s").cash == Decimal(100)


def test_an_event_of_an_order_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownId):
        Shelf().book.apply(event(1, OrderEventKind.ACCEPTED))


def plans_a_half(group: LiveGroup, orders: tuple[Order, ...]) -> Decimal:
    return Decimal("0.5") * len(orders)


@pytest.mark.parametrize(("direction", "sign"), [(Direction.LONG, 1), (Direction.SHORT, -1)])
def test_a_view_tells_an_open_trade_whole(direction: Direction, sign: int) -> None:
    ledger = MemoryLedger("b", lasting=False)
    book = Book(AccountType.NETTING, "USDT", {SYMBOL: INSTRUMENT}, lambda: ledger, plans_a_half)
    side = Side.BUY if sign > 0 else Side.SELL
    for change in (*opening(1, done=False, direction=direction), intent(1, side=side), fill(1, "0.5", side=side)):
        book.apply(change)
    (trade,) = book.view("s").open_trades
    assert trade == OpenTrade(
        trade_id=trade_id(1),
        symbol=SYMBOL,
        direction=direction,
        quantity=sign * Decimal("0.5"),
        algorithms=("single",),
        planned_quantity=sign * Decimal("0.5"),
    )


def test_costs_add_up_and_less_than_a_lot_costs_what_the_last_fill_says() -> None:
    shelf = Shelf(AccountType.NETTING)
    shelf.write(*opening(1), intent(1, "9"), fill(1, "2", "10"), fill(1, "1", "13", trade_number=2))
    assert shelf.book.view("s").positions[SYMBOL].cost == Decimal(33)
    shelf.write(intent(2, "9", Side.SELL, trade=1), fill(2, "2.999", "12", side=Side.SELL, trade_number=3))
    held = shelf.book.view("s").positions[SYMBOL]
    assert (held.quantity, held.cost) == (Decimal("0.001"), Decimal("-2.988")), "a lot is held at its own cost"
    shelf.write(fill(2, "0.0005", "11", side=Side.SELL, trade_number=4))
    held = shelf.book.view("s").positions[SYMBOL]
    assert (held.quantity, held.cost) == (Decimal("0.0005"), Decimal("0.0055"))


def test_whatever_changes_what_a_view_tells_is_a_new_revision() -> None:
    shelf = Shelf()
    opened, group = opening(1, done=False)
    revisions = []
    advanced = GroupAdvanced(group_id=group_id(1), ordinal=1, at=1, state=b"", wake_at=None, done=True)
    for change in (OPENING, opened, group, intent(1), event(1, OrderEventKind.ACCEPTED), fill(1, "1"), advanced):
        shelf.book.apply(change)
        revisions.append(shelf.book.view("s").revision)
    assert all(later > earlier for earlier, later in pairwise(revisions)), revisions
