"""Writes the reference pages from the code's own docstrings, so that they cannot say anything else.

``python docs/build_reference.py`` writes them; with ``--check`` it only says, by its exit status, whether they are up to date.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, Protocol, Union, get_args, get_origin

import typer.main
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from written_fields import written_fields

from s1mpletrader import api, contracts, domain
from s1mpletrader.cli.app import app
from s1mpletrader.configuration import environments
from s1mpletrader.configuration.models import OWN_TABLES, SHAPES, StrategiesTable
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager
from s1mpletrader.ports import (
    algorithms,
    cache,
    clock,
    events,
    execution,
    health,
    journal,
    ledger,
    market_data,
    planners,
    plugin,
    recording,
    state,
    status,
    transaction,
    transport,
    workers,
)
from s1mpletrader.ports.hooks import Registering, Watching

PAGES = Path(__file__).parent / "reference"
MODULE_NAME = re.compile(r"\b(?:[a-z_][a-z0-9_]*\.)+(?=[A-Za-z_])")
ENUM_MEMBER = re.compile(r"<(\w+\.\w+): [^>]*>")
PORTS = (
    algorithms,
    cache,
    clock,
    events,
    execution,
    health,
    journal,
    ledger,
    market_data,
    planners,
    recording,
    state,
    status,
    transaction,
    transport,
    workers,
)


def page(title: str, introduction: str, lines: Iterator[str]) -> str:
    """A page with its heading."""
    return "\n".join([f"# {title}", "", introduction, "", *lines]).rstrip() + "\n"


def hooks() -> Iterator[str]:
    """Every hook with its signature."""
    for heading, spec in (("Registering", Registering), ("Watching", Watching)):
        yield f"## {heading}"
        yield ""
        yield text_of(spec)
        yield ""
        for name, function in inspect.getmembers(spec, inspect.isfunction):
            if name.startswith("s1mple_"):
                yield f"### `{name}{signature_of(function)}`"
                yield ""
                yield text_of(function)
                yield ""


def ports() -> Iterator[str]:
    """Every protocol of every port with its methods, and the port's errors and values."""
    for module in PORTS:
        yield f"## `{module.__name__}`"
        yield ""
        yield text_of(module)
        yield ""
        for name, value in own_classes(module):
            yield f"### `{name}`"
            yield ""
            yield text_of(value)
            yield ""
            yield from fields(value)
            if Protocol in value.__bases__ or getattr(value, "_is_protocol", False) or not issubclass(value, tuple):
                yield from methods(value)


def values() -> Iterator[str]:
    """Every value, enumeration and error of the domain that plugins meet, and what a plugin is built with."""
    modules = [import_module(f"{domain.__name__}.{each.name}") for each in iter_modules(domain.__path__)]
    for module in (*modules, plugin):
        found = [(name, value) for name, value in own_classes(module) if name in api.__all__]
        if found:
            yield f"## `{module.__name__}`"
            yield ""
            yield text_of(module)
            yield ""
        for name, value in found:
            yield from described("###", name, value)


def kit() -> Iterator[str]:
    """Every contract with what a test class says and each of its laws; every harness with its fields."""
    for name in contracts.__all__:
        yield from described("##", name, getattr(contracts, name))


def described(level: str, name: str, value: type) -> Iterator[str]:
    """A class with its fields and methods."""
    yield f"{level} `{name}`"
    yield ""
    yield text_of(value)
    yield ""
    yield from fields(value)
    yield from methods(value)


def fields(value: type) -> Iterator[str]:
    """A line for each field of a value, and each member of an enumeration: its type, default and meaning."""
    for field in written_fields(value):
        kind = f" (`{field.type}`" + (f", default `{field.default}`)" if field.default else ")") if field.type else ""
        yield f"- `{field.name}`{kind}{': ' if field.text else ''}{field.text}"


def methods(value: type) -> Iterator[str]:
    """The public methods and properties that a class declares itself."""
    written = {field.name for field in written_fields(value)}
    for name, member in vars(value).items():
        if name.startswith("_") or name in written:
            continue
        if isinstance(member, property) and member.fget is not None:
            yield f"- `{name}`: {one_line(text_of(member.fget))}"
        elif name.startswith("test_law_"):
            yield f"- `{name}`: {one_line(text_of(member))}"
        elif inspect.isfunction(member):
            prefix = "async " if inspect.iscoroutinefunction(member) else ""
            yield f"- `{prefix}{name}{signature_of(member)}`: {one_line(text_of(member))}"
    yield ""


def toml() -> Iterator[str]:
    """Every table with its keys, and the keys of every built-in plugin."""
    manager = PluginManager.load(())
    for name, model in OWN_TABLES.items():
        yield f"## `[{name}]`"
        yield ""
        yield text_of(model)
        yield ""
        yield from keys(model.model_fields)
    for name in environments.ENVIRONMENTS:
        yield f"## `[{name}]`"
        yield ""
    yield text_of(environments)
    yield ""
    for kind, shape in SHAPES.items():
        yield f"## `[[{kind}]]`" if shape.many else f"## `[{kind}]`"
        yield ""
        yield text_of(shape.keys)
        yield ""
        yield from keys(shape.keys.model_fields)
        for found in manager.plugins(PluginKind(kind)):
            yield f'### `plugin = "{found.name}"`'
            yield ""
            yield found.plugin.summary
            yield ""
            yield from keys(found.plugin.config.model_fields)
    yield "## `[[strategies]]`"
    yield ""
    yield text_of(StrategiesTable)
    yield ""
    yield from keys(StrategiesTable.model_fields)


