"""A TOML file as it was read, with the overrides applied: its tables, and the name of every place in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from s1mpletrader.domain.errors import ConfigurationError

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys from the root down; a number counts from zero in an array."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a user wrote, in the file and beside it."""

    path: Path
    tables: Mapping[str, Any]
    overrides: Mapping[KeyPath, str] = field(default_factory=dict)
    """Where each override went, and its key as written."""
    plugins_before: Mapping[KeyPath, str] = field(default_factory=dict)
    """Tables whose ``plugin`` an override has changed, and the name in the file."""
    environment: str | None = None
    """Under which environment's name the replaced tables stand."""
    replaced: frozenset[str] = frozenset()
    """The tables that stand under the environment's name."""
    borrowed: Mapping[str, "Document"] = field(default_factory=dict)
    """The tables that stand in another file, and that file."""

    def place(self, path: KeyPath = ()) -> str:
        """``FILE: [table] key``, an array's table by its number from 1; or ``FILE: --set key`` where an override put it there."""
        if (owner := self._owner(path)) is not self:
            return owner.place(path)
        for length in range(len(path), 0, -1):
            if (written := self.overrides.get(path[:length])) is not None:
                return f"{self.path}: --set {written}"
        if path and path[0] in self.replaced:
            path = (f"{self.environment}.{path[0]}", *path[1:])
        return f"{self.path}: {_label(path)}" if path else str(self.path)

    def is_overridden(self, path: KeyPath) -> bool:
        """Whether the value there comes from an override."""
        overrides = self._owner(path).overrides
        return any(path[:length] in overrides for length in range(1, len(path) + 1))

    def plugin_before(self, path: KeyPath) -> str | None:
        """The plugin that the file names in this table, where an override names another."""
        return self._owner(path).plugins_before.get(path)

    def error(self, path: KeyPath, problem: str, hint: str | None = None) -> ConfigurationError:
        """The mistake at this place."""
        return ConfigurationError(self.place(path), problem, hint)

    def _owner(self, path: KeyPath) -> "Document":
        return self.borrowed.get(str(path[0]), self) if path else self


def _label(path: KeyPath) -> str:
    match path:
        case [table, int(index), *rest]:
            head = f"[[{table}]] #{index + 1}"
        case [table, *rest]:
            head = f"[{table}]"
        case _:
            return ""
    text = ""
    for part in rest:
        text += f"[{part}]" if isinstance(part, int) else f".{_key(part)}" if text else _key(part)
    return f"{head} {text}" if text else head


def _key(part: str) -> str:
    return part if _BARE_KEY.fullmatch(part) else f'"{part}"'
