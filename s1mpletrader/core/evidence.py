"""What the venue's silence about an order is worth: the rule by which an order of unknown outcome counts as never placed.

"Not found" means nothing before the venue would have dropped a late request, and one answer may come from a replica that lags. So
it takes several answers, spaced, after ``timestamp + recv_window + grace``, and the order's absence from open orders and from the
account's trades beside.
"""

from dataclasses import dataclass
from typing import Final

from s1mpletrader.domain.ids import OrderId
from s1mpletrader.domain.instant import SECOND_NS, Duration, Instant, iso
from s1mpletrader.domain.order import Order

ANSWERS_MIN: Final = 3
"""How many spaced "not found" answers it takes."""

SPACE_NS_MIN: Final = SECOND_NS
"""How far apart they have to be."""


@dataclass(frozen=True, kw_only=True)
class EvidenceRules:
    """How long a request may still reach the venue after it has left."""

    recv_window_ns: Duration = 60 * SECOND_NS
    """The longest that a venue accepts a request after the time that it bears."""
    grace_ns: Duration = 10 * SECOND_NS
    """For clocks that differ and replicas that lag."""


class MissingOrders:
    """Counts the "not found" answers about each order."""

    def __init__(self, rules: EvidenceRules) -> None:
        self._rules = rules
        self._answers: dict[OrderId, list[Instant]] = {}

    def seen(self, order_id: OrderId) -> None:
        """The venue knows the order."""
        self._answers.pop(order_id, None)

    def missing(self, order: Order, at: Instant) -> str | None:
        """A query has not found the order, nor do open orders and trades show it; the evidence, once it is enough."""
        sent_at = order.submitted_at if order.submitted_at is not None else order.intent.decided_at
        safe_at = sent_at + self._rules.recv_window_ns + self._rules.grace_ns
        if at < safe_at:
            return None
        answers = self._answers.setdefault(order.order_id, [])
        if not answers or at >= answers[-1] + SPACE_NS_MIN:
            answers.append(at)
        if len(answers) < ANSWERS_MIN:
            return None
        del self._answers[order.order_id]
        return (
            f"not found in {len(answers)} queries from {iso(answers[0])} to {iso(answers[-1])}, nor among open orders and trades;"
            f" no request that left at {iso(sent_at)} is accepted after {iso(safe_at)}"
        )
