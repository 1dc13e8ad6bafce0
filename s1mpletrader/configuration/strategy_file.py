"""One strategy's file: read, checked for what it may hold, and turned into a configuration."""

import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import tomli

from s1mpletrader.configuration.configuration import Configuration
from s1mpletrader.configuration.document import Document, KeyPath
from s1mpletrader.configuration.models import (
    AccountTable,
    BatchTable,
    EngineTable,
    EnvironmentTable,
    StrategyTable,
    Table,
)
from s1mpletrader.configuration.nearest import nearest
from s1mpletrader.configuration.plugin_tables import TableReader
from s1mpletrader.configuration.toml import parse_toml
from s1mpletrader.configuration.validation import validated
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager
from s1mpletrader.domain.errors import ConfigurationError

T = TypeVar("T", bound=Table)


def read_strategy(document: Document, plugins: PluginManager) -> Configuration:
    """The strategy that a document describes, with everything that it runs on."""
    strategy = own_table(document, "strategy", StrategyTable)
    reader = TableReader(document=document, strategy=strategy, plugins=plugins)
    ledger, journal = reader.stores()
    return Configuration(
        path=document.path,
        strategy=strategy,
        environment=own_table(document, "environment", EnvironmentTable),
        account=own_table(document, "account", AccountTable),
        engine=own_table(document, "engine", EngineTable),
        batch=own_table(document, "batch", BatchTable),
        plugins=plugins,
        data=reader.many(PluginKind.DATA),
        exchange=reader.one(PluginKind.EXCHANGE),
        ledger=ledger,
        journal=journal,
        cache=reader.one(PluginKind.CACHE),
        recording=reader.one(PluginKind.RECORDING),
        context=reader.many(PluginKind.CONTEXT),
        signal=reader.many(PluginKind.SIGNAL),
        risk=reader.many(PluginKind.RISK),
        planner=reader.one(PluginKind.PLANNER),
        entry=reader.many(PluginKind.ENTRY),
        size=reader.many(PluginKind.SIZE),
        exit=reader.many(PluginKind.EXIT),
        execution=reader.many(PluginKind.EXECUTION),
        gate=reader.many(PluginKind.GATE),
        news=reader.many(PluginKind.NEWS),
        schedule=reader.many(PluginKind.SCHEDULE),
        watch=reader.many(PluginKind.WATCH),
    )


def parse_file(path: Path) -> dict[str, Any]:
    """The raw tables of a file; ``ConfigurationError`` where it cannot be read."""
    try:
        return parse_toml(path.read_bytes().decode())
    except FileNotFoundError:
        raise ConfigurationError(str(path), "there is no such file", _nearest_file(path)) from None
    except OSError as fault:
        raise ConfigurationError(str(path), f"the file cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError as fault:
        line = fault.object.count(b"\n", 0, fault.start) + 1
        raise ConfigurationError(f"{path}: line {line}", "the file is not UTF-8 text") from None
    except tomli.TOMLDecodeError as fault:
        place = f"{path}: line {fault.lineno}, column {fault.colno}"
        raise ConfigurationError(place, f"this is no TOML: {fault.msg[:1].lower()}{fault.msg[1:]}") from None


def _nearest_file(path: Path) -> str | None:
    if not path.parent.is_dir():
        return f"there is no directory {str(path.parent)!r} either"
    return nearest(path.name, (file.name for file in path.parent.iterdir() if file.suffix == ".toml"))


def check_tables(document: Document, valid: Collection[str]) -> None:
    """Raise unless every table is one of the valid ones, and every number is finite."""
    for name, given in document.tables.items():
        path: KeyPath = (name, 0) if isinstance(given, list) else (name,)
        if name not in valid:
            problem = "unknown table" if isinstance(given, dict | list) else "unknown key outside a table"
            raise document.error(path, problem, nearest(name, valid))
    for path, value in _leaves((), document.tables):
        if isinstance(value, float) and not math.isfinite(value):
            raise document.error(path, f"must be a finite number, found {value}")


def _leaves(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves((*path, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves((*path, index), item)
    else:
        yield path, value


def own_table(document: Document, name: str, model: type[T]) -> T:
    """One of the framework's own tables; one that is left out has its defaults, where it has a default for every key."""
    raw = document.tables.get(name)
    if raw is None:
        if any(field.is_required() for field in model.model_fields.values()):
            raise document.error((), f"the table [{name}] is missing")
        raw = {}
    if not isinstance(raw, Mapping):
        raise document.error((name,), f"must be one table, written [{name}]")
    return validated(model, raw, document, (name,))
