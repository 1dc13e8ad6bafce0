"""Loading a TOML file into a validated configuration."""

from collections.abc import Callable, Sequence
from pathlib import Path

from s1mpletrader.configuration.configuration import Portfolio
from s1mpletrader.configuration.document import Document
from s1mpletrader.configuration.environments import in_environment
from s1mpletrader.configuration.models import OWN_TABLES, SHAPES, PluginsTable
from s1mpletrader.configuration.nearest import nearest
from s1mpletrader.configuration.portfolio import SHARED_TABLES, is_portfolio, load_portfolio, split_overrides
from s1mpletrader.configuration.strategy_file import check_tables, own_table, parse_file, read_strategy
from s1mpletrader.core.plugin_manager import PluginManager
from s1mpletrader.core.plugin_sources import normal_package

LoadPlugins = Callable[[Sequence[str] | None], PluginManager]


def load(path: str | Path, overrides: Sequence[str] = (), *, load_plugins: LoadPlugins = PluginManager.load) -> Portfolio:
    """The configuration in a TOML file, with ``key=value`` overrides over it. Every mistake is one ``ConfigurationError``.

    The plugins are loaded on the way, because ``[plugins] allow`` says which may be; ``load_plugins`` is given that list.
    """
    raw = parse_file(Path(path))
    if is_portfolio(raw):
        shared, own = split_overrides(overrides)
        whole = in_environment(Path(path), raw, shared, SHARED_TABLES)
        return load_portfolio(whole, own, lambda: _plugins(whole, load_plugins))
    valid = {*OWN_TABLES, *SHAPES}
    document = in_environment(Path(path), raw, overrides, valid)
    check_tables(document, valid)
    return Portfolio.of_one(read_strategy(document, _plugins(document, load_plugins)))


def _plugins(document: Document, load_plugins: LoadPlugins) -> PluginManager:
    allow = own_table(document, "plugins", PluginsTable).allow
    plugins = load_plugins(allow)
    _check_allowed(document, allow, plugins)
    return plugins


def _check_allowed(document: Document, allow: Sequence[str] | None, plugins: PluginManager) -> None:
    """Whether everything on the allow-list is there: a misspelt name would quietly allow nothing."""
    sources = [line.source for line in plugins.report()]
    packages = {normal_package(source.package) for source in sources}
    names = {source.name for source in sources}
    for index, name in enumerate(allow or ()):
        if name not in names and normal_package(name) not in packages:
            raise document.error(("plugins", "allow", index), f"{name!r} is not installed", nearest(name, names | packages))
