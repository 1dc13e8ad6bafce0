"""What execution algorithms have not placed yet: asked of their stored states, so that a restart knows it, too."""

from collections.abc import Mapping
from decimal import Decimal

from s1mpletrader.core.book import PlannedBy
from s1mpletrader.core.live_trades import LiveGroup
from s1mpletrader.core.returned import wrong
from s1mpletrader.domain.money import ZERO
from s1mpletrader.domain.order import Order
from s1mpletrader.ports.algorithms import ExecutionAlgorithm, IPlansAhead


def planned_by(algorithms: Mapping[str, ExecutionAlgorithm]) -> PlannedBy:
    """Asks those algorithms that tell it; of the others nothing is planned."""
    tellers = {name: algorithm for name, algorithm in algorithms.items() if isinstance(algorithm, IPlansAhead)}

    def ask(group: LiveGroup, trade_orders: tuple[Order, ...]) -> Decimal:
        teller = tellers.get(group.opened.algorithm)
        if teller is None:
            return ZERO
        quantity = teller.planned_quantity(group.state, group.opened.group_id, trade_orders)
        if not isinstance(quantity, Decimal):
            raise wrong(group.opened.algorithm, "planned_quantity", quantity, "a Decimal")
        return quantity

    return ask