def keys(fields: dict[str, FieldInfo], indent: str = "") -> Iterator[str]:
    """A line for each key: its type and default; below it the keys of the table that it is."""
    for name, field in fields.items():
        default = "" if field.is_required() else f", default `{default_of(field)}`"
        described = f": {field.description}" if field.description else ""
        yield f"{indent}- `{name}` (`{name_of(field.annotation)}`{default}){described}"
        for model in models_in(field.annotation):
            yield from keys(model.model_fields, indent + "  ")
    if not indent:
        yield ""


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The tables that lie in a value of this type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def default_of(field: FieldInfo) -> str:
    """The default as a person would write it."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, frozenset | set):
        return "{" + ", ".join(sorted(str(item) for item in value)) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(str(item) for item in value) + "]"
    if isinstance(value, BaseModel):
        return ", ".join(f"{key} = {item}" for key, item in value)
    return str(value)


def name_of(annotation: Any) -> str:
    """A type without module names and without the checks that an ``Annotated`` carries."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return name_of(arguments[0])
    if origin is Literal:
        return " | ".join(repr(argument) for argument in arguments)
    if origin in (Union, UnionType):
        return " | ".join(name_of(argument) for argument in arguments)
    if origin is not None:
        return f"{origin.__name__}[{', '.join('...' if argument is ... else name_of(argument) for argument in arguments)}]"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(repr(str(member)) for member in annotation)
    return "None" if annotation is type(None) else annotation.__name__


def cli() -> Iterator[str]:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(app)
    yield "Before any command:"
    yield ""
    yield from parameters_of(group)
    for name, command in commands("s1mpletrader", group):
        yield f"## `{name}`"
        yield ""
        yield one_line(command.help or "")
        yield ""
        yield from parameters_of(command)


def commands(name: str, group: Any) -> Iterator[tuple[str, Any]]:
    """Every command of a group and of the groups in it, by how it is called."""
    for own_name, command in group.commands.items():
        called = f"{name} {own_name}"
        if hasattr(command, "commands"):
            yield from commands(called, command)
        else:
            yield called, command


def parameters_of(command: Any) -> Iterator[str]:
    """A line for each argument and option."""
    for parameter in command.params:
        if parameter.name == "help":
            continue
        shown = "`, `".join(parameter.opts) if parameter.param_type_name == "option" else parameter.metavar or parameter.name
        variable = f" Or the environment variable `{parameter.envvar}`." if parameter.envvar else ""
        yield f"- `{shown}`: {parameter.help or ''}{variable}".rstrip()
    yield ""


def own_classes(module: ModuleType) -> Iterator[tuple[str, type]]:
    """The public classes that a module defines, in the order of the file."""
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            yield name, value


def text_of(thing: Any) -> str:
    """A docstring, unindented."""
    return inspect.getdoc(thing) or ""


def one_line(text: str) -> str:
    """Text without line breaks."""
    return " ".join(text.split())


def signature_of(function: Callable[..., Any]) -> str:
    """A signature as it stands in the code, without self and module names."""
    signature = inspect.signature(function)
    parameters = [parameter for name, parameter in signature.parameters.items() if name != "self"]
    text = str(signature.replace(parameters=parameters)).replace("'", "").replace("~", "")
    return MODULE_NAME.sub("", ENUM_MEMBER.sub(r"\1", text))


BUILDERS: dict[str, tuple[str, str, Callable[[], Iterator[str]]]] = {
    "hooks.md": ("Hooks", "The hook specifications, from `s1mpletrader.ports.hooks`.", hooks),
    "ports.md": ("Ports", "What the hexagon needs from outside. Import every name from `s1mpletrader.api`.", ports),
    "values.md": ("Values", "What ports and plugins speak in. Import every name from `s1mpletrader.api`.", values),
    "contracts.md": ("The contract kit", "Every law, and what a harness says. Import from `s1mpletrader.contracts`.", kit),
    "toml.md": ("The TOML file", "Every table and every key, with the built-in plugins' own.", toml),
    "cli.md": ("The command line", "Every command. Results go to stdout, everything else to stderr.", cli),
}


def main() -> None:
    """Write the pages, or check them."""
    stale = []
    for name, (title, introduction, build) in BUILDERS.items():
        content = page(title, introduction, build())
        path = PAGES / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != content:
                stale.append(name)
        else:
            PAGES.mkdir(exist_ok=True)
            path.write_text(content)
    if stale:
        sys.exit(f"out of date: {', '.join(stale)}; run: python docs/build_reference.py")


if __name__ == "__main__":
    main()
