"""What an algorithm has not placed yet of an entry in slices counts as held, from the first slice to the last."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from s1mpletrader.analysis import audit_store
from s1mpletrader.api import Direction, Fill, GroupAdvanced, GroupOpened, OpenTrade, OrderChanged, OrderIntended, Scope, Side
from s1mpletrader.core.book import Book
from s1mpletrader.core.planned import planned_by
from s1mpletrader.plugins.planners.gates import PositionLimit, PositionLimitConfig
from tests.planners.making import BTC, ETH, LONG, SHORT, Account, make_directive, make_provision
from tests.running import MEMORY, finished

from .making import code, execution
from .test_runs import refused, strategy

SYMBOL = "BTC/USDT"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_fold_of_the_ledger_knows_at_every_point_what_is_still_to_be_placed(sign: int) -> None:
    direction = LONG if sign > 0 else SHORT
    netting = ("account.type=netting", f'planner.directions=["{direction}"]')
    done = finished("twap.toml", *MEMORY, "data.candles=2500", *netting)
    instruments, algorithms = done.container.instruments(), done.container.algorithms()
    book = Book(done.container.book()._account_type, "USDT", instruments, lambda: done.ledger, planned_by(algorithms))
    is_working, seen = False, set()
    for change in done.changes:
        book.apply(change)
        if isinstance(change, GroupOpened | GroupAdvanced):
            is_working = any(group.opened.algorithm == "twap" for group in book.live_groups())
        view = book.view("twap")
        # A fill and what the algorithm makes of it are one step.
        if is_working and isinstance(change, OrderIntended | OrderChanged | GroupAdvanced):
            (trade,) = view.open_trades
            live = sum((order.remaining_quantity * order.details.side.sign for order in view.open_orders), Decimal(0))
            assert (view.exposure(SYMBOL), trade.planned_quantity) == (Decimal(6 * sign), 6 * sign - trade.quantity - live)
            seen.add(view.planned(SYMBOL))
        if not is_working:
            assert view.planned(SYMBOL) == 0
    assert seen == {sign * Decimal(number) for number in range(6)}
    assert done.container.book().view("twap").planned(SYMBOL) == 0


GATE = '[[gate]]\nplugin = "position_limit"\nquantity_max = 0.03'
TWAP = ("execution.plugin=twap", "execution.duration=36h", "execution.slices=12")


def test_a_run_adds_nothing_that_slices_to_come_leave_no_room_for(tmp_path: Path) -> None:
    done = finished(strategy(tmp_path, GATE, example="dca.toml"), *MEMORY, "data.candles=3000", *TWAP)
    found = [refusal for _, refusal in refused(done)]
    assert {refusal.directive.scope for refusal in found if refusal.directive} == {Scope.MODIFY_EXISTING}
    assert audit_store([done.ledger], done.journal).violations == ()
    held = Decimal(0)
    for change in done.changes:
        if isinstance(change, Fill):
            held += change.quantity
    assert 0 < held <= Decimal("0.03")


def sliced(account: Account, direction: Direction, planned: str, symbol: str = BTC) -> OpenTrade:
    quantity = Decimal(planned) if direction is LONG else -Decimal(planned)
    trade_id = account.begin(direction, symbol).trade_id
    return OpenTrade(trade_id=trade_id, symbol=symbol, direction=direction, quantity=Decimal(0), planned_quantity=quantity)


ROOM: list[tuple[Direction, str, Direction, str, str | None]] = [
    (LONG, BTC, LONG, "1", None),
    (LONG, BTC, LONG, "1.01", "POSITION_LIMIT"),
    (SHORT, BTC, SHORT, "1", None),
    (SHORT, BTC, SHORT, "1.01", "POSITION_LIMIT"),
    (LONG, BTC, SHORT, "2", None),
    (SHORT, BTC, LONG, "2", None),
    (LONG, ETH, LONG, "2", None),
]


@pytest.mark.parametrize(("planned", "symbol", "wanted", "quantity", "expected"), ROOM)
def test_slices_take_room_in_their_own_direction(
    planned: Direction, symbol: str, wanted: Direction, quantity: str, expected: str | None
) -> None:
    account = Account()
    trade = sliced(account, planned, "1", symbol)
    situation = account.situation()
    situation = replace(situation, view=replace(situation.view, open_trades=(trade,)))
    gate = PositionLimit(PositionLimitConfig(quantity_max=Decimal(2)), make_provision())
    assert code(gate, execution(make_directive(wanted), quantity), situation) == expected
    assert situation.view.exposure(symbol) == trade.planned_quantity


def test_an_order_that_leads_out_of_a_sliced_trade_takes_none_of_its_room() -> None:
    account = Account()
    trade = account.enter(quantity="1")
    account.order(trade, Side.SELL, price="120.0")
    assert account.situation().view.planned(BTC) == 0
