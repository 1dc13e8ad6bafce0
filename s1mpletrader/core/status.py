"""What a watched run shows: its status as a value, and the board that keeps the last lines of what happened."""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from s1mpletrader.core.narrator import Narrator, Topic
from s1mpletrader.domain.account import AccountView
from s1mpletrader.domain.orders import OrderState
from s1mpletrader.ports.status import FlowLine, LiveStatus, StrategyStatus

__all__ = ["FlowLine", "LiveStatus", "StatusBoard", "StrategyStatus", "strategy_status", "unknown_orders"]

FLOWS_MAX: Final = 50


class StatusBoard(Narrator):
    """Keeps the last lines of what happened. It watches as any plugin does."""

    def __init__(self, flows_max: int = FLOWS_MAX) -> None:
        super().__init__()
        self._flows: deque[FlowLine] = deque(maxlen=flows_max)

    @property
    def flows(self) -> tuple[FlowLine, ...]:
        """The last lines, oldest first."""
        return tuple(self._flows)

    def tell(self, topic: Topic, line: FlowLine) -> None:
        """Keep the line."""
        self._flows.append(line)


def strategy_status(view: AccountView, prices: Mapping[str, Decimal], quarantine: str | None = None) -> StrategyStatus:
    """A sub-account as people see it, at the last prices by symbol; ``quarantine`` is why its strategy decides nothing."""
    held = tuple(position for _, position in sorted(view.positions.items()) if position.quantity)
    known = all(position.instrument.symbol in prices for position in held)
    return StrategyStatus(
        name=view.strategy,
        currency=view.currency,
        equity=view.equity(prices) if known else None,
        balances=dict(sorted(view.balances.items())),
        positions=held,
        open_orders=view.open_orders,
        prices=dict(prices),
        quarantine=quarantine,
    )


def unknown_orders(strategies: Iterable[StrategyStatus]) -> int:
    """How many orders of all strategies have an outcome that is not known."""
    return sum(order.state is OrderState.UNKNOWN for one in strategies for order in one.open_orders)
