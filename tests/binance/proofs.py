"""What the local exchange's log and books prove of a connector."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from s1mpletrader.api import Accepted, Cancelled, Expired, Filled, Replaced
from s1mpletrader.exchange.orders import Status
from tests.binance.local_world import FOREIGN, LocalWorld
from tests.exchange.submissions import sent_by_id, sent_in_doubt


def check_nothing_was_submitted_twice(world: LocalWorld) -> None:
    """Every intent has at most one order at the venue, and was sent again only after the venue had said that it was not placed.

    Counted by the exchange: by its log of requests, and by its books.
    """
    doubtful = sent_in_doubt(world.exchange.log.requests)
    assert not doubtful, f"{sorted(doubtful)} was sent again in doubt: {doubtful}"
    placed = Counter(order.client_order_id for order in world.account.records.orders("BTCUSDT", world.clock.now()))
    twice = [client_order_id for client_order_id, count in placed.items() if count > 1]
    assert not twice, f"{twice} stands twice in the books"
    unsent = placed.keys() - sent_by_id(world.exchange.log.requests).keys() - {FOREIGN}
    assert not unsent, f"{unsent} was placed by nobody"


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
