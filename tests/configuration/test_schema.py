"""The JSON Schema accepts what loads, and refuses what does not."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import tomli
from jsonschema import Draft202012Validator
from pydantic import ConfigDict

from s1mpletrader.api import NoConfig, Plugin, PluginConfig, hookimpl
from s1mpletrader.configuration import json_schema, load
from s1mpletrader.core.plugin_manager import PluginManager

from .fakes import STRATEGY, fake, fake_plugins

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))


def complaints(text: str, plugins: PluginManager) -> list[str]:
    return [error.message for error in Draft202012Validator(json_schema(plugins)).iter_errors(tomli.loads(dedent(text)))]


def test_it_is_a_valid_schema() -> None:
    for plugins in (fake_plugins(), PluginManager.load(), PluginManager()):
        schema = json_schema(plugins)
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_strategy_that_loads_is_valid() -> None:
    assert complaints(STRATEGY, fake_plugins()) == []


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ("seed = 7", "sed = 7"),
        ("seed = 7", 'seed = "7"'),
        ("period = 30", "perod = 30"),
        ("period = 30", "period = 0"),
        ("period = 30", ""),
        ("period = 30", "period = 30\ncandles = 5"),
        ('plugin = "market"', 'plugin = "markt"'),
        ('plugin = "market"', ""),
        ("[planner]", "[[planner]]"),
        ("[planner]", "[planer]"),
        ('"market"', '"market"\nconfidence = [0.5]'),
        ('type = "spot"', 'type = "margin"'),
    ],
)
def test_a_mistake_that_concerns_one_table_is_invalid(found: str, instead: str) -> None:
    assert complaints(dedent(STRATEGY).replace(found, instead), fake_plugins())


def test_the_plugin_of_a_store_may_be_left_out() -> None:
    assert complaints(STRATEGY + '\n    [ledger]\n    url = "x"\n    [journal]\n    pool = 4\n', fake_plugins()) == []
    assert complaints(STRATEGY + '\n    [ledger]\n    plugin = "memory"\n    pool = 4\n', fake_plugins())


def test_each_plugin_is_described_by_its_summary() -> None:
    described = [definition.get("description") for definition in json_schema(fake_plugins())["$defs"].values()]
    assert "The ema fake." in described


class Opaque:
    """A type of which JSON knows nothing."""


class OpaqueConfig(PluginConfig):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    thing: Opaque | None = None


class OpaqueGate:
    @hookimpl
    def s1mple_risk_gates(self) -> Sequence[Plugin[Any, Any, Any]]:
        return [fake("opaque", OpaqueConfig), fake("plain", NoConfig)]


def test_a_plugin_that_has_no_schema_takes_no_other_down() -> None:
    plugins = fake_plugins()
    plugins.register(OpaqueGate(), "opaque")
    assert complaints(STRATEGY + '\n    [[gate]]\n    plugin = "opaque"\n    thing = 1\n', plugins) == []
    assert complaints(STRATEGY + '\n    [[gate]]\n    plugin = "plain"\n    thing = 1\n', plugins)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_load_and_are_valid(example: Path) -> None:
    configuration = load(example)
    assert configuration.name == example.stem
    assert complaints(example.read_text(), configuration.plugins) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_run_on_a_file_with_two_overrides(example: Path) -> None:
    configuration = load(example, ["data.plugin=file", "data.path=x.csv"])
    assert configuration.strategies[0].data[0].plugin.name == "file"
