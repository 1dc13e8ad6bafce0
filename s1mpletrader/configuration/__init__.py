"""Configuration: from a TOML file to validated values, with one clear sentence for every mistake."""

from s1mpletrader.configuration.configuration import Configuration, PluginTable, Portfolio, StoreTable
from s1mpletrader.configuration.facts_graph import FactUser, check_needs, order_workers
from s1mpletrader.configuration.identity import canonical_json, configuration_hash, portfolio_hash
from s1mpletrader.configuration.loading import LoadPlugins, load
from s1mpletrader.configuration.models import AccountTable, EngineTable, EnvironmentTable, LateBars, Mode, OnStop, StrategyTable
from s1mpletrader.configuration.ranges import ConfidenceRange, Router
from s1mpletrader.configuration.schema import json_schema

__all__ = [
    "AccountTable",
    "ConfidenceRange",
    "Configuration",
    "EngineTable",
    "EnvironmentTable",
    "FactUser",
    "LateBars",
    "LoadPlugins",
    "Mode",
    "OnStop",
    "PluginTable",
    "Portfolio",
    "Router",
    "StoreTable",
    "StrategyTable",
    "canonical_json",
    "check_needs",
    "configuration_hash",
    "json_schema",
    "load",
    "order_workers",
    "portfolio_hash",
]
