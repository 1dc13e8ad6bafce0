"""Values as bytes, and back as what they were: a closed set of types, tagged; nothing in the bytes can name any other code."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from msgspec import MsgspecError, Struct, msgpack

import s1mpletrader.api
from s1mpletrader.api import Defect, OrderContext, Refused

_INT_BOUND: Final = 2**63
_NOT_FIXED_SIZE: Final = "OV"
"""Kinds of array elements whose bytes are addresses, or whose type's name says too little."""


class NotStorable(Refused):
    """A value of a type that cannot be stored outside of this process."""


def encode(value: Any) -> bytes:
    """The value's bytes; ``NotStorable`` for a type that is not known here, and for what no bytes can hold."""
    try:
        return msgpack.encode(_packed(value))
    except (UnicodeEncodeError, RecursionError) as fault:
        raise NotStorable(f"a {type(value).__name__} cannot be stored in a shared cache: {type(fault).__name__}") from None


def decode(data: bytes) -> Any:
    """The value, of the same types all the way down; ``Defect`` for bytes that ``encode`` has not made."""
    try:
        return _unpacked(msgpack.decode(data))
    except (MsgspecError, LookupError, AttributeError, TypeError, ValueError, ArithmeticError, RecursionError) as fault:
        raise Defect(f"a stored value cannot be read: {type(fault).__name__}") from fault


def encode_context(context: OrderContext) -> bytes:
    """An order context's bytes."""
    try:
        return msgpack.encode(context, enc_hook=_number)
    except UnicodeEncodeError as fault:
        raise NotStorable(f"the context of {context.order_id} cannot be stored: {type(fault).__name__}") from None


def decode_context(data: bytes) -> OrderContext:
    """The order context; ``Defect`` for bytes that ``encode_context`` has not made."""
    try:
        return msgpack.decode(data, type=OrderContext)
    except (MsgspecError, ValueError) as fault:
        raise Defect(f"a stored order context cannot be read: {type(fault).__name__}") from fault


def _number(value: Any) -> Any:
    """A fact that a worker left as a numpy number, as the float it means."""
    if isinstance(value, np.floating | np.integer):
        return float(value)
    raise NotStorable(f"a {type(value).__name__} cannot be stored in a shared cache")


def _packed(value: Any) -> Any:
    """Plain values as they are; everything else as a list that begins with its tag."""
    kind = type(value)
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int:
        return value if -_INT_BOUND <= value < _INT_BOUND else ["int", hex(value)]
    if kind is Decimal:
        return ["decimal", str(value)]
    if kind in (list, tuple, set, frozenset):
        items = sorted(value, key=repr) if kind in (set, frozenset) else value
        return [kind.__name__, [_packed(item) for item in items]]
    if kind in (dict, MappingProxyType):
        return [kind.__name__, [[_packed(key), _packed(item)] for key, item in value.items()]]
    if (kind is np.ndarray or isinstance(value, np.generic)) and value.dtype.kind not in _NOT_FIXED_SIZE:
        shape = list(value.shape) if kind is np.ndarray else None
        return ["numpy", value.dtype.str, shape, value.tobytes()]
    return _packed_known(value, kind)


def _packed_known(value: Any, kind: type) -> Any:
    if _known().get(kind.__name__) is not kind:
        raise NotStorable(f"a {kind.__name__} cannot be stored in a shared cache")
    if isinstance(value, Enum):
        return ["enum", kind.__name__, value.value]
    if isinstance(value, Struct):
        return ["struct", kind.__name__, [_packed(getattr(value, name)) for name in value.__struct_fields__]]
    return ["named", kind.__name__, [_packed(item) for item in value]]


def _unpacked(packed: Any) -> Any:
    if not isinstance(packed, list):
        return packed
    tag, *parts = packed
    return _READERS[tag](*parts)


def _struct(name: str, values: list[Any]) -> Any:
    kind = _known()[name]
    return kind(**dict(zip(kind.__struct_fields__, map(_unpacked, values), strict=True)))


def _numpy(dtype: str, shape: list[int] | None, data: bytes) -> Any:
    flat = np.frombuffer(data, dtype=np.dtype(dtype))
    return flat[0] if shape is None else flat.reshape(shape).copy()


def _dict(items: list[list[Any]]) -> dict[Any, Any]:
    return {_unpacked(key): _unpacked(item) for key, item in items}


@cache
def _known() -> dict[str, Any]:
    """The domain's own values, by name."""
    exported = {name: getattr(s1mpletrader.api, name) for name in s1mpletrader.api.__all__}
    return {
        name: kind
        for name, kind in exported.items()
        if isinstance(kind, type) and (issubclass(kind, Struct | Enum) or (issubclass(kind, tuple) and hasattr(kind, "_fields")))
    }


_READERS: Final[Mapping[str, Callable[..., Any]]] = {
    "int": lambda text: int(text, 16),
    "decimal": Decimal,
    "list": lambda items: [_unpacked(item) for item in items],
    "tuple": lambda items: tuple(map(_unpacked, items)),
    "set": lambda items: set(map(_unpacked, items)),
    "frozenset": lambda items: frozenset(map(_unpacked, items)),
    "dict": _dict,
    "mappingproxy": lambda items: MappingProxyType(_dict(items)),
    "numpy": _numpy,
    "enum": lambda name, value: _known()[name](value),
    "struct": _struct,
    "named": lambda name, values: _known()[name](*map(_unpacked, values)),
}
