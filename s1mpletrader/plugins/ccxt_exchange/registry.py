"""Which orders are ours: by our id, by the exchange's, and what is known of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from s1mpletrader.api import MINUTE_NS, ZERO, AlreadySubmitted, Instant, OrderDetails, OrderId, OrderRequest, add
from s1mpletrader.plugins.ccxt_exchange.client_ids import IdRule
from s1mpletrader.plugins.ccxt_exchange.translate import client_id_of, number

DOUBT_NS: Final = 15 * MINUTE_NS
"""An exchange that has not shown an order by then has never had it."""
UNCLAIMED_MAX: Final = 1_000
"""How many orders are remembered that have an id in our form, and that the ledger does not know."""
FOREIGN_MAX: Final = 10_000
"""How many orders of others, and of ours that have ended, are remembered, so that none is looked up again."""


@dataclass
class Known:
    """An order of ours that the exchange has."""

    order_id: OrderId
    client_order_id: str
    exchange_order_id: str
    symbol: str
    details: OrderDetails | None
    told: Decimal = ZERO
    """How much of its filled quantity has been told."""
    is_adopted: bool = False
    """Whether another process submitted it, so that a part of its fills may have been told there."""


class OrderRegistry:
    """The orders that this connector has submitted, or found again."""

    def __init__(self, rule: IdRule, is_submitted: Callable[[OrderId], bool]) -> None:
        self._form = rule.form
        self._is_submitted = is_submitted
        self._claimed: dict[OrderId, OrderRequest] = {}
        self._doubtful: dict[str, Instant] = {}
        self._unclaimed: dict[str, Mapping[str, Any]] = {}
        self._lost: set[str] = set()
        self._live: dict[str, Known] = {}
        self._settled: dict[str, Known | None] = {}
        self._exchange_ids: dict[str, str] = {}
        self._ended: set[OrderId] = set()

    def claim(self, requests: Sequence[OrderRequest], at: Instant) -> None:
        """Remember these ids; ``AlreadySubmitted``, and none remembered, where one was submitted before."""
        ids = [request.order_id for request in requests]
        for index, order_id in enumerate(ids):
            if order_id in self._claimed or order_id in self._ended or order_id in ids[:index] or self._is_submitted(order_id):
                raise AlreadySubmitted(f"{order_id} has been submitted before")
        self._claimed |= {request.order_id: request for request in requests}
        self._doubtful |= {request.client_order_id: at for request in requests}

    def release(self, request: OrderRequest) -> None:
        """It is proven that this one was not submitted: it may be, under the same id."""
        self._claimed.pop(request.order_id, None)
        self._undoubt(request.client_order_id)

    def lost(self, request: OrderRequest) -> None:
        """The answer to this one is lost: if the exchange has it, that is news."""
        if request.client_order_id in self._doubtful:
            self._lost.add(request.client_order_id)

    def refused(self, request: OrderRequest) -> None:
        """The exchange does not have it, and never will."""
        self._undoubt(request.client_order_id)
        self._end(request.order_id)

    def accepted(self, request: OrderRequest, exchange_order_id: str) -> None:
        """The exchange has it, under an id of its own."""
        self._undoubt(request.client_order_id)
        if self.known(exchange_order_id) is None:
            self._settled.pop(exchange_order_id, None)
            symbol, client_order_id = request.details.symbol, request.client_order_id
            self._add(Known(request.order_id, client_order_id, exchange_order_id, symbol, request.details))

    def ours(self, client_order_id: str | None) -> OrderId | None:
        """Our id of an order with this client order id; None for an order that is not ours."""
        order_id = None if client_order_id is None else self._form.read(client_order_id)
        if order_id is None:
            return None
        is_ours = order_id in self._claimed or order_id in self._ended or self._is_submitted(order_id)
        return order_id if is_ours else None

    def note(self, order: Mapping[str, Any]) -> Known | None:
        """Learn from an order as the exchange shows it; None where it is not ours."""
        exchange_order_id = str(order["id"])
        if exchange_order_id in self._live or exchange_order_id in self._settled:
            return self._live.get(exchange_order_id) or self._settled[exchange_order_id]
        client_order_id = client_id_of(order)
        order_id = self.ours(client_order_id)
        if order_id is None or client_order_id is None:
            self._leave(exchange_order_id, client_order_id, order)
            return None
        self._unclaimed.pop(exchange_order_id, None)
        request = self._claimed.get(order_id)
        self._undoubt(client_order_id)
        known = Known(
            order_id=order_id,
            client_order_id=client_order_id,
            exchange_order_id=exchange_order_id,
            symbol=str(order["symbol"]),
            details=request.details if request else None,
            is_adopted=request is None,
        )
        self._add(known)
        return known

    def is_noted(self, exchange_order_id: str) -> bool:
        """Whether it is known whose order this is."""
        return any(exchange_order_id in noted for noted in (self._live, self._settled, self._unclaimed))

    def known(self, exchange_order_id: str) -> Known | None:
        """Our order under the exchange's id; None where it is not ours, or not noted."""
        if exchange_order_id in self._unclaimed:
            return self.note(self._unclaimed[exchange_order_id])
        return self._live.get(exchange_order_id) or self._settled.get(exchange_order_id)

    def client_order_id(self, exchange_order_id: str) -> str | None:
        """The client order id of an order that has been noted in our form, whether the ledger knows it or not."""
        order = self._unclaimed.get(exchange_order_id)
        known = self.known(exchange_order_id)
        return known.client_order_id if known else client_id_of(order) if order else None

    def exchange_id(self, client_order_id: str) -> str | None:
        """The exchange's id of an order, as far as it is known."""
        return self._exchange_ids.get(client_order_id)

    def details(self, order_id: OrderId) -> OrderDetails | None:
        """What we asked for, where it was asked for here and has not ended."""
        request = self._claimed.get(order_id)
        return None if request is None else request.details

    def live(self) -> list[Known]:
        """Our orders that have not ended, as far as is known."""
        for order in list(self._unclaimed.values()):
            self.note(order)
        return list(self._live.values())

    def is_lost(self, client_order_id: str | None) -> bool:
        """Whether the answer to this submission was lost, and nothing has been found out since."""
        return client_order_id in self._lost

    def has_doubts(self, at: Instant) -> bool:
        """Whether a submission is under way, or its outcome not known and not long ago."""
        return any(at < since + DOUBT_NS for since in self._doubtful.values())

    def tell(self, exchange_order_id: str, quantity: Decimal) -> None:
        """A fill of this order has been told."""
        known = self.known(exchange_order_id)
        if known is not None:
            known.told = add(known.told, quantity)

    def end(self, exchange_order_id: str) -> None:
        """The order has ended, and everything about it was told."""
        known = self._live.pop(exchange_order_id, None)
        if known is not None:
            self._settle(exchange_order_id, known)
            self._end(known.order_id)

    def _add(self, known: Known) -> None:
        self._live[known.exchange_order_id] = known
        self._exchange_ids[known.client_order_id] = known.exchange_order_id

    def _leave(self, exchange_order_id: str, client_order_id: str | None, order: Mapping[str, Any]) -> None:
        """It is not ours, or not yet: the ledger may come to know an id in our form, and a record may lack its id for once."""
        if client_order_id is not None and self._form.read(client_order_id) is not None:
            self._unclaimed[exchange_order_id] = dict(order)
            if len(self._unclaimed) > UNCLAIMED_MAX:
                del self._unclaimed[next(iter(self._unclaimed))]
        elif client_order_id is not None or not self._doubtful:
            self._settle(exchange_order_id, None)

    def _undoubt(self, client_order_id: str) -> None:
        self._doubtful.pop(client_order_id, None)
        self._lost.discard(client_order_id)

    def _end(self, order_id: OrderId) -> None:
        self._claimed.pop(order_id, None)
        self._ended.add(order_id)

    def _settle(self, exchange_order_id: str, known: Known | None) -> None:
        self._settled[exchange_order_id] = known
        if len(self._settled) > FOREIGN_MAX:
            forgotten = self._settled.pop(next(iter(self._settled)))
            if forgotten is not None:
                self._exchange_ids.pop(forgotten.client_order_id, None)


def filled_quantity(order: Mapping[str, Any]) -> Decimal:
    """How much of an order is filled, as the exchange shows it."""
    return number(order.get("filled")) or ZERO
