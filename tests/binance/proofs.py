"""What the local exchange's log and books prove of a connector."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from s1mpletrader.api import Accepted, Cancelled, Expired, Filled, Replaced
from s1mpletrader.exchange import Request
from s1mpletrader.exchange.orders import Status
from tests.binance.local_world import FOREIGN, NOT_ITS_ORDERS, SUBMISSIONS, LocalWorld

DEFINITE: Final = frozenset({-1013, -1021, -2010, -2015, -2022, -2021})
"""Refusals of the local exchange that prove that an order was not placed."""


def check_nothing_was_submitted_twice(world: LocalWorld) -> None:
    """Every intent has at most one order at the venue, and was sent again only after the venue had said that it was not placed.

    Counted by the exchange: by its log of requests, and by its books.
    """
    routes = {*SUBMISSIONS, *SUBMISSIONS.values()}
    sent: defaultdict[str, list[Request]] = defaultdict(list)
    for entry in world.exchange.log.requests:
        if entry.route in routes:
            for name, value in entry.params.items():
                if name.endswith("ClientOrderId") and name not in NOT_ITS_ORDERS:
                    sent[value].append(entry)
    for client_order_id, entries in sent.items():
        doubtful = [entry for entry in entries[:-1] if not _proves_that_nothing_was_placed(entry)]
        assert not doubtful, f"{client_order_id} was sent again after {doubtful}"
    placed = Counter(order.client_order_id for order in world.account.records.orders("BTCUSDT", world.clock.now()))
    twice = [client_order_id for client_order_id, count in placed.items() if count > 1]
    assert not twice, f"{twice} stands twice in the books"
    unsent = placed.keys() - sent.keys() - {FOREIGN}
    assert not unsent, f"{unsent} was placed by nobody"


def _proves_that_nothing_was_placed(entry: Request) -> bool:
    """Whether who sent it was answered, and by a refusal of the order."""
    if entry.status in (418, 429):
        return True
    was_told = entry.fault not in {"drop", "delay", "error", "html", "rewrite"}
    return was_told and entry.status is not None and 400 <= entry.status < 500 and entry.code in DEFINITE


def check_everything_was_told(world: LocalWorld, outcomes: Sequence[object]) -> None:
    """With everything settled, what has become of each order is known without asking: by its outcome, or by a reply."""
    told: defaultdict[str, set[type]] = defaultdict(set)
    for reply in (*outcomes, *world.told):
        if isinstance(reply, Accepted | Cancelled | Replaced | Expired):
            told[reply.order_id].add(type(reply))
    for order in world.account.records.orders("BTCUSDT", world.clock.now()):
        if order.client_order_id != FOREIGN:
            heard = told[order.client_order_id]
            assert Accepted in heard, f"{order.client_order_id} rests, and nothing was told"
            assert (order.status is Status.CANCELED) == (heard != {Accepted}), f"{order.client_order_id}: {order.status}, {heard}"
    fills = {fill.venue_trade_id for fill in world.told if isinstance(fill, Filled)}
    assert fills == {str(trade.trade_id) for trade in world.account.records.trades}


def check_nothing_was_told_twice(world: LocalWorld) -> None:
    """What was told of fills happened; and no fill, no acceptance and no end of an order was told twice."""
    fills = [(fill.venue_trade_id, fill.price, fill.quantity) for fill in world.told if isinstance(fill, Filled)]
    happened = {(str(trade.trade_id), trade.price, trade.quantity) for trade in world.account.records.trades}
    assert set(fills) <= happened
    assert len(set(fills)) == len(fills)
    once = Counter((reply.order_id, type(reply)) for reply in world.told if isinstance(reply, Accepted | Cancelled | Expired))
    twice = [told for told, count in once.items() if count > 1]
    assert not twice, f"{twice} was told twice: {world.told}"
