"""Overrides: ``table.key=value`` from the command line, over what the file says.

``size.0.quantity`` is a key of the first ``[[size]]`` table, and so is ``size.quantity``. A key with other characters stands in
quotes: ``exchange.instruments."BTC/USDT".price_tick``. The value is read as TOML, and as text where it is none.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import tomli

from s1mpletrader.configuration.document import Document, KeyPath
from s1mpletrader.configuration.models import OWN_TABLES, SHAPES
from s1mpletrader.configuration.nearest import nearest
from s1mpletrader.configuration.toml import parse_toml
from s1mpletrader.domain.errors import ConfigurationError

_PART: Final = r'"([^"]+)"|([^."]+)'
_KEY: Final = re.compile(rf"(?:{_PART})(?:\.(?:{_PART}))+")
_ARRAYS: Final = frozenset(str(kind) for kind, shape in SHAPES.items() if shape.many)


class Override(NamedTuple):
    """``table.key=value`` as it was given: its key as written and in parts, and its value as TOML."""

    key: str
    parts: list[str]
    value: Any
    place: str


def read_override(path: Path, text: str) -> Override:
    """An override of a file; ``ConfigurationError`` where it is none."""
    key, equals, value = text.partition("=")
    key = key.strip()
    place = f"{path}: --set {key}"
    if not equals or not _KEY.fullmatch(key):
        raise ConfigurationError(place, f"{key!r} is no override", "write table.key=value, such as strategy.seed=9")
    return Override(key, [quoted or bare for quoted, bare in re.findall(_PART, key)], _value(value), place)


def overridden(path: Path, tables: dict[str, Any], overrides: Sequence[str]) -> Document:
    """The document with the overrides applied, in their order. ``tables`` is changed in place."""
    plugins = _plugins(tables)
    written: dict[KeyPath, str] = {}
    for text in overrides:
        override = read_override(path, text)
        written[_set(tables, override.parts, override.value, override.place)] = override.key
    after = _plugins(tables)
    switched = {at: plugin for at, plugin in plugins.items() if after.get(at, plugin) != plugin}
    return Document(path=path, tables=tables, overrides=written, plugins_before=switched)


def _value(text: str) -> Any:
    try:
        parsed = parse_toml(f"value = {text}")
    except tomli.TOMLDecodeError:
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def _set(tables: dict[str, Any], parts: list[str], value: Any, place: str) -> KeyPath:
    """Put a value where the parts lead, and make the tables on the way; return where that is."""
    node: Any = tables
    path: KeyPath = ()
    for part, following in pairwise(parts):
        step = _step(node, part, path, place)
        if isinstance(node, dict):
            node.setdefault(part, [{}] if not path and part in _ARRAYS else {})
        node, path = node[step], (*path, step)
        if len(path) == 1 and isinstance(node, list) and not following.isdecimal():
            node, path = _first(node, place), (*path, 0)
    step = _step(node, parts[-1], path, place)
    node[step] = value
    return (*path, step)


def _step(node: Any, part: str, path: KeyPath, place: str) -> str | int:
    """The key or number by which a part is reached in a node."""
    if isinstance(node, list):
        if part.isdecimal() and int(part) < len(node):
            return int(part)
        raise ConfigurationError(place, f"{part!r} is none of the {len(node)} item(s) there, which count from 0")
    if not isinstance(node, dict):
        raise ConfigurationError(place, f"there is no key {part!r}, because {'.'.join(map(str, path))} is a plain value")
    if not path and part not in node and part not in {*OWN_TABLES, *SHAPES}:
        raise ConfigurationError(place, f"there is no table {part!r}", nearest(part, {*node, *OWN_TABLES, *SHAPES}))
    return part


def _first(tables: list[Any], place: str) -> Any:
    if not tables:
        raise ConfigurationError(place, "there is no such table in the file")
    return tables[0]


def _plugins(tables: Mapping[str, Any]) -> dict[KeyPath, str]:
    """The plugin that each table names, as far as the tables have their shape."""
    found: dict[KeyPath, str] = {}
    for name, given in tables.items():
        rows: dict[KeyPath, Any] = (
            {(name, i): row for i, row in enumerate(given)} if isinstance(given, list) else {(name,): given}
        )
        found |= {
            path: row["plugin"] for path, row in rows.items() if isinstance(row, dict) and isinstance(row.get("plugin"), str)
        }
    return found
