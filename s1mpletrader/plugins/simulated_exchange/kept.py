"""A venue that is kept in a file, and goes on where it was when the file is opened again."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from s1mpletrader.api import Candle, Instant, ListKind, OrderRequest, VenueReply
from s1mpletrader.plugins.simulated_exchange.accounts import Account
from s1mpletrader.plugins.simulated_exchange.book.order import VenueOrder
from s1mpletrader.plugins.simulated_exchange.execution import Execution
from s1mpletrader.plugins.simulated_exchange.venue import Venue
from s1mpletrader.plugins.simulated_exchange.world import (
    AmendCame,
    Began,
    CancelCame,
    CandleCame,
    PathKnown,
    Record,
    ReplaceCame,
    Submitted,
    Told,
    WorldFile,
)


class KeptVenue:
    """As the venue; what changes it is written to the world's file before the venue acts on it, or raises ``Unavailable``."""

    def __init__(self, venue: Venue, world: WorldFile) -> None:
        self._venue = venue
        self._world = world
        self._heard_count = 0
        self.account: Account = venue.account
        self.execution: Execution = venue.execution

    def resume(self, records: Iterable[Record], now: Instant) -> set[str]:
        """Tell the venue again what it was told; the client ids of all that was ever submitted.

        Replies that were not heard to the end are told once more, as known now.
        """
        submitted: set[str] = set()
        for record in records:
            submitted.update(self._tell_again(record.told, record.at))
            while self._heard_count < record.heard:
                self.pop()
        self.execution.tell_from(now)
        return submitted

    def close(self) -> None:
        """Let the file go."""
        self._world.close()

    def next_at(self) -> Instant | None:
        """When the next reply will be known; None where nothing is pending."""
        return self._venue.next_at()

    def pop(self) -> VenueReply:
        """The next reply; ``LookupError`` where nothing is pending."""
        reply = self._venue.pop()
        self._heard_count += 1
        return reply

    def settle(self, at: Instant) -> Instant:
        """Let everything happen until an instant."""
        return self._venue.settle(at)

    def order(self, client_order_id: str) -> VenueOrder | None:
        """An order that was taken once."""
        return self._venue.order(client_order_id)

    def live_orders(self) -> list[VenueOrder]:
        """All live orders, oldest first."""
        return self._venue.live_orders()

    def submit(self, requests: Sequence[OrderRequest], kind: ListKind, at: Instant) -> list[VenueOrder | str]:
        """Place orders."""
        self._write(Submitted(orders=tuple(requests), list_kind=kind), at)
        return self._venue.submit(requests, kind, at)

    def cancel(self, client_order_id: str, at: Instant) -> str | None:
        """End an order."""
        self._write(CancelCame(client_order_id=client_order_id), at)
        return self._venue.cancel(client_order_id, at)

    def amend(self, client_order_id: str, quantity: Decimal, price: Decimal | None, at: Instant) -> str | None:
        """Change an order."""
        self._write(AmendCame(client_order_id=client_order_id, quantity=quantity, price=price), at)
        return self._venue.amend(client_order_id, quantity, price, at)

    def replace(self, client_order_id: str, request: OrderRequest, at: Instant) -> tuple[str | None, VenueOrder | str]:
        """End an order and place another in its stead."""
        self._write(ReplaceCame(client_order_id=client_order_id, order=request), at)
        return self._venue.replace(client_order_id, request, at)

    def extend(self, candle: Candle, at: Instant) -> None:
        """Go on along a symbol's path by a candle."""
        self._write(CandleCame(candle=candle), at)
        self._venue.extend(candle, at)

    def _write(self, told: Told, at: Instant) -> None:
        # Who asked for a reply has dealt with all before it; whether also with this one is not known.
        self._world.write(told, at, max(self._heard_count - 1, 0))

    def _tell_again(self, told: Told, at: Instant) -> Iterable[str]:
        """Let the venue act on a record; the client ids that were submitted by it."""
        match told:
            case Submitted():
                self._venue.submit(told.orders, told.list_kind, at)
                return [order.client_order_id for order in told.orders]
            case ReplaceCame():
                self._venue.replace(told.client_order_id, told.order, at)
                return [told.order.client_order_id]
            case CancelCame():
                self._venue.cancel(told.client_order_id, at)
            case AmendCame():
                self._venue.amend(told.client_order_id, told.quantity, told.price, at)
            case CandleCame():
                self._venue.extend(told.candle, at)
            case Began() | PathKnown():
                pass
        return ()
