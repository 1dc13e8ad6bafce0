"""Which values nobody can change, so that they need no copy."""

from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

_IMMUTABLE: Final = frozenset({str, int, float, bool, Decimal, bytes, type(None)})
_HOLDERS: Final = (tuple, frozenset)


class FrozenValues:
    """Tells of a value whether it is frozen all the way down: by its type where that tells, else by what it holds."""

    def __init__(self) -> None:
        self._doubtful = _DoubtfulFields()

    def has(self, value: Any) -> bool:
        """Whether nothing in the value can be changed."""
        doubtful_fields = self._doubtful
        parts = [value]
        for part in parts:
            names = doubtful_fields[type(part)]
            if names is None:
                if not isinstance(part, _HOLDERS):
                    return False
                parts += part
            else:
                for name in names:
                    parts.append(getattr(part, name))
        return True


class _DoubtfulFields(dict[type, tuple[str, ...] | None]):
    """For each type the fields of which it does not tell that they are frozen; None where fields tell nothing."""

    def __missing__(self, kind: type) -> tuple[str, ...] | None:
        names: tuple[str, ...] | None = None
        if _is_frozen_type(kind):
            names = ()
        elif issubclass(kind, Struct) and kind.__struct_config__.frozen:
            names = tuple(field.name for field in fields(kind) if not _is_frozen_type(field.type))
        self[kind] = names
        return names


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
