"""A StrategyCache in two dictionaries. It copies what comes in and what goes out, so that nobody can change what it holds."""

from copy import deepcopy
from typing import Annotated, Any

from pydantic import Field
from s1mpletrader.api import CacheFull, CacheMiss, Instant, LaterThanAnchor, OrderContext, OrderId, PluginConfig


class ShelfConfig(PluginConfig):
    """How much it may hold."""

    flows_max: Annotated[int, Field(ge=1)] = 1_000
    contexts_max: Annotated[int, Field(ge=1)] = 10_000


class Shelf:
    """An ``ICache``. Past its bound the context that was stored longest ago goes."""

    def __init__(self, config: ShelfConfig) -> None:
        self._config = config
        self._flows: dict[str, tuple[Instant, dict[str, Any]]] = {}
        self._contexts: dict[OrderId, OrderContext] = {}

    def open_flow(self, flow_id: str, strategy: str, at: Instant) -> None:
        """Begin a flow at its point in time."""
        if flow_id not in self._flows and len(self._flows) >= self._config.flows_max:
            raise CacheFull(f"the shelf holds {len(self._flows)} flows, there is no room for one of {strategy}")
        self._flows[flow_id] = (at, {})

    def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
        """Store a fact known at ``at``."""
        anchor, facts = self._flow(flow_id)
        if at > anchor:
            raise LaterThanAnchor(f"{key} is of {at}, the flow {flow_id} of {anchor}")
        facts[key] = deepcopy(value)

    def get(self, flow_id: str, key: str) -> Any:
        """The stored fact."""
        _, facts = self._flow(flow_id)
        if key not in facts:
            raise CacheMiss(f"the flow {flow_id} has no {key!r}")
        return deepcopy(facts[key])

    def close_flow(self, flow_id: str) -> None:
        """End a flow and forget its facts."""
        self._flows.pop(flow_id, None)

    def put_context(self, context: OrderContext) -> None:
        """Store or replace a live order's context."""
        self._contexts.pop(context.order_id, None)
        self._contexts[context.order_id] = deepcopy(context)
        if len(self._contexts) > self._config.contexts_max:
            del self._contexts[next(iter(self._contexts))]

    def get_context(self, order_id: OrderId) -> OrderContext:
        """The order's context."""
        if order_id not in self._contexts:
            raise CacheMiss(f"the shelf has no context of {order_id}")
        return deepcopy(self._contexts[order_id])

    def drop_context(self, order_id: OrderId) -> None:
        """Forget an order that has ended."""
        self._contexts.pop(order_id, None)

    def _flow(self, flow_id: str) -> tuple[Instant, dict[str, Any]]:
        if flow_id not in self._flows:
            raise CacheMiss(f"the flow {flow_id} is not open")
        return self._flows[flow_id]
