"""A StrategyCache in this process's memory."""

from copy import deepcopy
from typing import Annotated, Any

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from s1mpletrader.api import (
    CONTEXT_LIMIT_DEFAULT,
    FLOW_LIMIT_DEFAULT,
    CacheFull,
    CacheMiss,
    Instant,
    LaterThanAnchor,
    OrderContext,
    OrderId,
    PluginConfig,
)
from s1mpletrader.plugins.caches.frozen import FrozenValues


class MemoryCacheConfig(PluginConfig):
    """How much the cache may hold."""

    flows_max: Annotated[int, Field(ge=1)] = FLOW_LIMIT_DEFAULT
    contexts_max: Annotated[int, Field(ge=1)] = CONTEXT_LIMIT_DEFAULT


class OpenFlow(Struct):
    """One flow's facts, and the instant that none of them may be later than."""

    at: Instant
    facts: dict[str, Any] = {}


class MemoryCache:
    """Flows and contexts in dictionaries. Past its bound the context that was used longest ago goes."""

    def __init__(self, config: MemoryCacheConfig) -> None:
        self._flows_max = config.flows_max
        self._contexts_max = config.contexts_max
        self._frozen = FrozenValues()
        self._flows: dict[str, OpenFlow] = {}
        self._contexts: dict[OrderId, OrderContext] = {}

    def open_flow(self, flow_id: str, strategy: str, at: Instant) -> None:
        """Begin a flow at its point in time."""
        if flow_id not in self._flows and len(self._flows) >= self._flows_max:
            raise CacheFull(f"{len(self._flows)} flows are open, and {strategy} wants another")
        self._flows[flow_id] = OpenFlow(at)

    def put(self, flow_id: str, key: str, value: Any, *, at: Instant) -> None:
        """Store a fact known at ``at``."""
        flow = self._flow(flow_id)
        if at > flow.at:
            raise LaterThanAnchor(f"{key} is of {at}, the flow {flow_id} of {flow.at}")
        flow.facts[key] = value if self._frozen.has(value) else deepcopy(value)

    def get(self, flow_id: str, key: str) -> Any:
        """The stored fact."""
        facts = self._flow(flow_id).facts
        if key not in facts:
            raise CacheMiss(f"the flow {flow_id} has no {key!r}")
        value = facts[key]
        return value if self._frozen.has(value) else deepcopy(value)

    def close_flow(self, flow_id: str) -> None:
        """End a flow and forget its facts."""
        self._flows.pop(flow_id, None)

    def put_context(self, context: OrderContext) -> None:
        """Store or replace a live order's context."""
        known = self._contexts.pop(context.order_id, None)
        is_own = known is not None and known.facts is context.facts
        self._contexts[context.order_id] = context if is_own else replace(context, facts=dict(context.facts))
        if len(self._contexts) > self._contexts_max:
            del self._contexts[next(iter(self._contexts))]

    def get_context(self, order_id: OrderId) -> OrderContext:
        """The order's context."""
        context = self._contexts.get(order_id)
        if context is None:
            raise CacheMiss(f"no context of {order_id}")
        return context

    def drop_context(self, order_id: OrderId) -> None:
        """Forget an order that has ended."""
        self._contexts.pop(order_id, None)

    def _flow(self, flow_id: str) -> OpenFlow:
        flow = self._flows.get(flow_id)
        if flow is None:
            raise CacheMiss(f"the flow {flow_id} is not open")
        return flow
