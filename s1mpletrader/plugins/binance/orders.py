"""The orders that this connector knows: which are ours, and what has been told of those that live."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from s1mpletrader.api import (
    HOUR_NS,
    ZERO,
    Accepted,
    AlreadySubmitted,
    ExchangeReply,
    IdKind,
    Instant,
    OrderId,
    OrderRequest,
    id_kind,
)
from s1mpletrader.plugins.binance.recent import Recent

_REMEMBERED_MAX: Final = 100_000
_UNSEEN_NS_MAX: Final = HOUR_NS
"""How long an order that the venue has never shown is looked for."""


@dataclass(slots=True, kw_only=True)
class Tracked:
    """A live order of ours, and what has been told of it."""

    order_id: OrderId
    client_order_id: str
    symbol: str
    since: Instant
    exchange_order_id: str | None = None
    in_flight: bool = False
    """Whether its submission has not been answered yet: the answer will tell what the stream may tell before."""
    acknowledged: bool = False
    quantity: Decimal | None = None
    """Its size, as far as it has been told."""
    seen: Accepted | None = None
    """What the stream said of its acceptance while it was in flight."""
    filled: Decimal = ZERO
    ended: bool = False
    """Whether its end has been told, though not yet every fill."""
    held: list[ExchangeReply] | None = field(default=None)
    """Its end, kept back while a replacement is in flight that may say better what it was."""


class Orders:
    """Keeps apart what is ours and what is not, also after a restart, by what the ledger knows."""

    def __init__(self, is_submitted: Callable[[OrderId], bool]) -> None:
        self._is_submitted = is_submitted
        self._claimed: Recent[str, None] = Recent(_REMEMBERED_MAX)
        self._own: Recent[str, OrderId] = Recent(_REMEMBERED_MAX)
        self._client_ids: Recent[tuple[str, str], str] = Recent(_REMEMBERED_MAX)
        self._finished: Recent[str, None] = Recent(_REMEMBERED_MAX)
        self._live: dict[str, Tracked] = {}

    def claim(self, requests: Sequence[OrderRequest], now: Instant) -> list[Tracked]:
        """Take these ids for a submission; ``AlreadySubmitted``, and none taken, where one has been submitted before."""
        ids = [request.client_order_id for request in requests]
        for request in requests:
            known = request.client_order_id in self._claimed or ids.count(request.client_order_id) > 1
            if known or self._is_submitted(request.order_id):
                raise AlreadySubmitted(f"{request.order_id} has been submitted before")
        for request in requests:
            self._claimed.put(request.client_order_id, None)
            self._own.put(request.client_order_id, request.order_id)
        return [self._begin(request, now) for request in requests]

    def release(self, requests: Sequence[OrderRequest]) -> None:
        """Give the ids back: nothing was sent."""
        for request in requests:
            self._claimed.drop(request.client_order_id)
            self._live.pop(request.client_order_id, None)

    def own(self, client_order_id: str) -> OrderId | None:
        """Our id of an order; None for one that is not ours."""
        found = self._own.get(client_order_id)
        if found is None and _is_order_id(client_order_id) and self._is_submitted(OrderId(client_order_id)):
            found = OrderId(client_order_id)
            self._own.put(client_order_id, found)
        return found

    def adopt(self, client_order_id: str, order_id: OrderId) -> None:
        """Take an order for ours because the framework speaks of it as such."""
        if client_order_id not in self._own:
            self._own.put(client_order_id, order_id)

    def link(self, symbol: str, exchange_order_id: str, client_order_id: str) -> None:
        """Remember which order the venue's id means: its trades name nothing else."""
        self._client_ids.put((symbol, exchange_order_id), client_order_id)
        tracked = self._live.get(client_order_id)
        if tracked is not None:
            tracked.exchange_order_id = exchange_order_id

    def client_id(self, symbol: str, exchange_order_id: str) -> str | None:
        """The client id of an order, where it is known."""
        return self._client_ids.get((symbol, exchange_order_id))

    def tracked(self, client_order_id: str) -> Tracked | None:
        """A live order."""
        return self._live.get(client_order_id)

    def follow(
        self, client_order_id: str, order_id: OrderId, symbol: str, quantity: Decimal, filled: Decimal, now: Instant
    ) -> Tracked:
        """Track an order of this size that the venue shows, of which so much had been filled before."""
        found = self._live.get(client_order_id)
        if found is None:
            found = Tracked(
                order_id=order_id,
                client_order_id=client_order_id,
                symbol=symbol,
                since=now,
                acknowledged=True,
                quantity=quantity,
                filled=filled,
            )
            self._live[client_order_id] = found
        return found

    def end(self, client_order_id: str) -> None:
        """Track an order no longer."""
        self._live.pop(client_order_id, None)

    def finish(self, client_order_id: str) -> None:
        """Track an order no longer whose end the venue has shown, and that has been told with all its fills."""
        self.end(client_order_id)
        self._finished.put(client_order_id, None)

    def is_finished(self, client_order_id: str) -> bool:
        """Whether nothing is left to be told of an order. What comes late of it, or again, is no news."""
        return client_order_id in self._finished

    def live(self, now: Instant) -> list[Tracked]:
        """The live orders that the venue can be asked about; those it has never shown are given up after a while."""
        for tracked in list(self._live.values()):
            if not tracked.in_flight and not tracked.acknowledged and now - tracked.since > _UNSEEN_NS_MAX:
                self.end(tracked.client_order_id)
        return [tracked for tracked in self._live.values() if not tracked.in_flight]

    def _begin(self, request: OrderRequest, now: Instant) -> Tracked:
        tracked = Tracked(
            order_id=request.order_id,
            client_order_id=request.client_order_id,
            symbol=request.details.symbol,
            since=now,
            in_flight=True,
            quantity=request.details.quantity,
        )
        self._live[request.client_order_id] = tracked
        return tracked


def _is_order_id(text: str) -> bool:
    try:
        return id_kind(text) is IdKind.ORDER
    except ValueError:
        return False
