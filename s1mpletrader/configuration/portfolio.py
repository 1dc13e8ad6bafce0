"""A portfolio's file: the account, the venue and the stores that its strategies share, and where the strategies are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from s1mpletrader.configuration.configuration import Configuration, Portfolio
from s1mpletrader.configuration.document import Document
from s1mpletrader.configuration.environments import in_environment, mode_of
from s1mpletrader.configuration.models import OWN_TABLES, SHAPES, AccountTable, StrategiesTable
from s1mpletrader.configuration.strategy_file import check_tables, own_table, parse_file, read_strategy
from s1mpletrader.configuration.validation import validated
from s1mpletrader.core.plugin_manager import PluginManager
from s1mpletrader.domain.money import DERIVED, ZERO, floor_to, multiply, plain, subtract, total

_PART_QUANTUM: Final = Decimal("0.00000001")

STRATEGIES: Final = "strategies"

SHARED_TABLES: Final = frozenset(
    {"environment", "account", "exchange", "ledger", "journal", "cache", "recording", "watch", "plugins", "engine"}
)
"""The tables that stand in the portfolio's file; those of a strategy's file of the same names do not count."""


def is_portfolio(tables: Mapping[str, Any]) -> bool:
    """Whether a file names strategies, and is none itself."""
    return STRATEGIES in tables


def split_overrides(overrides: Sequence[str]) -> tuple[list[str], list[str]]:
    """The overrides of the portfolio's own tables, and those that go to each of its strategies."""
    shared = [text for text in overrides if text.strip().split(".")[0] in {*SHARED_TABLES, STRATEGIES}]
    return shared, [text for text in overrides if text not in shared]


def load_portfolio(document: Document, overrides: Sequence[str], load_plugins: Callable[[], PluginManager]) -> Portfolio:
    """The strategies, each read with the shared tables in place of its own, and with the overrides of a strategy's tables."""
    for name in document.tables:
        if name in {*OWN_TABLES, *SHAPES} - SHARED_TABLES:
            raise document.error((name,), f"this is a strategy's own, and [[{STRATEGIES}]] makes the file a portfolio's")
    check_tables(document, {*SHARED_TABLES, STRATEGIES})
    for name in ("account", "exchange"):
        if name not in document.tables:
            raise document.error((), f"the table [{name}] is missing")
    account = own_table(document, "account", AccountTable)
    tables = _strategies(document)
    parts = _parts(document, account, tables)
    plugins = load_plugins()
    strategies = []
    for number, (table, funds) in enumerate(zip(tables, parts, strict=True)):
        one = _read(document, number, table, overrides, plugins)
        strategies.append(replace(one, account=account.model_copy(update={"funds": funds})))
    _check_names(document, strategies)
    shared = Portfolio.of_one(strategies[0])
    return replace(shared, path=document.path, name=document.path.stem, strategies=tuple(strategies), account=account)


def _strategies(document: Document) -> list[StrategiesTable]:
    given = document.tables[STRATEGIES]
    if not isinstance(given, list) or not given or not all(isinstance(row, Mapping) for row in given):
        raise document.error((STRATEGIES,), "there may be several of these", f"write [[{STRATEGIES}]], with double brackets")
    return [validated(StrategiesTable, row, document, (STRATEGIES, number)) for number, row in enumerate(given)]


def _read(
    document: Document, number: int, table: StrategiesTable, overrides: Sequence[str], plugins: PluginManager
) -> Configuration:
    path = document.path.parent / Path(table.file)
    raw: dict[str, Any] = parse_file(path)
    if STRATEGIES in raw:
        raise document.error((STRATEGIES, number, "file"), f"{table.file} is a portfolio itself")
    valid = {*OWN_TABLES, *SHAPES}
    own = in_environment(path, raw, overrides, valid, mode_of(document))
    check_tables(own, valid)
    tables = {name: given for name, given in own.tables.items() if name not in SHARED_TABLES}
    tables |= {name: given for name, given in document.tables.items() if name != STRATEGIES}
    if isinstance(tables.get("strategy"), dict):
        instead = table.model_dump(mode="json", include={"name", "symbols"}, exclude_none=True)
        tables["strategy"] = tables["strategy"] | instead
    return read_strategy(replace(own, tables=tables, borrowed=dict.fromkeys(SHARED_TABLES, document)), plugins)


def _parts(document: Document, account: AccountTable, tables: Sequence[StrategiesTable]) -> list[dict[str, Decimal]]:
    """Each strategy's part of the account's funds."""
    given = [table.funds for table in tables if table.funds is not None]
    if not given:
        return [{asset: _equal_part(document, asset, amount, len(tables)) for asset, amount in account.funds.items()}] * len(
            tables
        )
    for asset in sorted({asset for funds in given for asset in funds}):
        asked, there = total(funds.get(asset, ZERO) for funds in given), account.funds.get(asset, ZERO)
        if asked > there:
            problem = f"the strategies are given {plain(asked)} {asset}, the account has {plain(there)}"
            raise document.error((STRATEGIES,), problem, f"{plain(subtract(asked, there))} {asset} less")
    return [table.funds or {} for table in tables]


def _equal_part(document: Document, asset: str, amount: Decimal, count: int) -> Decimal:
    part = floor_to(DERIVED.divide(amount, Decimal(count)), _PART_QUANTUM)
    if multiply(part, Decimal(count)) != amount:
        raise document.error(
            (STRATEGIES,), f"{plain(amount)} {asset} cannot be shared out equally among {count}", "give each its funds"
        )
    return part


def _check_names(document: Document, strategies: Sequence[Configuration]) -> None:
    seen: dict[str, int] = {}
    for number, one in enumerate(strategies):
        first = seen.setdefault(one.strategy.name, number)
        if first != number:
            problem = f"[[{STRATEGIES}]] #{first + 1} is named {one.strategy.name!r} too"
            raise document.error((STRATEGIES, number, "name"), problem, "give one of them another name")
