"""A strategy's other environments in the same file: ``[paper]`` and ``[live]``.

What stands under ``[paper]``, such as ``[paper.exchange]`` or ``[[paper.data]]``, takes the place of the whole table of that name
while ``[environment] mode`` is ``"paper"``; likewise ``[live]``. Tables are not merged key by key, because one that names another
plugin has other keys. The strategy itself and ``[plugins]`` are the same in every environment. A table of an environment that is
not the present one is checked for its name and its brackets, and so are the keys of the framework's own tables. An override
(``--set``) changes the tables that are in effect.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from s1mpletrader.configuration.document import Document
from s1mpletrader.configuration.models import OWN_TABLES, Mode
from s1mpletrader.configuration.overrides import overridden, read_override
from s1mpletrader.configuration.plugin_tables import rows
from s1mpletrader.configuration.strategy_file import check_tables, own_table
from s1mpletrader.core.plugin_manager import PluginKind
from s1mpletrader.domain.errors import ConfigurationError

ENVIRONMENTS: Final = (str(Mode.PAPER), str(Mode.LIVE))
"""The tables that hold what is different in an environment."""

SAME_EVERYWHERE: Final = frozenset({"strategy", "plugins"})
"""The tables that no environment may replace."""


def in_environment(
    path: Path, tables: dict[str, Any], overrides: Sequence[str], valid: Collection[str], mode: str | None = None
) -> Document:
    """The tables that are in effect, with the overrides applied. ``valid`` are the tables that the file may have.

    The mode is the given one, else that of the overrides, else the file's.
    """
    whole = Document(path=path, tables=tables)
    parts = {name: _part(whole, name, set(valid) - SAME_EVERYWHERE) for name in ENVIRONMENTS if name in tables}
    _check_overrides(path, overrides)
    base = {name: given for name, given in tables.items() if name not in ENVIRONMENTS}
    part = parts.get(mode or _mode(path, base, overrides))
    replaced = {} if part is None else dict(part.tables)
    document = overridden(path, base | replaced, overrides)
    return document if part is None else replace(document, environment=part.environment, replaced=frozenset(replaced))


def mode_of(document: Document) -> str:
    """The mode of a document whose tables are in effect, valid or not."""
    return _written_mode(document.tables) or str(Mode.BACKTEST)


def _mode(path: Path, base: Mapping[str, Any], overrides: Sequence[str]) -> str:
    read = [read_override(path, text) for text in overrides]
    given = [override.value for override in read if override.parts == ["environment", "mode"]]
    return str(given[-1]) if given else _written_mode(base)


def _written_mode(tables: Mapping[str, Any]) -> str:
    environment = tables.get("environment")
    return str(environment.get("mode", "")) if isinstance(environment, Mapping) else ""


def _part(whole: Document, name: str, valid: Collection[str]) -> Document:
    """The tables of an environment, checked as far as they can be where it may not be the present one."""
    given = whole.tables[name]
    if not isinstance(given, Mapping):
        raise whole.error((name,), f"must hold tables, such as [{name}.exchange]")
    for key, value in given.items():
        if not isinstance(value, dict | list):
            hint = f"the keys of [environment] go to [{name}.environment]"
            raise whole.error((name, key), "unknown key outside a table", hint)
    tables = dict(given)
    if isinstance(environment := given.get("environment"), Mapping):
        tables["environment"] = {"mode": name, **environment}
    part = Document(path=whole.path, tables=tables, environment=name, replaced=frozenset(tables))
    check_tables(part, valid)
    for table in tables:
        if table in OWN_TABLES:
            own_table(part, table, OWN_TABLES[table])
        else:
            rows(part, PluginKind(table))
    if _written_mode(tables) not in {"", name}:
        raise part.error(("environment", "mode"), f"must be {name!r} here, or left out")
    return part


def _check_overrides(path: Path, overrides: Sequence[str]) -> None:
    for text in overrides:
        override = read_override(path, text)
        if override.parts[0] in ENVIRONMENTS:
            hint = f"write {override.key.partition('.')[2]}, and environment.mode={override.parts[0]}"
            raise ConfigurationError(override.place, "an override changes the tables that are in effect", hint)
