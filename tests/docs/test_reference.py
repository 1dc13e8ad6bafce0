"""The reference pages are what the code says now, and leave nothing of it out."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
import typer.main
from msgspec import Struct

import s1mpletrader.ports
from s1mpletrader import api, contracts
from s1mpletrader.cli.app import app
from s1mpletrader.configuration import json_schema
from s1mpletrader.core.plugin_manager import PluginKind, PluginManager
from s1mpletrader.ports.hooks import Registering, Watching
from tests.third_party.environment import ROOT

PAGES = ROOT / "docs" / "reference"
FRAMEWORK_ONLY = {"hooks", "plugin"}
"""The modules of ports that have a page of their own, or are about plugins and not about a port."""


def _page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


def _protocol_methods() -> Iterator[tuple[str, str]]:
    for module in iter_modules(s1mpletrader.ports.__path__):
        if module.name in FRAMEWORK_ONLY:
            continue
        names = vars(import_module(f"s1mpletrader.ports.{module.name}"))
        for name, value in names.items():
            if inspect.isclass(value) and getattr(value, "_is_protocol", False) and value.__module__.endswith(f".{module.name}"):
                for member in vars(value):
                    if not member.startswith("_"):
                        yield name, member


def _section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    _, found, rest = page.partition(f"{heading}\n")
    assert found, f"there is no heading {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The command itself, or all commands of the group that it is."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for own_name, each in command.commands.items():
        yield from _commands(f"{name} {own_name}", each)


def test_the_pages_are_up_to_date() -> None:
    builder = str(ROOT / "docs" / "build_reference.py")
    done = subprocess.run([sys.executable, builder, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_hook_is_there() -> None:
    page = _page("hooks")
    for specification in (Registering, Watching):
        names = [name for name in vars(specification) if name.startswith("s1mple_")]
        assert names
        assert [name for name in names if f"### `{name}(" not in page] == []


def test_every_method_of_every_port_is_there() -> None:
    page = _page("ports")
    found = list(_protocol_methods())
    assert len(found) > 60
    missing = [
        f"{port}.{method}"
        for port, method in found
        if not re.search(rf"^- `(async )?{method}[(`]", _section(page, f"### `{port}`"), re.MULTILINE)
    ]
    assert missing == []


def test_every_command_with_its_options_is_there() -> None:
    page, commands = _page("cli"), list(_commands("s1mpletrader", typer.main.get_command(app)))
    assert commands
    for name, command in commands:
        section = _section(page, f"## `{name}`")
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if option != "--help" and f"`{option}`" not in section] == []


def test_every_key_of_the_toml_is_there() -> None:
    manager = PluginManager.load(())
    page = _page("toml")
    schema = json_schema(manager)
    for name in schema["then"]["properties"] | schema["else"]["properties"]:
        assert re.search(rf"^## `\[+{name}\]+`$", page, re.MULTILINE), name
    for kind in PluginKind:
        for plugin in manager.plugins(kind):
            keys = list(plugin.plugin.config.model_fields)
            if not keys or kind in {PluginKind.ALGORITHM, PluginKind.STATE}:
                continue
            heading = next(line for line in (f"## `[[{kind}]]`", f"## `[{kind}]`") if f"{line}\n" in page)
            section = _section(_section(page, heading), f'### `plugin = "{plugin.name}"`')
            assert [key for key in keys if f"- `{key}` (" not in section] == [], plugin.name


def test_every_value_that_plugins_meet_is_there_with_its_fields() -> None:
    pages = {"s1mpletrader.ports": _page("ports"), "s1mpletrader.domain": _page("values")}
    checked = 0
    for name in api.__all__:
        value = getattr(api, name)
        if not (inspect.isclass(value) and issubclass(value, Struct)):
            continue
        section = _section(pages[value.__module__.rpartition(".")[0]], f"### `{name}`")
        assert [field for field in value.__struct_fields__ if f"- `{field}` (" not in section] == [], name
        checked += 1
    assert checked > 60


def test_every_law_and_every_field_of_a_harness_is_there() -> None:
    page = _page("contracts")
    for name in contracts.__all__:
        section, value = _section(page, f"## `{name}`"), getattr(contracts, name)
        laws = [member for member in vars(value) if member.startswith("test_law_")]
        assert [law for law in laws if f"- `{law}`: " not in section] == [], name
        if is_dataclass(value):
            assert [field.name for field in fields(value) if f"- `{field.name}` (" not in section] == [], name


@pytest.mark.parametrize("page", ["hooks", "ports", "values", "contracts", "toml", "cli"])
def test_no_page_shows_the_insides_of_the_interpreter(page: str) -> None:
    assert re.findall(r" at 0x[0-9a-f]+|<class|<function|FieldInfo", _page(page)) == []
