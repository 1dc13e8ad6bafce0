"""``s1mpletrader schema``: the TOML's JSON Schema, for editors."""

from s1mpletrader.cli.options import JsonOption
from s1mpletrader.cli.output import print_json
from s1mpletrader.configuration import json_schema
from s1mpletrader.core.plugin_manager import PluginManager


def schema(json_: JsonOption = False) -> None:  # noqa: ARG001  The schema is JSON with or without the option.
    """Print the JSON Schema of a strategy's file, with the keys of every installed plugin."""
    print_json(json_schema(PluginManager.load()))
