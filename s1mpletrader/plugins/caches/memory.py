"""A StrategyCache in this process's memory."""

from copy import deepcopy
from decimal import Decimal
from enum import Enum
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields, replace
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

_IMMUTABLE: Final = frozenset({str, int, float, bool, Decimal, bytes, type(None)})
_HOLDERS: Final = (tuple, frozenset)


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
        flow.facts[key] = _own(value)

    def get(self, flow_id: str, key: str) -> Any:
        """The stored fact."""
        facts = self._flow(flow_id).facts
        if key not in facts:
            raise CacheMiss(f"the flow {flow_id} has no {key!r}")
        return _own(facts[key])

    def close_flow(self, flow_id: str) -> None:
        """End a flow and forget its facts."""
        self._flows.pop(flow_id, None)

    def put_context(self, context: OrderContext) -> None:
        """Store or replace a live order's context."""
        self._contexts.pop(context.order_id, None)
        self._contexts[context.order_id] = replace(context, facts=dict(context.facts))
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


def _own(value: Any) -> Any:
    """The value, or a copy of it where its giver could still change it."""
    return value if _is_frozen(value) else deepcopy(value)


def _is_frozen(value: Any) -> bool:
    """Whether nothing in the value can be changed: by its type where that tells, else by what it holds."""
    kind: Any = type(value)
    doubtful = _doubtful_fields(kind)
    if doubtful is None:
        return isinstance(value, _HOLDERS) and (_are_frozen_types(tuple(map(type, value))) or all(map(_is_frozen, value)))
    return not doubtful or all(_is_frozen(getattr(value, name)) for name in doubtful)


@cache
def _doubtful_fields(kind: Any) -> tuple[str, ...] | None:
    """The fields of which the type does not tell whether they are frozen; None where no field can tell."""
    if _is_frozen_type(kind):
        return ()
    if issubclass(kind, Struct) and kind.__struct_config__.frozen:
        return tuple(field.name for field in fields(kind) if not _is_frozen_type(field.type))
    return None


@lru_cache(maxsize=256)
def _are_frozen_types(kinds: tuple[Any, ...]) -> bool:
    return all(map(_is_frozen_type, kinds))


@cache
def _is_frozen_type(kind: Any) -> bool:
    """Whether every value of a type, as it is annotated, is frozen. False where only the value can tell."""
    supertype = getattr(kind, "__supertype__", None)
    if supertype is not None:
        return _is_frozen_type(supertype)
    if get_origin(kind) in (Union, UnionType, tuple, frozenset):
        return all(_is_frozen_type(part) for part in get_args(kind) if part is not ...)
    if not isinstance(kind, type):
        return False
    if issubclass(kind, tuple) and kind is not tuple:
        return bool(hints := get_type_hints(kind)) and all(map(_is_frozen_type, hints.values()))
    if issubclass(kind, Struct):
        return kind.__struct_config__.frozen and all(_is_frozen_type(field.type) for field in fields(kind))
    return kind in _IMMUTABLE or issubclass(kind, Enum)
