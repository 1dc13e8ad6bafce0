"""The local book is the venue's, or says that it is not."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from s1mpletrader.plugins.binance.market_messages import DepthAnswer, DepthEvent, Levels
from s1mpletrader.plugins.binance.order_book import LocalBook

Side = dict[Decimal, Decimal]


def levels(side: Side) -> Levels:
    return tuple(side.items())


prices = st.integers(1, 6).map(Decimal)
quantities = st.integers(0, 3).map(Decimal)
changes = st.dictionaries(prices, quantities, max_size=3)
steps = st.tuples(changes, changes, st.integers(1, 3))


def applied(side: Side, change: Side) -> Side:
    return {price: quantity for price, quantity in (side | change).items() if quantity}


@given(st.lists(steps, min_size=1, max_size=20), st.data())
def test_a_synchronised_book_is_never_wrong_whatever_is_lost_or_repeated(
    story: list[tuple[Side, Side, int]], data: st.DataObject
) -> None:
    """The venue's history is known; what is heard of it is any part of it, with snapshots taken at any time."""
    bids: Side = {}
    asks: Side = {}
    update_id, history, states = 10, [], {10: (bids, asks)}
    for bid_change, ask_change, length in story:
        bids, asks = applied(bids, bid_change), applied(asks, ask_change)
        history.append(DepthEvent(update_id + 1, update_id + length, levels(bid_change), levels(ask_change)))
        update_id += length
        states[update_id] = (bids, asks)
    book = LocalBook()
    for event in history:
        for heard in [event] * data.draw(st.integers(0, 2)):
            book.change(heard)
        if not book.synchronised and data.draw(st.booleans()):
            at = data.draw(st.sampled_from([known for known in states if known <= update_id]))
            book.load(DepthAnswer(at, levels(states[at][0]), levels(states[at][1])))
        if book.synchronised:
            view = book.view(100)
            assert view.update_id in states
            assert (dict(view.bids), dict(view.asks)) == states[view.update_id]
            assert list(view.bids) == sorted(view.bids, reverse=True)
            assert list(view.asks) == sorted(view.asks)


def test_a_gap_makes_the_book_wait_for_another_snapshot() -> None:
    book = LocalBook()
    assert book.load(DepthAnswer(10, ((Decimal(1), Decimal(1)),), ()))
    assert not book.change(DepthEvent(12, 13, (), ()))
    assert not book.synchronised
    assert not book.load(DepthAnswer(10, (), ())), "it is older than what was heard"
    assert book.load(DepthAnswer(11, (), ()))
    assert book.view(5).update_id == 13
