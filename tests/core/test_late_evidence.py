"""When a person is told that a late fill, or an order that is live after all, is protected by nobody."""

import pytest
from msgspec.structs import replace

from s1mpletrader.core.batches import CLOSING_ALGORITHM
from s1mpletrader.core.book import Book
from s1mpletrader.core.late_evidence import late_warning
from s1mpletrader.domain.instrument import AccountType
from s1mpletrader.domain.opinion import Direction
from s1mpletrader.domain.order import Order
from s1mpletrader.domain.orders import ListKind, Side
from s1mpletrader.domain.reality import Fill, GroupOpened, LedgerChange, OrderIntended
from s1mpletrader.plugins.stores import MemoryLedger

from .samples import INSTRUMENT, SYMBOL, fill, group_id, intent, opening, order_id, trade_id

LATE = fill(1, "1.50")


def exit_(number: int, quantity: str, list_id: str | None = None, side: Side = Side.SELL) -> OrderIntended:
    """An order of the same trade, alone or in a list whose orders cancel each other."""
    kind = ListKind.NONE if list_id is None else ListKind.OCO
    return replace(intent(number, quantity, side, trade=1), group_id=group_id(2), list_id=list_id, list_kind=kind)


def told(
    *changes: LedgerChange, late: Fill | None = LATE, direction: Direction = Direction.LONG, entry: OrderIntended | None = None
) -> str | None:
    """What is said of order 1 of trade 1, whose algorithm is done, after these further changes and the late fill."""
    book = Book(AccountType.NETTING, "USDT", {SYMBOL: INSTRUMENT}, lambda: MemoryLedger("b", lasting=False))
    order: Order | None = None
    for change in (*opening(1, direction=direction), entry or intent(1), *changes, *([late] if late is not None else [])):
        book.apply(change)
        order = book.order(order_id(1))
    assert order is not None
    return late_warning(book, order, late)


def works(algorithm: str, number: int = 1) -> GroupOpened:
    """A group of the trade whose algorithm listens."""
    _, group = opening(1, done=False)
    assert isinstance(group, GroupOpened)
    return replace(group, group_id=group_id(number), algorithm=algorithm)


def bare(quantity: str, filled: str = "1.5") -> str:
    return f"{order_id(1)} filled {filled} after its end: {trade_id(1)} holds {quantity} of {SYMBOL} that nobody protects"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((), bare("1.5")),
        ((exit_(2, "0.5"),), bare("1")),
        ((exit_(2, "0.5"), exit_(3, "0.25")), bare("0.75")),
        ((exit_(2, "0.5", "oco"), exit_(3, "0.25", "oco")), bare("1")),
        ((exit_(3, "0.25", "oco"), exit_(2, "0.5", "oco")), bare("1")),
        ((exit_(2, "0.5", "one"), exit_(3, "0.25", "other")), bare("0.75")),
        ((exit_(2, "0.5", side=Side.BUY),), bare("1.5")),
        ((exit_(2, "1.499"),), bare("0.001")),
        ((exit_(2, "1.5"),), None),
        ((exit_(2, "2"),), None),
        ((exit_(2, "1.4995"),), None),
        ((works("single"),), None),
        ((works("single", 2),), bare("1.5")),
        ((works(CLOSING_ALGORITHM, 2),), None),
    ],
    ids=[
        "nothing protects it",
        "an exit covers a part",
        "two exits cover more",
        "of two that cancel each other the larger counts",
        "whichever came first",
        "two lists both count",
        "a further entry covers nothing",
        "a lot is left",
        "all is covered",
        "more than all is covered",
        "less than a lot is left",
        "its algorithm listens",
        "another one listens",
        "the trade is being closed",
    ],
)
def test_a_late_fill_is_told_as_far_as_nobody_protects_it(changes: tuple[LedgerChange, ...], words: str | None) -> None:
    assert told(*changes) == words


def test_what_a_short_trade_holds_is_told_without_a_sign() -> None:
    entry = intent(1, side=Side.SELL)
    late = replace(LATE, side=Side.SELL)
    assert told(direction=Direction.SHORT, entry=entry, late=late) == bare("1.5")
    covered = exit_(2, "1", side=Side.BUY)
    assert told(covered, direction=Direction.SHORT, entry=entry, late=late) == bare("0.5")


def test_an_entry_that_is_live_after_all_is_told_before_it_fills() -> None:
    words = f"{order_id(1)} of {trade_id(1)} is live after all, and nobody would protect what it fills in {SYMBOL}"
    assert told(late=None) == words
    assert told(works("single"), late=None) is None


def test_of_an_exit_and_of_a_trade_that_is_over_there_is_nothing_to_tell() -> None:
    assert told(direction=Direction.SHORT) is None
    book = Book(AccountType.NETTING, "USDT", {SYMBOL: INSTRUMENT}, lambda: MemoryLedger("b", lasting=False))
    for change in (*opening(1), intent(1)):
        book.apply(change)
    order = book.order(order_id(1))
    assert order is not None
    stranger = replace(order, intent=replace(order.intent, trade_id=trade_id(9)))
    assert late_warning(book, stranger, fill(1, "1")) is None
