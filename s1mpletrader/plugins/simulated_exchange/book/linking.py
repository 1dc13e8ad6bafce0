"""How the orders of one submission hang together."""

from collections.abc import Sequence
from typing import Final

from s1mpletrader.api import ListKind, OrderRequest, UnsupportedOrder
from s1mpletrader.plugins.simulated_exchange.book.order import Hold, VenueOrder

_SIZE_MIN: Final = {ListKind.OCO: 2, ListKind.OTO: 2, ListKind.OTOCO: 3}


def check_shape(requests: Sequence[OrderRequest], kind: ListKind) -> None:
    """Raise ``UnsupportedOrder`` for a list with too few orders, or of more than one symbol."""
    if len(requests) < _SIZE_MIN[kind]:
        raise UnsupportedOrder(f"a list of kind {kind} has at least {_SIZE_MIN[kind]} orders, found {len(requests)}")
    symbols = sorted({request.details.symbol for request in requests})
    if len(symbols) > 1:
        raise UnsupportedOrder(f"a list has orders of one symbol, found {', '.join(symbols)}")


def link(orders: Sequence[VenueOrder], kind: ListKind) -> Sequence[VenueOrder]:
    """Link the orders of a list; the ones that are active from the beginning."""
    if kind in (ListKind.OTO, ListKind.OTOCO):
        first, followers = orders[0], orders[1:]
        first.followers = tuple(followers)
        for order in followers:
            order.pending, order.leader = True, first
        if kind is ListKind.OTOCO:
            _make_rivals(followers)
        return orders[:1]
    if kind is ListKind.OCO:
        _make_rivals(orders)
    return orders


def take_place(old: VenueOrder, new: VenueOrder) -> None:
    """Let a replacement stand in all the links of the order that it replaces."""
    new.rivals, new.followers, new.pending = old.rivals, old.followers, old.pending
    for rival in new.rivals:
        rival.rivals = tuple(new if order is old else order for order in rival.rivals)
    for follower in new.followers:
        follower.leader = new
    if old.hold is not None:
        new.hold = old.hold
        new.hold.orders = [new if order is old else order for order in old.hold.orders]
    old.rivals, old.followers, old.hold = (), (), None
    leader = new.leader = old.leader
    if leader is not None:
        leader.followers = tuple(new if order is old else order for order in leader.followers)


def _make_rivals(orders: Sequence[VenueOrder]) -> None:
    hold = Hold(list(orders))
    for order in orders:
        order.rivals = tuple(other for other in orders if other is not order)
        order.hold = hold
