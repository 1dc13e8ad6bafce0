"""Values as bytes, and back as what they were: a closed set of types, tagged; nothing in the bytes can name any other code."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Final

import numpy as np
from msgspec import Struct, msgpack

import s1mpletrader.api
from s1mpletrader.api import Refused

_INT_BOUND: Final = 2**63


class NotStorable(Refused):
    """A value of a type that cannot be stored outside of this process."""


def encode(value: Any) -> bytes:
    """The value's bytes; ``NotStorable`` for a type that is not known here."""
    return msgpack.encode(_packed(value))


def decode(data: bytes) -> Any:
    """The value, of the same types all the way down."""
    return _unpacked(msgpack.decode(data))


def _packed(value: Any) -> Any:
    """Plain values as they are; everything else as a list that begins with its tag."""
    kind = type(value)
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int:
        return value if -_INT_BOUND <= value < _INT_BOUND else ["int", str(value)]
    if kind is Decimal:
        return ["decimal", str(value)]
    if kind in (list, tuple, set, frozenset):
        items = sorted(value, key=repr) if kind in (set, frozenset) else value
        return [kind.__name__, [_packed(item) for item in items]]
    if isinstance(value, Mapping):
        return ["dict", [[_packed(key), _packed(item)] for key, item in value.items()]]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return ["array", value.dtype.str, list(value.shape), np.ascontiguousarray(value).tobytes()]
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


def _array(dtype: str, shape: list[int], data: bytes) -> Any:
    return np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape).copy()


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
    "int": int,
    "decimal": Decimal,
    "list": lambda items: [_unpacked(item) for item in items],
    "tuple": lambda items: tuple(map(_unpacked, items)),
    "set": lambda items: set(map(_unpacked, items)),
    "frozenset": lambda items: frozenset(map(_unpacked, items)),
    "dict": lambda items: {_unpacked(key): _unpacked(item) for key, item in items},
    "array": _array,
    "enum": lambda name, value: _known()[name](value),
    "struct": _struct,
    "named": lambda name, values: _known()[name](*map(_unpacked, values)),
}
