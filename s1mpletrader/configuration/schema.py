"""The JSON Schema of the whole TOML, with the keys of every installed plugin, for editors and checks outside."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from s1mpletrader.configuration.environments import ENVIRONMENTS, SAME_EVERYWHERE
from s1mpletrader.configuration.models import OWN_TABLES, SHAPES, PluginKeys, StrategiesTable, Table, TableShape
from s1mpletrader.configuration.portfolio import SHARED_TABLES, STRATEGIES
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager, RegisteredPlugin
from s1mpletrader.core.plugin_sources import attempt

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(plugins: PluginManager) -> dict[str, Any]:
    """A Draft 2020-12 schema. A table's keys depend on its ``plugin``; a file with ``strategies`` is a portfolio's."""
    every = {*OWN_TABLES, *SHAPES}
    strategy = _whole("Strategy", every, plugins, **_environments("Strategy", every, plugins)).model_json_schema()
    rows = (Annotated[list[StrategiesTable], Field(min_length=1)], ...)
    others = _environments("Portfolio", SHARED_TABLES, plugins)
    portfolio = _whole("Portfolio", SHARED_TABLES, plugins, strategies=rows, **others).model_json_schema()
    definitions = strategy.pop("$defs", {}) | portfolio.pop("$defs", {})
    return {
        "$schema": _DIALECT,
        "$defs": definitions,
        "title": "S1mpleTrader strategy or portfolio",
        "type": "object",
        "if": {"required": [STRATEGIES]},
        "then": portfolio,
        "else": strategy,
    }


def _environments(title: str, tables: Collection[str], plugins: PluginManager) -> dict[str, Any]:
    """The fields of ``[paper]`` and ``[live]``: tables that take the place of the file's, none of them required."""
    fields: dict[str, Any] = {}
    for kind, shape in SHAPES.items():
        if kind in tables:
            fields[kind] = _field(kind, replace(shape, required=False), plugins)
    for name, model in OWN_TABLES.items():
        if name in tables and name not in SAME_EVERYWHERE:
            fields[name] = (model, None)
    part: type[BaseModel] = create_model(f"{title}Environment", __base__=Table, **fields)
    return {name: (part, Field(default_factory=dict)) for name in ENVIRONMENTS}


def _whole(title: str, tables: Collection[str], plugins: PluginManager, **fields: Any) -> type[BaseModel]:
    for name, model in OWN_TABLES.items():
        if name not in tables:
            continue
        required = any(field.is_required() for field in model.model_fields.values())
        fields[name] = (model, ...) if required else (model, Field(default_factory=model))
    for kind, shape in SHAPES.items():
        if kind not in tables:
            continue
        fields[kind] = _field(kind, shape, plugins)
    whole: type[BaseModel] = create_model(title, __base__=Table, **fields)
    return whole


def _field(kind: PluginKind, shape: TableShape, plugins: PluginManager) -> Any:
    tables = [_table(kind, shape.keys, plugin) for plugin in plugins.plugins(kind)]
    table = _union(tables or [_model(f"{kind}.any", _Open, "Any plugin.", {})])
    content = GenericAlias(list, (table,)) if shape.many else table
    if not shape.required:
        return (content, Field(default_factory=list if shape.many else dict))
    return (content, Field(min_length=1)) if shape.many else (content, ...)


def _union(tables: Sequence[type[BaseModel]]) -> Any:
    if len(tables) == 1:
        return tables[0]
    return Annotated[Union[tuple(tables)], Field(discriminator="plugin")]  # noqa: UP007  The members are known at run time only.


def _table(kind: PluginKind, keys: type[PluginKeys], registered: RegisteredPlugin) -> type[BaseModel]:
    """The model of one plugin's table: the plugin's own keys beside the framework's."""
    name, summary = registered.name, registered.plugin.summary
    own: dict[str, Any] = {key: (field.annotation, field) for key, field in keys.model_fields.items()}
    is_default = keys.model_fields["plugin"].get_default() == name
    own["plugin"] = (Literal[name], name if is_default else ...)

    def described() -> type[BaseModel]:
        model = _model(f"{kind}.{name}", registered.plugin.config, summary, own)
        model.model_json_schema()
        return model

    # A plugin whose model has no JSON Schema is no reason for the file to have none: its own keys are not checked then.
    return attempt(described)[0] or _model(f"{kind}.{name}", _Open, summary, own)


def _model(name: str, base: type[BaseModel], summary: str, fields: dict[str, Any]) -> type[BaseModel]:
    model: type[BaseModel] = create_model(name, __base__=base, __doc__=summary, **fields)
    return model


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    plugin: str
